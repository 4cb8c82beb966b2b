// `kmem -F`, `kmem -f ADDRESS`, `kmem -m`, `kmem -I`, `kmem -i=shared`: as crash prints them, and on real
// dumps.
#include <algorithm>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/memory_layout.h>
#include <postmortem/page_members.h>
#include <postmortem/slab_contents.h>

#include "base/text.h"
#include "kernel/kernel.h"
#include "support/real_dumps.h"

namespace free_block_test {

using namespace postmortem;

TEST_CASE("the blocks of free lists are printed as crash prints them") {
    FreeMemory memory;
    memory.nodes = 1;
    memory.with_pages = true;
    FreeZone dma{0, 0, "DMA", 4095, 3808, 1, 0, 0xfffff469c0000040, {}};
    dma.lists = {{0, 0xffff8b2fbe819780, 0, {}},
                 {5, 0xffff8b2fbe819938, 1, {0xfffff469c0004800}},
                 {10, 0xffff8b2fbe819b00, std::nullopt, {0xfffff469c0010000}}};
    memory.zones = {dma};
    memory.free = memory.counted = 3808;
    CHECK(to_text(memory) ==
          "ZONE  NAME        SIZE    FREE      MEM_MAP       START_PADDR  START_MAPNR\n"
          "  0   DMA         4095    3808  fffff469c0000040      1000          0     \n"
          "AREA    SIZE  FREE_AREA_STRUCT\n"
          "  0       4k  ffff8b2fbe819780  \n"
          "AREA    SIZE  FREE_AREA_STRUCT\n"
          "  5     128k  ffff8b2fbe819938  \n"
          "fffff469c0004800\n"
          "AREA    SIZE  FREE_AREA_STRUCT\n"
          " 10    4096k  ffff8b2fbe819b00  \n"
          "fffff469c0010000\n"
          "?\n"
          "\n"
          "nr_free_pages: 3808  (verified)\n");
}

TEST_CASE("the block that an address lies in is printed as crash prints it") {
    KernelMemory memory;
    FreeBlock block{{0, 0, "DMA", 4095, 3808, 1, 0, 0xfffff469c0000040, {}},
                    1,
                    {5, 0xffff8b2fbe819938, 1, {}},
                    0xfffff469c0004800,
                    2};
    AddressView view;
    view.address = 0xfffff469c0004880;
    view.free = block;
    memory.address = view;
    CHECK(to_text(memory) ==
          "ZONE  NAME        SIZE    FREE      MEM_MAP       START_PADDR  START_MAPNR\n"
          "  0   DMA         4095    3808  fffff469c0000040      1000          0     \n"
          "AREA    SIZE  FREE_AREA_STRUCT\n"
          "  5     128k  ffff8b2fbe819938  \n"
          "fffff469c0004800  (fffff469c0004880 is 3rd of 32 pages)\n");
    const std::pair<std::uint64_t, const char*> ordinals[] = {
        {0, "is 1st of"},   {1, "is 2nd of"},   {3, "is 4th of"},   {10, "is 11th of"},
        {11, "is 12th of"}, {12, "is 13th of"}, {20, "is 21st of"}, {31, "is 32nd of"}};
    for (const auto& [position, words] : ordinals) {
        memory.address->free->position = position;
        CAPTURE(words);
        CHECK(to_text(memory).find(words) != std::string::npos);
    }
}

TEST_CASE(
    "a physical address lies in a page unless it is the page's first; a block of one page has no other") {
    KernelMemory memory;
    AddressView view;
    view.free = FreeBlock{{}, 1, {3, 0xffff8b2fbe819938, 1, {}}, 0xfffff05d801d6e00, 1};
    const auto last_line = [&](std::uint64_t address, bool physical) {
        view.address = address;
        view.physical = physical;
        memory.address = view;
        const std::string text = to_text(memory);
        return text.substr(text.rfind('\n', text.size() - 2) + 1);
    };
    CHECK(last_line(0x75b9123, true) == "fffff05d801d6e00  (75b9123 is in 2nd of 8 pages)\n");
    CHECK(last_line(0x75b9000, true) == "fffff05d801d6e00  (75b9000 is 2nd of 8 pages)\n");
    CHECK(last_line(0xffff8d7d875b9123, false) == "fffff05d801d6e00  (ffff8d7d875b9123 is 2nd of 8 pages)\n");
    view.free->list.order = 0;
    view.free->position = 0;
    CHECK(last_line(0x75b9123, true) == "fffff05d801d6e00  \n");
}

TEST_CASE("a cache that is to be ignored has its name and no numbers; of names alone there is no heading") {
    KernelMemory memory;
    SlabCacheRow row;
    row.address = 0xffff8b2f811edd00;
    row.name = "task_struct";
    row.ignored = true;
    memory.caches = {row};
    CHECK(to_text(memory) ==
          "CACHE             OBJSIZE  ALLOCATED     TOTAL  SLABS  SSIZE  NAME\n"
          "ffff8b2f811edd00 [IGNORED]                                    task_struct\n");
    memory.names_alone = true;
    CHECK(to_text(memory) == "ffff8b2f811edd00 task_struct\n");
}

TEST_CASE("members of pages are printed in crash's columns") {
    PageMembers pages;
    pages.members = {"lru", "_mapcount"};
    pages.pages = {{0xfffff469c0004880, {"fffff469c0004888,fffff469c0004888", "-1"}}};
    CHECK(to_text(pages) ==
          "      PAGE        lru  _mapcount\n"
          "fffff469c0004880  fffff469c0004888,fffff469c0004888  -1  \n");
}

TEST_SUITE("real dumps") {
    TEST_CASE("each block of a free list is found by the address of its first page") {
        std::size_t found = 0;
        for (const auto& path : test::real_dumps("vmcore")) {
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE(dump);
            const FreeMemory memory = free_memory(*dump, true);
            for (const FreeZone& zone : memory.zones)
                for (const FreeList& list : zone.lists) {
                    if (!list.blocks || list.pages.empty()) continue;
                    CHECK(list.pages.size() == *list.blocks);
                    KernelMemoryRequest request;
                    request.address = list.pages.back();
                    request.part = AddressPart::Free;
                    const auto answer = kernel_memory(*dump, request);
                    REQUIRE(answer);
                    REQUIRE(answer->address);
                    if (!answer->address->free) continue;  // the page struct is not in the dump
                    CHECK(answer->address->free->page == list.pages.back());
                    CHECK(answer->address->free->list.address == list.address);
                    CHECK(answer->address->free->list.order == list.order);
                    CHECK(answer->address->free->position == 0);
                    CHECK_FALSE(answer->address->page);
                    ++found;
                }
        }
        CHECK(found > 0);
    }

    TEST_CASE("by a page's physical address the vmalloc area is found that maps it") {
        std::size_t found = 0;
        for (const auto& path : test::real_dumps("vmcore")) {
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE(dump);
            KernelMemoryRequest areas;
            areas.vmalloc = true;
            const auto all = kernel_memory(*dump, areas);
            REQUIRE(all);
            for (std::size_t i = 0; i < std::min<std::size_t>(all->vmalloc.size(), 3); ++i) {
                const auto frame = dump->kernel().memory().translate(all->vmalloc[i].start);
                if (!frame) continue;
                KernelMemoryRequest request;
                request.address = *frame + 8;
                request.physical = true;
                const auto answer = kernel_memory(*dump, request);
                REQUIRE(answer);
                REQUIRE(answer->address->vmalloc);
                CHECK(dump->kernel().memory().translate(answer->address->vmalloc->start).value_or(0) ==
                      *frame);
                ++found;
            }
        }
        CHECK(found > 0);
    }

    TEST_CASE("members of pages are what kmem -p says of the same pages") {
        std::size_t compared = 0;
        for (const auto& path : test::real_dumps("vmcore")) {
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE(dump);
            std::vector<PageRow> rows;
            (void)visit_pages(*dump,
                              [&](const PageRow& row) { return rows.push_back(row), rows.size() < 40; });
            PageMembersRequest request;
            request.members = {"flags", "_refcount", "mapping"};
            std::size_t i = 0;
            const auto problems = visit_page_members(*dump, request, [&](const PageMembersRow& row) {
                REQUIRE(i < rows.size());
                CHECK(row.page == rows[i].page);
                CHECK(std::stoull(row.values.at(0), nullptr, 16) == rows[i].flags);
                // A struct of four bytes, and no member that crash takes for a counter by its name.
                CHECK(row.values.at(1).size() == 8);
                CHECK(static_cast<std::int32_t>(std::stoul(row.values.at(1), nullptr, 16)) == rows[i].count);
                CHECK(std::stoull(row.values.at(2), nullptr, 16) == rows[i].mapping);
                ++compared;
                return ++i < rows.size();
            });
            if (!rows.empty()) CHECK(problems.has_value());
            if (rows.empty()) continue;
            request.address = rows.back().physical + 5;
            request.physical = true;
            const auto one = page_members(*dump, request);
            REQUIRE(one);
            REQUIRE(one->pages.size() == 1);
            CHECK(one->pages[0].page == rows.back().page);
            request.members = {"no_such_member"};
            const auto none = page_members(*dump, request);
            REQUIRE_FALSE(none);
            CHECK(none.error().code == ErrorCode::NotFound);
            request.members = {};
            CHECK_FALSE(page_members(*dump, request));
        }
        CHECK(compared > 0);
    }

    TEST_CASE("members are written in the forms that crash gives them by their types") {
        std::size_t compared = 0;
        for (const auto& path : test::real_dumps("vmcore")) {
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE(dump);
            PageMembersRequest request;
            request.members = {"private", "lru", "_mapcount", "_mapcount.counter", "lru.next"};
            std::size_t rows = 0;
            (void)visit_page_members(*dump, request, [&](const PageMembersRow& row) {
                const Object page = dump->kernel().object("page", row.page);
                const auto number = page["private"].u64(), next = page["lru"]["next"].u64(),
                           prev = page["lru"]["prev"].u64();
                REQUIRE((number && next && prev));
                CHECK(row.values.at(0) == std::to_string(*number));
                CHECK(row.values.at(1) == fmt::format("{:016x},{:016x}", *next, *prev));
                CHECK(row.values.at(2) == row.values.at(3));
                CHECK(row.values.at(4) == fmt::format("{:016x}", *next));
                ++compared;
                return ++rows < 40;
            });
            if (rows == 0) continue;
            request.members = {"lru", "_pt_pad_1x"};
            CHECK_FALSE(page_members(*dump, request));
        }
        CHECK(compared > 0);
    }

    TEST_CASE("ignored caches are among the others, without their slabs; a name of none is told") {
        for (const auto& path : test::real_dumps("vmcore")) {
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE(dump);
            KernelMemoryRequest request;
            request.slabs = true;
            const auto all = kernel_memory(*dump, request);
            REQUIRE(all);
            if (all->caches.size() < 2) continue;
            request.ignored = {all->caches.back().name};
            const auto some = kernel_memory(*dump, request);
            REQUIRE(some);
            CHECK(some->caches.size() == all->caches.size());
            CHECK(some->caches.back().ignored);
            CHECK_FALSE(some->caches.front().ignored);
            SlabContentsRequest contents;
            contents.caches = contents.ignored = request.ignored;
            if (const auto slabs = slab_contents(*dump, contents)) {
                REQUIRE_FALSE(slabs->caches.empty());
                CHECK(slabs->caches.front().nodes.empty());
            }
            request.ignored = {"no such cache"};
            const auto without = kernel_memory(*dump, request);
            REQUIRE(without);
            CHECK(without->caches.size() == all->caches.size());
            CHECK(std::any_of(without->problems.begin(), without->problems.end(), [](const Error& problem) {
                return contains(problem.message, "no such cache");
            }));
        }
    }

    TEST_CASE("shared pages stand behind those that are used, or it is said what is missing of them") {
        for (const auto& path : test::real_dumps("vmcore")) {
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE(dump);
            KernelMemoryRequest request;
            request.totals = request.shared = true;
            const auto memory = kernel_memory(*dump, request);
            REQUIRE(memory);
            const auto& totals = memory->totals;
            const auto row = std::find_if(totals.begin(), totals.end(),
                                          [](const MemoryTotal& one) { return one.name == "SHARED"; });
            if (row == totals.end()) {
                CHECK_FALSE(memory->problems.empty());
                continue;
            }
            REQUIRE(row != totals.begin());
            CHECK((row - 1)->name == "USED");
            CHECK(row->pages <= totals.front().pages);
        }
    }
}

}  // namespace free_block_test
