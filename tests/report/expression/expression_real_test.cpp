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

TEST_CASE(
    "a floating-point number in each format is its bytes, as a character or an address its whole number") {
    CHECK(shown("1.5", 'x') == "$1 = 0x3ff8000000000000\n");
    CHECK(shown("1.5", 'd') == "$1 = 4609434218613702656\n");
    CHECK(shown("1.5", 'c') == "$1 = 1 '\\001'\n");
    CHECK(shown("1.5", 'a') == "$1 = 0x1\n");
    CHECK(shown("(float)1.5", 'x') == "$1 = 0x3fc00000\n");
    CHECK(shown("1.5", 'f') == "$1 = 1.5\n");
    CHECK(shown("1", 'f') == "$1 = 1.40129846e-45\n");
    CHECK(shown("'a'", 'f') == "$1 = 97\n");
}

TEST_CASE("an address is as long as addresses are, and has its symbol") {
    CHECK(shown("(char)200", 'a') == "$1 = 0xffffffffffffffc8\n");
    CHECK(shown("(unsigned char)200", 'a') == "$1 = 0xc8\n");
    CHECK(shown("-1", 'a') == "$1 = 0xffffffffffffffff\n");
    ExpressionRequest request{"(unsigned long)&modules"};
    request.name_numbers = true;
    ExpressionStyle addresses;
    addresses.format = 'a';
    CHECK(to_text(evaluate_expression(sample(), request).value(), addresses).find(" <modules>") !=
          std::string::npos);
}

TEST_CASE("numbers in base two and with exponents") {
    CHECK(shown("0b11") == "$1 = 3\n");
    CHECK(shown("1e3") == "$1 = 1000\n");
    CHECK(shown("1e3+1") == "$1 = 1001\n");
    CHECK(shown("1e-2 < 0.5") == "$1 = 1\n");
    CHECK(shown("0xe+1") == "$1 = 15\n");
    for (const char* wrong : {"0b", "0b12", "1e", "0x"}) CHECK_FALSE(evaluate_expression(sample(), {wrong}));
}

TEST_CASE("what lies at an address, by its type") {
    CHECK(shown("{char[7]} &init_task.comm") == "$1 = \"swapper\"\n");
    CHECK(shown("{int} &init_task.comm", 'x') == "$1 = 0x70617773\n");
    CHECK(shown("{struct list_head} &modules") == shown("*&modules"));
    CHECK(shown("*(unsigned long)&init_task.comm", 'x') == "$1 = 0x70617773\n");
    CHECK(shown("(char[8])init_task.comm") == "$1 = \"swapper/\"\n");
    CHECK(shown("*(char (*)[4])&init_task.comm") == "$1 = \"swap\"\n");
    CHECK(shown("sizeof(int[4])") == "$1 = 16\n");
    CHECK(shown("((char (*)[4])&init_task.comm)[1][1]") == "$1 = 101 'e'\n");
    CHECK_FALSE(evaluate_expression(sample(), {"(int[2])5"}));
    CHECK_FALSE(evaluate_expression(sample(), {"(int[0])jiffies"}));
    CHECK_FALSE(evaluate_expression(sample(), {"{int 5"}));
}

TEST_CASE("a known array has its elements, one of unknown length is a pointer") {
    const std::string load = to_text(evaluated("avenrun"));
    CHECK(load.starts_with("avenrun = $1 = \n {"));
    CHECK(std::count(load.begin(), load.end(), ',') == 2);
    CHECK(shown("sizeof(avenrun)") == "$1 = 24\n");
    CHECK(shown("&avenrun").find("(unsigned long (*)[3])") != std::string::npos);
    const std::string actions = to_text(evaluated("softirq_vec"));
    CHECK(std::count(actions.begin(), actions.end(), '=') == 12);
    CHECK(shown("swap_info").find("$1 = (struct swap_info_struct **) 0x") != std::string::npos);
    CHECK_FALSE(evaluate_expression(sample(), {"avenrun@2"}));
    CHECK(to_text(what_is(sample(), "avenrun").value()) == "unsigned long avenrun[3];\n");
    CHECK(to_text(what_is(sample(), "__per_cpu_offset").value()) == "unsigned long __per_cpu_offset[];\n");
}

TEST_CASE("where nothing is mapped there is no value") {
    for (const char* nowhere : {"*(struct list_head *)0", "*init_task.mm", "init_task.mm->pgd",
                                "((struct task_struct *)0)->comm", "{int[2]} 0", "((struct page *)8)[1]"}) {
        CAPTURE(nowhere);
        const auto result = evaluate_expression(sample(), {nowhere});
        REQUIRE_FALSE(result);
        CHECK(result.error().code == ErrorCode::NotMapped);
        CHECK(result.error().message.find(nowhere) != std::string::npos);
    }
}

TEST_CASE("what C leaves open, or says nothing, is told beside the value") {
    CHECK(shown("1<<99") == "$1 = 0\n");
    CHECK(evaluated("1<<99").warnings.size() == 1);
    CHECK(evaluated("1<<32").warnings.size() == 1);
    CHECK(evaluated("1L<<-1").warnings.size() == 1);
    CHECK(evaluated("1<<31").warnings.empty());
    const auto all = evaluated("jiffies:a");
    CHECK(to_text(all) == to_text(evaluated("jiffies")));
    CHECK(all.warnings.size() == 1);
    CHECK(evaluated("1 ? jiffies:0").warnings.empty());
}

TEST_CASE("earlier values are named by their numbers") {
    ExpressionRequest request{"$1 + $2"};
    request.history = {"20", "$1 + 1", "init_task.pid", "7"};
    const auto value = [&](const char* expression) -> std::string {
        request.expression = expression;
        const auto result = evaluate_expression(sample(), request);
        return result ? to_text(*result) : result.error().message;
    };
    CHECK(value("$1 + $2") == "$1 = 41\n");
    CHECK(value("$") == "$1 = 7\n");
    CHECK(value("$$") == "$1 = 0\n");
    CHECK(value("$$2") == "$1 = 21\n");
    CHECK(value("&$3").find("(pid_t *)") != std::string::npos);
    CHECK(value("$5").find("no value '$5'") != std::string::npos);
    CHECK(value("$0").find("no value '$0'") != std::string::npos);
    CHECK(value("$rip").find("register or variable of gdb's") != std::string::npos);
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

TEST_CASE("characters by number, and numbers that no double holds") {
    CHECK(to_text(evaluated("'\\x41'")) == "$1 = 65 'A'\n");
    CHECK(to_text(evaluated("'\\101'")) == "$1 = 65 'A'\n");
    CHECK(to_text(evaluated("1e400")) == "$1 = inf\n");
    CHECK(to_text(evaluated("-1e400")) == "$1 = -inf\n");
    CHECK(to_text(evaluated("1e-400")) == "$1 = 0\n");
    for (const char* wrong : {"'\\x414'", "'\\8'", "'\\400'", "'\\x'", "'ab'", "''"}) {
        CAPTURE(wrong);
        CHECK_FALSE(evaluate_expression(sample(), {wrong}));
    }
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
