// Searching dumps that claim more memory than any machine has.
#include <algorithm>

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>
#include <postmortem/memory_search.h>

#include "dump/dump_file.h"
#include "support/fake_dump.h"
#include "support/places.h"
#include "support/temp_dir.h"

namespace claimed_memory_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

constexpr std::uint64_t claimed = 1ull << 60;

/// A real kernel's pages in an ELF file whose last segment has no bytes and no end.
std::filesystem::path write_boaster(const TempDir& folder) {
    const auto dump = open_dump(source_dir() / "testdata/dumps/bookworm-mod-null/vmcore");
    REQUIRE(dump);
    FakeMemory memory;
    memory.page_size = (*dump)->page_size();
    memory.max_pfn = (*dump)->info().max_pfn;
    Buffer scratch(memory.page_size);
    for (auto pfn = (*dump)->next_frame(0); pfn; pfn = (*dump)->next_frame(*pfn + 1)) {
        const auto page = (*dump)->page(*pfn * memory.page_size, scratch);
        REQUIRE(page);
        memory.pages[*pfn] = Buffer(page->bytes.begin(), page->bytes.end());
    }
    std::vector<FakeSegment> segments = segments_of(memory);
    segments.push_back({claimed, {}, claimed, 0});
    ElfShape shape;
    for (const Note& note : (*dump)->notes())
        shape.notes.push_back(
            {std::string(note.name), note.type, Buffer(note.desc.begin(), note.desc.end())});
    return folder.write("vmcore", make_elf(segments, shape));
}

std::size_t matches(const MemorySearch& found) {
    return found.matches.size();
}

}  // namespace

TEST_CASE("memory that is claimed and not there is passed over at once, and counted") {
    const TempDir folder;
    const auto path = write_boaster(folder);
    const auto whole = CrashDump::open(source_dir() / "testdata/dumps/bookworm-mod-null/vmcore");
    const auto boaster = CrashDump::open(path);
    REQUIRE(whole);
    REQUIRE(boaster);
    for (const bool physical : {true, false}) {
        CAPTURE(physical);
        MemorySearchRequest request;
        if (physical) request.where = MemorySearchRequest::Where::Physical;
        request.strings = {"swapper/0"};
        const auto expected = search_memory(*whole, request), found = search_memory(*boaster, request);
        REQUIRE(expected);
        REQUIRE(found);
        CHECK(matches(*expected) > 0);
        CHECK(matches(*found) == matches(*expected));
        if (physical) CHECK(found->excluded >= claimed / 4096);
    }
}

TEST_CASE("addresses that nothing maps are passed over as far as the page tables say so") {
    const auto dump = CrashDump::open(source_dir() / "testdata/dumps/bookworm-mod-null/vmcore");
    REQUIRE(dump);
    MemorySearchRequest request;
    request.strings = {"swapper/0"};
    request.start = "ffff800000000000";  // a hole between programs and the kernel
    request.end = "ffff880000000000";
    const auto found = search_memory(*dump, request);
    REQUIRE(found);
    CHECK(found->matches.empty());
}

}  // namespace claimed_memory_test
