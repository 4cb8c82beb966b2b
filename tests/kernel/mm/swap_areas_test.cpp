// Swap of kernels that the lab does not have: where the swap cache is counted, and what an open file knows.
#include "kernel/mm/swap_areas.h"

#include <doctest/doctest.h>

#include "support/fake_kernel.h"

namespace swap_areas_test {

using namespace postmortem;
using test::BtfMember;
using test::FakeKernel;

namespace {

constexpr std::uint64_t space_bytes = 96, pages_at = 80;

std::uint32_t declare_spaces(FakeKernel& fake) {
    auto& b = fake.types();
    const auto u64 = b.integer("unsigned long", 8);
    b.structure("address_space", space_bytes, {{"nrpages", u64, pages_at * 8}});
    return u64;
}

}  // namespace

TEST_CASE("the swap cache is one space, one for each area, or several for each") {
    for (const int spaces_per_area : {0, 1, 2}) {
        CAPTURE(spaces_per_area);
        FakeKernel fake;
        declare_spaces(fake);
        fake.put<std::uint32_t>(fake.variable("nr_swapfiles"), 2);
        if (spaces_per_area == 0) {
            fake.put_u64(fake.variable("swapper_space", space_bytes) + pages_at, 30);
        } else if (spaces_per_area == 1) {
            const auto spaces = fake.variable("swapper_spaces", 32 * space_bytes);
            fake.put_u64(spaces + pages_at, 10);
            fake.put_u64(spaces + space_bytes + pages_at, 20);
        } else {
            const auto spaces = fake.variable("swapper_spaces", 32 * 8),
                       counts = fake.variable("nr_swapper_spaces", 32 * 4);
            const auto two = fake.allocate(2 * space_bytes);
            fake.put_u64(spaces + 8, two);
            fake.put<std::uint32_t>(counts + 4, 2);
            fake.put_u64(two + pages_at, 10);
            fake.put_u64(two + space_bytes + pages_at, 20);
        }
        const auto pages = count_swap_cache(*fake.open());
        REQUIRE(pages);
        CHECK(*pages == 30);
    }
}

TEST_CASE("a swap area's file has its inode and its place, with struct mount and before") {
    for (const bool old : {true, false}) {
        CAPTURE(old);
        FakeKernel fake;
        const auto u64 = declare_spaces(fake);
        auto& b = fake.types();
        const auto u32 = b.integer("unsigned int", 4), u16 = b.integer("unsigned short", 2),
                   s32 = b.integer("int", 4, true), chars = b.pointer(b.integer("char", 1));
        const auto name = b.structure("qstr", 16, {{"len", u32, 32}, {"name", chars, 64}});
        const auto inode = b.pointer(b.structure("inode", 64, {{"i_mode", u16, 0}}));
        const auto dentry = b.pointer(
            b.structure("dentry", 64, {{"d_parent", u64, 0}, {"d_name", name, 64}, {"d_inode", inode, 192}}));
        const std::vector<BtfMember> place = {{"mnt_parent", u64, 0}, {"mnt_mountpoint", u64, 64}};
        std::uint32_t vfsmount = 0;
        if (old) {
            auto members = place;
            members.push_back({"mnt_root", u64, 256});
            vfsmount = b.structure("vfsmount", 64, members);
        } else {
            vfsmount = b.structure("vfsmount", 16, {{"mnt_root", u64, 0}});
            auto members = place;
            members.push_back({"mnt", vfsmount, 256});
            b.structure("mount", 64, members);
        }
        const auto path = b.structure("path", 16, {{"mnt", b.pointer(vfsmount), 0}, {"dentry", dentry, 64}});
        std::vector<BtfMember> members = {{"f_path", path, 0}};
        if (!old) members.push_back({"f_inode", inode, 128});
        const auto file = b.pointer(b.structure("file", 32, members));
        b.structure("swap_info_struct", 64,
                    {{"flags", u64, 0},
                     {"prio", s32, 64},
                     {"pages", u32, 96},
                     {"inuse_pages", u32, 128},
                     {"bdev", u64, 192},
                     {"swap_file", file, 256}});
        const auto mount = fake.allocate(64), root = fake.allocate(64), leaf = fake.allocate(64),
                   node = fake.allocate(64), words = fake.allocate(16), opened = fake.allocate(32),
                   area = fake.allocate(64);
        fake.put_u64(mount, mount);
        fake.put_u64(mount + 32, root);
        fake.put_u64(root, root);
        fake.put_u64(leaf, root);
        fake.write(words, "swapfile");
        fake.put<std::uint32_t>(leaf + 12, 8);
        fake.put_u64(leaf + 16, words);
        fake.put_u64(leaf + 24, node);
        fake.put<std::uint16_t>(node, 0060600);
        fake.put_u64(opened, old ? mount : mount + 32);
        fake.put_u64(opened + 8, leaf);
        if (!old) fake.put_u64(opened + 16, node);
        fake.put_u64(area, 3);
        fake.put<std::uint32_t>(area + 12, 1000);
        fake.put<std::uint32_t>(area + 16, 7);
        fake.put_u64(area + 32, opened);
        fake.put_u64(fake.variable("swap_info", 256), area);
        fake.put<std::uint32_t>(fake.variable("nr_swapfiles"), 1);
        fake.put_u64(fake.variable("total_swap_pages"), 1000);
        fake.put_u64(fake.variable("nr_swap_pages"), 993);
        const auto swap = read_swap(*fake.open());
        CHECK(swap.problems.empty());
        REQUIRE(swap.areas.size() == 1);
        CHECK(swap.areas[0].path == "/swapfile");
        CHECK(swap.areas[0].is_device);
        CHECK(swap.areas[0].used_pages == 7);
    }
}

}  // namespace swap_areas_test
