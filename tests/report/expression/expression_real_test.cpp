// What a debugger shows of a real kernel's variables: the expected answers are those of crash 9.0.2
// (gdb 16.2).
#include <algorithm>

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>
#include <postmortem/expression.h>

#include "support/places.h"

namespace expression_real_test {

using namespace postmortem;

namespace {

const CrashDump& sample() {
    static const auto dump = CrashDump::open(test::source_dir() / "testdata/dumps/bookworm-sysrq/vmcore");
    REQUIRE_MESSAGE(dump, dump.error().message);
    return *dump;
}

ExpressionResult evaluated(const char* expression) {
    auto result = evaluate_expression(sample(), {expression});
    REQUIRE_MESSAGE(result, result.error().message);
    return std::move(*result);
}

std::string shown(const char* expression, char format = 0) {
    ExpressionStyle style;
    style.format = format;
    return to_text(evaluated(expression), style);
}

}  // namespace

TEST_CASE("a value in each format of gdb's p/x") {
    CHECK(shown("init_task.prio", 'd') == "$1 = 120\n");
    CHECK(shown("init_task.prio", 'x') == "$1 = 0x78\n");
    CHECK(shown("init_task.prio", 'o') == "$1 = 0170\n");
    CHECK(shown("init_task.prio", 't') == "$1 = 1111000\n");
    CHECK(shown("init_task.prio", 'z') == "$1 = 0x00000078\n");
    CHECK(shown("init_task.prio", 'c') == "$1 = 120 'x'\n");
    CHECK(shown("(char)-1", 'u') == "$1 = 255\n");
    CHECK(shown("init_task.mm", 'a') == "$1 = 0x0\n");
    CHECK(shown("(enum pid_type)1", 'd') == "$1 = 1\n");
    CHECK(shown("init_task.comm", 's') == "$1 = \"swapper/0\\000\\000\\000\\000\\000\\000\"\n");
    CHECK(shown("init_task.comm[0]@2", 'x') == "$1 = {0x73, 0x77}\n");
}

TEST_CASE("an enum without negative values is unsigned, as for gdb") {
    CHECK(shown("(enum pid_type)0xffffffff") == "$1 = 4294967295\n");
    CHECK(shown("(enum pid_type)1") == "$1 = PIDTYPE_TGID\n");
}

TEST_CASE("a variable whose type nobody knows ends where the next one begins") {
    const auto result = evaluated("initcall_debug");
    REQUIRE(result.values.size() == 1);
    CHECK(result.values[0].value.nodes[0].byte_size < 8);
    REQUIRE(result.problems.size() == 1);
    CHECK(result.problems[0].message.find("shown as " + result.values[0].value.type) != std::string::npos);
}

TEST_CASE("what an enumerator and a pointer stand for") {
    CHECK(to_text(what_is(sample(), "PIDTYPE_TGID").value()) == "enum pid_type = 1\n");
    CHECK(to_text(what_is(sample(), "struct list_head **").value()) ==
          to_text(what_is(sample(), "list_head").value()));
}

TEST_CASE("a value with more parts than an answer can have ends, and says so") {
    const auto result = evaluated("init_task@100000");
    CHECK(result.values[0].value.nodes.size() < (1u << 20));
    CHECK(std::any_of(result.problems.begin(), result.problems.end(), [](const Error& problem) {
        return problem.message.find("more parts") != std::string::npos;
    }));
}

}  // namespace expression_real_test
