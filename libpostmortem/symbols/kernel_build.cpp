#include "symbols/kernel_build.h"

#include <fmt/format.h>

namespace postmortem {

std::optional<std::string> how_it_differs(std::string_view what, const KernelBuild& its,
                                          const KernelBuild& dumps) {
    struct Sign {
        std::string_view name, its, dumps;
    };
    const Sign signs[] = {{"build-id", its.build_id, dumps.build_id},
                          {"linux_banner", its.banner, dumps.banner},
                          {"release", its.release, dumps.release}};
    for (const Sign& sign : signs) {
        if (sign.its.empty() || sign.dumps.empty()) continue;
        if (sign.its == sign.dumps) return std::nullopt;
        return fmt::format("{}: it is of another build: its {} is {}, that of the dump's kernel {}", what,
                           sign.name, sign.its, sign.dumps);
    }
    return std::nullopt;
}

std::string_view version_in_banner(std::string_view banner) {
    const std::size_t start = banner.find(") #");
    return start == std::string_view::npos ? std::string_view() : banner.substr(start + 2);
}

std::optional<std::string> release_in_banner(std::string_view banner) {
    constexpr std::string_view prefix = "Linux version ";
    if (!banner.starts_with(prefix)) return std::nullopt;
    const std::string_view release = banner.substr(prefix.size(), 128);
    const std::size_t end = release.find(" (");
    // linux_proc_banner, a format, begins with the same words.
    if (end == std::string_view::npos || release[0] < '0' || release[0] > '9') return std::nullopt;
    return std::string(release.substr(0, end));
}

}  // namespace postmortem
