// `dis` on real dumps: what crash 9.0.2 prints of the same function, and routines that hang together.
#include <algorithm>

#include <doctest/doctest.h>

#include "base/text.h"
#include "support/places.h"
#include "support/program.h"

namespace disassembly_real_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

ProgramResult dis(const std::string& dump, std::vector<std::string> words) {
    words.insert(words.begin(), {"dis", (source_dir() / "testdata/dumps" / dump).string()});
    return run_postmortem(words);
}

}  // namespace

TEST_CASE("a routine is told up to its end, and from there on by count") {
    const auto whole = dis("arm64-trixie-sysrq", {"schedule"});
    CAPTURE(whole.err);
    CHECK(whole.exit_code == 0);
    CHECK(contains(whole.out, " <schedule>:\t"));
    const auto lines = split(whole.out, '\n');
    REQUIRE(lines.size() > 10);
    for (const std::string_view line : lines)
        if (!line.empty()) CHECK(contains(line, " <schedule"));
    // Each way to ask for a part of it gives that part.
    const auto first = dis("arm64-trixie-sysrq", {"schedule", "3"});
    CHECK(first.out ==
          std::string(lines[0]) + "\n" + std::string(lines[1]) + "\n" + std::string(lines[2]) + "\n");
    CHECK(dis("arm64-trixie-sysrq", {"-r", "schedule+8"}).out == first.out);
    // Between two instructions: up to the next one, as crash does.
    CHECK(dis("arm64-trixie-sysrq", {"-r", "schedule+9"}).out ==
          dis("arm64-trixie-sysrq", {"-r", "schedule+12"}).out);
    CHECK(dis("arm64-trixie-sysrq", {"-r", "(schedule+8)", "2"}).out ==
          std::string(lines[1]) + "\n" + std::string(lines[2]) + "\n");
    CHECK(dis("arm64-trixie-sysrq", {"-f", "schedule"}).out == whole.out);
    CHECK(dis("arm64-trixie-sysrq", {"-f", "schedule+4", "1"}).out == std::string(lines[1]) + "\n");
    CHECK(contains(dis("arm64-trixie-sysrq", {"-x", "schedule+16"}).out, "<schedule+0x10>:"));
    CHECK(dis("arm64-trixie-sysrq", {"(schedule)"}).out == std::string(lines[0]) + "\n");
}

TEST_CASE("instructions of two bytes and of four: a call stands before each return address") {
    const auto whole = dis("riscv64-trixie-sysrq", {"panic"});
    CAPTURE(whole.err);
    CHECK(whole.exit_code == 0);
    const auto lines = split(whole.out, '\n');
    REQUIRE(lines.size() > 100);
    for (const std::string_view line : lines)
        if (!line.empty()) CHECK(contains(line, " <panic"));
    // panic+0x11a is in the kernel's own Call Trace.
    const auto after = std::find_if(lines.begin(), lines.end(),
                                    [](std::string_view line) { return contains(line, " <panic+282>:"); });
    REQUIRE(after != lines.end());
    REQUIRE(after != lines.begin());
    CHECK(contains(*(after - 1), "<dump_stack>"));
}

TEST_CASE("what BUG() and WARN() of s390 are, the library does not know") {
    const auto whole = dis("s390x-trixie-sysrq", {"schedule"});
    CHECK(contains(whole.out, "<schedule+264>:\tmc\t0,0\n"));
    CHECK_FALSE(contains(whole.out, "0xaf"));
}

TEST_CASE("what cannot be read is told, and what was asked wrongly") {
    const auto left_out = dis("bookworm-sysrq", {"schedule"});
    CHECK(left_out.exit_code != 0);
    CHECK(left_out.out.empty());
    CHECK(contains(left_out.err, "left out by the dump filter"));
    const auto complains = [](std::vector<std::string> words, std::string_view mentions) {
        const auto result = dis("arm64-trixie-sysrq", std::move(words));
        CAPTURE(result.err);
        CHECK(result.exit_code >= 1);
        CHECK(result.out.empty());
        CHECK(contains(result.err, mentions));
        CHECK(split(result.err, '\n').size() == 2);
    };
    complains({}, "no address");
    complains({"schedul"}, "schedul");
    complains({"schedule", "0"}, "'0' is not a count");
    complains({"schedule", "x"}, "'x' is not a count");
    complains({"-r", "-f", "schedule"}, "exclude each other");
    complains({"(schedule+)", "1"}, "column");
    complains({"-b", "x", "schedule"}, "-b takes");
}

}  // namespace disassembly_real_test
