// What commands say of dumps whose types are hidden from them: it is the layout that is not known, and the
// memory is there.
#include <algorithm>
#include <string>

#include <doctest/doctest.h>

#include "base/text.h"
#include "support/places.h"
#include "support/program.h"
#include "support/temp_dir.h"

namespace untyped_answers_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

std::string sample(const std::string& name) {
    return (source_dir() / "testdata/dumps" / name / "vmcore").string();
}

ProgramResult ask(const std::string& dump, std::vector<std::string> words) {
    words.insert(words.begin() + 1, {"--type-sources", "none", sample(dump)});
    return run_postmortem(words);
}

std::size_t times(std::string_view text, std::string_view part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
    return count;
}

constexpr std::string_view package = "install linux-image-6.1.0-56-cloud-amd64-dbg (Debian)";

}  // namespace

TEST_CASE("mod says where modules begin as it does with types") {
    for (const char* dump : {"bookworm-sysrq", "trixie-sysrq"}) {
        CAPTURE(dump);
        const std::string with_types = run_postmortem({"mod", sample(dump)}).out;
        const std::string without = ask(dump, {"mod"}).out;
        CHECK(contains(without, "TEXT_BASE") == contains(with_types, "TEXT_BASE"));
        CHECK(contains(without, "BASE"));
    }
    CHECK(contains(ask("bookworm-sysrq", {"mod"}).err, package));
}

TEST_CASE("a kernel whose task groups are not known is not said to have none") {
    const auto groups = ask("bookworm-sysrq", {"runq", "-g"});
    CHECK(groups.exit_code == 1);
    CHECK(contains(groups.out, "Whether this kernel has task groups is not known."));
    CHECK_FALSE(contains(groups.out, "has no task groups"));
}

TEST_CASE("oom does not call memory unreadable whose layout is not known") {
    const auto answer = ask("bookworm-sysrq", {"oom"});
    CHECK(answer.exit_code == 1);
    CHECK(contains(answer.out, "memory not known: types are missing"));
    CHECK_FALSE(contains(answer.out, "unreadable"));
    CHECK_FALSE(contains(answer.out, "Mem-Info"));
    CHECK(contains(answer.err, package));
}

TEST_CASE("ps -a does not call a program's memory inaccessible whose layout is not known") {
    const auto answer = ask("bookworm-sysrq", {"ps", "-a"});
    CHECK(answer.exit_code == 1);
    CHECK(contains(answer.out, "ps: where its strings lie is not known: types are missing"));
    CHECK_FALSE(contains(answer.out, "cannot access"));
    CHECK(contains(answer.err, package));
}

TEST_CASE("members whose place was inferred have their values, whatever the size of their struct") {
    const auto whole = ask("bookworm-sysrq", {"task", "1"});
    CHECK(contains(whole.out, "comm = \"init\\000"));
    CHECK(contains(whole.out, "pid = 1,"));
    CHECK_FALSE(contains(whole.out, "?"));
    const std::string address = whole.out.substr(whole.out.find("TASK: ") + 6, 16);
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"struct", "task_struct", address, "-c", "2"},
          {"struct", "-r", "task_struct", address}}) {
        const auto refused = ask("bookworm-sysrq", words);
        CHECK(refused.exit_code == 3);
        CHECK(refused.out.empty());
        CHECK(contains(refused.err, "how large struct task_struct is, is not known"));
        CHECK(contains(refused.err, package));
    }
}

TEST_CASE("why there are no types is told once") {
    for (const char* command : {"sys", "ps", "oom"}) {
        CAPTURE(command);
        const auto answer = ask("arm64-trixie-sysrq", {command});
        CHECK(answer.exit_code == 1);
        CHECK(times(answer.err, "the layout could not be inferred") == 1);
        CHECK(contains(answer.err, "the list of processes"));
    }
}

TEST_CASE("whether there is a list that mount is asked for is known with types alone") {
    for (const auto& [option, list] : {std::pair("-f", "s_files"), {"-i", "s_dirty"}}) {
        const auto with_types = run_postmortem({"mount", option, sample("bookworm-sysrq")});
        CHECK(with_types.exit_code == 1);
        CHECK(contains(with_types.err, std::string("this kernel has no super_block.") + list));
        const auto without = ask("bookworm-sysrq", {"mount", option});
        CHECK(without.exit_code == 1);
        CHECK(contains(without.err, std::string("whether this kernel has a super_block.") + list));
    }
}

TEST_CASE("a folder without a type file of this kernel is told of; type files are not given and left out") {
    const TempDir empty;
    const auto searched = run_postmortem(
        {"ps", "--type-sources", "files", "--types", empty.path().string(), sample("bookworm-sysrq")});
    CHECK(contains(searched.err, "no type file of this kernel is in " + empty.path().string()));
    const auto left_out = ask("bookworm-sysrq", {"ps", "--types", empty.path().string()});
    CHECK(left_out.exit_code == 2);
    CHECK(contains(left_out.err, "--types gives type files, and --type-sources leaves them out"));
}

}  // namespace untyped_answers_test
