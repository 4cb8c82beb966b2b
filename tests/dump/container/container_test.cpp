// Dumps as they arrive: compressed, in archives, in both.
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include <postmortem/lost_pages.h>

#include "dump/byte_source.h"
#include "dump/container/temporary_file.h"
#include "memory/physical_memory.h"
#include "support/check_dump.h"
#include "support/pack_file.h"
#include "support/sample_dumps.h"
#include "support/temp_dir.h"
#include "symbols/vmlinux.h"

namespace container_test {

using namespace postmortem;
using namespace postmortem::test;
namespace fs = std::filesystem;

namespace {

// The folder itself stays empty: what is unpacked has no name.
std::size_t files_in(const fs::path& folder) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

bool mentions(const Error& error, std::string_view text) {
    return error.message.find(text) != error.message.npos;
}

bool is_doubtful(const DumpFile& dump) {
    return std::any_of(dump.problems().begin(), dump.problems().end(),
                       [](const Error& problem) { return problem.code == ErrorCode::Doubtful; });
}

}  // namespace

TEST_CASE("every format reads back from every kind of compression") {
    const FakeMemory memory = make_memory(60);
    for (const SampleDump& sample : sample_dumps(memory)) {
        for (const Packing packing : packings) {
            CAPTURE(sample.name);
            CAPTURE(name_of(packing));
            const auto dump = open_bytes(pack_file(packing, sample.file));
            REQUIRE(dump);
            CHECK((*dump)->problems().empty());
            CHECK(compare(**dump, memory) == undamaged(memory));
            CHECK((*dump)->info().format.find("-compressed ") != std::string::npos);
        }
    }
}

TEST_CASE("a compressed dump that is cut off gives right pages or says that they are missing") {
    const FakeMemory memory = make_memory(60);
    KdumpShape shape;
    shape.codec = Codec::Raw;  // else there is little to see before the end
    for (const Packing packing : packings) {
        CAPTURE(name_of(packing));
        const Buffer packed = pack_file(packing, make_kdump(memory, shape));
        std::uint64_t most_right = 0;
        for (int i = 0; i < 200; ++i) {
            const std::size_t length = packed.size() * static_cast<std::size_t>(i) / 200;
            CAPTURE(length);
            const auto dump = open_bytes(Bytes(packed).first(length));
            if (!dump) continue;
            CHECK_FALSE(is_doubtful(**dump));
            const Comparison seen = compare(**dump, memory);
            CHECK(seen.wrong + seen.corrupt + seen.unsupported == 0);
            CHECK_FALSE((*dump)->problems().empty());
            most_right = std::max(most_right, seen.right);
        }
        // bzip2 packs all of it as one block, and gives it when it is whole.
        if (packing != Packing::Bzip2) CHECK(most_right > 10);
    }
}

TEST_CASE("what a checksum speaks against is read, and no answer from it is whole") {
    const FakeMemory memory = make_memory(60);
    KdumpShape shape;
    shape.codec = Codec::Raw;
    const Buffer whole = make_kdump(memory, shape);
    std::vector<std::pair<std::string_view, Buffer>> files;
    for (const Packing packing : {Packing::Gzip, Packing::Bzip2, Packing::Xz})
        files.emplace_back(name_of(packing), pack_file(packing, whole));
    files.emplace_back("zip", make_zip({{"vmcore", whole}}, 8));
    for (const auto& [name, packed] : files) {
        CAPTURE(name);
        std::size_t doubted = 0;
        for (std::size_t i = 0; i < 200; ++i) {
            const std::size_t at = packed.size() * i / 200;
            CAPTURE(at);
            Buffer damaged = packed;
            damaged[at] ^= std::byte{4};
            const auto dump = open_bytes(damaged);
            if (!dump) continue;
            doubted += is_doubtful(**dump);
            if (compare(**dump, memory).wrong != 0) CHECK(is_doubtful(**dump));
            const LostPages lost;
            Buffer byte(1);
            if (PhysicalMemory(**dump).read(4096, byte)) CHECK(lost.any() == is_doubtful(**dump));
        }
        CHECK(doubted > 0);
    }
}

TEST_CASE("a damaged block costs its pages and no others") {
    const FakeMemory memory = make_memory(60);
    KdumpShape shape;
    shape.codec = Codec::Raw;
    for (const Packing packing : {Packing::XzBlocks, Packing::ZstdSeekable, Packing::Bgzf}) {
        CAPTURE(name_of(packing));
        Buffer packed = pack_file(packing, make_kdump(memory, shape));
        for (std::size_t i = 0; i < 40; ++i) packed[packed.size() / 2 + i] ^= std::byte{0x5a};
        const auto dump = open_bytes(packed);
        REQUIRE(dump);
        const Comparison seen = compare(**dump, memory);
        CHECK(seen.wrong + seen.corrupt == 0);
        CHECK(seen.missing > 0);
        CHECK(seen.right > 10);
    }
}

TEST_CASE("what is unpacked goes where it is told to, has no name, and has a limit") {
    const FakeMemory memory = make_memory(60);
    const TempDir dir, space;
    KdumpShape shape;
    shape.codec = Codec::Raw;
    const Buffer whole = make_kdump(memory, shape);
    for (const Packing packing : {Packing::Gzip, Packing::Bgzf}) {
        const fs::path file = dir.write("vmcore", pack_file(packing, whole));
        DumpOptions options;
        options.temporary_folder = space.path();
        std::uint64_t last = 0, calls = 0;
        options.progress = [&](std::uint64_t done, std::uint64_t total) {
            CHECK(done >= last);
            CHECK(done <= total);
            last = done;
            ++calls;
        };
        auto dump = open_dump(file, options);
        REQUIRE(dump);
        CHECK(files_in(space.path()) == 0);
        CHECK(compare(**dump, memory) == undamaged(memory));
        CHECK((calls > 0) == (packing == Packing::Gzip));
        options.max_temporary_bytes = 10'000;
        dump = open_dump(file, options);
        if (packing == Packing::Gzip) {
            REQUIRE_FALSE(dump);
            CHECK(mentions(dump.error(), "limit"));
        } else {
            // Only what is read is unpacked, and what there is no room for again and again.
            REQUIRE(dump);
            CHECK(compare(**dump, memory) == undamaged(memory));
        }
        options.temporary_folder = space.path() / "none";
        dump = open_dump(file, options);
        REQUIRE_FALSE(dump);
        CHECK(dump.error().code == ErrorCode::Io);
        CHECK(mentions(dump.error(), "--tmpdir"));
    }
}

TEST_CASE("all temporary files of a dump share one limit, and what one held is free when it is gone") {
    const TempDir folder;
    const auto space = std::make_shared<TemporarySpace>(folder.path(), 10'000);
    const Buffer bytes(6000, std::byte{1});
    auto first = TemporaryFile::create(space);
    REQUIRE(first);
    REQUIRE(first->write_at(0, bytes));
    {
        auto second = TemporaryFile::create(space);
        REQUIRE(second);
        CHECK(second->write_at(0, Bytes(bytes).first(4000)));
        const auto more = second->write_at(4000, Bytes(bytes).first(1));
        REQUIRE_FALSE(more);
        CHECK(mentions(more.error(), "10000 bytes"));
    }
    CHECK(first->write_at(6000, Bytes(bytes).first(4000)));
    CHECK_FALSE(first->write_at(10'000, Bytes(bytes).first(1)));
}

TEST_CASE("the copy of a vmlinux that came with the dump keeps to the limit and the folder, too") {
    Buffer vmlinux(40'000, std::byte{1});
    const std::string_view head(
        "\x7f"
        "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0",
        18);
    std::copy(as_bytes(head).begin(), as_bytes(head).end(), vmlinux.begin());
    const TempDir dir, space;
    const fs::path archive =
        dir.write("case.tar", make_tar({{"vmcore", make_kdump(make_memory(20), {})}, {"vmlinux", vmlinux}}));
    DumpOptions options;
    options.temporary_folder = space.path();
    options.max_temporary_bytes = 30'000;
    auto dump = open_dump(archive, options);
    REQUIRE(dump);
    REQUIRE((*dump)->attachments().size() == 1);
    auto copied = Vmlinux::open((*dump)->attachments()[0], std::nullopt);
    REQUIRE_FALSE(copied);
    CHECK(mentions(copied.error(), "vmlinux: the unpacked dump needs more than 30000 bytes"));
    options.temporary_folder = space.path() / "none";
    dump = open_dump(archive, options);
    REQUIRE(dump);
    copied = Vmlinux::open((*dump)->attachments()[0], std::nullopt);
    REQUIRE_FALSE(copied);
    CHECK(mentions(copied.error(), (space.path() / "none").string()));
}

TEST_CASE("an archive gives the dump in it, and the vmlinux beside it") {
    const FakeMemory memory = make_memory(60);
    KdumpShape shape;
    shape.codec = Codec::Raw;
    const Buffer file = make_kdump(memory, shape);
    Buffer vmlinux(4096);
    const std::string_view elf(
        "\x7f"
        "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0",
        18);
    std::copy(as_bytes(elf).begin(), as_bytes(elf).end(), vmlinux.begin());
    const std::vector<FakeMember> members = {{"case/vmcore-dmesg.txt", Buffer(700, std::byte{'a'})},
                                             {"case/vmlinux", vmlinux},
                                             {"case/" + std::string(120, 'x') + "/vmcore", file}};
    std::vector<Buffer> archives = {make_tar(members), make_tar(members, TarStyle::GnuSparse),
                                    make_tar(members, TarStyle::PaxSparse), make_zip(members, 0),
                                    make_zip(members, 8)};
    archives.push_back(pack_file(Packing::Xz, archives[0]));
    archives.push_back(pack_file(Packing::Gzip, archives[1]));
    archives.push_back(pack_file(Packing::ZstdSeekable, archives[2]));
    for (std::size_t i = 0; i < archives.size(); ++i) {
        CAPTURE(i);
        const auto dump = open_bytes(archives[i]);
        REQUIRE_MESSAGE(dump, dump.error().message);
        CHECK((*dump)->problems().empty());
        CHECK(compare(**dump, memory) == undamaged(memory));
        REQUIRE((*dump)->attachments().size() == 1);
        const Attachment& kernel = (*dump)->attachments().front();
        CHECK(kernel.name == "case/vmlinux");
        Buffer scratch(18);
        const auto bytes = kernel.open();
        REQUIRE(bytes);
        const auto head = (*bytes)->read(0, scratch.size(), scratch);
        REQUIRE(head);
        CHECK(as_text(*head) == elf);
    }
}

TEST_CASE("an archive that is cut off gives what is there") {
    const FakeMemory memory = make_memory(60);
    KdumpShape shape;
    shape.codec = Codec::Raw;
    const Buffer file = make_kdump(memory, shape);
    for (const TarStyle style : {TarStyle::Plain, TarStyle::GnuSparse, TarStyle::PaxSparse}) {
        const Buffer tar = make_tar({{"vmcore", file}, {"later", Buffer(1000, std::byte{1})}}, style);
        for (int i = 1; i < 100; ++i) {
            const std::size_t length = (tar.size() - 1024) * static_cast<std::size_t>(i) / 100;
            CAPTURE(length);
            const auto dump = open_bytes(Bytes(tar).first(length));
            if (!dump) continue;
            const Comparison seen = compare(**dump, memory);
            CHECK(seen.wrong + seen.corrupt == 0);
            CHECK_FALSE((*dump)->problems().empty());
        }
    }
}

TEST_CASE("an archive without a dump says what is in it, and of several dumps the newest is taken") {
    auto dump = open_bytes(make_tar({{"a", Buffer(10)}, {"b", Buffer(20)}}));
    REQUIRE_FALSE(dump);
    CHECK(mentions(dump.error(), "2 files"));
    const FakeMemory memory = make_memory(30), other = make_memory(40);
    dump = open_bytes(
        make_tar({{"old/vmcore", make_kdump(other, {}), 5}, {"new/vmcore", make_kdump(memory, {}), 9}}));
    REQUIRE(dump);
    CHECK(compare(**dump, memory) == undamaged(memory));
    REQUIRE((*dump)->problems().size() == 1);
    CHECK(mentions((*dump)->problems()[0], "old/vmcore"));
}

TEST_CASE("of many dumps in a folder some are named, and the others counted") {
    for (const int count : {2, 6, 7, 9}) {
        CAPTURE(count);
        const TempDir dir;
        for (int i = 0; i < count; ++i)
            dir.write("vmcore" + std::to_string(i), make_kdump(make_memory(30), {}));
        const auto dump = open_dump(dir.path(), {});
        REQUIRE(dump);
        REQUIRE((*dump)->problems().size() == 1);
        const int unnamed = count - 1 - 5;
        CHECK(mentions((*dump)->problems()[0], " more") == (unnamed > 0));
        if (unnamed > 0) CHECK(mentions((*dump)->problems()[0], std::to_string(unnamed) + " more"));
    }
}

TEST_CASE("a compressed dump is told from a log however large its blocks are") {
    KdumpShape shape;
    shape.codec = Codec::Raw;
    const Buffer file = make_kdump(make_memory(6000), shape);
    for (const Packing packing : packings) {
        CAPTURE(name_of(packing));
        const TempDir dir;
        CHECK(looks_like_dump_file(dir.write("vmcore", pack_file(packing, file))));
    }
}

TEST_CASE("a compressed dump or an archive is found in a folder, and a log is none") {
    const FakeMemory memory = make_memory(30);
    const Buffer file = make_kdump(memory, {});
    for (const Buffer& packed : {pack_file(Packing::Gzip, file), make_tar({{"vmcore", file}}),
                                 pack_file(Packing::Zstd, make_zip({{"vmcore", file}}, 0))}) {
        const TempDir dir;
        const fs::path path = dir.write("202401010000/anything", packed);
        dir.write("202401010000/dmesg.gz",
                  pack_file(Packing::Gzip, as_bytes("[    0.000000] Linux version 6.1\n")));
        CHECK(looks_like_dump_file(path));
        CHECK_FALSE(looks_like_dump_file(dir.path() / "202401010000/dmesg.gz"));
        const auto dump = open_dump(dir.path());
        REQUIRE_MESSAGE(dump, dump.error().message);
        CHECK((*dump)->problems().empty());
        CHECK(compare(**dump, memory) == undamaged(memory));
    }
}

}  // namespace container_test
