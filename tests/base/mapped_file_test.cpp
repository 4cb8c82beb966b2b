#include "base/mapped_file.h"

#include <array>
#include <filesystem>
#include <span>
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

std::string bytes_that_differ(std::size_t count, unsigned salt) {
    std::string bytes(count, 0);
    for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>((i * 2654435761u + salt) >> 13);
    return bytes;
}

TEST_CASE("reads that go on where the one before ended give what single ones give") {
    const test::TempDir dir;
    const std::array content = {bytes_that_differ(300'001, 1), bytes_that_differ(200'000, 77)};
    const std::array files = {MappedFile::open(dir.write("a", content[0])),
                              MappedFile::open(dir.write("b", content[1]))};
    std::string room(200'000, 0);
    const auto reads_right = [&](std::size_t file, std::size_t offset, std::size_t length) {
        const MutableBytes out = std::as_writable_bytes(std::span(room)).first(length);
        return files[file]->read_on(offset, out) && as_text(out) == content[file].substr(offset, length);
    };
    for (const std::size_t length : {1u, 777u, 4096u, 65'535u, 65'536u, 65'537u, 100'000u}) {
        CAPTURE(length);
        std::size_t wrong = 0;
        for (std::size_t offset = 0; offset + length <= content[0].size(); offset += length) {
            wrong += !reads_right(0, offset, length);
            if (offset % 3 == 0) wrong += !reads_right(0, 41, 100);  // a page that many share
            if (offset % 5 == 0) wrong += !reads_right(1, offset % 100'000, length);
        }
        CHECK(wrong == 0);
        const std::size_t rest = content[0].size() % length;
        CHECK(reads_right(0, content[0].size() - rest, rest));
        CHECK_FALSE(files[0]->read_on(content[0].size() - rest,
                                      std::as_writable_bytes(std::span(room)).first(rest + 1)));
    }
    CHECK_FALSE(files[0]->read_on(~0ull, std::as_writable_bytes(std::span(room)).first(1)));
    CHECK(files[0]->read_on(300'001, {}));
}

TEST_CASE("of a file that has become shorter no read gives bytes that are gone") {
    const test::TempDir dir;
    const auto path = dir.write("file", bytes_that_differ(300'000, 5));
    const auto file = MappedFile::open(path);
    REQUIRE(file);
    std::filesystem::resize_file(path, 150'000);
    std::array<std::byte, 1000> some;
    std::size_t there = 0;
    for (std::uint64_t offset = 0; offset < 300'000; offset += some.size())
        there += file->read_on(offset, some);
    CHECK(there == 150);
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
