// The rows of `kmem -i`, as crash groups them.
#include <doctest/doctest.h>

#include <postmortem/kernel_memory.h>

namespace totals_text_test {

using namespace postmortem;

TEST_CASE("high memory begins a group of its own, though it is a part of all memory") {
    KernelMemory memory;
    memory.page_bytes = 4096;
    memory.totals = {{"TOTAL MEM", 1000, "", std::nullopt},
                     {"FREE", 500, "TOTAL MEM", 50},
                     {"TOTAL HIGH", 200, "TOTAL MEM", 20},
                     {"FREE HIGH", 50, "TOTAL HIGH", 25},
                     {"TOTAL SWAP", 0, "", std::nullopt}};
    CHECK(to_text(memory) ==
          "                 PAGES        TOTAL      PERCENTAGE\n"
          "    TOTAL MEM     1000       3.9 MB         ----\n"
          "         FREE      500         2 MB   50% of TOTAL MEM\n"
          "\n"
          "   TOTAL HIGH      200       800 KB   20% of TOTAL MEM\n"
          "    FREE HIGH       50       200 KB   25% of TOTAL HIGH\n"
          "\n"
          "   TOTAL SWAP        0            0         ----\n");
}

TEST_CASE("a kernel without huge pages has none, and one of which they are not known is not said to") {
    KernelMemory memory;
    CHECK(to_text(memory).empty());
    memory.huge_pages.emplace();
    CHECK(to_text(memory) == "     HSTATE        SIZE    FREE   TOTAL  NAME\n  (none)\n");
}

TEST_CASE("page flags are as wide as the bit behind the last one") {
    KernelMemory memory;
    memory.page_flags = {{"PG_lru", 5}};
    memory.longest_flag = 6;
    memory.flag_digits = 6;
    CHECK(to_text(memory) ==
          "PAGE-FLAG BIT  VALUE\n"
          "PG_lru   5  000020\n");
}

}  // namespace totals_text_test
