// What `tree` prints of a maple tree, and `files -p` of a file's pages: as crash does.
#include <doctest/doctest.h>

#include <postmortem/cached_pages.h>
#include <postmortem/struct_walk.h>

namespace struct_walk_text_test {

using namespace postmortem;

TEST_CASE("a maple tree's entries are printed as crash prints them, in decimal unless -x is given") {
    WalkedStructs walked;
    for (std::uint64_t i = 0; i < 10; ++i)
        walked.entries.push_back({0xffff8f194218f7b8 + i, i + 1, "root/0/" + std::to_string(i), std::nullopt,
                                  0x400000 + i * 0x1000, 0x400fff + i * 0x1000});
    WalkStyle style;
    style.positions = style.decimal_addresses = true;
    const std::string decimal = to_text(walked, style);
    CHECK(decimal.starts_with("18446619937378727864\n  index: 1  position: root/0/0\n18446619937378727865\n"));
    CHECK(decimal.ends_with("\n  index: 10  position: root/0/9\n"));
    style.decimal_addresses = false;
    style.structs.hexadecimal = true;
    const std::string hexadecimal = to_text(walked, style);
    CHECK(hexadecimal.starts_with("ffff8f194218f7b8\n  index: 1  position: root/0/0\n"));
    CHECK(hexadecimal.ends_with("\n  index: a  position: root/0/9\n"));
}

TEST_CASE("the pages of a file are printed as crash prints them") {
    CachedPages pages;
    pages.inode = 0xffff8de3223d2550;
    CHECK(to_text(pages) == "     INODE        NRPAGES\nffff8de3223d2550        0\n\n");
    pages.count = 1;
    pages.pages.push_back({0xfffffa4ec00e8a80, 0x3a2a000, 0xffff8de3019766c8, 1, 1, 0xfffffc008003c, {"uptodate", "dirty"}});
    CHECK(to_text(pages) ==
          "     INODE        NRPAGES\nffff8de3223d2550        1\n\n"
          "      PAGE       PHYSICAL      MAPPING       INDEX CNT FLAGS\n"
          "fffffa4ec00e8a80  3a2a000 ffff8de3019766c8        1  1 fffffc008003c uptodate,dirty\n");
}

}  // namespace struct_walk_text_test
