// Layouts of several generations of kernels, inferred from small images of them; and what a lie in one costs.
#include "kernel/layout/infer_layout.h"

#include <algorithm>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/text.h"
#include "kernel/module/modules.h"
#include "kernel/percpu.h"
#include "kernel/sched/tasks.h"
#include "support/untyped_kernel.h"

namespace infer_layout_test {

using namespace postmortem;
using postmortem::test::task_generations;
using postmortem::test::TaskGeneration;
using postmortem::test::UntypedKernel;

namespace {

std::optional<std::uint64_t> inferred(const InferredLayout& layout, std::string_view type,
                                      std::string_view member) {
    for (const Finding& finding : layout.findings.found())
        if (finding.type == type && finding.member == member) return finding.offset;
    return std::nullopt;
}

std::string refusal(const InferredLayout& layout, std::string_view member) {
    for (const Refusal& refused : layout.findings.refused())
        if (refused.member == member) return refused.why;
    return {};
}

const TaskGeneration& generation_named(std::string_view name) {
    const auto found = std::find_if(task_generations().begin(), task_generations().end(),
                                    [&](const TaskGeneration& one) { return one.name == name; });
    REQUIRE(found != task_generations().end());
    return *found;
}

/// What the table calls otherwise than the finding, or what follows from its neighbour.
std::vector<std::pair<std::string_view, std::uint64_t>> expected(const TaskGeneration& generation) {
    std::vector<std::pair<std::string_view, std::uint64_t>> all;
    for (const auto& [member, offset] : generation.at) {
        if (member == "sp0" || member == "wake_cpu" || member == "last_wakee") continue;
        if (member == "thread_group" && generation.at.contains("thread_node")) continue;
        if (member == "signal" && !generation.at.contains("thread_node")) continue;
        all.emplace_back(member == "sp"   ? std::string_view("thread.sp")
                         : member == "ip" ? std::string_view("thread.ip")
                                          : std::string_view(member),
                         offset);
    }
    const std::uint64_t word = generation.build == test::FakeBuild::X86_64 ? 8 : 4;
    all.emplace_back("tgid", generation.at.at("pid") + 4);
    all.emplace_back("parent", generation.at.at("real_parent") + word);
    all.emplace_back("active_mm", generation.at.at("mm") + word);
    return all;
}

}  // namespace

TEST_CASE("exception stacks are all of one size, also where others lie between two of them, as before 5.8") {
    constexpr std::uint64_t apart = 4096, ist = 36, mapped = 0xfffffe0000004000, of_cpu = 0x39000;
    constexpr std::uint64_t ends[] = {0x3000, 0x6000, 0xf000, 0x12000};
    UntypedKernel made(generation_named("5.4"));
    test::FakeKernel& fake = made.fake();
    const std::uint64_t pointer = fake.variable("cea_exception_stacks", 3 * apart),
                        tss = fake.variable("cpu_tss_rw", 3 * apart);
    for (std::uint64_t cpu = 0; cpu < 2; ++cpu) {
        const std::uint64_t moved = apart * (cpu + 1), base = mapped + cpu * of_cpu;
        fake.put_u64(pointer + moved, base);
        for (std::uint64_t i = 0; i < std::size(ends); ++i)
            fake.put_u64(tss + moved + ist + 8 * i, base + ends[i]);
    }
    const auto kernel = made.open();
    const auto layout = infer_layout(*kernel);
    REQUIRE_MESSAGE(layout, layout.error().message);
    for (const auto& [name, start] : {std::pair{"DF_stack", 0x1000u},
                                      {"NMI_stack", 0x4000u},
                                      {"DB_stack", 0xd000u},
                                      {"MCE_stack", 0x10000u}})
        CHECK(inferred(*layout, "cea_exception_stacks", name) == start);
}

TEST_CASE("each generation's task_struct is found as it was laid out") {
    for (const TaskGeneration& generation : task_generations()) {
        CAPTURE(generation.name);
        UntypedKernel made(generation);
        const auto kernel = made.open();
        const auto layout = infer_layout(*kernel);
        REQUIRE_MESSAGE(layout, layout.error().message);
        for (const auto& [member, offset] : expected(generation))
            CHECK_MESSAGE(inferred(*layout, "task_struct", member) == offset, member, " ",
                          refusal(*layout, member));
        if (generation.info_on_stack) CHECK(inferred(*layout, "thread_info", "cpu") == made.cpu_on_stack());
        CHECK(layout->tasks == made.tasks().size() + 1);
        for (const SizeFinding& size : layout->findings.sizes())
            if (size.type == "thread_union") CHECK(size.bytes == generation.stack_bytes);
    }
}

TEST_CASE("tasks are read with what was inferred") {
    for (const TaskGeneration& generation : task_generations()) {
        CAPTURE(generation.name);
        UntypedKernel made(generation);
        const auto kernel = made.open();
        const TaskTable table = read_tasks(*kernel);
        REQUIRE(table.tasks.size() == made.tasks().size() + 1);
        CHECK(contains(table.problems.front().message, "layout inferred (36 of 36 tasks agree)"));
        CHECK(table.by_pid(121)->tgid == 106);
        CHECK(table.by_pid(121)->active);
        CHECK(table.by_pid(121)->cpu == 1u);
        if (!generation.info_on_stack) CHECK(table.by_pid(108)->state_letters == "ZO");
        CHECK(table.by_pid(105)->parent == made.task(104).address);
        CHECK(table.by_pid(6)->is_kernel_thread());
        CHECK(table.by_pid(6)->cpu == 1u);
        CHECK_FALSE(table.by_pid(101)->is_kernel_thread());
    }
}

// As 2.6.32 of i386 lays out struct module; behind it, in the next struct, lies what looks like another piece
// of memory.
TEST_CASE("a module's memory is looked for in the module alone") {
    constexpr std::uint64_t bytes = 400, symtab_at = 220, core_at = 196, core_size = 0x310, entry = 16;
    UntypedKernel made(generation_named("2.6.32 of i386"));
    test::FakeKernel& fake = made.fake();
    const std::uint64_t head = fake.variable("modules", 8), memory = fake.allocate_page();
    const std::uint64_t module = memory + 0xa0, symbols = fake.allocate(4 * entry), names = fake.allocate(64);
    fake.link_list(head, {module + 4});
    fake.write(module + 12, "elder");
    fake.write(names, std::string_view("\0__this_module\0elder_init", 25));
    const auto symbol = [&](std::uint64_t index, std::uint32_t name, std::uint64_t value,
                            std::uint32_t size) {
        const std::uint64_t at = symbols + index * entry;
        fake.put<std::uint32_t>(at, name);
        fake.put_word(at + 4, value);
        fake.put<std::uint32_t>(at + 8, size);
        fake.put<std::uint16_t>(at + 14, 1);
    };
    symbol(1, 1, module, bytes);
    symbol(2, 15, memory, 32);
    fake.put_word(module + symtab_at, symbols);
    fake.put<std::uint32_t>(module + symtab_at + 8, 3);
    fake.put_word(module + symtab_at + 16, names);
    fake.put_word(module + core_at, memory);
    fake.put<std::uint32_t>(module + core_at + 8, core_size);
    fake.put<std::uint32_t>(module + core_at + 16, 0x6a);
    fake.put_word(module + bytes + 20, memory);
    fake.put<std::uint32_t>(module + bytes + 28, 0x20074);
    const auto kernel = made.open();
    const auto layout = infer_layout(*kernel);
    REQUIRE_MESSAGE(layout, layout.error().message);
    CHECK(inferred(*layout, "module", "symtab") == symtab_at);
    CHECK(inferred(*layout, "module", "mem") == core_at);
    CHECK(inferred(*layout, "module_memory", "size") == 8u);
    // It has no pointer to such a table, which came later, and that is not missing.
    CHECK(refusal(*layout, "kallsyms").empty());
    REQUIRE(kernel->modules().all().size() == 1);
    const auto& ranges = kernel->modules().all().front().ranges;
    REQUIRE(ranges.size() == 1);
    CHECK(ranges.front().base == memory);
    CHECK(ranges.front().size == core_size);
}

// Without CONFIG_KALLSYMS_ALL a module's symbols are functions alone, and none of them is the module itself.
TEST_CASE("a table of functions is the module's that points at its exit function") {
    constexpr std::uint64_t symtab_at = 220, core_at = 196, core_size = 0x310, exit_at = 300, entry = 16;
    for (const bool points_at_it : {true, false}) {
        UntypedKernel made(generation_named("2.6.32 of i386"));
        test::FakeKernel& fake = made.fake();
        const std::uint64_t head = fake.variable("modules", 8), memory = fake.allocate_page();
        const std::uint64_t module = memory + 0xa0, symbols = fake.allocate(4 * entry),
                            names = fake.allocate(64);
        fake.name_functions_alone({"schedule", "ret_from_fork"});
        fake.link_list(head, {module + 4});
        fake.write(module + 12, "elder");
        fake.write(names, std::string_view("\0cleanup_module\0elder_init", 27));
        for (const auto& [index, name, value] : {std::tuple(1u, 1u, memory + 0x40), {2u, 16u, memory}}) {
            fake.put<std::uint32_t>(symbols + index * entry, name);
            fake.put_word(symbols + index * entry + 4, value);
            fake.put<std::uint16_t>(symbols + index * entry + 14, 1);
        }
        fake.put_word(module + symtab_at, symbols);
        fake.put<std::uint32_t>(module + symtab_at + 8, 3);
        fake.put_word(module + symtab_at + 16, names);
        fake.put_word(module + core_at, memory);
        fake.put<std::uint32_t>(module + core_at + 8, core_size);
        fake.put_word(module + exit_at, points_at_it ? memory + 0x40 : memory + 0x50);
        const auto kernel = made.open();
        REQUIRE(kernel->names_functions_alone());
        const auto layout = infer_layout(*kernel);
        REQUIRE_MESSAGE(layout, layout.error().message);
        CHECK(layout->findings.has("module", "symtab") == points_at_it);
        if (!points_at_it) continue;
        CHECK(inferred(*layout, "module", "symtab") == symtab_at);
        CHECK(inferred(*layout, "module", "mem") == core_at);
        CHECK(kernel->symbol_at(memory + 0x44)->symbol.name == "cleanup_module");
        CHECK(kernel->symbol_at(memory + 0x44)->module == "elder");
    }
}

TEST_CASE("one task that contradicts costs the member, or all that stands on it") {
    const auto with = [&](auto&& lie, const TaskGeneration& generation = task_generations().back()) {
        UntypedKernel made(generation);
        lie(made);
        const auto kernel = made.open();
        return infer_layout(*kernel);
    };
    auto layout =
        with([](UntypedKernel& made) { made.fake().put<std::uint32_t>(made.task(103).stack + 24, 77); },
             generation_named("3.10"));
    REQUIRE(layout);
    CHECK_FALSE(inferred(*layout, "thread_info", "cpu"));
    CHECK_FALSE(refusal(*layout, "cpu").empty());
    layout = with([](UntypedKernel& made) { made.fake().put_u64(made.place(9, "sp"), 0x1234567); });
    REQUIRE(layout);
    CHECK_FALSE(inferred(*layout, "task_struct", "thread.sp"));
    layout = with(
        [](UntypedKernel& made) {
            made.fake().put<std::uint32_t>(made.place(9, "ip"), static_cast<std::uint32_t>(made.idle()));
        },
        generation_named("2.6.32 of i386"));
    REQUIRE(layout);
    CHECK_FALSE(inferred(*layout, "task_struct", "thread.ip"));
    CHECK(contains(refusal(*layout, "thread.ip"), "no place is as it has to be"));
    layout =
        with([](UntypedKernel& made) { made.fake().put<std::uint32_t>(made.place(103, "flags"), 0x200040); });
    CHECK_FALSE(layout.has_value());
    layout = with([](UntypedKernel& made) { made.fake().put<std::uint32_t>(made.place(103, "pid"), 102); });
    CHECK_FALSE(layout.has_value());
    layout = with([](UntypedKernel& made) { made.fake().put_u64(made.place(103, "tasks"), 0); });
    CHECK_FALSE(layout.has_value());
}

// An empty list is like every other one.
TEST_CASE("where no process has a second thread, nothing contradicts: there is no evidence of thread_group") {
    UntypedKernel made(generation_named("3.10"));
    for (const auto& [pid, task] : made.tasks()) made.fake().link_list(made.place(pid, "thread_group"), {});
    const auto kernel = made.open();
    const auto layout = infer_layout(*kernel);
    REQUIRE_MESSAGE(layout, layout.error().message);
    CHECK_FALSE(inferred(*layout, "task_struct", "thread_group"));
    const auto processes = std::count_if(made.tasks().begin(), made.tasks().end(), [](const auto& task) {
        return task.second.pid == task.second.tgid;
    });
    CHECK(refusal(*layout, "thread_group") ==
          fmt::format("no evidence: none of the {} looked at tells where it is", processes));
}

TEST_CASE("a page that is missing says nothing") {
    const TaskGeneration& generation = task_generations().back();
    UntypedKernel made(generation);
    made.fake().lose(made.task(110).stack);
    made.fake().exclude(made.task(11).stack);
    const auto kernel = made.open();
    const auto layout = infer_layout(*kernel);
    REQUIRE_MESSAGE(layout, layout.error().message);
    for (const auto& [member, offset] : expected(generation))
        CHECK_MESSAGE(inferred(*layout, "task_struct", member) == offset, member);
}

TEST_CASE("where two places could be it and differ, neither is, but for what the runqueues tell") {
    const TaskGeneration& generation = task_generations().back();
    constexpr std::uint64_t last_of_rq = 1016, other_member = 304;
    const auto runqueue = [&](std::uint32_t cpu) {
        return per_cpu_address(*UntypedKernel(generation).open(), "runqueues", cpu).value();
    };
    const std::uint64_t on_0 = runqueue(0) + last_of_rq, on_1 = runqueue(1) + last_of_rq;
    struct Pointer {
        std::int32_t pid;
        std::uint64_t member, to;
    };
    const auto layout_with = [&](const std::vector<Pointer>& pointers) {
        UntypedKernel made(generation);
        // Another number that fits as well as the CPU, but for tasks of which nothing tells where they ran.
        for (const auto& [pid, task] : made.tasks()) {
            const std::uint32_t cpu = pid == 121 || pid == 5 || pid == 6 ? 1 : 0;
            made.fake().put<std::uint32_t>(task.address + 200, cpu);
        }
        made.fake().put<std::uint32_t>(made.idle() + 200, 1);
        for (const Pointer& pointer : pointers)
            made.fake().put_word(made.task(pointer.pid).address + pointer.member, pointer.to);
        auto layout = infer_layout(*made.open());
        REQUIRE(layout);
        return std::move(*layout);
    };
    const auto check_neither = [](const InferredLayout& layout) {
        CHECK_FALSE(inferred(layout, "task_struct", "cpu"));
        CHECK(contains(refusal(layout, "cpu"), "2 places could be it"));
    };
    check_neither(layout_with({}));
    CHECK(inferred(layout_with({{7, other_member, on_1}}), "task_struct", "cpu") == generation.at.at("cpu"));
    // Into two runqueues, or behind one: that tells nothing. One that contradicts both does not, either.
    check_neither(
        layout_with({{7, other_member, on_1}, {7, other_member + 8, on_0}, {9, other_member, on_1 + 8}}));
    check_neither(layout_with({{6, other_member, on_0}}));
}

// As struct css_set is named by each task: that of the kernel's threads lies in its image.
TEST_CASE(
    "a pointer of 32 bits with the flag's bit in kernel threads alone is no second place of the flags") {
    const TaskGeneration& generation = generation_named("2.6.32 of i386");
    UntypedKernel made(generation);
    constexpr std::uint64_t other_member = 200, bit = 0x200000;
    const auto with_bit = [&](bool is_set) {
        std::uint64_t address = made.fake().allocate(8, bit);
        if (((address & bit) != 0) != is_set) address = made.fake().allocate(8, bit);
        return address;
    };
    const std::uint64_t of_kernel = with_bit(true), of_programs = with_bit(false);
    for (const auto& [pid, task] : made.tasks()) {
        const bool is_kernel = pid != 1 && pid < 100;
        made.fake().put<std::uint32_t>(task.address + other_member,
                                       static_cast<std::uint32_t>(is_kernel ? of_kernel : of_programs));
    }
    made.fake().put<std::uint32_t>(made.idle() + other_member, static_cast<std::uint32_t>(of_kernel));
    const auto kernel = made.open();
    const auto layout = infer_layout(*kernel);
    REQUIRE_MESSAGE(layout, layout.error().message);
    CHECK(inferred(*layout, "task_struct", "flags") == generation.at.at("flags"));
}

}  // namespace infer_layout_test
