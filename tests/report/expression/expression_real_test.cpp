// What a debugger shows of a real kernel's variables: the expected answers are those of crash 9.0.2
// (gdb 16.2).
#include <algorithm>
#include <map>
#include <string>

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>
#include <postmortem/expression.h>

#include "support/places.h"

namespace expression_real_test {

using namespace postmortem;

namespace {

const CrashDump& sample(const std::string& name = "bookworm-sysrq") {
    static std::map<std::string, Result<CrashDump>> dumps;
    auto known = dumps.find(name);
    if (known == dumps.end())
        known = dumps.emplace(name, CrashDump::open(test::source_dir() / "testdata/dumps" / name / "vmcore"))
                    .first;
    REQUIRE_MESSAGE(known->second, known->second.error().message);
    return *known->second;
}

ExpressionResult evaluated(const char* expression, const CrashDump& dump = sample()) {
    auto result = evaluate_expression(dump, {expression});
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

TEST_CASE("a part of an array of arrays is an array") {
    // BTF of older kernels has them as one array.
    const CrashDump& sid = sample("sid-mod-uaf");
    CHECK(to_text(evaluated("sizeof(((struct psi_group *)0)->avg)", sid)) == "$1 = 144\n");
    CHECK(to_text(evaluated("sizeof(((struct psi_group *)0)->avg[1])", sid)) == "$1 = 24\n");
    CHECK(to_text(evaluated("sizeof(((struct psi_group *)0)->avg[1][2])", sid)) == "$1 = 8\n");
    CHECK(to_text(evaluated("&((struct psi_group *)0)->avg[1]", sid)) ==
          "$1 = (unsigned long (*)[3]) 0x168\n");
    CHECK(to_text(evaluated("&((struct psi_group *)0)->avg[1][2]", sid)) == "$1 = (unsigned long *) 0x178\n");
    const std::string whole = to_text(evaluated("((struct psi_group *)&vfs_read)->avg[1]", sid));
    CHECK(std::count(whole.begin(), whole.end(), ',') == 2);
    CHECK(whole.find("{") != std::string::npos);
}

TEST_CASE("chars are signed where BTF of an older kernel does not tell") {
    const CrashDump& old = sample("bullseye-sysrq");
    CHECK(to_text(evaluated("(s8)200", old)) == "$1 = -56 '\\310'\n");
    CHECK(to_text(evaluated("(u8)200", old)) == "$1 = 200 '\\310'\n");
    CHECK(to_text(evaluated("(s8)-1 < 0", old)) == "$1 = 1\n");
}

TEST_CASE("a function without a type is a function all the same") {
    const auto result = evaluated("entry_SYSCALL_64");
    CHECK(to_text(result).find("{<text variable, no debug info>} 0xffffffff") != std::string::npos);
    CHECK(to_text(result).find("<entry_SYSCALL_64>") != std::string::npos);
    CHECK(result.problems.size() == 1);
}

TEST_CASE("what an enumerator and a pointer stand for") {
    CHECK(to_text(what_is(sample(), "PIDTYPE_TGID").value()) == "enum pid_type = 1\n");
    CHECK(to_text(what_is(sample(), "init_task.comm").value()) == "char [16]\n");
    CHECK(to_text(what_is(sample(), "&init_task").value()) == "struct task_struct *\n");
    CHECK_FALSE(what_is(sample(), "1+nosuch"));
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
