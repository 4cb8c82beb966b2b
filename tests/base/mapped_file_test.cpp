#include "base/mapped_file.h"

#include <array>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <postmortem/files.h>

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

TEST_CASE("for a SIGBUS it is known which byte of which file could not be read") {
    const test::TempDir dir;
    std::array<char, 1024> room;
    const void* gone = nullptr;
    {
        auto opened = MappedFile::open(dir.write("file", "0123456789"));
        REQUIRE(opened);
        MappedFile file = std::move(*opened);
        const std::size_t length = describe_bus_error(file.bytes().data() + 7, room);
        CHECK(std::string(room.data(), length)
                  .starts_with((dir.path() / "file").string() +
                               ": it cannot be read at byte 7: the disk fails"));
        CHECK(describe_bus_error(file.bytes().data() + 10, room) == 0);
        CHECK(describe_bus_error(file.bytes().data(), std::span(room).first(5)) == 5);
        gone = file.bytes().data();
    }
    CHECK(describe_bus_error(gone, room) == 0);
    CHECK(describe_bus_error(nullptr, room) == 0);
}

}  // namespace mapped_file_test
