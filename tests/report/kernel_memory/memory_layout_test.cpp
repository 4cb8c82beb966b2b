// `kmem -f` and `kmem -n` as crash prints them, and what they say where a list or a page is not in the dump.
#include <algorithm>

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>
#include <postmortem/memory_layout.h>
#include <postmortem/task_context.h>

#include "support/real_dumps.h"

namespace memory_layout_test {

using namespace postmortem;

TEST_CASE("free lists are printed as crash prints them") {
    FreeMemory memory;
    memory.nodes = 1;
    FreeZone dma{0, 0, "DMA", 4095, 854, 1, 0, 0xfffff4ebc0000040, {}};
    dma.lists = {{0, 0xffff8f197e556100, 0}, {9, 0xffff8f197e556428, 1}};
    FreeZone dma32{0, 1, "DMA32", 258004, 8450, 4096, 4095, 0xfffff4ebc0040000, {}};
    dma32.lists = {{9, 0xffff8f197e556a18, 5}, {10, 0xffff8f197e556a80, std::nullopt}};
    memory.zones = {dma, dma32, {0, 2, "Normal", 0, 0, 0, 0, 0, {}}};
    memory.free = 9304;
    CHECK(to_text(memory) ==
          "ZONE  NAME        SIZE    FREE      MEM_MAP       START_PADDR  START_MAPNR\n"
          "  0   DMA         4095     854  fffff4ebc0000040      1000          0     \n"
          "AREA    SIZE  FREE_AREA_STRUCT  BLOCKS  PAGES\n"
          "  0       4k  ffff8f197e556100       0      0\n"
          "  9    2048k  ffff8f197e556428       1    512\n"
          "\n"
          "ZONE  NAME        SIZE    FREE      MEM_MAP       START_PADDR  START_MAPNR\n"
          "  1   DMA32     258004    8450  fffff4ebc0040000    1000000        4095   \n"
          "AREA    SIZE  FREE_AREA_STRUCT  BLOCKS  PAGES\n"
          "  9    2048k  ffff8f197e556a18       5   2560\n"
          " 10    4096k  ffff8f197e556a80       ?      ?\n"
          "\n"
          "ZONE  NAME        SIZE    FREE      MEM_MAP       START_PADDR  START_MAPNR\n"
          "  2   Normal         0       0         0               0            0     \n"
          "\n"
          "nr_free_pages: 9304  (not verified)\n");
    memory.counted = 9304;
    CHECK(to_text(memory).ends_with("nr_free_pages: 9304  (verified)\n"));
    memory.counted = 9303;
    CHECK(to_text(memory).ends_with("nr_free_pages: 9304  (found 9303)\n"));
}

TEST_CASE("nodes, sections and blocks of memory are printed as crash prints them") {
    MemoryLayoutReport layout;
    NodeRow node{0, 0xffff8f197e556000, 262099, 1, 0xfffff4ebc0000040, {}};
    node.zones = {{0xffff8f197e556000, 0, "DMA", 4095, 1, 0xfffff4ebc0000040},
                  {0xffff8f197e556600, 1, "DMA32", 258004, 4096, 0xfffff4ebc0040000},
                  {0xffff8f197e556c00, 2, "Normal", 0, 0, 0}};
    layout.nodes = {node};
    layout.sections = {
        {1, 0xffff8f197e555010, 0xfffff4ebc0000000, 0xfffff4ebc0200000, "PMOE", 32768},
        {2, 0xffff8f197e555020, 0xfffff4ebc0000000, 0xfffff4ebc0400000, "PM", 65536},  // before 4.13
        {3, 0xffff8f197e555030, 0xfffff4ebc0000000, 0xfffff4ebc0600000, "PMO", 98304}};
    layout.blocks = {{0xffff8f19411f4400, "memory1", 0x8000000, 0xfffffff, 0, "ONLINE", 1}};
    CHECK(to_text(layout) ==
          "NODE    SIZE      PGLIST_DATA       BOOTMEM_DATA       NODE_ZONES   \n"
          "  0    262099   ffff8f197e556000        ----        ffff8f197e556000\n"
          "                                                    ffff8f197e556600\n"
          "                                                    ffff8f197e556c00\n"
          "    MEM_MAP          START_PADDR    START_MAPNR\n"
          "fffff4ebc0000040        1000             1     \n"
          "\n"
          "ZONE  NAME         SIZE       MEM_MAP      START_PADDR  START_MAPNR\n"
          "  0   DMA          4095  fffff4ebc0000040         1000            1\n"
          "  1   DMA32      258004  fffff4ebc0040000      1000000         4096\n"
          "  2   Normal          0                 0            0            0\n"
          "\n"
          "-------------------------------------------------------------------\n"
          "\n"
          "NR      SECTION        CODED_MEM_MAP        MEM_MAP       STATE PFN\n"
          " 1  ffff8f197e555010  fffff4ebc0000000  fffff4ebc0200000  PMOE  32768           \n"
          " 2  ffff8f197e555020  fffff4ebc0000000  fffff4ebc0400000   PM   65536           \n"
          " 3  ffff8f197e555030  fffff4ebc0000000  fffff4ebc0600000   PMO  98304           \n"
          "\n"
          "   MEM_BLOCK        NAME        PHYSICAL RANGE     NODE  STATE   START_SECTION_NO\n"
          " ffff8f19411f4400   memory1     8000000 -  fffffff  0    ONLINE  1           \n");
}

TEST_CASE("of several tasks of one pid the context says that it is one of them") {
    TaskContext idle;
    idle.comm = "swapper/1";
    idle.task = 0xffff8ef601258000;
    idle.same_pid = 2;
    CHECK(to_text(idle).find("   TASK: ffff8ef601258000  (1 of 2)\n") != std::string::npos);
    idle.same_pid = 1;
    CHECK(to_text(idle).find(" of ") == std::string::npos);
}

TEST_SUITE("real dumps") {
    TEST_CASE(
        "the lists of free blocks hold as many pages as the counters say, or are not said to be whole") {
        std::size_t whole = 0;
        for (const auto& path : test::real_dumps("vmcore")) {
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE(dump);
            const FreeMemory memory = free_memory(*dump);
            // The counters lack what CPUs have not handed in yet: at most 125 pages each of a zone.
            if (memory.counted && memory.free) {
                CHECK(*memory.counted + 1000 > *memory.free);
                CHECK(*memory.free + 1000 > *memory.counted);
                ++whole;
            }
            const bool unknown =
                std::any_of(memory.zones.begin(), memory.zones.end(), [](const FreeZone& zone) {
                    return std::any_of(zone.lists.begin(), zone.lists.end(),
                                       [](const FreeList& list) { return !list.blocks; });
                });
            CHECK(unknown == !memory.counted.has_value());
            if (unknown) CHECK_FALSE(memory.problems.empty());
        }
        CHECK(whole > 0);
    }

    // Neighbours in a slab lie nearer to each other than their type is long.
    TEST_CASE("at the address of a task_struct lies that task") {
        for (const auto& path : test::real_dumps("vmcore")) {
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE(dump);
            const auto tasks = dump->tasks();
            REQUIRE(tasks);
            for (std::size_t i = 0; i < tasks->tasks.size(); i += 4) {
                KernelMemoryRequest request;
                request.address = tasks->tasks[i].task;
                const auto memory = kernel_memory(*dump, request);
                REQUIRE(memory);
                REQUIRE(memory->address);
                REQUIRE(memory->address->task);
                CHECK(memory->address->task->task == tasks->tasks[i].task);
                CHECK_FALSE(memory->address->on_stack);
            }
        }
    }

    TEST_CASE("sections follow each other, and every page lies in one") {
        std::size_t compared = 0;
        for (const auto& path : test::real_dumps("vmcore")) {
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE(dump);
            const MemoryLayoutReport layout = memory_layout(*dump);
            for (std::size_t i = 1; i < layout.sections.size(); ++i)
                CHECK(layout.sections[i].first_pfn > layout.sections[i - 1].first_pfn);
            if (layout.sections.empty()) CHECK_FALSE(layout.problems.empty());
            std::size_t read = 0;
            (void)visit_pages(*dump, [&](const PageRow& page) {
                const auto holds = [&](const SectionRow& section) {
                    return page.physical / layout.page_bytes >= section.first_pfn &&
                           page.page >= section.mem_map;
                };
                CHECK(std::any_of(layout.sections.begin(), layout.sections.end(), holds));
                return ++read < 100;
            });
            compared += read;
        }
        CHECK(compared > 0);
    }
}

}  // namespace memory_layout_test
