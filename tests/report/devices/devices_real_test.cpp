// The devices of real dumps against the guest's own /proc/devices and /proc/partitions.
#include <algorithm>
#include <set>
#include <sstream>

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>
#include <postmortem/devices.h>

#include "support/proc_truth.h"
#include "support/real_dumps.h"

namespace devices_real_test {

using namespace postmortem;
using postmortem::test::ProcTruth;

TEST_SUITE("real dumps") {
    TEST_CASE("the devices of a real dump are those of /proc/devices") {
        for (const auto& path : test::real_dumps("vmcore")) {
            const auto truth = ProcTruth::beside(path);
            const auto file = truth ? truth->file("/proc/devices") : std::nullopt;
            if (!file || file->empty()) continue;
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE_MESSAGE(dump, dump.error().message);
            const DeviceTable table = devices(*dump);
            if (!table.problems.empty()) continue;  // an extract lacks what is read here
            std::multiset<std::pair<std::uint32_t, std::string>> characters, blocks;
            for (const DeviceRange& one : table.characters) characters.emplace(one.major, one.name);
            for (const DeviceRange& one : table.blocks) blocks.emplace(one.major, one.name);
            std::multiset<std::pair<std::uint32_t, std::string>> expected[2];
            std::size_t part = 0;
            std::istringstream lines{std::string(*file)};
            for (std::string line; std::getline(lines, line);) {
                if (line.starts_with("Block")) part = 1;
                std::istringstream words(line);
                std::uint32_t major = 0;
                std::string name;
                if (words >> major >> name) expected[part].emplace(major, name);
            }
            CHECK(characters == expected[0]);
            CHECK(blocks == expected[1]);
            const auto partitions = truth->file("/proc/partitions").value_or("");
            for (const Disk& disk : table.disks) {
                CAPTURE(disk.name);
                CHECK(disk.queue != 0);
                const bool small = disk.name.starts_with("loop") || disk.name.starts_with("ram");
                if (!small) CHECK(partitions.find(disk.name) != std::string_view::npos);
            }
        }
    }
}

TEST_CASE("devices are printed as crash prints them") {
    DeviceTable table;
    table.characters = {{1, "mem", 0xffff888c4138ab80, 0xffffffffa0000000, "memory_fops"},
                        {5, "/dev/console", 0xffffffffa17fac80, 0xffffffffa0000000, "console_fops"},
                        {13, "input", 0, std::nullopt, ""}};
    table.blocks = {{254, "virtblk", 0xffff888c7e71ac00, 0xffffffffa0000000, "virtblk_fops"}};
    CHECK(to_text(table) ==
          "CHRDEV    NAME                 CDEV        OPERATIONS      \n"
          "   1      mem            ffff888c4138ab80  memory_fops\n"
          "   5      /dev/console   ffffffffa17fac80  console_fops\n"
          "  13      input               (none)     \n"
          "\n"
          "BLKDEV    NAME                GENDISK      OPERATIONS      \n"
          " 254      virtblk        ffff888c7e71ac00  virtblk_fops\n");
    table.disks = {{254, 0, "vda", 0xffff888c7e719c00, 0xffff888c7e71d6b0, 2, 1},
                   {7, 0, "loop0", 0xffff888c7f181c00, 0xffff888c7e71d6b0, 0, 0},
                   {253, 0, "zram0", 0xffff888c7e720800, 0xffff888c7e71e5d0, 0, 0}};
    CHECK(disks_to_text(table) ==
          "MAJOR GENDISK            NAME       REQUEST_QUEUE      TOTAL  READ WRITE \n"
          "  254 ffff888c7e719c00   vda        ffff888c7e71d6b0       3     2     1 \n"
          "  253 ffff888c7e720800   zram0      ffff888c7e71e5d0       0     0     0 \n");
    CHECK(disks_to_text(table, true).find("zram0") == std::string::npos);
}

}  // namespace devices_real_test
