#include "log/oom/oom_gfp.h"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

#include "base/text.h"
#include "log/text/cursor.h"

namespace postmortem::oom {
namespace {

constexpr KernelVersion always{0, 0, 0};
constexpr KernelVersion never{~0U, 0, 0};

// A bit means `name` in releases from `since` up to, and without, `until`.
struct GfpBit {
    std::uint64_t bit;
    const char* name;
    KernelVersion since = always;
    KernelVersion until = never;
};

constexpr KernelVersion v4_4{4, 4, 0};    // __GFP_WAIT split into direct and kswapd reclaim (d0164adc89f6)
constexpr KernelVersion v4_15{4, 15, 0};  // renumbered from here on; all of these print names

constexpr std::array<GfpBit, 44> gfp_bits = {{
    {0x01, "__GFP_DMA"},
    {0x02, "__GFP_HIGHMEM"},
    {0x04, "__GFP_DMA32", {2, 6, 15}},
    {0x08, "__GFP_MOVABLE", {2, 6, 31}},  // b70d94ee438b made it a zone modifier
    {0x80000, "__GFP_MOVABLE", {2, 6, 23}, {2, 6, 24}},
    {0x100000, "__GFP_MOVABLE", {2, 6, 24}, {2, 6, 31}},
    {0x10, "__GFP_WAIT", always, v4_4},
    {0x10, "__GFP_RECLAIMABLE", v4_4},
    {0x20, "__GFP_HIGH"},
    {0x40, "__GFP_IO"},
    {0x80, "__GFP_FS"},
    {0x100, "__GFP_COLD", always, v4_15},
    {0x200, "__GFP_NOWARN", always, v4_15},
    {0x400, "__GFP_REPEAT", always, {4, 13, 0}},
    {0x400, "__GFP_RETRY_MAYFAIL", {4, 13, 0}, v4_15},
    {0x800, "__GFP_NOFAIL", always, v4_15},
    {0x1000, "__GFP_NORETRY", always, v4_15},
    {0x2000, "__GFP_NO_GROW", always, {2, 6, 23}},
    {0x2000, "__GFP_MEMALLOC", {3, 6, 0}, v4_15},
    {0x4000, "__GFP_COMP", always, v4_15},
    {0x8000, "__GFP_ZERO", always, v4_15},
    {0x10000, "__GFP_NOMEMALLOC", {2, 6, 12}, v4_15},
    {0x20000, "__GFP_HARDWALL", {2, 6, 14}, v4_15},
    {0x40000, "__GFP_THISNODE", {2, 6, 19}, v4_15},
    {0x80000, "__GFP_RECLAIMABLE", {2, 6, 24}, v4_4},
    {0x80000, "__GFP_ATOMIC", v4_4, v4_15},
    {0x100000, "__GFP_KMEMCG", {3, 8, 0}, {3, 16, 0}},
    {0x100000, "__GFP_NOACCOUNT", {4, 1, 0}, {4, 5, 0}},
    {0x100000, "__GFP_ACCOUNT", {4, 5, 0}, v4_15},
    {0x200000, "__GFP_NOTRACK", {2, 6, 31}, v4_15},
    {0x400000, "__GFP_NO_KSWAPD", {2, 6, 32}, v4_4},  // 2.6.38, but EL6 has it in 2.6.32
    {0x400000, "__GFP_DIRECT_RECLAIM", v4_4, v4_15},
    {0x800000, "__GFP_OTHER_NODE", {2, 6, 32}, {4, 10, 0}},  // 2.6.39, and EL6
    {0x800000, "__GFP_WRITE", {4, 10, 0}, v4_15},
    {0x1000000, "__GFP_WRITE", {3, 3, 0}, {4, 10, 0}},
    {0x1000000, "__GFP_KSWAPD_RECLAIM", {4, 10, 0}, v4_15},
    {0x2000000, "__GFP_KSWAPD_RECLAIM", v4_4, {4, 10, 0}},
    {0x2000000, "__GFP_NOLOCKDEP", {4, 12, 0}, v4_15},
    // 5.2 to 7.x; 0x200 was __GFP_ATOMIC until 6.3. Only for masks whose printed names a torn line lost.
    {0x100, "__GFP_ZERO", {5, 2, 0}},
    {0x400, "__GFP_DIRECT_RECLAIM", {5, 2, 0}},
    {0x800, "__GFP_KSWAPD_RECLAIM", {5, 2, 0}},
    {0x2000, "__GFP_NOWARN", {5, 2, 0}},
    {0x40000, "__GFP_COMP", {5, 2, 0}},
    {0x100000, "__GFP_HARDWALL", {5, 2, 0}},
}};

// The combinations that callers use, largest first: include/trace/events/mmflags.h prints them so.
struct GfpGroup {
    const char* name;
    std::array<const char*, 6> members;
};
constexpr std::array<GfpGroup, 7> gfp_groups = {{
    {"GFP_HIGHUSER_MOVABLE",
     {"reclaim", "__GFP_IO", "__GFP_FS", "__GFP_HARDWALL", "__GFP_HIGHMEM", "__GFP_MOVABLE"}},
    {"GFP_HIGHUSER", {"reclaim", "__GFP_IO", "__GFP_FS", "__GFP_HARDWALL", "__GFP_HIGHMEM", nullptr}},
    {"GFP_USER", {"reclaim", "__GFP_IO", "__GFP_FS", "__GFP_HARDWALL", nullptr, nullptr}},
    {"GFP_TEMPORARY", {"reclaim", "__GFP_IO", "__GFP_FS", "__GFP_RECLAIMABLE", nullptr, nullptr}},
    {"GFP_KERNEL", {"reclaim", "__GFP_IO", "__GFP_FS", nullptr, nullptr, nullptr}},
    {"GFP_NOFS", {"reclaim", "__GFP_IO", nullptr, nullptr, nullptr, nullptr}},
    {"GFP_NOIO", {"reclaim", nullptr, nullptr, nullptr, nullptr, nullptr}},
}};

std::uint64_t bit_of(std::string_view name, KernelVersion version) {
    if (name == "reclaim") {
        const std::uint64_t wait = bit_of("__GFP_WAIT", version);
        return wait != 0 ? wait
                         : bit_of("__GFP_DIRECT_RECLAIM", version) | bit_of("__GFP_KSWAPD_RECLAIM", version);
    }
    for (const GfpBit& bit : gfp_bits) {
        if (name == bit.name && version >= bit.since && version < bit.until) return bit.bit;
    }
    return 0;
}

// The mask of a group in that release, 0 where the release lacks one of its bits.
std::uint64_t bits_of(const GfpGroup& group, KernelVersion version) {
    std::uint64_t mask = 0;
    for (const char* member : group.members) {
        if (member == nullptr) break;
        const std::uint64_t bit = bit_of(member, version);
        if (bit == 0) return 0;
        mask |= bit;
    }
    return mask;
}

// Without a release: the numbering that the reclaim bits of the mask belong to.
std::optional<KernelVersion> guess_version(std::uint64_t mask) {
    if ((mask & 0x2400000) == 0x2400000) return KernelVersion{4, 5, 0};
    if ((mask & 0x10) != 0 && (mask & 0x08) != 0) return KernelVersion{3, 10, 0};
    // No movable bit where user pages have it: before 2.6.23, or a kernel allocation of any release.
    if ((mask & 0x10) != 0 && mask < 0x80000) return KernelVersion{2, 6, 24};
    return std::nullopt;
}

}  // namespace

std::optional<KernelVersion> parse_release(std::string_view release) {
    Cursor cursor(release);
    const auto part = [&]() {
        return static_cast<unsigned>(std::min<std::uint64_t>(cursor.number().value_or(0), 9999));
    };
    if (!is_digit(cursor.peek())) return std::nullopt;
    KernelVersion version;
    version.major = part();
    if (!cursor.take('.') || !is_digit(cursor.peek())) return std::nullopt;
    version.minor = part();
    if (cursor.take('.')) version.patch = part();
    return version;
}

std::vector<std::string> decode_gfp(std::uint64_t mask, std::optional<KernelVersion> version) {
    std::vector<std::string> names;
    if (mask == 0) return names;
    if (!version) version = guess_version(mask);
    if (version) {
        for (const GfpGroup& group : gfp_groups) {
            const std::uint64_t bits = bits_of(group, *version);
            if (bits == 0 || (mask & bits) != bits) continue;
            names.emplace_back(group.name);
            mask &= ~bits;
            break;
        }
        for (const GfpBit& bit : gfp_bits) {
            if ((mask & bit.bit) == 0 || *version < bit.since || *version >= bit.until) continue;
            names.emplace_back(bit.name);
            mask &= ~bit.bit;
        }
    }
    if (mask != 0) names.push_back(fmt::format("{:#x}", mask));
    return names;
}

std::vector<std::string> split_gfp(std::string_view text) {
    std::vector<std::string> names;
    for (const std::string_view name : split(text, '|')) {
        if (!name.empty()) names.emplace_back(name);
    }
    return names;
}

ZoneLimit zone_limit(const std::vector<std::string>& flags) {
    const auto has = [&](std::string_view name) {
        return std::find(flags.begin(), flags.end(), name) != flags.end();
    };
    if (has("__GFP_DMA") || has("GFP_DMA")) return ZoneLimit::Dma;
    if (has("__GFP_DMA32") || has("GFP_DMA32")) return ZoneLimit::Dma32;
    const bool transhuge = has("GFP_TRANSHUGE") || has("GFP_TRANSHUGE_LIGHT");
    const bool highmem =
        has("__GFP_HIGHMEM") || has("GFP_HIGHUSER") || has("GFP_HIGHUSER_MOVABLE") || transhuge;
    if (!highmem) return ZoneLimit::Normal;
    return is_movable(flags) ? ZoneLimit::Movable : ZoneLimit::HighMem;
}

bool is_movable(const std::vector<std::string>& flags) {
    return std::any_of(flags.begin(), flags.end(), [](const std::string& name) {
        return name == "__GFP_MOVABLE" || name == "GFP_HIGHUSER_MOVABLE" || name.starts_with("GFP_TRANSHUGE");
    });
}

}  // namespace postmortem::oom
