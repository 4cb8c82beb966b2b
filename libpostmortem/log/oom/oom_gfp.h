// What the bits of a gfp mask mean. The kernel prints their names since 4.6; before, each release had its own
// bits, and one number means different things. Source: include/linux/gfp.h of 2.6.11 to 4.14.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postmortem::oom {

/// "2.6.32-642.el6" as 2, 6, 32; missing parts are 0.
struct KernelVersion {
    unsigned major = 0;
    unsigned minor = 0;
    unsigned patch = 0;
    friend auto operator<=>(const KernelVersion&, const KernelVersion&) = default;
};
std::optional<KernelVersion> parse_release(std::string_view release);

/// The names of a mask's bits, spelled as newer kernels print them: "GFP_KERNEL", "__GFP_ZERO". Bits that the
/// release did not define stay a hexadecimal number. Without a version only what cannot be mistaken is named.
std::vector<std::string> decode_gfp(std::uint64_t mask, std::optional<KernelVersion> version);

/// "GFP_KERNEL|__GFP_COMP" as a list.
std::vector<std::string> split_gfp(std::string_view text);

/// The highest zone that the allocation may take pages from (include/linux/gfp.h: gfp_zone).
enum class ZoneLimit { Dma, Dma32, Normal, HighMem, Movable };
ZoneLimit zone_limit(const std::vector<std::string>& flags);

/// Whether the pages may come from CMA areas: only movable allocations do.
bool is_movable(const std::vector<std::string>& flags);

}  // namespace postmortem::oom
