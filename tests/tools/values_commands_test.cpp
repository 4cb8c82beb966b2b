// struct, p, list, tree, rd, sym and their kin on real dumps: what crash 9.0.2 printed of them, or what the
// dump's other files say.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include <doctest/doctest.h>

#include "base/text.h"
#include "support/files.h"
#include "support/places.h"
#include "support/program.h"

namespace values_commands_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

constexpr std::string_view samples[] = {"bullseye-sysrq", "bookworm-sysrq", "trixie-sysrq", "sid-mod-uaf"};

std::string sample(std::string_view name) {
    return (source_dir() / "testdata/dumps" / std::string(name)).string();
}

std::string answer(std::string_view dump, std::vector<std::string> words) {
    words.insert(words.begin() + 1, sample(dump));
    const ProgramResult result = run_postmortem(words);
    CAPTURE(words.front());
    CAPTURE(words.back());
    CAPTURE(result.err);
    CHECK(result.exit_code == 0);
    return result.out;
}

// One sentence with these words, and nothing on standard output.
void check_complaint(std::vector<std::string> words, int exit_code, std::string_view mentions) {
    words.insert(words.begin() + 1, sample("bookworm-sysrq"));
    const ProgramResult result = run_postmortem(words);
    CAPTURE(words.back());
    CAPTURE(result.err);
    CHECK(result.exit_code == exit_code);
    CHECK(result.out.empty());
    CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
    CHECK(contains(result.err, mentions));
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines = split(text, '\n');
    if (!lines.empty() && lines.back().empty()) lines.pop_back();
    return lines;
}

}  // namespace

TEST_CASE("layouts are those that crash prints") {
    for (const std::string_view dump : samples) {
        CAPTURE(dump);
        CHECK(answer(dump, {"struct", "list_head"}) ==
              "struct list_head {\n    struct list_head *next;\n    struct list_head *prev;\n}\nSIZE: 16\n");
        CHECK(answer(dump, {"struct", "list_head", "-o"}) ==
              "struct list_head {\n   [0] struct list_head *next;\n   [8] struct list_head *prev;\n}\nSIZE: "
              "16\n");
        CHECK(answer(dump, {"struct", "callback_head"}) ==
              "struct callback_head {\n    struct callback_head *next;\n    void (*func)(struct "
              "callback_head *);\n}\n"
              "SIZE: 16\n");
        CHECK(answer(dump, {"whatis", "atomic_t"}) ==
              "typedef struct {\n    int counter;\n} atomic_t;\nSIZE: 4\n");
        CHECK(answer(dump, {"whatis", "pid_t"}) == "typedef int pid_t;\nSIZE: 4\n");
        CHECK(answer(dump, {"whatis", "schedule"}) == "void schedule(void);\n");
        CHECK(answer(dump, {"whatis", "panic"}) == "void panic(const char *, ...);\n");
        CHECK(answer(dump, {"whatis", "runqueues"}) == "struct rq runqueues;\n");
    }
    // A per-CPU variable, and what stat() is answered with.
    CHECK(answer("bookworm-sysrq", {"whatis", "kstat"}) == "struct kernel_stat kstat;\n");
    CHECK(answer("bookworm-sysrq", {"whatis", "struct kstat"})
              .starts_with("struct kstat {\n    u32 result_mask;\n"));
    CHECK(answer("bookworm-sysrq", {"struct", "task_struct.pid"}) ==
          "struct task_struct {\n  [2416] pid_t pid;\n}\n");
    CHECK(answer("bookworm-sysrq", {"union", "rcu_special", "-o"}) ==
          "union rcu_special {\n      struct {\n          u8 blocked;\n          u8 need_qs;\n          u8 "
          "exp_hint;\n"
          "          u8 need_mb;\n  [0] } b;\n  [0] u32 s;\n}\nSIZE: 4\n");
}

TEST_CASE("a layout that was inferred does not pass for the whole") {
    for (const char* question : {"struct", "whatis"}) {
        CAPTURE(question);
        const ProgramResult result =
            run_postmortem({question, "--type-sources", "none", sample("bookworm-sysrq"), "task_struct"});
        CHECK(result.exit_code == 1);
        CHECK(contains(result.err, "missing"));
    }
}

TEST_CASE("an array whose size nobody tells has an address, and no size") {
    const std::string pointer = answer("bookworm-sysrq", {"p", "&linux_banner"});
    CHECK(pointer.starts_with("$1 = (char (*)[]) 0xffffffff"));
    CHECK(contains(pointer, "<linux_banner>"));
    CHECK(contains(run_postmortem({"p", sample("bookworm-sysrq"), "*&linux_banner"}).out, "<linux_banner>"));
    CHECK(answer("bookworm-sysrq", {"p", "(long)&linux_banner == (long)linux_banner"}) == "$1 = 1\n");
    CHECK(answer("bookworm-sysrq", {"p", "sizeof(&linux_banner)"}) == "$1 = 8\n");
    const ProgramResult size = run_postmortem({"p", sample("bookworm-sysrq"), "sizeof(linux_banner)"});
    CHECK(size.exit_code != 0);
    CHECK(size.out.empty());
}

TEST_CASE("a head that lies elsewhere than the links of entries is no entry itself") {
    const auto tasks = [](std::vector<std::string> words) {
        words.insert(words.end(), {"-h", "init_task"});
        const std::string out = answer("bookworm-sysrq", words);
        return std::count(out.begin(), out.end(), '\n');
    };
    const auto with_head = tasks({"list", "task_struct.tasks"});
    CHECK(with_head > 50);
    CHECK(tasks({"list", "-O", "task_struct.tasks", "task_struct.tasks"}) == with_head - 1);
}

TEST_CASE("instances are printed as gdb prints them") {
    for (const std::string_view dump : samples) {
        CAPTURE(dump);
        CHECK(answer(dump, {"struct", "task_struct.pid,comm", "init_task"}) ==
              "  pid = 0,\n  comm = \"swapper/0\\000\\000\\000\\000\\000\\000\",\n");
        CHECK(answer(dump, {"p", "&init_task.tasks"}).starts_with("$1 = (struct list_head *) 0xffffffff"));
        // A page of it may have been left out: the rest is shown all the same.
        CHECK(contains(run_postmortem({"p", sample(dump), "init_task"}).out, "<init_task+"));
        CHECK(answer(dump, {"p", "((struct task_struct *)&init_task)->comm"}) ==
              "$1 = \"swapper/0\\000\\000\\000\\000\\000\\000\"\n");
        const std::string whole = answer(dump, {"struct", "list_head", "init_task"});
        CHECK(whole.starts_with("struct list_head {\n  next = 0x"));
    }
    // Of members in an anonymous union the indentation stays.
    CHECK(answer("bookworm-sysrq", {"struct", "task_struct.rcu_users", "init_task"})
              .starts_with("    rcu_users = {\n      refs = {\n"));
}

TEST_CASE("expressions follow C's rules, as gdb applies them") {
    const std::pair<const char*, const char*> expected[] = {
        {"1+2*3", "7"},
        {"(1+2)*3", "9"},
        {"7/2", "3"},
        {"-7/2", "-3"},
        {"1.0/3", "0.33333333333333331"},
        {"5%3", "2"},
        {"1<<40", "0"},
        {"1ul<<40", "1099511627776"},
        {"~0", "-1"},
        {"(unsigned)-1", "4294967295"},
        {"(unsigned char)200", "200 '\\310'"},
        {"'a'", "97 'a'"},
        {"010", "8"},
        {"1 ? 2 : 3", "2"},
        {"1==1", "1"},
        {"(short)-1", "-1"},
        {"sizeof(struct list_head)", "16"},
        {"(void *)0", "(void *) 0x0"},
        {"PG_locked", "PG_locked"},
        {"&((struct list_head *)0)->prev", "(struct list_head **) 0x8"}};
    for (const auto& [expression, value] : expected) {
        CAPTURE(expression);
        CHECK(answer("bookworm-sysrq", {"p", expression}) == std::string("$1 = ") + value + "\n");
    }
    CHECK(answer("bookworm-sysrq", {"p", "-x", "255"}) == "$1 = 0xff\n");
    CHECK(answer("bookworm-sysrq", {"p", "(enum fault_flag)40961"}) ==
          "$1 = (FAULT_FLAG_WRITE | unknown: 0xa000)\n");
}

TEST_CASE("what makes no sense is one sentence with the column") {
    check_complaint({"p", "1 +"}, 2, "column 4");
    check_complaint({"p", "(1+"}, 2, "column 4");
    check_complaint({"p", "1)"}, 2, "column 2");
    check_complaint({"p", "0xzz"}, 2, "column 1");
    check_complaint({"p", "@"}, 2, "column 1");
    check_complaint({"p", "5/0"}, 2, "division by zero");
    check_complaint({"p", "init_task.nosuch"}, 2, "nosuch");
    check_complaint({"p", "nosuch + 1"}, 2, "column 1");
    check_complaint({"p", "init_task = 1"}, 2, "assigned");
    check_complaint({"eval", "5 / 0"}, 2, "division by zero");
    check_complaint({"eval", "1 +"}, 2, "column 4");
    check_complaint({"eval", "nosuch"}, 2, "neither a number nor a symbol");
    check_complaint({"struct", "task_strukt"}, 3, "the nearest is task_struct");  // or one of a lost module
    check_complaint({"struct", "task_struct.nosuch"}, 2, "nosuch");
    check_complaint({"struct", "rq", "runqueues"}, 2, "runqueues:0");
    check_complaint({"struct", "rq", "runqueues:99"}, 2, "no CPU 99");
    check_complaint({"list", "-H", "nosuch"}, 2, "nosuch");
    check_complaint({"tree", "-t", "zz", "init_task"}, 2, "zz");
    check_complaint({"sym", "nosuch"}, 2, "nosuch");
}

// s390x: the addresses of programs are those of the kernel, too.
TEST_CASE("where both have the same addresses, a task that is named is asked for its own") {
    const std::string dump = sample("s390x-trixie-sysrq");
    const auto by_task = run_postmortem({"vtop", "-c", "318", dump, "10e1562"});
    const auto as_user = run_postmortem({"vtop", "-u", "-c", "318", dump, "10e1562"});
    CHECK(contains(as_user.err, "the page tables of pid 318"));
    CHECK(by_task.out == as_user.out);
    CHECK(by_task.err == as_user.err);
    CHECK(run_postmortem({"vtop", "-c", "318", dump, "init_task"}).out ==
          run_postmortem({"vtop", "-u", "-c", "318", dump, "init_task"}).out);
    CHECK(run_postmortem({"vtop", "-k", "-c", "318", dump, "init_task"}).out ==
          run_postmortem({"vtop", dump, "init_task"}).out);
    CHECK_FALSE(contains(run_postmortem({"rd", "-u", dump, "10e1562"}).err, "no address of a user program"));
    CHECK(contains(run_postmortem({"rd", "-u", sample("trixie-sysrq"), "init_task"}).err,
                   "no address of a user program"));
}

TEST_CASE("of a struct that was inferred nobody says how large it is") {
    const std::string dump = sample("trixie-sysrq");
    const auto ask = [&](const std::string& expression) {
        return run_postmortem({"p", "--type-sources", "none", dump, expression});
    };
    for (const char* expression :
         {"sizeof(struct task_struct)", "sizeof(init_task)", "(struct task_struct *)0x1000 + 1",
          "&((struct task_struct *)0x1000)[3]", "(struct task_struct *)0x2000 - (struct task_struct *)0x1000",
          "sizeof(struct list_head [2])", "init_task@2"}) {
        CAPTURE(expression);
        const auto result = ask(expression);
        CHECK(result.exit_code == 3);
        CHECK(result.out.empty());
        CHECK(contains(result.err, "is not known"));
    }
    CHECK(contains(ask("sizeof(void *)").out, "$1 = 8"));
    CHECK(contains(ask("(char *)0x1000 + 1").out, "0x1001"));
    const auto layout = run_postmortem({"struct", "--type-sources", "none", dump, "task_struct"});
    CHECK(contains(layout.out, "SIZE: (unknown)"));
    const auto context = run_postmortem({"set", "--type-sources", "none", dump, "1"});
    CHECK(contains(context.out, "TASK: "));
    CHECK_FALSE(contains(context.out, "THREAD_INFO"));
    const auto users = run_postmortem({"fuser", "--type-sources", "none", dump, "/"});
    CHECK(contains(users.out, "No users of / found in what could be read"));
    CHECK(
        contains(run_postmortem({"timer", "-r", "--type-sources", "none", dump}).out, "HRTIMER_CPU_BASE: -"));
}

TEST_CASE("a variable whose type is nowhere is a word, and that is said") {
    const auto result = run_postmortem({"p", sample("bookworm-sysrq"), "vm_zone_stat"});
    CHECK(result.exit_code == 1);
    CHECK(result.out.starts_with("vm_zone_stat = $1 = "));
    CHECK(contains(result.err, "the type of vm_zone_stat is not in the BTF"));
    check_complaint({"p", "vm_zone_stat + 1"}, 2, "cast it");
    const std::string cast = answer("bookworm-sysrq", {"p", "(unsigned long)vm_zone_stat"});
    CHECK("vm_zone_stat = " + cast == result.out);
}

TEST_CASE("lists hold what the dump's own lists say") {
    const std::string modules =
        answer("bookworm-sysrq", {"list", "-H", "modules", "-o", "module.list", "-S", "module.name"});
    const std::string by_crash = file_contents(source_dir() / "testdata/dumps/bookworm-sysrq/crash.mod.txt");
    std::size_t named = 0;
    for (const std::string_view line : lines_of(modules)) {
        if (!line.starts_with("  name = \"")) continue;
        ++named;
        CHECK(contains(by_crash, std::string(line.substr(10, line.size() - 11))));
    }
    CHECK(named >= 10);
    CHECK(lines_of(by_crash).size() >= named);

    for (const std::string_view dump : samples) {
        CAPTURE(dump);
        // Each process once, beginning with the idle task of CPU 0.
        const std::string pids =
            answer(dump, {"list", "task_struct.tasks", "-s", "task_struct.pid", "-h", "init_task"});
        const auto shown = lines_of(pids);
        REQUIRE(shown.size() > 20);
        CHECK(shown[1] == "  pid = 0,");
        CHECK(shown[3] == "  pid = 1,");
        const std::string forwards = answer(dump, {"list", "task_struct.tasks", "-h", "init_task"});
        const std::string backwards = answer(dump, {"list", "task_struct.tasks", "-r", "-h", "init_task"});
        CHECK(lines_of(forwards).size() * 2 == shown.size());
        CHECK(lines_of(backwards).size() == lines_of(forwards).size());
        CHECK(lines_of(backwards)[1] == lines_of(forwards).back());
    }
}

TEST_CASE("the member that links a list may stand before or behind where it begins") {
    const std::string before = answer("bookworm-sysrq", {"list", "-H", "module.list", "modules"});
    CHECK(lines_of(before).size() > 10);
    CHECK(answer("bookworm-sysrq", {"list", "-H", "modules", "module.list"}) == before);
    CHECK(answer("bookworm-sysrq", {"list", "-H", "modules", "-o", "module.list"}) == before);
}

TEST_CASE("an xarray's entries stand at their indices") {
    const std::string tree =
        answer("bookworm-sysrq", {"tree", "-t", "xarray", "-p", "-r", "pid_namespace.idr", "init_pid_ns"});
    const auto lines = lines_of(tree);
    REQUIRE(lines.size() > 20);
    CHECK(lines[1] == "  index: 1  position: root/0/1");
    CHECK(lines[3] == "  index: 2  position: root/0/2");
    CHECK(lines.size() % 2 == 0);
    CHECK(lines.size() / 2 > 100);
}

TEST_CASE("memory and symbols") {
    for (const std::string_view dump : samples) {
        CAPTURE(dump);
        CHECK(contains(answer(dump, {"p", "init_uts_ns.name.sysname"}), "\"Linux\\000"));
        CHECK(contains(answer(dump, {"sym", "schedule"}), " (T) schedule\n"));
        const std::string at = answer(dump, {"sym", "schedule"}).substr(0, 16);
        CHECK(contains(answer(dump, {"sym", at.substr(0, 15) + "5"}), "schedule"));
        CHECK(contains(answer(dump, {"sym", "-q", "sched_clock_init"}), "sched_clock_init\n"));
    }
}

TEST_CASE("what crash's mod takes about object files is taken, and changes nothing") {
    const std::string all = run_postmortem({"mod", sample("bookworm-sysrq")}).out;
    CHECK(all.starts_with("     MODULE "));
    for (const char* option : {"-g", "-o"})
        CHECK(run_postmortem({"mod", option, sample("bookworm-sysrq")}).out == all);
    CHECK(run_postmortem({"mod", "-t", "-g", sample("bookworm-sysrq")}).out ==
          run_postmortem({"mod", "-t", sample("bookworm-sysrq")}).out);
}

TEST_CASE("a node of a maple tree is named with its type") {
    check_complaint({"tree", "-t", "maple", "-N", "ffff888000000000"}, 2, "low bits");
}

TEST_CASE("a negative number behind an option is its value, not an option") {
    const std::string before = answer("bookworm-sysrq", {"rd", "-x", "-o", "-8", "init_task"});
    const std::string around = answer("bookworm-sysrq", {"rd", "-x", "-R", "init_task", "2"});
    REQUIRE(around.size() > 36);
    CHECK(before == around.substr(0, 36) + "\n");
    CHECK(before == answer("bookworm-sysrq", {"rd", "-x", "-o-8", "init_task"}));
    CHECK(answer("bookworm-sysrq", {"rd", "-8", "-x", "init_task"}).size() < before.size());
}

TEST_CASE("words and characters of memory") {
    CHECK(answer("bookworm-sysrq", {"rd", "-a", "init_uts_ns"}).ends_with(":  Linux\n"));
    CHECK(contains(answer("bookworm-sysrq", {"rd", "-32", "init_uts_ns", "2"}), ":  756e694c 00000078 "));
    CHECK(contains(answer("bookworm-sysrq", {"rd", "-8", "init_uts_ns", "5"}), ":  4c 69 6e 75 78 "));
    CHECK(answer("bookworm-sysrq", {"rd", "-8", "init_uts_ns", "5"}).ends_with(" Linux\n"));
    // What was left out is told; not even the first byte is there.
    check_complaint({"rd", "-a", "linux_banner"}, 3, "left out");
    check_complaint({"rd", "linux_banner", "4"}, 3, "left out");
}

TEST_CASE("numbers in all forms") {
    CHECK(answer("bookworm-sysrq", {"eval", "128 * 1m"}) ==
          "hexadecimal: 8000000  (128MB)\n    decimal: 134217728  \n      octal: 1000000000\n"
          "     binary: 0000000000000000000000000000000000001000000000000000000000000000\n");
    CHECK(contains(answer("bookworm-sysrq", {"eval", "-1"}), "decimal: 18446744073709551615  (-1)\n"));
    CHECK(contains(answer("bookworm-sysrq", {"eval", "-b", "41dc065"}),
                   "bits set: 26 20 19 18 16 15 14 6 5 2 0 \n"));
    CHECK(run_postmortem({"ascii", "62696c2f7273752f"}).out == "62696c2f7273752f: /usr/lib\n");
    CHECK(answer("bookworm-sysrq", {"btop", "1234567"}) == "1234567: 1234\n");
    CHECK(answer("bookworm-sysrq", {"ptob", "0x10"}) == "10: 10000\n");
}

TEST_CASE("kmem agrees with the answers of other commands") {
    for (const std::string_view dump : samples) {
        CAPTURE(dump);
        const auto totals = run_postmortem({"kmem", sample(dump), "-i"});
        const auto meminfo = run_postmortem({"meminfo", sample(dump)});
        const auto number_behind = [](std::string_view text, std::string_view name) -> std::uint64_t {
            const std::size_t at = text.find(name);
            if (at == npos) return 0;
            const std::string_view rest = trimmed(text.substr(at + name.size()));
            return parse_u64(rest.substr(0, rest.find(' ')), 10).value_or(0);
        };
        const std::uint64_t pages = number_behind(totals.out, "TOTAL MEM");
        CHECK(pages > 0);
        CHECK(pages * 4 == number_behind(meminfo.out, "MemTotal:"));
        CHECK(number_behind(totals.out, "FREE ") * 4 == number_behind(meminfo.out, "MemFree:"));
        CHECK(contains(totals.out, "% of TOTAL MEM\n"));

        // A page flag's value is two to the power of its number.
        const std::string flags = answer(dump, {"kmem", "-g"});
        CHECK(contains(flags, "PG_locked"));
        CHECK(contains(flags, "  0  0000001\n"));
        CHECK(contains(answer(dump, {"kmem", "-g", "1"}), "FLAGS: 1\n"));
        CHECK(contains(answer(dump, {"kmem", "-o"}), "PER-CPU OFFSET VALUES:\n  CPU 0: ffff"));
    }
    check_complaint({"kmem"}, 2, "an option or an address");
    check_complaint({"kmem", "-s", "no_such_cache"}, 2, "no_such_cache");
    const auto at_symbol = run_postmortem({"kmem", sample("bookworm-sysrq"), "schedule"});
    CHECK(contains(at_symbol.out, " (T) schedule\n"));
}

TEST_CASE("what is in memory is found there, and nowhere else") {
    const std::string at = answer("bookworm-sysrq", {"sym", "init_task"}).substr(0, 16);
    // init_task.group_leader and real_parent are the task itself.
    const auto found =
        run_postmortem({"search", sample("bookworm-sysrq"), "-s", "init_task", "-l", "4096", "init_task"});
    CHECK(contains(found.out, ": " + at + " (init_task)\n"));
    const std::string around =
        answer("bookworm-sysrq", {"search", "-x", "1", "-s", "init_task", "-l", "4096", "init_task"});
    const std::string place = around.substr(around.find('\n') + 1, 16);
    CHECK(contains(around, place + ":  " + at + " (init_task)\n"));
    // Neighbours stand there as rd shows them.
    CHECK(contains(around, answer("bookworm-sysrq", {"rd", "-o", "8", place})));
    const auto none = run_postmortem(
        {"search", sample("bookworm-sysrq"), "-s", "init_task", "-l", "4096", "deadbeefdeadbeef"});
    CHECK(none.exit_code == 0);
    CHECK(none.out.empty());
    const auto text = run_postmortem(
        {"search", sample("bookworm-sysrq"), "-s", "init_task", "-l", "8192", "-c", "swapper/0"});
    CHECK(contains(text.out, ": swapper/0....."));
    check_complaint({"search", "-K", "-u", "1"}, 2, "exclude each other");
    check_complaint({"search", "-t", "-s", "init_task", "1"}, 2, "exclude each other");
    check_complaint({"search", "-e", "_end", "-l", "8", "1"}, 2, "exclude each other");
    check_complaint({"search", "-x", "1", "-c", "a"}, 2, "exclude each other");
    check_complaint({"search", "-s", "1000", "1"}, 2, "no address of the kernel");
    check_complaint({"search", "-u", "--task", "2", "1"}, 3, "no user memory");
    const std::string names = run_postmortem({"kmem", sample("bookworm-sysrq"), "-S", "list"}).out;
    CHECK_FALSE(names.empty());
    CHECK(names == run_postmortem({"kmem", sample("bookworm-sysrq"), "-s", "list"}).out);
    check_complaint({"rd", "-u", "init_task"}, 2, "no address of a user program");
    CHECK(run_postmortem({"p", sample("bookworm-sysrq"), "--", "5"}).out == "$1 = 5\n");
    CHECK(run_postmortem({"p", sample("bookworm-sysrq"), "--", "-1"}).out == "$1 = -1\n");
    check_complaint({"search", "-w", "123456789"}, 2, "4 bytes");
    check_complaint({"search", "-m", "zz", "1"}, 2, "zz");
    check_complaint({"search"}, 2, "nothing to look for");
}

TEST_CASE("rd reads the dump's file, writes bytes to a file, and tells a task's memory from the kernel's") {
    const std::string dump = sample("bookworm-sysrq") + "/vmcore";
    const std::string head = run_postmortem({"rd", dump, "-f", "-8", "0", "5"}).out;
    CHECK(head.starts_with("               0:  4b 44 55 4d 50 "));
    CHECK(head.ends_with(" KDUMP\n"));
    check_complaint({"rd", "-f", "0"}, 2, "name the file");
    CHECK(contains(run_postmortem({"rd", dump, "-f", "fffffffff"}).err, "the file ends before"));
    check_complaint({"rd", "-m", "1000"}, 2, "Xen");
    check_complaint({"rd", "-p", "-f", "1000"}, 2, "exclude each other");
    check_complaint({"rd", "-u", "--context", "2", "401000"}, 3, "no user memory");
    const auto file = std::filesystem::temp_directory_path() / "postmortem-rd-test";
    std::filesystem::remove(file);
    const std::string told = answer("bookworm-sysrq", {"rd", "-r", file.string(), "init_task", "24"});
    CHECK(told.starts_with("24 bytes copied from 0xffffffff"));
    const std::string bytes = postmortem::test::file_contents(file);
    REQUIRE(bytes.size() == 24);
    std::string expected;
    for (const char byte : bytes.substr(0, 16)) {
        char digits[4];
        std::snprintf(digits, sizeof digits, "%02x ", static_cast<unsigned char>(byte));
        expected += digits;
    }
    CHECK(contains(answer("bookworm-sysrq", {"rd", "-8", "init_task", "16"}), expected));
    std::filesystem::remove(file);
    check_complaint({"rd", "-r", file.string(), "init_task"}, 2, "how many bytes");
    CHECK_FALSE(std::filesystem::exists(file));
}

}  // namespace values_commands_test
