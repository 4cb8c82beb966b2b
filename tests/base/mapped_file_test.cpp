#include "base/mapped_file.h"

#include <array>
#include <utility>

#include <doctest/doctest.h>

#include "support/temp_dir.h"

namespace mapped_file_test {

using namespace postmortem;

TEST_CASE("a mapped file gives its bytes, also after it was moved") {
    const test::TempDir dir;
    auto opened = MappedFile::open(dir.write("file", "0123456789"));
    REQUIRE(opened);
    MappedFile file = std::move(*opened);
    CHECK(as_text(file.bytes()) == "0123456789");
    std::array<std::byte, 3> three;
    CHECK(file.copy_at(7, three));
    CHECK(as_text(three) == "789");
    CHECK_FALSE(file.copy_at(8, three));
    CHECK_FALSE(file.copy_at(~0ull, three));
    CHECK(file.copy_at(10, {}));
    MappedFile other;
    other = std::move(file);
    CHECK(other.copy_at(0, three));
    CHECK(as_text(three) == "012");
    CHECK_FALSE(file.copy_at(0, three));  // NOLINT(bugprone-use-after-move): what is left is empty
}

TEST_CASE("an empty file is a mapping of no bytes; what is no file is Io") {
    const test::TempDir dir;
    const auto empty = MappedFile::open(dir.write("empty", ""));
    REQUIRE(empty);
    CHECK(empty->bytes().empty());
    std::array<std::byte, 1> one;
    CHECK_FALSE(empty->copy_at(0, one));
    CHECK(MappedFile::open(dir.path()).error().code == ErrorCode::Io);
    CHECK(MappedFile::open(dir.path() / "none").error().code == ErrorCode::Io);
}

}  // namespace mapped_file_test
