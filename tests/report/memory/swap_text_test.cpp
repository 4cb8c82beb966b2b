// Swap as /proc/swaps prints it, and what zram and zswap make of it.
#include <doctest/doctest.h>

#include <postmortem/memory_picture.h>
#include <postmortem/render.h>

namespace swap_text_test {

using namespace postmortem;

TEST_CASE("swap areas, zram and zswap as text") {
    MemoryPicture picture;
    picture.swap_areas.resize(2);
    picture.swap_areas[0] = {"/dev/zram0",
                             true,
                             2048,
                             1024,
                             100,
                             false,
                             ZramUse{1 << 20, 300 << 10, 400 << 10, 0, 500 << 10, 7, 3}};
    picture.swap_areas[1] = {"/swap", false, 4096, 0, -2, true, std::nullopt};
    const std::string areas =
        "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
        "/dev/zram0                              partition\t2048\t\t1024\t\t100\n"
        "/swap                                   file\t\t4096\t\t0\t\t-2\t(going away)\n"
        "/dev/zram0: 1024 KiB stored, 300 KiB compressed, 400 KiB of memory, 500 KiB at most; 7 pages of one "
        "word, "
        "3 incompressible\n";
    CHECK(swap_to_text(picture) == areas);
    picture.zswap = {8 << 20, 20 << 20, std::nullopt};
    CHECK(swap_to_text(picture) == areas + "zswap: 20480 KiB stored in 8192 KiB of memory\n");
    picture.zswap->enabled = true;
    CHECK(swap_to_text(picture) == areas + "zswap: 20480 KiB stored in 8192 KiB of memory, enabled\n");
    picture.zswap->enabled = false;
    CHECK(swap_to_text(picture) == areas + "zswap: 20480 KiB stored in 8192 KiB of memory, disabled\n");
}

}  // namespace swap_text_test
