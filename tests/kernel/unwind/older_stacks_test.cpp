// Where x86_64 kernels before inactive_task_frame (4.9) and cea_exception_stacks (5.2) keep the place of a
// sleeping task and the stacks of exceptions.
#include <algorithm>

#include <doctest/doctest.h>

#include "kernel/unwind/stacks.h"
#include "kernel/unwind/switched_out.h"
#include "support/fake_kernel.h"

namespace older_stacks_test {

using namespace postmortem;
using test::FakeKernel;

namespace {

void add_cpus(FakeKernel& fake) {
    fake.put<std::uint32_t>(fake.variable("nr_cpu_ids", 4), 2);
    const std::uint64_t offsets = fake.variable("__per_cpu_offset", 16);
    fake.put_u64(offsets, 0);
    fake.put_u64(offsets + 8, 0x100);
}

struct IstEra {
    std::string_view name;
    std::vector<std::uint64_t> ends;  ///< of CPU 1, from a base
    std::vector<StackKind> kinds;
    std::string_view symbol = "orig_ist";
};

const std::vector<IstEra>& ist_eras() {
    static const std::vector<IstEra> eras = {
        {"RHEL 7 and 8, 4.4: #DF, NMI, #DB, #MC",
         {0x1000, 0x2000, 0x4000, 0x5000},
         {StackKind::DoubleFault, StackKind::Nmi, StackKind::Debug, StackKind::MachineCheck}},
        {"Ubuntu 18.04, 4.15: twice as large",
         {0x2000, 0x4000, 0x8000, 0xa000},
         {StackKind::DoubleFault, StackKind::Nmi, StackKind::Debug, StackKind::MachineCheck}},
        {"before 3.19: #SS, #DF, NMI, #DB, #MC",
         {0x1000, 0x2000, 0x3000, 0x5000, 0x6000},
         {StackKind::StackFault, StackKind::DoubleFault, StackKind::Nmi, StackKind::Debug,
          StackKind::MachineCheck}},
        {"RHEL 6, 2.6.32: per-CPU symbols with a prefix",
         {0x1000, 0x2000, 0x3000, 0x5000, 0x6000},
         {StackKind::StackFault, StackKind::DoubleFault, StackKind::Nmi, StackKind::Debug,
          StackKind::MachineCheck},
         "per_cpu__orig_ist"},
    };
    return eras;
}

// The base is that of the stacks, all behind one another.
std::uint64_t add_ist(FakeKernel& fake, const IstEra& era, std::string_view name = "orig_ist") {
    auto& types = fake.types();
    const auto word = types.integer("long unsigned int", 8);
    types.structure("orig_ist", 56, {{"ist", types.array(word, 7), 0}});
    const std::uint64_t base = 0xffffc90000100000ull;
    const std::uint64_t ist = fake.variable(name, 0x200);
    for (std::size_t i = 0; i < era.ends.size(); ++i) fake.put_u64(ist + 0x100 + 8 * i, base + era.ends[i]);
    return base;
}

// Every address is code; none has a name.
class AllCode final : public CodeSource {
  public:
    CodePlace look_up(std::uint64_t) const override { return {}; }
    bool may_be_text(std::uint64_t) const override { return true; }
};

struct Switched {
    FakeKernel fake;
    std::uint64_t task = 0, stack = 0, schedule = 0;

    explicit Switched(const char* scheduler, bool with_call = true) {
        auto& types = fake.types();
        const auto word = types.integer("long unsigned int", 8);
        const auto thread = types.structure("thread_struct", 64, {{"sp", word, 64}});
        types.structure("task_struct", 1024, {{"stack", word, 0}, {"thread", thread, 4096}});
        schedule = fake.variable(scheduler, 0x200);
        const std::uint64_t switch_to = fake.variable("__switch_to", 0x80);
        if (with_call) {
            fake.put<std::uint8_t>(schedule + 0x90, 0xe8);
            fake.put<std::int32_t>(schedule + 0x91, static_cast<std::int32_t>(switch_to - (schedule + 0x95)));
        }
        task = fake.allocate(1024);
        stack = fake.allocate_page(0x4000);
        fake.put_u64(task + 512 + 8, stack + 0x3000);
        fake.put_u64(stack + 0x3000, stack + 0x3040);  // bp
        fake.put_u64(stack + 0x3008, 0x246);           // flags
    }

    Result<UnwindPosition> position() {
        const auto kernel = fake.open();
        const AllCode source;
        const CodeMap code(kernel->arch(), kernel->memory(), source);
        FrameWalker walker(code);
        Task sleeping;
        sleeping.address = task;
        sleeping.stack = stack;
        return SwitchedOut(*kernel).position(sleeping, {stack, stack + 0x4000, StackKind::Task}, walker);
    }
};

}  // namespace

TEST_CASE("exception stacks of kernels that have only the ends of them") {
    for (const IstEra& era : ist_eras()) {
        CAPTURE(era.name);
        FakeKernel fake;
        add_cpus(fake);
        const std::uint64_t base = add_ist(fake, era, era.symbol);
        Problems problems;
        const auto kernel = fake.open();
        const auto stacks = Stacks(*kernel).of_cpu(1, problems);
        for (const Error& problem : problems)
            CHECK(problem.message.find("exception stacks") == std::string::npos);
        std::uint64_t low = 0;
        for (std::size_t i = 0; i < era.ends.size(); low = era.ends[i++]) {
            const auto found = std::find_if(stacks.begin(), stacks.end(),
                                            [&](const StackRange& s) { return s.kind == era.kinds[i]; });
            REQUIRE(found != stacks.end());
            CHECK(found->low == base + low);
            CHECK(found->high == base + era.ends[i]);
        }
    }
}

TEST_CASE("i386 of 2.6.32 has stacks for interrupts with tasks' stacks of 4 KiB alone") {
    for (const bool small : {false, true}) {
        CAPTURE(small);
        FakeKernel fake(test::FakeBuild::I386Pae);
        fake.put<std::uint32_t>(fake.variable("nr_cpu_ids", 4), 2);
        const std::uint64_t offsets = fake.variable("__per_cpu_offset", 8);
        fake.put_word(offsets + 4, 0x100);
        fake.variable("per_cpu__runqueues", 0x200);
        const std::uint64_t hard = fake.allocate_page(), soft = fake.allocate_page();
        if (small) {
            fake.put_word(fake.variable("per_cpu__hardirq_ctx", 0x200) + 0x100, hard);
            fake.put_word(fake.variable("per_cpu__softirq_ctx", 0x200) + 0x100, soft);
            // The memory of the stacks begins with a thread_info.
            fake.put_word(fake.variable("per_cpu__hardirq_stack", 0x200) + 0x100, fake.allocate(64));
            fake.put_word(fake.variable("per_cpu__softirq_stack", 0x200) + 0x100, fake.allocate(64));
        }
        Problems problems;
        const auto kernel = fake.open();
        const auto stacks = Stacks(*kernel).of_cpu(1, problems);
        CHECK(problems.empty());
        const auto has = [&](std::uint64_t low) {
            return std::any_of(stacks.begin(), stacks.end(),
                               [&](const StackRange& s) { return s.low == low; });
        };
        CHECK(has(hard) == small);
        CHECK(has(soft) == small);
        CHECK(stacks.size() == (small ? 2u : 0u));
    }
}

TEST_CASE("where variables have no names, a stack that is not found is missed") {
    FakeKernel fake(test::FakeBuild::I386Pae);
    Problems problems;
    const auto kernel = fake.open();
    CHECK(Stacks(*kernel).of_cpu(0, problems).empty());
    CHECK(problems.size() == 2);
}

TEST_CASE("ends of exception stacks that no kernel has are named, not guessed at") {
    FakeKernel fake;
    add_cpus(fake);
    add_ist(fake, {"three", {0x1000, 0x2000, 0x3000}, {}, "orig_ist"});
    Problems problems;
    const auto kernel = fake.open();
    const auto stacks = Stacks(*kernel).of_cpu(1, problems);
    CHECK(std::none_of(stacks.begin(), stacks.end(),
                       [](const StackRange& s) { return s.kind == StackKind::Nmi; }));
    CHECK(std::any_of(problems.begin(), problems.end(), [](const Error& e) {
        return e.message.find("exception stacks of CPU 1: orig_ist holds 3 stacks") != std::string::npos;
    }));
}

TEST_CASE("before inactive_task_frame a sleeping task goes on behind the call in the scheduler") {
    for (const char* scheduler : {"__schedule", "schedule"}) {
        CAPTURE(scheduler);
        Switched switched(scheduler);
        const auto position = switched.position();
        REQUIRE(position);
        CHECK(position->ip == switched.schedule + 0x95);
        CHECK(position->fp == switched.stack + 0x3040);
        CHECK(position->sp == switched.stack + 0x3008);
        CHECK_FALSE(position->interrupted);
    }
}

TEST_CASE("before inactive_task_frame i386 kept in the task where it goes on") {
    for (const bool forked : {false, true}) {
        CAPTURE(forked);
        FakeKernel fake(test::FakeBuild::I386Pae);
        auto& types = fake.types();
        const auto word = types.integer("long unsigned int", 4);
        const auto thread = types.structure("thread_struct", 64, {{"sp", word, 32}, {"ip", word, 96}});
        types.structure("task_struct", 512, {{"stack", word, 0}, {"thread", thread, 256 * 8}});
        const std::uint64_t fork = fake.variable("ret_from_fork", 0x40);
        const std::uint64_t behind = fake.variable("schedule", 0x200) + 0x95;
        const std::uint64_t task = fake.allocate(512), stack = fake.allocate_page(0x2000);
        const std::uint64_t saved = stack + 0x1f80;
        fake.put_word(task + 256 + 4, saved);
        fake.put_word(task + 256 + 12, forked ? fork : behind);
        fake.put_word(saved, stack + 0x1fa0);  // bp, flags
        fake.put_word(saved + 4, 0x246);
        const auto kernel = fake.open();
        const AllCode source;
        const CodeMap code(kernel->arch(), kernel->memory(), source);
        FrameWalker walker(code);
        Task sleeping;
        sleeping.address = task;
        sleeping.stack = stack;
        const auto position =
            SwitchedOut(*kernel).position(sleeping, {stack, stack + 0x2000, StackKind::Task}, walker);
        REQUIRE(position);
        CHECK(position->ip == (forked ? fork : behind));
        CHECK(position->sp == saved + (forked ? 0 : 8));
        if (forked) {
            CHECK_FALSE(position->fp);
        } else {
            CHECK(position->fp == stack + 0x1fa0);
        }
    }
}

TEST_CASE("a kernel that saves the return address is not taken for an older one") {
    Switched switched("__schedule");
    auto& types = switched.fake.types();
    const auto word = types.integer("unsigned long", 8);
    types.structure("inactive_task_frame", 56, {{"bp", word, 40 * 8}, {"ret_addr", word, 48 * 8}});
    switched.fake.put_u64(switched.stack + 0x3000 + 40, switched.stack + 0x3100);
    switched.fake.put_u64(switched.stack + 0x3000 + 48, 0xffffffff81004711ull);
    const auto position = switched.position();
    REQUIRE(position);
    CHECK(position->ip == 0xffffffff81004711ull);
    CHECK(position->fp == switched.stack + 0x3100);
}

TEST_CASE("without types the frame of a sleeping task is where the call of __switch_to_asm returns to") {
    for (const int shift : {0, 8, -8}) {
        for (const bool forked : {false, true}) {
            CAPTURE(shift);
            CAPTURE(forked);
            Switched switched("__schedule", false);
            FakeKernel& fake = switched.fake;
            const std::uint64_t switch_to = fake.variable("__switch_to_asm", 0x80),
                                fork = fake.variable("ret_from_fork", 0x40);
            const std::uint64_t behind = switched.schedule + 0x95;
            fake.put<std::uint8_t>(behind - 5, 0xe8);
            fake.put<std::int32_t>(behind - 4, static_cast<std::int32_t>(switch_to - behind));
            // What callers left in registers may point into code as well.
            const std::uint64_t frame = switched.stack + 0x3000 + static_cast<std::uint64_t>(shift);
            for (std::uint64_t offset = 0; offset < 40; offset += 8)
                fake.put_u64(frame + offset, switched.schedule + 0x10);
            fake.put_u64(frame + 40, switched.stack + 0x3100);
            fake.put_u64(frame + 48, forked ? fork : behind);
            fake.put_u64(frame + 56, switched.schedule + 0x20);
            const auto position = switched.position();
            REQUIRE(position);
            CHECK(position->ip == (forked ? fork : behind));
            CHECK(position->fp == switched.stack + 0x3100);
            CHECK(position->sp == frame + 56);
        }
    }
}

}  // namespace older_stacks_test
