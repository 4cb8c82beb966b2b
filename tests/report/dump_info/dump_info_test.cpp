// `info` of every format, whole and damaged.
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <postmortem/dump_info.h>

#include "support/fake_dump.h"
#include "support/pack_file.h"
#include "support/sample_dumps.h"
#include "support/temp_dir.h"

namespace dump_info_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

DumpInformation checked(const std::filesystem::path& file) {
    DumpInfoRequest request;
    request.check = true;
    request.open.search_vmlinux = false;
    auto info = dump_information(file, request);
    REQUIRE(info);
    return std::move(*info);
}

}  // namespace

TEST_CASE("info counts pages and finds them all readable, in every format") {
    const FakeMemory memory = make_memory(200);
    const TempDir dir;
    for (const SampleDump& sample : sample_dumps(memory)) {
        CAPTURE(sample.name);
        const DumpInformation info = checked(dir.write("vmcore", sample.file));
        CHECK(info.problems.empty());
        CHECK(info.promised_pages == memory.pages.size());
        CHECK(info.excluded_pages == memory.excluded.size());
        CHECK(info.existing_pages == memory.pages.size() + memory.excluded.size());
        REQUIRE(info.check);
        CHECK(info.check->readable == memory.pages.size());
        CHECK(info.check->unreadable == 0);
        CHECK(info.page_bytes == 4096);
        CHECK_FALSE(info.header.empty());
        CHECK(to_text(info).find("PAGES READABLE") != std::string::npos);
        const auto json = nlohmann::json::parse(to_json(info));
        CHECK(json["check"]["readable_pages"] == memory.pages.size());
    }
}

TEST_CASE("info names the ranges that cannot be read, and no others") {
    FakeMemory memory = make_memory(100);
    memory.lost = {8, 9, 40};
    const TempDir dir;
    const DumpInformation info = checked(dir.write("vmcore", make_kdump(memory, {})));
    REQUIRE(info.check);
    CHECK(info.check->unreadable == 3);
    CHECK(info.check->readable == memory.pages.size() - 3);
    REQUIRE(info.check->damaged.size() == 2);
    CHECK(info.check->damaged[0].frames.first_pfn == 8);
    CHECK(info.check->damaged[0].frames.end_pfn == 10);
    CHECK(info.check->damaged[1].frames.first_pfn == 40);
    CHECK(info.problems.size() == 1);
}

TEST_CASE("info lists no more ranges and notes than a reader can want, and counts the others") {
    constexpr std::uint64_t ranges = 10'500;
    FakeMemory memory;
    memory.max_pfn = 2 * ranges;
    for (std::uint64_t pfn = 0; pfn < 2 * ranges; pfn += 2) {
        memory.pages[pfn] = Buffer(4096, static_cast<std::byte>(pfn % 7 + 1));
        memory.lost.insert(pfn);
    }
    KdumpShape shape;
    for (std::uint32_t type = 0; type < 1500; ++type) shape.notes.push_back({"LINUX", type, Buffer(4)});
    shape.notes.push_back({"LINUX", 0, Buffer(4)});
    const TempDir dir;
    const DumpInformation info = checked(dir.write("vmcore", make_kdump(memory, shape)));
    REQUIRE(info.check);
    CHECK(info.check->unreadable == ranges);
    CHECK(info.check->damaged.size() == 10'000);
    CHECK(info.check->damaged_unlisted == 500);
    CHECK(info.memory.size() == 10'000);
    CHECK(info.memory_unlisted == 500);
    CHECK(info.notes.size() == 1000);
    std::uint64_t notes = info.notes_unlisted;
    for (const NoteKind& kind : info.notes) notes += kind.count;
    CHECK(notes == 1501);
    REQUIRE(info.problems.size() == 1);
    CHECK(info.problems[0].message == "10500 of 10500 pages cannot be read, in 10500 ranges");
    CHECK(to_text(info).find("\n  and 10460 more ranges\n") != std::string::npos);  // of memory
    CHECK(to_text(info).ends_with("\n  and 500 more ranges\n"));
    CHECK(nlohmann::json::parse(to_json(info))["check"]["damaged_unlisted"] == 500);
}

TEST_CASE("of what lies behind the end of an ELF dump the first ranges are listed, and all counted") {
    constexpr std::uint64_t ranges = 11'000;
    FakeMemory memory;
    memory.max_pfn = 2 * ranges;
    for (std::uint64_t pfn = 0; pfn < 2 * ranges; pfn += 2)
        memory.pages[pfn] = Buffer(4096, static_cast<std::byte>(pfn % 7 + 1));
    const Buffer whole = make_elf(segments_of(memory), {});
    const TempDir dir;
    const DumpInformation info =
        checked(dir.write("vmcore", Bytes(whole).first(whole.size() - 10'800 * 4096)));
    REQUIRE(info.check);
    CHECK(info.check->unreadable == 10'800);
    REQUIRE(info.check->damaged.size() == 10'000);
    CHECK(info.check->damaged_unlisted == 800);
    CHECK(info.check->damaged.front().frames.first_pfn == 400);
}

TEST_CASE("info of a dump that is cut off counts what is left") {
    const FakeMemory memory = make_memory(100);
    const TempDir dir;
    KdumpShape shape;
    shape.codec = Codec::Raw;
    const Buffer whole = make_kdump(memory, shape);
    std::uint64_t readable = 0;
    for (int i = 5; i <= 10; ++i) {
        const auto info =
            checked(dir.write("vmcore", Bytes(whole).first(whole.size() * static_cast<std::size_t>(i) / 10)));
        REQUIRE(info.check);
        CHECK(info.check->readable + info.check->unreadable == memory.pages.size());
        CHECK(info.check->readable >= readable);
        readable = info.check->readable;
    }
    CHECK(readable == memory.pages.size());
}

TEST_CASE("what a cut costs an ELF dump is unreadable, not left out, and told by ranges") {
    const FakeMemory memory = make_memory(100);
    const TempDir dir;
    const Buffer whole = make_elf(segments_of(memory), {});
    for (std::size_t cut = 5000; cut < whole.size(); cut += 12'345) {
        CAPTURE(cut);
        const DumpInformation info = checked(dir.write("vmcore", Bytes(whole).first(whole.size() - cut)));
        CHECK(info.promised_pages == memory.pages.size());
        CHECK(info.excluded_pages == memory.excluded.size());
        REQUIRE(info.check);
        CHECK(info.check->readable + info.check->unreadable == memory.pages.size());
        CHECK(info.check->unreadable == (cut + 4095) / 4096);  // one of them is there in part
        std::uint64_t in_ranges = 0, end = 0;
        for (const DamagedRange& range : info.check->damaged) {
            CHECK(range.frames.first_pfn >= end);
            CHECK(range.code == ErrorCode::PageMissing);
            end = range.frames.end_pfn;
            in_ranges += end - range.frames.first_pfn;
        }
        CHECK(in_ranges == info.check->unreadable);
    }
}

TEST_CASE("no format that was cut off has what is lost for left out") {
    const FakeMemory memory = make_memory(200);
    const TempDir dir;
    for (const SampleDump& sample : sample_dumps(memory)) {
        for (std::size_t tenth = 1; tenth < 10; ++tenth) {
            CAPTURE(sample.name);
            CAPTURE(tenth);
            DumpInfoRequest request;
            request.check = true;
            request.open.search_vmlinux = false;
            const auto path = dir.write("vmcore", Bytes(sample.file).first(sample.file.size() * tenth / 10));
            const auto info = dump_information(path, request);
            if (!info) continue;
            CHECK_FALSE(info->problems.empty());
            CHECK(info->excluded_pages.value_or(0) <= memory.excluded.size());
            CHECK(info->existing_pages.value_or(0) <= memory.pages.size() + memory.excluded.size());
        }
    }
}

TEST_CASE("what damaged bitmaps do not tell is left open, and a wrong one is told once") {
    const FakeMemory memory = make_memory(100);
    const TempDir dir;
    for (const bool second : {false, true}) {
        CAPTURE(second);
        Buffer file = make_kdump(memory, {});
        std::fill_n(file.begin() + (second ? 3 : 2) * 4096, 4096, std::byte{0});
        const DumpInformation info = checked(dir.write("vmcore", file));
        CHECK(info.excluded_pages == std::nullopt);
        CHECK(info.existing_pages.has_value() == second);
        CHECK(info.problems.size() == 1);
        CHECK(info.check->readable == (second ? 0 : memory.pages.size()));
    }
}

TEST_CASE("info notices a dump that was cut off without reading all of it") {
    const FakeMemory memory = make_memory(200);
    const TempDir dir;
    DumpInfoRequest request;
    request.open.search_vmlinux = false;
    for (const SampleDump& sample : sample_dumps(memory)) {
        CAPTURE(sample.name);
        const auto whole = dump_information(dir.write("vmcore", sample.file), request);
        REQUIRE(whole);
        CHECK(whole->problems.empty());
    }
    KdumpShape shape;
    shape.codec = Codec::Raw;
    const Buffer whole = make_kdump(memory, shape);
    for (const std::size_t lost : {1, 4096, 40'000, 400'000}) {
        CAPTURE(lost);
        const auto cut =
            dump_information(dir.write("vmcore", Bytes(whole).first(whole.size() - lost)), request);
        REQUIRE(cut);
        CHECK(cut->problems.size() == 1);
    }
}

TEST_CASE("VMCOREINFO without a note is found in memory") {
    FakeMemory memory = make_memory(300);
    const std::string text =
        "OSRELEASE=6.1.0-test\nBUILD-ID=00ff\nPAGESIZE=4096\nSYMBOL(init_uts_ns)=ffffffff81000000\n"
        "SYMBOL(_stext)=ffffffff80000000\n";
    const auto put = [&](std::uint64_t paddr, std::string_view what) {
        for (std::size_t i = 0; i < what.size(); ++i)
            memory.pages.at((paddr + i) / 4096)[(paddr + i) % 4096] = static_cast<std::byte>(what[i]);
    };
    // Frames that are there, with their neighbours.
    const auto frame_from = [&](std::uint64_t pfn) {
        while (!memory.pages.contains(pfn - 1) || !memory.pages.contains(pfn)) ++pfn;
        return pfn;
    };
    const std::uint64_t first = frame_from(20) * 4096, second = frame_from(100) * 4096,
                        third = frame_from(200) * 4096;
    put(first + 100,
        "OSRELEASE=%s\nPAGESIZE=%ld\nSYMBOL(init_uts_ns)=%lx\nSYMBOL(_stext)=%lx\n");  // in a program
    for (const std::uint64_t paddr : {second, third - 30}) {
        CAPTURE(paddr);
        FakeMemory with = memory;
        std::swap(memory, with);
        put(paddr, text);
        memory.pages.at((paddr + text.size()) / 4096)[(paddr + text.size()) % 4096] = std::byte{0};
        const TempDir dir;
        KdumpShape shape;
        shape.vmcoreinfo = "";
        const DumpInformation info = checked(dir.write("vmcore", make_kdump(memory, shape)));
        CHECK(info.vmcoreinfo == text);
        CHECK(info.build_id == "00ff");
        CHECK(info.release == "6.1.0-test");
        CHECK(info.vmcoreinfo_source.starts_with("memory at 0x"));
        std::swap(memory, with);
    }
}

}  // namespace dump_info_test
