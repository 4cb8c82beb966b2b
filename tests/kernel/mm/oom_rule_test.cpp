// The rules by which kernels weigh a process, on numbers whose result the kernels printed themselves or that
// follow from their source.
#include "kernel/mm/oom_rule.h"

#include <doctest/doctest.h>

#include "support/fake_kernel.h"

namespace oom_rule_test {

using namespace postmortem;

namespace {

constexpr std::uint64_t page = 4096;

OomWeight weight(std::uint64_t rss, std::uint64_t swap, std::uint64_t tables, std::int32_t adj) {
    return {rss, swap, tables, adj, false};
}

}  // namespace

TEST_CASE("badness since 5.9 is signed, and its scale runs from 0 to 2000") {
    const OomRule rule;
    // A row of a table that 6.1 printed, and the points of the choice that it made from it.
    CHECK(oom_badness(rule, weight(7180, 630, 102400, 500), 68606, page) == 41835);
    CHECK(oom_badness(rule, weight(100, 0, 0, -900), 10'000, page) == 100 - 9000);
    CHECK(oom_score(rule, 0, 200'000) == 666);
    CHECK(oom_score(rule, 200'000, 200'000) == 1333);
    CHECK(oom_score(rule, 2 * 200'000, 200'000) == 2000);
    CHECK(oom_score(rule, -999 * 200, 200'000) == 0);
    CHECK(oom_score(rule, std::nullopt, 200'000) == 0);
}

TEST_CASE("badness before 5.9 is one at least, and its scale is the share of memory") {
    OomRule rule;
    rule.is_signed = false;
    CHECK(oom_badness(rule, weight(100, 0, 0, -900), 10'000, page) == 1);
    CHECK(oom_badness(rule, weight(4000, 1000, 5 * page, 100), 10'000, page) == 6005);
    CHECK(oom_score(rule, 6005, 10'000) == 600);
    CHECK(oom_score(rule, std::nullopt, 10'000) == 0);
}

TEST_CASE("root is spared three per cent until 4.16") {
    OomRule rule;
    rule.is_signed = false;
    rule.root_bonus = true;
    OomWeight of_root = weight(10'000, 0, 0, 0);
    CHECK(oom_badness(rule, of_root, 100'000, page) == 10'000);
    of_root.is_admin = true;
    CHECK(oom_badness(rule, of_root, 100'000, page) == 9'700);
    // Of its memory, not of its oom_score_adj
    of_root.score_adj = 100;
    CHECK(oom_badness(rule, of_root, 100'000, page) == 19'700);
}

TEST_CASE("until 3.4 badness itself is in thousandths") {
    OomRule rule;
    rule.is_signed = false;
    rule.in_thousandths = true;
    rule.root_bonus = true;
    OomWeight of_root = weight(50'000, 0, 0, 0);
    CHECK(oom_badness(rule, of_root, 100'000, page) == 500);
    of_root.is_admin = true;
    CHECK(oom_badness(rule, of_root, 100'000, page) == 470);
    of_root.score_adj = 1000;
    CHECK(oom_badness(rule, of_root, 100'000, page) == 1000);
    of_root.score_adj = -999;
    CHECK(oom_badness(rule, of_root, 100'000, page) == 1);
    CHECK(oom_score(rule, 470, 100'000) == 470);
}

TEST_CASE("numbers that no machine has do not overflow") {
    for (const bool is_signed : {true, false}) {
        for (const bool in_thousandths : {true, false}) {
            OomRule rule;
            rule.is_signed = is_signed;
            rule.in_thousandths = in_thousandths;
            for (const std::uint64_t huge : {std::uint64_t{0}, UINT64_MAX / 2, UINT64_MAX}) {
                for (const std::int32_t adj : {INT32_MIN, -1000, 0, 1000, INT32_MAX}) {
                    const auto points = oom_badness(rule, {huge, huge, huge, adj, true}, huge, 0);
                    (void)oom_score(rule, points, huge);
                    CHECK(oom_score(rule, std::nullopt, huge) == 0);
                }
            }
        }
    }
}

TEST_CASE("whether root is spared is read from what oom_badness calls") {
    for (const char* callee :
         {"has_capability_noaudit", "security_real_capable_noaudit", "cap_capable", "something_else"}) {
        CAPTURE(callee);
        test::FakeKernel fake;
        const std::uint64_t badness = fake.variable("oom_badness", 64), target = fake.variable(callee, 64);
        fake.put<std::uint8_t>(badness, 0xe8);
        fake.put<std::uint32_t>(badness + 1, static_cast<std::uint32_t>(target - (badness + 5)));
        const auto kernel = fake.open();
        CHECK(read_oom_rule(*kernel).root_bonus == (callee != std::string_view("something_else")));
    }
}

TEST_CASE("what the compiler split off oom_badness is a part of it; another function that it calls is not") {
    for (const char* part : {"oom_badness.part.0", "oom_badness.isra.0.part.7", "oom_badness2"}) {
        CAPTURE(part);
        test::FakeKernel fake;
        const std::uint64_t badness = fake.variable("oom_badness", 64), split = fake.variable(part, 64),
                            target = fake.variable("has_capability_noaudit", 64);
        const auto call = [&](std::uint64_t from, std::uint64_t to) {
            fake.put<std::uint8_t>(from, 0xe8);
            fake.put<std::uint32_t>(from + 1, static_cast<std::uint32_t>(to - (from + 5)));
        };
        call(badness + 9, split);
        call(split + 3, target);
        const auto kernel = fake.open();
        CHECK(read_oom_rule(*kernel).root_bonus == (part != std::string_view("oom_badness2")));
    }
}

}  // namespace oom_rule_test
