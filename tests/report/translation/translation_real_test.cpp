// Page tables of real dumps, and how `vtop` and `pte` print them.
#include <algorithm>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/translation.h>

#include "base/text.h"
#include "kernel/kernel.h"
#include "support/real_dumps.h"

namespace translation_real_test {

using namespace postmortem;

namespace {

EntryContents entry(std::uint64_t value, std::uint64_t physical, std::vector<std::string> flags) {
    return {value, !flags.empty(), physical, std::move(flags), {}, 0};
}

}  // namespace

TEST_SUITE("real dumps") {
    TEST_CASE("the tables lead to where memory is read from") {
        std::size_t dumps = 0;
        for (const auto& path : test::real_dumps("vmcore")) {
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE_MESSAGE(dump, dump.error().message);
            const auto made = translate_addresses(*dump, {{"init_task", "linux_banner"}, {}, {}, false});
            REQUIRE_MESSAGE(made, made.error().message);
            REQUIRE(made->addresses.size() == 2);
            for (const AddressTranslation& one : made->addresses) {
                REQUIRE(one.physical);
                if (one.walk.empty()) continue;  // the tables are not in the dump
                ++dumps;
                CHECK(one.walk.front().level == "PGD");
                REQUIRE(one.entry);
                CHECK(one.entry->present);
                CHECK(one.entry->entry == one.walk.back().entry);
                CHECK(one.entry->physical == one.page);
                CHECK(*one.physical - one.page == (one.address & (one.page_bytes - 1)));
                CHECK_FALSE(one.entry->flags.empty());
                // Each table lies where the entry before says, on s390x in up to four pages, else in one.
                const std::uint64_t table_bytes =
                    std::max<std::uint64_t>(4 * 4096, dump->kernel().physical().page_size());
                for (std::size_t i = 1; i < one.walk.size(); ++i) {
                    const auto table =
                        page_table_entries(*dump, {fmt::format("{:x}", one.walk[i - 1].entry)});
                    REQUIRE(table);
                    CHECK(one.walk[i].slot - table->entries.front().physical < table_bytes);
                }
                const auto again = page_table_entries(*dump, {fmt::format("{:x}", one.entry->entry)});
                REQUIRE(again);
                CHECK(again->entries.front().flags == one.entry->flags);
            }
        }
        CHECK(dumps > 0);
    }
}

TEST_CASE("entries are printed as crash prints them") {
    CHECK(to_text(TableEntries{
              {entry(0x8000000012345063, 0x12345000, {"PRESENT", "RW", "ACCESSED", "DIRTY", "NX"})}, {}}) ==
          "      PTE         PHYSICAL  FLAGS\n8000000012345063  12345000  (PRESENT|RW|ACCESSED|DIRTY|NX)\n");
    CHECK(to_text(TableEntries{{entry(0xd8e067, 0xd8e000, {"PRESENT", "RW", "USER", "ACCESSED", "DIRTY"})},
                               {}}) ==
          " PTE    PHYSICAL  FLAGS\nd8e067   d8e000   (PRESENT|RW|USER|ACCESSED|DIRTY)\n");
    CHECK(to_text(TableEntries{{entry(0, 0, {})}, {}}) ==
          "PTE  PHYSICAL  FLAGS\n 0       0     (no mapping)\n");
    CHECK(to_text(TableEntries{{{0x123456fe, false, 0, {}, "/dev/zram0", 1125899906246100}}, {}}) ==
          "  PTE        SWAP          OFFSET     \n123456fe  /dev/zram0  1125899906246100\n");
}

TEST_CASE("a kernel address is printed as crash prints it") {
    AddressTranslation one;
    one.address = 0xffff888c41200000;
    one.physical = 0x1200000;
    one.top_table = 0xffffffffa0e10000;
    one.walk = {{"PGD", 0x7410888, 0x8201067},
                {"PUD", 0x8201188, 0x8202067},
                {"PMD", 0x8202048, 0x1961063},
                {"PTE", 0x1961000, 0x8000000001200163}};
    one.page = 0x1200000;
    one.page_bytes = 4096;
    one.entry = entry(0x8000000001200163, 0x1200000, {"PRESENT", "RW", "ACCESSED", "DIRTY", "GLOBAL", "NX"});
    one.page_struct =
        PageRow{0xfffffc9280048000, 0x1200000, 0xffff888c411c8c00, 0, 1, 0xfffffc0010200, {"slab", "head"}};
    CHECK(to_text(AddressTranslations{{one}, {}, {}}) ==
          "VIRTUAL           PHYSICAL        \nffff888c41200000  1200000         \n\n"
          "PGD DIRECTORY: ffffffffa0e10000\nPAGE DIRECTORY: 8201067\n   PUD: 8201188 => 8202067\n"
          "   PMD: 8202048 => 1961063\n   PTE: 1961000 => 8000000001200163\n  PAGE: 1200000\n\n"
          "      PTE         PHYSICAL  FLAGS\n"
          "8000000001200163   1200000  (PRESENT|RW|ACCESSED|DIRTY|GLOBAL|NX)\n\n"
          "      PAGE       PHYSICAL      MAPPING       INDEX CNT FLAGS\n"
          "fffffc9280048000  1200000 ffff888c411c8c00        0  1 fffffc0010200 slab,head\n");
}

TEST_CASE("a user address that is not mapped is printed as crash prints it") {
    AddressTranslation one;
    one.address = 0x5e7000;
    one.user = true;
    one.walk = {{"PGD", 0x3eb0e000, 0x3f198067}, {"PTE", 0x3e7aef38, 0}};
    one.area = UserArea{0xffff888c7f3a48e8, 0x5e5000, 0x5ec000, 0x8100073, {}, {}};
    CHECK(to_text(AddressTranslations{{one}, {}, {}}) ==
          "VIRTUAL     PHYSICAL        \n5e7000      (not mapped)\n\n"
          "   PGD: 3eb0e000 => 3f198067\n   PTE: 3e7aef38 => 0\n\n"
          "      VMA           START       END     FLAGS FILE\n"
          "ffff888c7f3a48e8     5e5000     5ec000 8100073 \n\n");
    one.area.reset();
    one.walk.clear();
    one.accessible = false;
    CHECK(to_text(AddressTranslations{{one}, {}, {}}) ==
          "VIRTUAL     PHYSICAL        \n5e7000      (not accessible)\n\n");
}

}  // namespace translation_real_test
