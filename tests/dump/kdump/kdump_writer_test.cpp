#include "dump/kdump/kdump_writer.h"

#include <doctest/doctest.h>
#include <elf.h>
#include <sys/stat.h>

#include "dump/output_file.h"
#include "dump/vmcoreinfo.h"
#include "support/check_dump.h"
#include "support/temp_dir.h"

namespace kdump_writer_test {

using namespace postmortem;
using namespace postmortem::test;
namespace fs = std::filesystem;

namespace {

std::vector<std::uint64_t> frames_of(const DumpFile& dump) {
    std::vector<std::uint64_t> pfns;
    for (auto pfn = dump.next_frame(0); pfn; pfn = dump.next_frame(*pfn + 1)) pfns.push_back(*pfn);
    return pfns;
}

Buffer text_of(std::string_view text) {
    const Bytes bytes = as_bytes(text);
    return Buffer(bytes.begin(), bytes.end());
}

std::size_t files_in(const fs::path& dir) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(dir), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("what is written reads back, from every kind of machine and with every codec") {
    const TempDir dir;
    const FakeMemory memory = make_memory(100);
    for (const FakeMachine& machine : fake_machines()) {
        for (const Codec codec : {Codec::Raw, Codec::Zlib, Codec::Zstd}) {
            CAPTURE(machine.name);
            CAPTURE(to_string(codec));
            KdumpShape shape;
            shape.machine = machine;
            shape.notes = {{"CORE", NT_PRSTATUS, Buffer(148, std::byte{1})},
                           {"QEMU", 0, Buffer(11, std::byte{2})}};
            const auto source = open_bytes(make_kdump(memory, shape));
            REQUIRE(source);
            const auto pfns = frames_of(**source);
            CHECK(pfns.size() == memory.pages.size());
            const auto written = write_kdump(dir.path() / "copy", {**source, pfns}, {codec, 3});
            REQUIRE(written);
            CHECK(written->pages == memory.pages.size());
            CHECK(written->zero_pages > 10);
            CHECK(written->bytes == fs::file_size(dir.path() / "copy"));
            CHECK(files_in(dir.path()) == 1);

            const auto copy = open_dump(dir.path() / "copy");
            REQUIRE(copy);
            CHECK((*copy)->problems().empty());
            CHECK(compare(**copy, memory) == undamaged(memory));
            CHECK((*copy)->vmcoreinfo() == shape.vmcoreinfo);
            CHECK((*copy)->endian() == machine.endian);
            CHECK((*copy)->machine() == machine.elf);
            REQUIRE((*copy)->notes().size() == 3);
            CHECK((*copy)->notes()[1].name == "QEMU");
            CHECK((*copy)->notes()[1].desc.size() == 11);
            const DumpInfo& info = (*copy)->info();
            CHECK(info.format == "kdump-compressed v6");
            CHECK(info.utsname.nodename == "node");
            CHECK(info.timestamp == 1700000000);
            CHECK(info.cpu_count == 4);
            CHECK(info.phys_base == shape.phys_base);
            CHECK(info.max_pfn == memory.max_pfn);
        }
    }
}

TEST_CASE("a selection of an ELF core keeps excluded and absent frames apart") {
    const TempDir dir;
    const FakeMemory memory = make_memory(100);
    const ElfShape shape{
        fake_machines()[0],
        {{"CORE", NT_PRSTATUS, Buffer(336)},
         {"VMCOREINFO", 0, text_of("OSRELEASE=6.1\nNUMBER(phys_base)=-4096\nCRASHTIME=77\n")}}};
    const auto source = open_bytes(make_elf(segments_of(memory), shape));
    REQUIRE(source);
    FakeMemory chosen = memory;
    std::vector<std::uint64_t> pfns;
    for (const auto& [pfn, page] : memory.pages) {
        if (pfn % 2 == 0) pfns.push_back(pfn);
        if (pfn % 2 == 1) {
            chosen.pages.erase(pfn);
            chosen.excluded.insert(pfn);
        }
    }
    REQUIRE(write_kdump(dir.path() / "part", {**source, pfns}));
    const auto part = open_dump(dir.path() / "part");
    REQUIRE(part);
    CHECK(compare(**part, chosen) == undamaged(chosen));
    CHECK((*part)->info().utsname.machine == "x86_64");
    CHECK((*part)->info().utsname.release == "6.1");
    CHECK((*part)->info().cpu_count == 1);
    CHECK((*part)->info().timestamp == 77);
    CHECK((*part)->info().phys_base == static_cast<std::uint64_t>(-4096));
}

TEST_CASE("pages of the caller's own making, and those it cannot make") {
    const TempDir dir;
    const FakeMemory memory = make_memory(40);
    const auto source = open_bytes(make_kdump(memory, {}));
    REQUIRE(source);
    const std::vector<std::uint64_t> pfns = {1, 2, 4, 6, 8, 9, 500};
    KdumpContent content{**source, pfns};
    content.page = [&](std::uint64_t pfn, MutableBytes scratch) -> Result<Bytes> {
        if (pfn == 2) return fail(ErrorCode::PageExcluded, "not wanted");
        if (pfn == 4) return fail(ErrorCode::PageMissing, "not there");
        if (pfn == 6) return fail(ErrorCode::Corrupt, "broken");
        if (pfn == 8) return Bytes(scratch).first(100);  // not a whole page
        std::fill(scratch.begin(), scratch.end(), std::byte(pfn & 0xff));
        return scratch;
    };
    content.vmcoreinfo = "FOUND=1\n";
    content.utsname = Utsname{"Linux", "host", "6.2", "#9", "x86_64", "net"};
    const auto written = write_kdump(dir.path() / "own", content);
    REQUIRE(written);
    CHECK(written->pages == 3);
    CHECK(written->left_out == 1);
    CHECK(written->lost == 3);
    const auto own = open_dump(dir.path() / "own");
    REQUIRE(own);
    Buffer scratch(4096);
    for (const std::uint64_t pfn : {1, 9, 500}) {
        const auto page = (*own)->page(pfn * 4096, scratch);
        REQUIRE(page);
        CHECK(std::all_of(page->bytes.begin(), page->bytes.end(),
                          [&](std::byte b) { return b == std::byte(pfn & 0xff); }));
    }
    CHECK((*own)->page(2 * 4096, scratch).error().code == ErrorCode::PageExcluded);
    for (const std::uint64_t pfn : {4, 6, 8})
        CHECK((*own)->page(pfn * 4096, scratch).error().code == ErrorCode::PageMissing);
    CHECK((*own)->page(499 * 4096, scratch).error().code == ErrorCode::NoSuchMemory);
    CHECK((*own)->vmcoreinfo() == "FOUND=1\n");
    CHECK((*own)->info().utsname.nodename == "host");
    CHECK((*own)->info().max_pfn == 501);
}

TEST_CASE("the file is private, and nothing is left of one that failed") {
    const TempDir dir;
    const auto source = open_bytes(make_kdump(make_memory(20), {}));
    REQUIRE(source);
    const std::vector<std::uint64_t> pfns = {1, 2}, descending = {2, 1}, twice = {1, 1},
                                     absurd = {1ull << 50};
    REQUIRE(write_kdump(dir.path() / "dump", {**source, pfns}));
    struct stat info {};
    REQUIRE(::stat((dir.path() / "dump").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    for (const auto* wrong : {&descending, &twice, &absurd}) {
        CHECK(write_kdump(dir.path() / "x", {**source, *wrong}).error().code == ErrorCode::InvalidArgument);
    }
    CHECK(write_kdump(dir.path() / "x", {**source, pfns}, {Codec::Lzo, 1}).error().code ==
          ErrorCode::Unsupported);
    CHECK(write_kdump(dir.path() / "x", {**source, pfns}, {Codec::Zlib, 99}).error().code ==
          ErrorCode::Unsupported);
    CHECK(write_kdump(dir.path() / "no/such/dir", {**source, pfns}).error().code == ErrorCode::Io);
    CHECK(write_kdump(dir.path(), {**source, pfns}).error().code == ErrorCode::Io);
    CHECK(files_in(dir.path()) == 1);
    const auto old = open_dump(dir.path() / "dump");
    REQUIRE(old);
    const auto over_itself = write_kdump(dir.path() / "dump", {**old, frames_of(**old)});
    REQUIRE_FALSE(over_itself);
    CHECK(over_itself.error().message.find("this file is being read") != std::string::npos);
    CHECK((*open_dump(dir.path() / "dump"))->next_frame(0) == 1);
}

TEST_CASE("a pipe or a device is not replaced, and a link stays one") {
    const TempDir dir;
    const fs::path pipe = dir.path() / "pipe", link = dir.path() / "link";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    const auto refused = OutputFile::create(pipe);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("no regular file") != std::string::npos);
    CHECK(fs::is_fifo(pipe));
    CHECK_FALSE(OutputFile::create("/dev/null"));
    const fs::path file = dir.write("file", "old");
    fs::create_symlink(file, link);
    auto through = OutputFile::create(link);
    REQUIRE(through);
    through->write_at(0, as_bytes("newer"));
    CHECK(through->commit());
    CHECK(fs::is_symlink(link));
    CHECK(fs::file_size(file) == 5);
}

TEST_CASE("an empty selection is a dump without pages") {
    const TempDir dir;
    const auto source = open_bytes(make_kdump(make_memory(20), {}));
    const auto written = write_kdump(dir.path() / "none", {**source, {}});
    REQUIRE(written);
    CHECK(written->bytes == fs::file_size(dir.path() / "none"));
    const auto none = open_dump(dir.path() / "none");
    REQUIRE(none);
    CHECK((*none)->problems().empty());
    CHECK_FALSE((*none)->next_frame(0));
}

TEST_CASE("memory that a damaged dump claims without a byte of it costs no room on the disk") {
    const TempDir dir;
    const auto source = open_bytes(make_elf({{0x1000, Buffer(4096, std::byte{7}), 1ull << 46, 0}}, {}));
    REQUIRE(source);
    const std::vector<std::uint64_t> pfns = {1};
    KdumpContent content{.source = **source, .pfns = pfns};
    const auto room = [&] {
        struct stat info {};
        REQUIRE(::stat((dir.path() / "dump").c_str(), &info) == 0);
        return static_cast<std::uint64_t>(info.st_blocks) * 512;
    };
    auto written = write_kdump(dir.path() / "dump", content);
    REQUIRE(written);
    CHECK(written->noted_in_part == 1ull << 31);
    CHECK(room() < 300u << 20);

    content.frames = 1000;
    written = write_kdump(dir.path() / "dump", content);
    REQUIRE(written);
    CHECK_FALSE(written->noted_in_part);
    CHECK(room() < 1u << 20);
    const auto made = open_dump(dir.path() / "dump");
    REQUIRE(made);
    CHECK((*made)->info().max_pfn == 1000);
    Buffer scratch(4096);
    CHECK((*made)->page(999 * 4096, scratch).error().code == ErrorCode::PageExcluded);
    CHECK((*made)->page(1 * 4096, scratch)->bytes.front() == std::byte{7});
}

}  // namespace kdump_writer_test
