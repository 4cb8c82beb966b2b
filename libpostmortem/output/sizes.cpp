#include "output/sizes.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace postmortem {

std::string human_size(std::uint64_t bytes) {
    constexpr std::array<char, 6> units = {'K', 'M', 'G', 'T', 'P', 'E'};
    if (bytes == 0) return "0";
    double value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    while (value >= 999.95 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    return unit == 0 ? fmt::format("{:.0f}{}", value, units[unit])
                     : fmt::format("{:.1f}{}", value, units[unit]);
}

std::string machine_size(std::uint64_t bytes) {
    constexpr std::uint64_t kib = 1ull << 10, mib = 1ull << 20, gib = 1ull << 30;
    const std::uint64_t above = (gib - bytes % gib) % gib;
    if (above <= 64 * mib) bytes += above;
    const auto in = [&](std::uint64_t unit, const char* name) {
        std::string text = fmt::format("{:.1f}", static_cast<double>(bytes) / static_cast<double>(unit));
        if (text.ends_with(".0")) text.resize(text.size() - 2);
        return fmt::format("{} {}", text, name);
    };
    if (bytes >= gib) return in(gib, "GB");
    if (bytes >= mib) return in(mib, "MB");
    return bytes == 0 ? "0" : fmt::format("{} KB", bytes / kib);
}

std::string size_text(std::uint64_t kib) {
    constexpr std::uint64_t mib = 1024;
    constexpr std::uint64_t gib = 1024 * mib;
    if (kib < 10 * mib) return fmt::format("{} kB", kib);
    if (kib < 10 * gib) return fmt::format("{} MiB", (kib + mib / 2) / mib);
    return fmt::format("{:.1f} GiB", static_cast<double>(kib) / static_cast<double>(gib));
}

std::string percent_text(std::uint64_t part, std::uint64_t whole) {
    if (whole == 0) return "? %";
    const double percent = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
    return percent < 10 ? fmt::format("{:.1f} %", percent) : fmt::format("{:.0f} %", percent);
}

std::string bar(double share, std::size_t width) {
    constexpr std::array<const char*, 9> eighths = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
    const double columns = std::clamp(share, 0.0, 1.0) * static_cast<double>(width);
    const auto parts = static_cast<std::size_t>(std::lround(columns * 8));
    std::string out;
    for (std::size_t i = 0; i < parts / 8; ++i) out += eighths[8];
    out += eighths[parts % 8];
    out.append(width - parts / 8 - (parts % 8 != 0 ? 1 : 0), ' ');
    return out;
}

}  // namespace postmortem
