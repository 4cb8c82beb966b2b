// `postmortem types`, and what comes of files that are none.
#include <algorithm>
#include <filesystem>

#include <doctest/doctest.h>

#include "base/text.h"
#include "support/environment.h"
#include "support/files.h"
#include "support/places.h"
#include "support/program.h"
#include "support/temp_dir.h"

namespace types_command_test {

using namespace postmortem;
using namespace postmortem::test;
namespace fs = std::filesystem;

namespace {

void check_refusal(const ProgramResult& result, int exit_code, std::string_view mentions) {
    CAPTURE(result.err);
    CHECK(result.exit_code == exit_code);
    CHECK(result.out.empty());
    CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
    CHECK(contains(result.err, mentions));
}

std::string fixture(std::string_view kind) {
    return (fixtures() / ("fixture_" + std::string(kind))).string();
}

}  // namespace

TEST_CASE("a type file is made where it is said, in a folder, or in the cache") {
    const TempDir dir;
    const std::string target = (dir.path() / "x.types").string();
    const auto made = run_postmortem({"types", fixture("dwarf5"), "-o", target});
    CAPTURE(made.err);
    CHECK(made.exit_code == 0);
    CHECK(made.out.starts_with(target + ": "));
    CHECK(contains(made.out, "from DWARF"));
    CHECK(file_contents(target).starts_with("postmortem types 2\n"));

    CHECK(run_postmortem({"types", fixture("dwarf4"), fixture("dwarf5"), "-o", dir.path().string()})
              .exit_code == 0);
    const auto cached = run_postmortem({"types", fixture("dwarf4")});
    CHECK(cached.exit_code == 0);
    CHECK(contains(cached.out, "postmortem/types/"));
    CHECK(fs::exists(cached.out.substr(0, cached.out.find(": "))));
}

TEST_CASE("an account without ~/.cache gets it as soon as a kernel is read, for itself alone") {
    const TempDir home;
    const fs::path cache = home.path() / "cache";
    const EnvironmentVariable variable("XDG_CACHE_HOME", cache);
    const std::string dump = (source_dir() / "testdata/dumps/bookworm-sysrq/vmcore").string();
    REQUIRE(run_postmortem({"sys", dump, "--no-cache"}).exit_code != 3);
    CHECK_FALSE(fs::exists(cache));
    REQUIRE(run_postmortem({"sys", dump}).exit_code != 3);
    CHECK(fs::status(cache).permissions() == fs::perms::owner_all);
}

TEST_CASE("what is no vmlinux with types is refused in a sentence") {
    const TempDir dir;
    const auto types = [&](const std::string& file) {
        return run_postmortem({"types", file, "-o", (dir.path() / "made").string()});
    };
    check_refusal(run_postmortem({"types"}), 2, "no vmlinux");
    check_refusal(run_postmortem({"types", "a", "b", "-o", (dir.path() / "one").string()}), 2, "folder");
    check_refusal(types((dir.path() / "absent").string()), 3, "absent");
    check_refusal(types(dir.write("garbage", "not an ELF file at all").string()), 3, "garbage");
    check_refusal(types(fixture("stripped")), 3, "stripped");
    const std::string whole = file_contents(fixture("dwarf5"));
    check_refusal(types(dir.write("cut", whole.substr(0, whole.size() / 2)).string()), 3, "cut");
    CHECK_FALSE(fs::exists(dir.path() / "made"));
}

TEST_CASE("a type file that is none, and one of another kernel, are refused with the dump") {
    const TempDir dir;
    const std::string dump = (source_dir() / "testdata/dumps/bookworm-sysrq").string();
    const std::string other = (dir.path() / "other.types").string();
    REQUIRE(run_postmortem({"types", fixture("dwarf5"), "-o", other}).exit_code == 0);
    check_refusal(run_postmortem({"ps", "--types", other, dump}), 3, "build-id");
    check_refusal(run_postmortem({"ps", "--types", dir.write("garbage", "x").string(), dump}), 3, "garbage");
    check_refusal(run_postmortem({"ps", "--types", (dir.path() / "absent").string(), dump}), 3, "absent");
}

}  // namespace types_command_test
