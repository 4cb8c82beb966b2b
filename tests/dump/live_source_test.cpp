#include "dump/live_source.h"

#include <doctest/doctest.h>

#include "support/temp_dir.h"

namespace live_source_test {

using namespace postmortem;
using namespace postmortem::test;

TEST_CASE("a file of the proc file system is read as it is now, and no other is") {
    const auto live = open_live_file("/proc/version");
    REQUIRE_MESSAGE(live, live.error().message);
    std::vector<std::byte> scratch(6);
    const auto words = (*live)->read(0, 5, scratch);
    REQUIRE(words);
    CHECK(as_text(*words) == "Linux");
    CHECK_FALSE((*live)->read(0, 7, scratch));  // more than there is room for
    CHECK_FALSE((*live)->read(1 << 20, 5, scratch));
    CHECK_FALSE((*live)->read(~0ull, 5, scratch));
    CHECK_FALSE((*live)->view(0, 5));
    const TempDir dir;
    CHECK(open_live_file(dir.write("plain", "text")).error().code == ErrorCode::NotFound);
    CHECK_FALSE(open_live_file("/proc/no such file"));
}

}  // namespace live_source_test
