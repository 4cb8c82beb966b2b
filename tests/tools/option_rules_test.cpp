// Options that do not go together are refused, in one sentence that names both; those that do, both show.
#include <algorithm>
#include <cstdio>
#include <string>

#include <doctest/doctest.h>

#include "base/text.h"
#include "support/places.h"
#include "support/program.h"

namespace option_rules_test {

using postmortem::contains;
using postmortem::test::run_postmortem;

namespace {

std::string sample(const char* name = "bookworm-sysrq") {
    return (postmortem::test::source_dir() / "testdata/dumps" / name / "vmcore").string();
}

void refused(std::vector<std::string> words, std::string_view why) {
    const auto result = run_postmortem(words);
    CAPTURE(result.err);
    CHECK(result.exit_code == 2);
    CHECK(result.out.empty());
    CHECK(contains(result.err, why));
    CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
}

// The first words are answered as the second ones are; both stand before the dump, `named` behind it.
void passed_over(std::vector<std::string> words, std::vector<std::string> as_these, std::string_view why,
                 const std::vector<std::string>& named = {}) {
    for (auto* each : {&words, &as_these}) {
        each->push_back(sample());
        each->insert(each->end(), named.begin(), named.end());
    }
    const auto result = run_postmortem(words), expected = run_postmortem(as_these);
    CAPTURE(why);
    CAPTURE(result.err);
    CHECK(result.exit_code == expected.exit_code);
    CHECK(result.out == expected.out);
    CHECK(contains(result.err, why));
}

std::string answer(std::vector<std::string> words) {
    return run_postmortem(words).out;
}

std::size_t count(std::string_view text, std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
        ++found;
    return found;
}

}  // namespace

TEST_CASE("of two answers that one option each asks for, both are named") {
    refused({"kmem", "-F", "-f", sample()}, "-f and -F exclude each other");
    refused({"kmem", "-i", "--members", "flags", sample()}, "-m and -i exclude each other");
    refused({"net", "-n", "-s", sample(), "1"}, "-s and -n exclude each other");
    refused({"list", "-o", "8", "-l", "8", "-s", "list_head.next", sample(), "modules"},
            "-o and -l exclude each other");
    refused({"runq", "-t", "-w", sample()}, "-t and -w exclude each other");
    refused({"rd", "-16", "-r", "/tmp/none", sample(), "modules"}, "-16 and -r exclude each other");
    refused({"search", "-c", "-x", "2", sample(), "a"}, "-c and -x exclude each other");
    refused({"search", "-K", "-V", sample(), "1"}, "-K and -V exclude each other");
    refused({"bt", "-E", "-l", sample()}, "-E and -l exclude each other");
    refused({"bt", "-r", "-S", "0", sample()}, "-r and -S exclude each other");
    refused({"bt", "-a", "-g", sample()}, "-a and -g exclude each other");
    refused({"dis", "-u", "-r", sample(), "401000"}, "-u and -r exclude each other");
    refused({"meminfo", "--slab", "--top", "3", "--all", sample()}, "--top and --all exclude each other");
}

TEST_CASE("what makes no difference to crash is left out, and said to be") {
    passed_over({"bt", "-e", "-f"}, {"bt", "-e"}, "bt: -f makes no difference beside -e");
    passed_over({"bt", "-s", "-e"}, {"bt", "-e"}, "bt: -s makes no difference beside -e");
    passed_over({"bt", "-t", "-f"}, {"bt", "-t"}, "bt: -f makes no difference beside -t");
    passed_over({"bt", "-t", "-T"}, {"bt", "-T"}, "bt: -t makes no difference beside -T");
    passed_over({"bt", "-r", "-s"}, {"bt", "-r"}, "bt: -s makes no difference beside -r");
    passed_over({"bt", "-E", "-f"}, {"bt", "-E"}, "bt: -f makes no difference beside -E");
    passed_over({"bt", "-v", "-a"}, {"bt", "-v"}, "bt: -a makes no difference beside -v");
    passed_over({"bt", "-a", "-p"}, {"bt", "-a"}, "bt: -p makes no difference beside -a");
    passed_over({"bt", "-a", "-c", "0"}, {"bt", "-c", "0"}, "bt: -a makes no difference beside -c");
    passed_over({"kmem", "-s", "-S"}, {"kmem", "-S"}, "kmem: -s makes no difference beside -S");
    passed_over({"kmem", "-S", "-s"}, {"kmem", "-s"}, "kmem: -S makes no difference beside -s");
    passed_over({"runq", "-m", "-t"}, {"runq", "-t"}, "runq: -m makes no difference beside -t");
    passed_over({"runq", "-T", "-c", "0"}, {"runq", "-T"}, "runq: -c makes no difference beside -T");
    passed_over({"runq", "-g", "-d"}, {"runq", "-d"}, "runq: -g makes no difference beside -d");
    passed_over({"irq", "-s", "-a"}, {"irq", "-a"}, "irq: -s makes no difference beside -a");
    passed_over({"irq", "-b", "-d"}, {"irq", "-b"}, "irq: -d makes no difference beside -b");
    passed_over({"sys", "-t", "-i"}, {"sys", "-t"}, "sys: -i makes no difference beside -t");
    passed_over({"sys", "-i", "-t"}, {"sys", "-i"}, "sys: -t makes no difference beside -i");
    passed_over({"dev", "-p", "-d"}, {"dev", "-p"}, "dev: -d makes no difference beside -p");
    passed_over({"sym", "-p", "-M"}, {"sym", "-M"}, "sym: -p makes no difference where nothing is named");
    passed_over({"log", "-T", "-t"}, {"log", "-t"}, "log: -T makes no difference beside -t");
    passed_over({"log", "-c", "-a"}, {"log", "-a"}, "log: -c makes no difference beside -a");
    passed_over({"ps", "-s", "-t"}, {"ps", "-t"}, "ps: -s makes no difference beside -t");
    const auto names = run_postmortem({"sig", "-g", "-l"});
    CHECK(names.out == answer({"sig", "-l"}));
    CHECK(contains(names.err, "sig: -g makes no difference beside -l"));
}

TEST_CASE("the same where something is named") {
    passed_over({"rd", "-8", "-a"}, {"rd", "-a"}, "rd: -8 makes no difference beside -a", {"linux_banner"});
    passed_over({"rd", "-a", "-8"}, {"rd", "-8"}, "rd: -a makes no difference beside -8", {"linux_banner"});
    passed_over({"rd", "-8", "-16"}, {"rd", "-16"}, "rd: -8 makes no difference beside -16", {"modules"});
    passed_over({"rd", "-N"}, {"rd"}, "rd: -N makes no difference without -16 or -32", {"modules"});
    passed_over({"rd", "-N", "-8"}, {"rd", "-8"}, "rd: -N makes no difference without -16", {"modules"});
    passed_over({"kmem", "-p", "--members", "flags"}, {"kmem", "--members", "flags"},
                "kmem: -p makes no difference beside -m", {"modules"});
    passed_over({"search", "-k", "-V"}, {"search", "-V"}, "search: -k makes no difference beside -V",
                {"1234"});
    passed_over({"list", "-h", "-H"}, {"list", "-H"}, "list: -h makes no difference beside -H", {"modules"});
    passed_over({"struct", "-r", "-o"}, {"struct", "-o"}, "struct: -r makes no difference beside -o",
                {"list_head", "modules"});
    passed_over({"bt", "-p"}, {"bt"}, "bt: -p makes no difference beside '1'", {"1"});
}

TEST_CASE("what is named and makes no difference to crash makes none here") {
    const auto named = [](std::vector<std::string> words, std::string_view why) {
        std::vector<std::string> plain(words.begin(), words.end() - 1);
        plain.push_back(sample());
        words.insert(words.end() - 1, sample());
        const auto result = run_postmortem(words), expected = run_postmortem(plain);
        CAPTURE(why);
        CHECK(result.out == expected.out);
        CHECK(result.exit_code == expected.exit_code);
        CHECK(contains(result.err, why));
    };
    named({"log", "1"}, "log: '1' makes no difference");
    named({"mod", "nosuch"}, "mod: 'nosuch' makes no difference");
    named({"timer", "5"}, "timer: '5' makes no difference");
    named({"runq", "1"}, "runq: '1' makes no difference");
    named({"swap", "1"}, "swap: '1' makes no difference");
    named({"mach", "1"}, "mach: '1' makes no difference");
    named({"bt", "-a", "1"}, "bt: '1' makes no difference beside -a");
    named({"bt", "-v", "1"}, "bt: '1' makes no difference beside -v");
    named({"sys", "-t", "config"}, "sys: 'config' makes no difference beside -t");
    named({"irq", "-b", "1"}, "irq: '1' makes no difference beside -b");
    named({"dev", "-d", "1"}, "dev: '1' makes no difference beside -d");
    named({"net", "-a", "1"}, "net: '1' makes no difference beside -a");
    refused({"dev", sample(), "1"}, "'1' is one argument too many");
    refused({"net", sample(), "1"}, "a task is named with -s, -S or -n");
    const auto two = run_postmortem({"set", sample(), "1", "2"});
    CHECK(two.out == answer({"set", sample(), "1"}));
    CHECK(contains(two.err, "set: '2' makes no difference"));
}

TEST_CASE("a letter may be given twice") {
    for (const char* command : {"bt", "ps", "sys", "runq"}) {
        const char* letter = std::string_view(command) == "ps" ? "-k" : "-t";
        CHECK(answer({command, letter, letter, sample()}) == answer({command, letter, sample()}));
    }
    CHECK(answer({"bt", "-ff", sample()}) == answer({"bt", "-f", sample()}));
}

TEST_CASE("numbers are either hexadecimal or decimal") {
    for (const char* command : {"struct", "union", "list", "tree", "p", "whatis", "dis"})
        refused({command, "-dx", sample(), "list_head"}, "-x and -d exclude each other");
    for (const char* command : {"task", "vm", "net", "mach", "bt"})
        refused({command, "-x", "-d", sample()}, "-x and -d exclude each other");
}

TEST_CASE("an option that says more of another is not taken without it") {
    refused({"irq", "-c", "0", sample()}, "-c goes with -s only");
    refused({"kmem", "-I", "dentry", sample()}, "-I goes with -s, -S or -S= only");
    refused({"list", "-l", "8", sample(), "modules"}, "-l goes with -s or -S only");
    refused({"log", "--zone", "utc", sample()}, "--zone goes with -T only");
    refused({"kmem", "-P", sample()}, "-P is about an address");
    refused({"struct", "-p", sample(), "list_head"}, "-p needs an address");
    refused({"struct", "-l", "8", sample(), "list_head"}, "-l needs an address");
    refused({"tree", "-t", "xarray", "-l", sample(), "modules"}, "-l is about red-black trees");
}

TEST_CASE("what is named is not passed over either") {
    refused({"bt", "--all", sample(), "1"}, "'1' is one argument too many with --all");
    refused({"kmem", "-i", sample(), "modules"}, "'modules' is one argument too many with -i");
    refused({"list", "-o", "8", sample(), "list_head.next", "modules"}, "told twice");
    refused({"struct", "-c", "2", sample(), "list_head", "modules", "3"}, "given twice");
    refused({"panic", sample(), "1"}, "'1' is one argument too many: none is taken but the dump");
    refused({"dis", "-bl", sample()}, "no address and no symbol is given");
    CHECK(contains(answer({"dis", "-b", "-x", sample()}), "skipped after ud2a: 0"));
    const auto two = run_postmortem({"kmem", "-g", sample(), "1", "2"});
    CHECK(two.out == answer({"kmem", "-g", sample(), "1"}) + "\n" + answer({"kmem", "-g", sample(), "2"}));
}

TEST_CASE("what has no JSON says so") {
    refused({"net", "-N", "1", "--json", sample()}, "-N is told as text only, without --json");
    refused({"rd", "-p", "--json", sample(), "1000"}, "-p is told as text only");
    refused({"sig", "-l", "--ndjson"}, "-l is told as text only, without --ndjson");
    refused({"vm", "-f", "75", "--json", sample()}, "-f is told as text only");
    refused({"info", "--vmcoreinfo", "--json", sample()}, "--vmcoreinfo is told as text only");
    refused({"dis", "-b", "--json", sample()}, "no address and no symbol is given");
}

TEST_CASE("foreach names the tasks: what names others, or none, is not for it") {
    refused({"foreach", sample(), "net", "-n"}, "foreach net: -n is not for foreach");
    refused({"foreach", sample(), "net", "-a"}, "foreach net: -a is not for foreach");
    refused({"foreach", sample(), "user", "vm", "-P", "0"}, "foreach vm: -P is not for foreach");
    refused({"foreach", sample(), "bt", "-g"}, "foreach bt: -g is not for foreach");
    refused({"foreach", sample(), "files", "-d", "0"}, "foreach files: -d is not for foreach");
    refused({"foreach", sample(), "task", "-dx"}, "foreach task: -x and -d exclude each other");
    const std::string all = answer({"foreach", sample(), "bt"}),
                      busy = answer({"foreach", sample(), "bt", "-n", "idle"});
    CHECK(count(all, "COMMAND: \"swapper/") == 4);
    CHECK(count(busy, "COMMAND: \"swapper/") == 0);
    CHECK(count(all, "PID: ") == count(busy, "PID: ") + 4);
}

TEST_CASE("what crash combines is combined") {
    const std::string dump = sample("bookworm-runq");
    const std::string arp = answer({"net", "-a", dump});
    CHECK(answer({"net", "-a", "-s", dump, "1"}) == arp + answer({"net", "-s", dump, "1"}));
    CHECK(answer({"net", "-a", "-n", dump}) == arp + answer({"net", "-n", dump}));
    refused({"net", "-a", "-s", "--json", dump}, "-a is a document of its own");
    const std::string map = answer({"mach", "-m", dump}), cpus = answer({"mach", "-c", dump});
    CHECK(answer({"mach", "-c", "-m", dump}) == map + cpus);
    CHECK(answer({"fuser", dump, "/", "/nosuch"}) ==
          answer({"fuser", dump, "/"}) + answer({"fuser", dump, "/nosuch"}));
    CHECK(answer({"ipcs", dump, "0", "1"}) == answer({"ipcs", dump, "0"}) + answer({"ipcs", dump, "1"}));
    const std::string calls = answer({"sys", "-c", dump, "0", "1"}),
                      heading = calls.substr(0, calls.find('\n') + 1);
    CHECK(calls ==
          answer({"sys", "-c", dump, "0"}) + answer({"sys", "-c", dump, "1"}).substr(heading.size()));
    CHECK(answer({"list", dump, "modules", "8"}) == answer({"list", dump, "8", "modules"}));
    const std::string clocks = answer({"sym", "-q", "sched_clock", dump}),
                      modules = answer({"sym", "-M", dump});
    CHECK(answer({"sym", "-q", "sched_clock", "-M", dump, "jiffies"}) ==
          clocks + modules + answer({"sym", dump, "jiffies"}));
    CHECK(answer({"sym", "-M", "-q", "sched_clock", dump}) == modules + clocks);
    refused({"sym", "-M", "-q", "sched_clock", "--json", dump}, "--json and --ndjson are about one of");
    CHECK(answer({"vm", "-p", "-R", "1", dump}) == answer({"vm", "-R", "1", dump}));
    CHECK(answer({"kmem", "-i", "-g", dump}).size() > answer({"kmem", "-g", dump}).size());
    CHECK(answer({"kmem", "-z", "-n", dump}) == answer({"kmem", "-n", dump}) + answer({"kmem", "-z", dump}));
    refused({"kmem", "-z", "-n", "--json", dump}, "-n is a document of its own");
}

TEST_CASE("rd -p counts, ends, goes back and turns words around as rd does") {
    const std::string dump = sample("bookworm-runq");
    const auto rd = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"rd", "-p", dump});
        return run_postmortem(words).out;
    };
    // Where `modules` lies.
    const std::string translated = answer({"vtop", dump, "modules"});
    const std::size_t line = translated.find('\n') + 1;
    const std::string place = translated.substr(translated.find_first_not_of(' ', line + 16), 16);
    const std::string at = place.substr(0, place.find_first_of(" \n"));
    const std::string two = rd({at, "2"});
    REQUIRE(count(two, ":  ") == 1);
    char end[32], last[32];
    std::snprintf(end, sizeof(end), "%llx", std::stoull(at, nullptr, 16) + 16);
    std::snprintf(last, sizeof(last), "%llx", std::stoull(at, nullptr, 16) + 8);
    CHECK(rd({at, "-e", end}) == two);
    CHECK(rd({end, "2", "-o", "-16"}) == two);
    CHECK(rd({last, "2", "-R"}) == two);
    const std::string half = rd({"-16", "-x", at, "1"}), turned = rd({"-16", "-x", "-N", at, "1"});
    REQUIRE(contains(half, ":  "));
    const std::string word = half.substr(half.find(":  ") + 3, 4);
    CHECK(contains(turned, ":  " + word.substr(2) + word.substr(0, 2)));
    refused({"rd", "-p", dump, at, "-e", "0"}, "does not lie behind");
    refused({"rd", "-p", "-s", dump, at}, "-p and -s exclude each other");
}

TEST_CASE("net -n is about the task at hand where none is named") {
    const std::string dump = sample("bookworm-runq");
    const auto of_panic_task = run_postmortem({"net", "-n", dump});
    CHECK(of_panic_task.exit_code != 2);
    CHECK(contains(of_panic_task.out, "NET_DEVICE"));
    CHECK(of_panic_task.out == answer({"net", "-n", dump, "187"}));
    refused({"net", "-n", dump, "1", "2"}, "-n takes one task");
}

TEST_CASE("ps -g shows the group of each task that is named, every time") {
    const std::string dump = sample();
    CHECK(count(answer({"foreach", dump, "user", "ps", "-g"}), "PID: ") >= 70);
    const auto threads = run_postmortem({"ps", "-H", "-u", dump});
    const auto groups = run_postmortem({"foreach", dump, "user", "ps", "-g"});
    std::size_t headings = groups.out.starts_with("PID: ") ? 1 : 0;
    headings += count(groups.out, "\nPID: ");
    CHECK(headings == count(threads.out, "\n"));
}

TEST_CASE("an option that there is not is told with one that there is") {
    refused({"ps", "--kernl", sample()}, "the nearest is --kernel");
    refused({"ps", "--activ", sample()}, "the nearest is --active");
    refused({"bt", "-L", sample()}, "there is -l, --line");
    refused({"timer", "-q", sample()}, "there are -r -C");
    refused({"pss", sample()}, "there is no command 'pss'; the nearest is ps");
    CHECK_FALSE(contains(run_postmortem({"frobnicate"}).err, "nearest"));
}

TEST_CASE("an instruction that is none of the kernel's is said to be none") {
    const auto result = run_postmortem({"bt", "-I", "0", sample()});
    CHECK(result.exit_code == 1);
    CHECK(contains(result.err, "lies in no code of the kernel"));
    CHECK_FALSE(contains(result.out, "(unknown)"));
}

TEST_CASE("what is beside a value that was found is printed as rd prints it") {
    const std::string dump = sample("bookworm-runq");
    const std::string found =
        answer({"search", "-x", "2", "-s", "modules", "-l", "64", dump, "ffffffffab927190"});
    CHECK(found.starts_with(answer({"rd", dump, "ffffffffab927180", "2"})));
    CHECK(contains(found, "ffffffffab927190:  ffffffffab927190 \n" +
                              answer({"rd", dump, "ffffffffab927198", "2"}) + "\n"));
}

}  // namespace option_rules_test
