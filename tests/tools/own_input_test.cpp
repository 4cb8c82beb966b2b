// No command writes over what it reads.
#include <filesystem>

#include <doctest/doctest.h>

#include "support/files.h"
#include "support/places.h"
#include "support/program.h"
#include "support/temp_dir.h"

namespace own_input_test {

using namespace postmortem::test;
namespace fs = std::filesystem;

namespace {

/// The complaint; the file is as it was.
std::string refused(const fs::path& file, const std::vector<std::string>& words) {
    const std::string before = file_contents(file);
    const ProgramResult result = run_postmortem(words);
    CHECK(result.exit_code >= 2);
    CHECK(result.out.empty());
    CHECK(file_contents(file) == before);
    return result.err;
}

}  // namespace

TEST_CASE("a file that a command is to write is none of those that it reads") {
    const TempDir folder;
    const fs::path dump = folder.path() / "vmcore", link = folder.path() / "link",
                   types = folder.path() / "vmlinux";
    fs::copy_file(source_dir() / "testdata/dumps/bookworm-mod-null/vmcore", dump);
    fs::create_hard_link(dump, link);
    fs::copy_file(fixtures() / "fixture_dwarf5", types);
    for (const fs::path& target : {dump, link}) {
        CHECK(refused(dump, {"extract", dump, "-o", target}).find("this is the dump itself") !=
              std::string::npos);
        CHECK(refused(dump, {"rd", dump, "-r", target, "init_task", "16"}).find("this file is being read") !=
              std::string::npos);
        for (const char* place : {"-f"})
            CHECK(refused(dump, {"rd", place, dump, "-r", target, "0", "16"}).find(target.string()) !=
                  std::string::npos);
    }
    CHECK(refused(types, {"types", types, "-o", types}).find(types.string()) != std::string::npos);
}

}  // namespace own_input_test
