#include "log/oom/oom_gfp.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace oom_gfp_test {

using namespace postmortem::oom;

namespace {

std::string names(std::uint64_t mask, std::string_view release) {
    const auto version = release.empty() ? std::nullopt : parse_release(release);
    return fmt::format("{}", fmt::join(decode_gfp(mask, version), "|"));
}

}  // namespace

TEST_CASE("one number means different flags in different releases") {
    CHECK(names(0xd0, "2.6.18-398.el5") == "GFP_KERNEL");
    CHECK(names(0x201d2, "2.6.18-8.el5") == "GFP_HIGHUSER|__GFP_COLD");
    CHECK(names(0x280d2, "2.6.22-14-generic") == "GFP_HIGHUSER|__GFP_ZERO");
    CHECK(names(0x2d0, "2.6.24-19-generic") == "GFP_KERNEL|__GFP_NOWARN");
    CHECK(names(0x1200d2, "2.6.28") == "GFP_HIGHUSER_MOVABLE");
    CHECK(names(0x200da, "2.6.31") == "GFP_HIGHUSER_MOVABLE");
    CHECK(names(0x280da, "2.6.32-642.11.1.el6.x86_64") == "GFP_HIGHUSER_MOVABLE|__GFP_ZERO");
    CHECK(names(0x201da, "3.10.0-514.6.1.el7.x86_64") == "GFP_HIGHUSER_MOVABLE|__GFP_COLD");
    CHECK(names(0x50, "3.10.0-957.el7") == "GFP_NOFS");
    CHECK(names(0x2084d0, "3.13.0-27-generic") == "GFP_KERNEL|__GFP_REPEAT|__GFP_ZERO|__GFP_NOTRACK");
    CHECK(names(0x102000, "3.10.0") == "__GFP_MEMALLOC|__GFP_KMEMCG");
    CHECK(names(0x24280ca, "4.5.0-rc3-next-20160209") == "GFP_HIGHUSER_MOVABLE|__GFP_ZERO");
    CHECK(names(0x24000c0, "4.8.0-gentoo") == "GFP_KERNEL");
    CHECK(names(0x2500c0, "4.4.0-21-generic") ==
          "__GFP_IO|__GFP_FS|__GFP_NOMEMALLOC|__GFP_THISNODE|__GFP_NOTRACK");
    CHECK(names(0x14200ca, "4.10.1") == "GFP_HIGHUSER_MOVABLE");
}

TEST_CASE("a flag is named from the release that brought it until the one that took it away") {
    struct Border {
        std::uint64_t bit;
        const char* last_before;
        const char* first_since;
        const char* name;
    };
    static const Border came[] = {
        {0x04, "2.6.14", "2.6.15", "__GFP_DMA32"},
        {0x08, "2.6.30", "2.6.31", "__GFP_MOVABLE"},
        {0x80000, "2.6.22", "2.6.23", "__GFP_MOVABLE"},
        {0x100000, "2.6.23", "2.6.24", "__GFP_MOVABLE"},
        {0x10, "4.3", "4.4", "__GFP_RECLAIMABLE"},
        {0x400, "4.12", "4.13", "__GFP_RETRY_MAYFAIL"},
        {0x2000, "3.5", "3.6", "__GFP_MEMALLOC"},
        {0x10000, "2.6.11", "2.6.12", "__GFP_NOMEMALLOC"},
        {0x20000, "2.6.13", "2.6.14", "__GFP_HARDWALL"},
        {0x40000, "2.6.18", "2.6.19", "__GFP_THISNODE"},
        {0x80000, "2.6.23", "2.6.24", "__GFP_RECLAIMABLE"},
        {0x80000, "4.3", "4.4", "__GFP_ATOMIC"},
        {0x100000, "3.7", "3.8", "__GFP_KMEMCG"},
        {0x100000, "4.0", "4.1", "__GFP_NOACCOUNT"},
        {0x100000, "4.4", "4.5", "__GFP_ACCOUNT"},
        {0x200000, "2.6.30", "2.6.31", "__GFP_NOTRACK"},
        {0x400000, "2.6.31", "2.6.32", "__GFP_NO_KSWAPD"},
        {0x400000, "4.3", "4.4", "__GFP_DIRECT_RECLAIM"},
        {0x800000, "2.6.31", "2.6.32", "__GFP_OTHER_NODE"},
        {0x800000, "4.9", "4.10", "__GFP_WRITE"},
        {0x1000000, "3.2", "3.3", "__GFP_WRITE"},
        {0x1000000, "4.9", "4.10", "__GFP_KSWAPD_RECLAIM"},
        {0x2000000, "4.3", "4.4", "__GFP_KSWAPD_RECLAIM"},
        {0x2000000, "4.11", "4.12", "__GFP_NOLOCKDEP"},
        {0x100, "5.1", "5.2", "__GFP_ZERO"},
        {0x400, "5.1", "5.2", "__GFP_DIRECT_RECLAIM"},
        {0x800, "5.1", "5.2", "__GFP_KSWAPD_RECLAIM"},
        {0x2000, "5.1", "5.2", "__GFP_NOWARN"},
        {0x40000, "5.1", "5.2", "__GFP_COMP"},
        {0x100000, "5.1", "5.2", "__GFP_HARDWALL"},
    };
    static const Border went[] = {
        {0x80000, "2.6.23", "2.6.24", "__GFP_MOVABLE"},
        {0x100000, "2.6.30", "2.6.31", "__GFP_MOVABLE"},
        {0x10, "4.3", "4.4", "GFP_NOIO"},
        {0x100, "4.14", "4.15", "__GFP_COLD"},
        {0x200, "4.14", "4.15", "__GFP_NOWARN"},
        {0x400, "4.12", "4.13", "__GFP_REPEAT"},
        {0x400, "4.14", "4.15", "__GFP_RETRY_MAYFAIL"},
        {0x800, "4.14", "4.15", "__GFP_NOFAIL"},
        {0x1000, "4.14", "4.15", "__GFP_NORETRY"},
        {0x2000, "2.6.22", "2.6.23", "__GFP_NO_GROW"},
        {0x2000, "4.14", "4.15", "__GFP_MEMALLOC"},
        {0x4000, "4.14", "4.15", "__GFP_COMP"},
        {0x8000, "4.14", "4.15", "__GFP_ZERO"},
        {0x10000, "4.14", "4.15", "__GFP_NOMEMALLOC"},
        {0x20000, "4.14", "4.15", "__GFP_HARDWALL"},
        {0x40000, "4.14", "4.15", "__GFP_THISNODE"},
        {0x80000, "4.3", "4.4", "__GFP_RECLAIMABLE"},
        {0x80000, "4.14", "4.15", "__GFP_ATOMIC"},
        {0x100000, "3.15", "3.16", "__GFP_KMEMCG"},
        {0x100000, "4.4", "4.5", "__GFP_NOACCOUNT"},
        {0x100000, "4.14", "4.15", "__GFP_ACCOUNT"},
        {0x200000, "4.14", "4.15", "__GFP_NOTRACK"},
        {0x400000, "4.3", "4.4", "__GFP_NO_KSWAPD"},
        {0x400000, "4.14", "4.15", "__GFP_DIRECT_RECLAIM"},
        {0x800000, "4.9", "4.10", "__GFP_OTHER_NODE"},
        {0x800000, "4.14", "4.15", "__GFP_WRITE"},
        {0x1000000, "4.9", "4.10", "__GFP_WRITE"},
        {0x1000000, "4.14", "4.15", "__GFP_KSWAPD_RECLAIM"},
        {0x2000000, "4.9", "4.10", "__GFP_KSWAPD_RECLAIM"},
        {0x2000000, "4.14", "4.15", "__GFP_NOLOCKDEP"},
    };
    for (const Border& border : came) {
        CAPTURE(border.name);
        CHECK(names(border.bit, border.last_before) != border.name);
        CHECK(names(border.bit, border.first_since) == border.name);
    }
    for (const Border& border : went) {
        CAPTURE(border.name);
        CHECK(names(border.bit, border.last_before) == border.name);
        CHECK(names(border.bit, border.first_since) != border.name);
    }
}

TEST_CASE("what a release does not define stays a number, and an unknown release is not guessed at") {
    CHECK(names(0x20000000, "3.10.0") == "0x20000000");
    CHECK(names(0, "3.10.0").empty());
    CHECK(names(0x24200ca, "") == "GFP_HIGHUSER_MOVABLE");
    CHECK(names(0x280da, "") == "GFP_HIGHUSER_MOVABLE|__GFP_ZERO");
    CHECK(names(0xd0, "") == "GFP_KERNEL");
    CHECK(names(0x1200d2, "") == "0x1200d2");
}

TEST_CASE("releases") {
    CHECK(parse_release("2.6.32-642.el6.x86_64") == KernelVersion{2, 6, 32});
    CHECK(parse_release("6.12-rc3") == KernelVersion{6, 12, 0});
    CHECK(parse_release("5.2.0-rc2-mm1-00247-g47d49835983c") == KernelVersion{5, 2, 0});
    CHECK_FALSE(parse_release("tainted"));
    CHECK_FALSE(parse_release("6"));
    CHECK_FALSE(parse_release("99999999999999999999.1"));
}

TEST_CASE("the zones that a request may use") {
    CHECK(zone_limit({"GFP_KERNEL"}) == ZoneLimit::Normal);
    CHECK(zone_limit({"GFP_HIGHUSER_MOVABLE", "__GFP_ZERO"}) == ZoneLimit::Movable);
    CHECK(zone_limit({"GFP_HIGHUSER"}) == ZoneLimit::HighMem);
    CHECK(zone_limit({"GFP_KERNEL", "GFP_DMA"}) == ZoneLimit::Dma);
    CHECK(zone_limit({"GFP_KERNEL", "GFP_DMA32"}) == ZoneLimit::Dma32);
    CHECK(zone_limit({"GFP_USER", "__GFP_MOVABLE"}) == ZoneLimit::Normal);
    CHECK(is_movable({"GFP_TRANSHUGE_LIGHT"}));
    CHECK_FALSE(is_movable({"GFP_HIGHUSER"}));
}

}  // namespace oom_gfp_test
