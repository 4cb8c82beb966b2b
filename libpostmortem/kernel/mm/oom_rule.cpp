#include "kernel/mm/oom_rule.h"

#include <algorithm>
#include <set>
#include <vector>

#include "base/bytes.h"
#include "base/text.h"

namespace postmortem {
namespace {

constexpr std::uint64_t largest_function = 64 * 1024;

// Far above any machine, and low enough that no sum or product below overflows.
constexpr std::uint64_t most_pages = INT64_MAX / 4000;
constexpr std::int64_t thousand = 1000;

struct Release {
    std::uint64_t major = 0, minor = 0, patch = 0;
    auto operator<=>(const Release&) const = default;
};

// "6.1.0-56-cloud-amd64", "7.2.13+deb14"
Release parse_release(std::string_view text) {
    Release release;
    std::uint64_t* const parts[] = {&release.major, &release.minor, &release.patch};
    for (std::uint64_t* part : parts) {
        const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
        *part = parse_u64(text.substr(0, digits), 10).value_or(0);
        text.remove_prefix(digits);
        if (!text.starts_with('.')) break;
        text.remove_prefix(1);
    }
    return release;
}

std::optional<std::vector<std::byte>> code_of(const Kernel& kernel, std::uint64_t function) {
    const auto hit = kernel.symbol_at(function);
    if (!hit || hit->size == 0 || hit->size > largest_function) return std::nullopt;
    auto code = kernel.memory().bytes(function, hit->size);
    if (!code) return std::nullopt;
    return std::move(*code);
}

// What the compiler made functions of their own of, and the rest of it calls: oom_badness.part.0.
std::set<std::uint64_t> parts_split_off(const Kernel& kernel, std::string_view function, std::uint64_t start,
                                        Bytes code) {
    const CallSites& calls = kernel.arch().code.calls;
    std::set<std::uint64_t> parts;
    if (!calls.direct_target) return parts;
    for (std::uint64_t end = calls.direct_size; end <= code.size(); ++end) {
        const Bytes call = code.subspan(end - calls.direct_size, calls.direct_size);
        const auto target = calls.direct_target(call, kernel.memory().endian(), start + end);
        if (!target || parts.contains(*target)) continue;
        const auto hit = kernel.symbol_at(*target);
        if (!hit || hit->symbol.address != *target) continue;
        const std::string_view name = hit->symbol.name;
        if (name.starts_with(function) && name.substr(function.size()).starts_with('.'))
            parts.insert(*target);
    }
    return parts;
}

// Whether one function of the kernel calls another. Nothing where that cannot be told.
std::optional<bool> calls(const Kernel& kernel, std::string_view caller, std::string_view callee) {
    const auto reaches = kernel.arch().code.calls.reaches;
    if (!reaches) return std::nullopt;
    const auto from = kernel.symbol(caller);
    if (!from) return std::nullopt;
    const auto to = kernel.symbol(callee);
    if (!to) return to.error().code == ErrorCode::NotFound ? std::optional(false) : std::nullopt;
    const auto code = code_of(kernel, *from);
    if (!code) return std::nullopt;
    if (reaches(*code, kernel.memory().endian(), *from, *to)) return true;
    for (const std::uint64_t part : parts_split_off(kernel, caller, *from, *code)) {
        const auto split = code_of(kernel, part);
        if (!split) return std::nullopt;
        if (reaches(*split, kernel.memory().endian(), part, *to)) return true;
    }
    return false;
}

// has_capability_noaudit() was a macro once, for the second of them, which is the third where the kernel was
// built without CONFIG_SECURITY (include/linux/capability.h and security.h, 2.6.32).
std::optional<bool> favours_root(const Kernel& kernel) {
    std::optional<bool> favours;
    for (const char* question : {"has_capability_noaudit", "security_real_capable_noaudit", "cap_capable"}) {
        const auto asks = calls(kernel, "oom_badness", question);
        if (asks.value_or(false)) return true;
        if (!favours) favours = asks;
    }
    return favours;
}

}  // namespace

OomRule read_oom_rule(const Kernel& kernel) {
    const Release release = parse_release(kernel.release());
    OomRule rule;
    // The commit that made badness signed did the same to oom_control.chosen_points.
    if (const auto control = kernel.types().find_struct("oom_control")) {
        const auto points = kernel.types().member(*control, "chosen_points");
        rule.is_signed = points && kernel.types().get(points->type).is_signed;
    } else {
        rule.is_signed = release >= Release{5, 9, 0};
    }
    rule.exact_counters =
        calls(kernel, "oom_badness", "__percpu_counter_sum").value_or(release >= Release{7, 0, 0});
    rule.root_bonus = favours_root(kernel).value_or(release < Release{4, 17, 0});
    rule.in_thousandths = release != Release{} && release < Release{3, 5, 0};
    rule.spares_vfork = release == Release{} || release >= Release{4, 8, 0};
    const auto signal = kernel.types().find_struct("signal_struct");
    const auto adj = signal ? kernel.types().member(*signal, "oom_score_adj") : fail(signal.error());
    rule.is_known = adj || (signal && adj.error().code == ErrorCode::NotFound);
    rule.has_score_adj = adj || !rule.is_known;
    return rule;
}

std::int64_t oom_badness(const OomRule& rule, const OomWeight& weight, std::uint64_t total_pages,
                         std::uint64_t page_size) {
    constexpr std::int64_t root_per_cent = 3, hundred = 100;
    const auto total = static_cast<std::int64_t>(std::min(total_pages, most_pages));
    const std::int64_t adj = std::clamp<std::int64_t>(weight.score_adj, -thousand, thousand);
    std::uint64_t pages = weight.page_table_bytes / std::max<std::uint64_t>(page_size, 1);
    pages += std::min(weight.rss, most_pages / 4) + std::min(weight.swap, most_pages / 4);
    auto points = static_cast<std::int64_t>(std::min(pages, most_pages));
    if (rule.in_thousandths) {
        points = points * thousand / std::max<std::int64_t>(total, 1);
        if (rule.root_bonus && weight.is_admin) points -= root_per_cent * thousand / hundred;
        return std::clamp<std::int64_t>(points + adj, 1, thousand);
    }
    if (rule.root_bonus && weight.is_admin) points -= points * root_per_cent / hundred;
    points += adj * (total / thousand);
    return rule.is_signed ? points : std::max<std::int64_t>(points, 1);
}

std::uint64_t oom_score(const OomRule& rule, std::optional<std::int64_t> badness, std::uint64_t total_pages) {
    if (!badness) return 0;
    if (rule.in_thousandths) return static_cast<std::uint64_t>(std::max<std::int64_t>(*badness, 0));
    const auto total = static_cast<std::int64_t>(std::clamp<std::uint64_t>(total_pages, 1, most_pages));
    const std::int64_t share = *badness * thousand / total;
    const std::int64_t score = rule.is_signed ? (thousand + share) * 2 / 3 : share;
    return static_cast<std::uint64_t>(std::max<std::int64_t>(score, 0));
}

}  // namespace postmortem
