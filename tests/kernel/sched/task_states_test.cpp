// The letters of a task's state by the kernel's own table, in each order that kernels have had.
#include "kernel/sched/task_states.h"

#include <array>
#include <span>

#include <doctest/doctest.h>

#include "support/fake_kernel.h"
#include "support/sparse_dump.h"

namespace task_states_test {

using namespace postmortem;

namespace {

struct StateEra {
    std::string_view name;
    std::vector<std::string_view> table;  ///< task_state_array
    std::string_view letters;             ///< stat_nam
    std::uint64_t zombie, dead_for_good, dead, parked, waking;
};

const std::array<StateEra, 4> eras = {{
    {"2.6.32",
     {"R (running)", "S (sleeping)", "D (disk sleep)", "T (stopped)", "T (tracing stop)", "Z (zombie)",
      "X (dead)"},
     "RSDTtZX",
     0x10,
     0x20,
     0x40,
     0,
     0x100},
    {"3.10",
     {"R (running)", "S (sleeping)", "D (disk sleep)", "T (stopped)", "t (tracing stop)", "Z (zombie)",
      "X (dead)", "x (dead)", "K (wakekill)", "W (waking)", "P (parked)"},
     "RSDTtZXxKWP",
     0x10,
     0x20,
     0x40,
     0x200,
     0x100},
    {"4.4",
     {"R (running)", "S (sleeping)", "D (disk sleep)", "T (stopped)", "t (tracing stop)", "X (dead)",
      "Z (zombie)"},
     "RSDTtXZxKWPN",
     0x20,
     0x10,
     0x40,
     0x200,
     0x100},
    {"4.14 and later",
     {"R (running)", "S (sleeping)", "D (disk sleep)", "T (stopped)", "t (tracing stop)", "X (dead)",
      "Z (zombie)", "P (parked)", "I (idle)"},
     "",
     0x20,
     0x10,
     0x80,
     0x40,
     0x200},
}};

void check(const TaskStates& states, const StateEra& era) {
    CAPTURE(era.name);
    CHECK(states.letters(0) == "RU");
    CHECK(states.letters(1) == "IN");
    CHECK(states.letters(2) == "UN");
    CHECK(states.letters(0x402) == "ID");
    CHECK(states.letters(2 | (era.dead == 0x40 ? 0x80u : 0x100u)) == "UN");  // killable
    CHECK(states.letters(4) == "ST");
    CHECK(states.letters(4 | (era.dead == 0x40 ? 0x80u : 0x100u)) == "ST");
    CHECK(states.letters(8) == "TR");
    CHECK(states.letters(era.zombie) == "ZO");
    CHECK(states.letters(era.zombie | era.dead) == "ZO");
    CHECK(states.letters(era.dead_for_good) == "DE");
    CHECK(states.letters(era.dead) == "DE");
    if (era.parked != 0) CHECK(states.letters(era.parked) == "PA");
    CHECK(states.letters(era.waking) == "WA");
    CHECK(states.letters(0x800) == "NE");
    CHECK(states.letters(0x1000) == "UN");
    CHECK(states.letters(1ull << 40) == "??");
}

}  // namespace

TEST_CASE("a state has the letters that the kernel's own table gives it") {
    for (const StateEra& era : eras) {
        test::FakeKernel fake;
        const std::uint64_t table = fake.variable("task_state_array", 8 * 16);
        std::uint64_t at = table;
        for (const std::string_view name : era.table) {
            const std::uint64_t text = fake.allocate(32);
            fake.write(text, std::string(name) + '\0');
            fake.put_u64(at, text);
            at += 8;
        }
        // What follows is a table of something else.
        const std::uint64_t other = fake.allocate(32);
        fake.write(other, std::string("rtc_cmos") + '\0');
        fake.put_u64(at, other);
        check(TaskStates::of(*fake.open()), era);
    }
}

TEST_CASE("the pointers of a 32-bit kernel's table are four bytes apart") {
    constexpr std::uint32_t low_memory = 0xc0000000, table = 0x1000, texts = 0x2000;
    for (const StateEra& era : eras) {
        test::SparseDump dump;
        std::uint32_t next = 0;
        for (const std::string_view name : era.table) {
            dump.write(texts + 32 * next, std::string(name) + '\0');
            dump.put(table + 4 * next, low_memory + texts + 32 * next);
            ++next;
        }
        const PhysicalMemory physical(dump);
        const AddressSpace memory(physical, fail(ErrorCode::Unsupported, "no tables"),
                                  {{low_memory, low_memory + 0xffff, 0}}, 4);
        check(TaskStates::of(memory, low_memory + table), era);
    }
}

TEST_CASE("where that table is lost, the scheduler's letters tell") {
    for (const StateEra& era : eras) {
        if (era.letters.empty()) continue;
        test::FakeKernel fake;
        fake.variable("task_state_array", 8 * 16);
        fake.write(fake.variable("stat_nam", 16), std::string(era.letters) + '\0');
        check(TaskStates::of(*fake.open()), era);
    }
}

TEST_CASE("a kernel that tells nothing has the numbers of 4.14") {
    test::FakeKernel fake;
    check(TaskStates::of(*fake.open()), eras.back());
    check(TaskStates(), eras.back());
}

}  // namespace task_states_test
