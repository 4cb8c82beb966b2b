// ps with its options, foreach and the commands for one task, as a user calls them.
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "support/places.h"
#include "support/program.h"
#include "support/temp_dir.h"

namespace task_commands_test {

using postmortem::test::run_postmortem;

namespace {

std::string sample() {
    return (postmortem::test::source_dir() / "testdata/dumps/bookworm-sysrq/vmcore").string();
}

bool holds(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

std::size_t lines(const std::string& text) {
    std::size_t count = 0;
    for (const char c : text) count += c == '\n';
    return count;
}

void check_refused(const std::vector<std::string>& words, std::string_view why) {
    const auto result = run_postmortem(words);
    CAPTURE(result.err);
    CHECK(result.exit_code == 2);
    CHECK(result.out.empty());
    CHECK(holds(result.err, why));
}

}  // namespace

TEST_CASE("options of ps that exclude each other are refused in crash's words") {
    check_refused({"ps", "-a", "-t", sample()}, "mutually-exclusive");
    check_refused({"ps", "-AS", sample()}, "mutually-exclusive");
    check_refused({"ps", "-k", "-u", sample()}, "-u and -k are mutually exclusive");
    check_refused({"ps", "-lG", sample()}, "-G not supported with -l option");
    check_refused({"ps", "-mG", sample()}, "-G not supported with -m option");
    check_refused({"ps", "-S", sample(), "1"}, "-S option takes no arguments");
    check_refused({"ps", "-Sk", sample()}, "-S option cannot be used with other options");
    check_refused({"ps", "-C", "1", sample()}, "-C option is only applicable with -l and -m");
    check_refused({"ps", "-l", "-C", "x", sample()}, "not 'x'");
    check_refused({"ps", "-y", "URGENT", sample()}, "'URGENT' is no scheduling policy");
    check_refused({"ps", sample(), "'('"}, "no regular expression");
}

TEST_CASE("what -R looks for in vain is told") {
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"vm", "-R", "nosuch", sample()},
                                               {"vm", "-p", "-R", "nosuch", sample()},
                                               {"files", "-R", "nosuch", sample()},
                                               {"bt", "-R", "nosuch", sample()},
                                               {"foreach", sample(), "user", "vm", "-R", "nosuch"},
                                               {"foreach", sample(), "user", "files", "-R", "nosuch"}}) {
        const auto result = run_postmortem(words);
        CAPTURE(words.front());
        CAPTURE(result.err);
        CHECK(result.exit_code == 1);
        CHECK(result.out.empty());
        CHECK(holds(result.err, "'nosuch' was found in no"));
    }
}

TEST_CASE("options that change nothing alone are refused") {
    check_refused({"net", "-d", sample()}, "-d goes with -S or -s only");
    check_refused({"net", "-x", sample()}, "-x goes with -S or -s only");
}

TEST_CASE("pid 0 means the first CPU's idle task, and ps -A shows a task that is named though it slept") {
    const auto idle = run_postmortem({"set", sample(), "0"});
    CHECK(idle.exit_code == 0);
    CHECK(holds(idle.out, "\"swapper/0\""));
    CHECK(lines(run_postmortem({"ps", "-A", sample(), "1"}).out) == 2);
}

TEST_CASE("several pages have one heading") {
    const std::string with_pages =
        (postmortem::test::source_dir() / "testdata/dumps/sid-mod-uaf/vmcore").string();
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"kmem", "-m", "flags", with_pages, "100000", "100000"},
                                               {"kmem", "-p", with_pages, "100000", "100000"}}) {
        const auto result = run_postmortem(words);
        CAPTURE(words[1]);
        CHECK(lines(result.out) == 3);
        CHECK(result.out.find(" PAGE ") == result.out.rfind(" PAGE "));
    }
}

TEST_CASE("rows of ps are the same whatever chooses them") {
    const auto all = run_postmortem({"ps", sample()});
    const auto kernel = run_postmortem({"ps", "-kH", sample()}),
               user = run_postmortem({"ps", "-uH", sample()});
    REQUIRE(all.exit_code == 0);
    CHECK(lines(all.out) == lines(kernel.out) + lines(user.out) + 1);
    CHECK(holds(all.out, user.out.substr(0, user.out.find('\n'))));
    CHECK_FALSE(holds(kernel.out, "PPID"));

    const auto active = run_postmortem({"ps", "-A", sample()});
    CHECK(lines(active.out) == 5);
    for (std::size_t at = active.out.find('\n') + 1; at < active.out.size();
         at = active.out.find('\n', at) + 1)
        CHECK(active.out[at] == '>');

    std::size_t counted = 0;
    const auto summary = run_postmortem({"ps", "-S", sample()});
    for (std::size_t at = 0; at < summary.out.size(); at = summary.out.find('\n', at) + 1)
        counted += std::stoul(summary.out.substr(summary.out.find(": ", at) + 2));
    CHECK(counted + 1 == lines(all.out));
}

TEST_CASE("what ps is not given is told, with what it was given") {
    const auto result = run_postmortem({"ps", sample(), "1", "nobody-of-that-name"});
    CHECK(result.exit_code == 1);
    CHECK(lines(result.out) == 2);
    CHECK(holds(result.err, "nobody-of-that-name"));
}

TEST_CASE("ps -l goes from the latest to the first, -C in blocks") {
    const auto runs = run_postmortem({"ps", "-l", sample()});
    REQUIRE(runs.exit_code == 0);
    unsigned long long before = ~0ull;
    for (std::size_t at = 0; at < runs.out.size(); at = runs.out.find('\n', at) + 1) {
        const unsigned long long run = std::stoull(runs.out.substr(at + 1));
        CHECK(run <= before);
        before = run;
    }
    const auto blocks = run_postmortem({"ps", "-l", "-C", "0,2-3", sample()});
    CHECK(blocks.out.starts_with("CPU: 0\n["));
    CHECK(holds(blocks.out, "\n\nCPU: 2\n["));
    CHECK(holds(blocks.out, "\n\nCPU: 3\n["));
    CHECK_FALSE(holds(blocks.out, "CPU: 1 "));
}

TEST_CASE("foreach hands its tasks to a command, and says what it does not understand") {
    const auto running = run_postmortem({"foreach", sample(), "RU", "ps"});
    CHECK(running.exit_code == 0);
    for (std::size_t at = running.out.find('\n') + 1; at < running.out.size();
         at = running.out.find('\n', at) + 1)
        CHECK(running.out.substr(at + 41, 2) == "RU");
    CHECK(run_postmortem({"foreach", sample(), "1", "ps"}).out == run_postmortem({"ps", sample(), "1"}).out);
    CHECK(run_postmortem({"foreach", sample(), "active", "bt"}).exit_code <= 1);
    const auto sets = run_postmortem({"foreach", sample(), "active", "set"});
    CHECK(holds(sets.out, "\n\nPID: "));
    CHECK(lines(sets.out) == 4 * 6 + 3);

    check_refused({"foreach", sample()}, "no command is named");
    check_refused({"foreach", sample(), "user", "kernel", "ps"}, "mutually exclusive");
    check_refused({"foreach", sample(), "RU", "IN", "ps"}, "only one task state");
    check_refused({"foreach", sample(), "ps", "--frobnicate"}, "--frobnicate");
    check_refused({"foreach", sample(), "ps", "1"}, "too many");
    const auto nobody = run_postmortem({"foreach", sample(), "nobody-of-that-name", "ps"});
    CHECK(nobody.exit_code == 1);
    CHECK(nobody.out.empty());
    CHECK(holds(nobody.err, "nobody-of-that-name"));
}

TEST_CASE("sig knows the signals without a dump") {
    const auto all = run_postmortem({"sig", "-l"});
    CHECK(all.exit_code == 0);
    CHECK(lines(all.out) == 64);
    CHECK(holds(all.out, " [9] SIGKILL\n"));
    CHECK(holds(all.out, "[17] SIGCHLD/SIGCLD\n"));
    CHECK(holds(all.out, "[48] SIGRTMIN+16\n[49] SIGRTMAX-15\n"));
    // From crash's own help page
    CHECK(run_postmortem({"sig", "-s", "800A000000000201"}).out ==
          "SIGHUP SIGUSR1 SIGRTMAX-14 SIGRTMAX-12 SIGRTMAX\n");
    CHECK(run_postmortem({"sig", "-s", "0"}).out == "(none)\n");
    check_refused({"sig", "-s", "x"}, "not 'x'");
    check_refused({"sig"}, "no dump is named");
}

TEST_CASE("addresses that are none of what is asked for are told, not printed as such") {
    const auto dentry = run_postmortem({"files", "-d", "ffffffff81000000", sample()});
    CHECK(dentry.exit_code != 0);
    CHECK(dentry.out.empty());
    check_refused({"files", "-d", "xyz", sample()}, "not 'xyz'");
    const auto area = run_postmortem({"vm", "-P", "1", sample(), "1"});
    CHECK(area.exit_code == 1);
    CHECK(holds(area.out, "(not found)"));
    const auto mount = run_postmortem({"mount", sample(), "/no/such/place"});
    CHECK(mount.exit_code == 1);
    CHECK(holds(mount.err, "/no/such/place"));
    const auto queue = run_postmortem({"waitq", sample(), "no_such_queue"});
    CHECK(queue.exit_code == 2);
    check_refused({"fuser", sample(), "relative/path"}, "neither a path nor an address");
}

TEST_CASE("a file without content is what is asked about, unless it lies beside the dump as its parts do") {
    const postmortem::test::TempDir folder;
    const std::string empty = folder.write("lock", "").string();
    const auto asked = run_postmortem({"fuser", sample(), empty});
    CHECK((asked.out + asked.err).find("No users of " + empty + " found") != std::string::npos);
    const std::string dump = folder.path() / "vmcore";
    std::filesystem::copy_file(sample(), dump);
    CHECK(run_postmortem({"sys", dump, empty}).exit_code == 3);
}

}  // namespace task_commands_test
