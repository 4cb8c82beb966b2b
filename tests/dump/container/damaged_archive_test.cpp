// Archives that were cut off, damaged, or made to be endless work.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>

#include <doctest/doctest.h>

#include "dump/container/folder_entry.h"
#include "support/check_dump.h"
#include "support/pack_file.h"
#include "support/temp_dir.h"

namespace damaged_archive_test {

using namespace postmortem;
using namespace postmortem::test;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t zip_end = 22, zip_entry = 46;

bool mentions(const Error& error, std::string_view text) {
    return error.message.find(text) != error.message.npos;
}

bool mentions(const std::vector<Error>& problems, std::string_view text) {
    return std::any_of(problems.begin(), problems.end(), [&](const Error& e) { return mentions(e, text); });
}

Buffer raw_dump(const FakeMemory& memory) {
    KdumpShape shape;
    shape.codec = Codec::Raw;
    return make_kdump(memory, shape);
}

// A directory that names its only member (with a name of six letters) so many times.
Buffer with_entries(Buffer zip, std::uint16_t count) {
    const Buffer end(zip.end() - zip_end, zip.end());
    const auto at = load<std::uint32_t>(end.data() + 16, Endian::Little);
    const Buffer entry(zip.begin() + at, zip.end() - zip_end);
    CHECK(entry.size() == zip_entry + 6);
    zip.resize(at);
    for (unsigned i = 0; i < count; ++i) {
        zip.insert(zip.end(), entry.begin(), entry.end());
        std::snprintf(reinterpret_cast<char*>(zip.data() + zip.size() - 6), 6, "v%04u", i);
        zip.back() = std::byte{'x'};
    }
    zip.insert(zip.end(), end.begin(), end.end());
    std::byte* fields = zip.data() + zip.size() - zip_end;
    for (const int field : {8, 10}) store(fields + field, count, Endian::Little);
    store(fields + 12, static_cast<std::uint32_t>(count * entry.size()), Endian::Little);
    return zip;
}

// How many files were unpacked from end to end to open a dump.
std::size_t unpackings(const Buffer& archive, const std::function<void(const DumpFile&)>& then = {}) {
    const TempDir dir;
    DumpOptions options;
    std::uint64_t ends = 0;
    options.progress = [&](std::uint64_t done, std::uint64_t total) { ends += done == total; };
    const auto dump = open_dump(dir.write("case.zip", archive), options);
    REQUIRE_MESSAGE(dump, dump.error().message);
    if (then) then(**dump);
    return ends;
}

}  // namespace

TEST_CASE("a zip archive that lost its end gives the members that are there") {
    const FakeMemory memory = make_memory(60);
    const std::vector<FakeMember> members = {
        {"first", Buffer(3000, std::byte{7})}, {"vmcore", raw_dump(memory)}, {"last", Buffer(2000)}};
    for (const int method : {0, 8}) {
        for (const ZipSizes sizes : {ZipSizes::InHeader, ZipSizes::Behind}) {
            CAPTURE(method);
            const Buffer zip = make_zip(members, method, sizes);
            const auto dump = open_bytes(Bytes(zip).first(zip.size() - zip_end));
            REQUIRE_MESSAGE(dump, dump.error().message);
            CHECK(compare(**dump, memory) == undamaged(memory));
            CHECK(mentions((*dump)->problems(), "no directory; 3 of its files were found"));
            std::uint64_t most_right = 0;
            for (std::size_t i = 0; i < 100; ++i) {
                const auto cut = open_bytes(Bytes(zip).first(zip.size() * i / 100));
                if (!cut) continue;
                const Comparison seen = compare(**cut, memory);
                CHECK(seen.wrong + seen.corrupt == 0);
                CHECK_FALSE((*cut)->problems().empty());
                if (i < 60) most_right = std::max(most_right, seen.right);
            }
            CHECK(most_right > 10);
        }
    }
}

TEST_CASE("a zip archive whose directory is damaged is read by the headers of its members") {
    const FakeMemory memory = make_memory(60);
    Buffer zip = make_zip({{"first", Buffer(3000, std::byte{7})}, {"vmcore", raw_dump(memory)}}, 8);
    const std::size_t second = zip.size() - zip_end - zip_entry - 6;
    zip[second] ^= std::byte{1};
    const auto dump = open_bytes(zip);
    REQUIRE_MESSAGE(dump, dump.error().message);
    CHECK(compare(**dump, memory) == undamaged(memory));
    CHECK(mentions((*dump)->problems(), "damaged directory"));
}

TEST_CASE("entries of a zip archive that share their bytes are one file") {
    const FakeMemory memory = make_memory(60);
    const Buffer zip = with_entries(make_zip({{"vmcore", raw_dump(memory)}}, 8), 3000);
    CHECK(unpackings(zip, [&](const DumpFile& dump) {
              CHECK(compare(dump, memory) == undamaged(memory));
              CHECK(mentions(dump.problems(), "lie over one another; 1 of its files"));
          }) == 1);
}

TEST_CASE(
    "of the members of a zip archive only the one that is taken is unpacked, a kernel when it is wanted") {
    const FakeMemory memory = make_memory(60);
    std::vector<FakeMember> members;
    for (const char* name : {"a", "b", "c", "d"}) members.push_back({name, raw_dump(memory)});
    Buffer kernel(40'000);
    const std::string_view elf(
        "\x7f"
        "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0",
        18);
    std::copy(as_bytes(elf).begin(), as_bytes(elf).end(), kernel.begin());
    for (const char* name : {"vmlinux", "vmlinux-2"}) members.push_back({name, kernel});
    CHECK(unpackings(make_zip(members, 8)) == 1);
    CHECK(unpackings(make_zip(members, 8), [&](const DumpFile& dump) {
              REQUIRE(dump.attachments().size() == 2);
              CHECK((*dump.attachments()[0].open())->size() == kernel.size());
          }) == 1);
}

TEST_CASE("a tar archive of any number of files is searched to its end") {
    const FakeMemory memory = make_memory(30);
    const Buffer empty = make_tar({{"f", {}}}, TarStyle::Plain, false);
    Buffer tar;
    for (int i = 0; i < 100'100; ++i) tar.insert(tar.end(), empty.begin(), empty.end());
    const Buffer last = make_tar({{"vmcore", raw_dump(memory)}});
    tar.insert(tar.end(), last.begin(), last.end());
    const auto dump = open_bytes(tar);
    REQUIRE_MESSAGE(dump, dump.error().message);
    CHECK((*dump)->problems().empty());
    CHECK(compare(**dump, memory) == undamaged(memory));
}

TEST_CASE("of endless lists the first files are taken, then those with a dump's name, and the rest is told") {
    EntryList list;
    CHECK_FALSE(list.wants("empty", 0));
    CHECK(list.wants("case/vmcore", 0));
    int taken = 1;
    for (int i = 0; i < 100'010; ++i) taken += list.wants("some", 1);
    CHECK(taken == 100'000);
    for (const char* named : {"a/vmcore", "dump.202601010000", "vmlinux-6.1"}) CHECK(list.wants(named, 1));
    CHECK_FALSE(list.wants("notes", 1));
    const auto problem = list.left_out("the tar archive");
    REQUIRE(problem);
    CHECK(mentions(*problem, "the tar archive holds 100016 files; 12 of those"));
}

TEST_CASE("a damaged header of a tar archive costs one member at most") {
    const FakeMemory memory = make_memory(30);
    const Buffer tar = make_tar(
        {{"vmcore", raw_dump(memory), 1800000000}, {"b", Buffer(1000)}, {"c/vmcore.2", raw_dump(memory)}});
    const std::size_t checksum = 148, size = 124;
    for (const auto& [at, taken] : {std::pair{checksum, "vmcore"}, {size, "c/vmcore.2"}}) {
        Buffer broken = tar;
        broken[at + 3] ^= std::byte{1};
        const auto dump = open_bytes(broken);
        REQUIRE_MESSAGE(dump, dump.error().message);
        CHECK(compare(**dump, memory) == undamaged(memory));
        CHECK(mentions((*dump)->problems(), "damaged header at byte 0"));
        CHECK((*dump)->info().file.string().ends_with(taken));
    }
}

TEST_CASE("of two files of one name in a tar archive the later one is the file") {
    const FakeMemory memory = make_memory(30), other = make_memory(40);
    const auto dump = open_bytes(make_tar({{"vmcore", raw_dump(other)}, {"vmcore", raw_dump(memory)}}));
    REQUIRE(dump);
    CHECK(compare(**dump, memory) == undamaged(memory));
    CHECK(mentions((*dump)->problems(), "the newest, vmcore, was taken and not another of that name"));
}

TEST_CASE("a map of a sparse file whose lines do not end is no endless work") {
    const FakeMemory memory = make_memory(30);
    const Buffer tar = make_tar({{"huge", Buffer(20 << 20, std::byte{'7'})}, {"vmcore", raw_dump(memory)}},
                                TarStyle::PaxSparse);
    const std::string_view map = "1\n0\n20971520\n";
    const auto place = std::search(tar.begin(), tar.end(), as_bytes(map).begin(), as_bytes(map).end());
    REQUIRE(place != tar.end());
    for (const std::size_t first : {1, 3}) {
        Buffer broken = tar;
        for (const std::size_t line : {first, std::size_t{3}, map.size() - 1})
            broken[static_cast<std::size_t>(place - tar.begin()) + line] = std::byte{'7'};
        const auto dump = open_bytes(broken);
        REQUIRE_MESSAGE(dump, dump.error().message);
        CHECK(compare(**dump, memory) == undamaged(memory));
        CHECK(mentions((*dump)->problems(), "damaged map of a sparse file") == (first == 1));
    }
}

}  // namespace damaged_archive_test
