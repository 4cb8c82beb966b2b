// Files that cannot grow: it is said, the exit status tells it, and nothing is left behind.
#include <filesystem>

#include <doctest/doctest.h>
#include <sys/resource.h>

#include "support/files.h"
#include "support/pack_file.h"
#include "support/places.h"
#include "support/program.h"
#include "support/temp_dir.h"

namespace full_disk_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

constexpr int unusable = 3;

// Of this process and of what it starts, until the end of the scope.
class LargestFile {
  public:
    explicit LargestFile(rlim_t bytes) {
        getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit lower{bytes, before_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &lower);
    }
    LargestFile(const LargestFile&) = delete;
    LargestFile& operator=(const LargestFile&) = delete;
    ~LargestFile() { setrlimit(RLIMIT_FSIZE, &before_); }

  private:
    rlimit before_{};
};

const std::filesystem::path dump = source_dir() / "testdata/dumps/bookworm-mod-null/vmcore";

void check_refused(const std::vector<std::string>& words, const std::filesystem::path& folder) {
    CAPTURE(words[0]);
    ProgramResult result;
    {
        const LargestFile limit(4096);
        result = run_postmortem(words);
    }
    CHECK(result.exit_code == unusable);
    CHECK(result.err.find("File too large") != std::string::npos);
    CHECK(std::filesystem::is_empty(folder));
}

}  // namespace

TEST_CASE("an extract that is too large for the disk") {
    const TempDir dir;
    const std::string target = (dir.path() / "made").string();
    check_refused({"extract", dump.string(), "-o", target}, dir.path());
}

TEST_CASE("a packed dump that does not fit where it is unpacked") {
    const TempDir dir, sources;
    const std::string content = file_contents(dump);
    const auto packed = sources.write("vmcore.gz", pack_file(Packing::Gzip, as_bytes(content)));
    check_refused({"sys", "--tmpdir", dir.path().string(), packed.string()}, dir.path());
}

}  // namespace full_disk_test
