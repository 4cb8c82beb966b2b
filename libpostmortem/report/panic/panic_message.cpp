#include "report/panic/panic_message.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace postmortem {
namespace {

using Records = std::vector<PrintkRecord>;

constexpr std::string_view panic_start = "Kernel panic - not syncing: ";

bool is_kernels_own(const PrintkRecord& record) {
    return record.facility.value_or(0) == 0;
}

template <std::size_t N>
bool starts_with_any(std::string_view text, const std::array<std::string_view, N>& starts) {
    return std::any_of(starts.begin(), starts.end(), [&](std::string_view s) { return text.starts_with(s); });
}

// die() and its kin on every architecture end their line with "[#N]", N counting the oopses.
bool has_die_counter(std::string_view text) {
    const std::size_t open = text.find("[#");
    if (open == std::string_view::npos) return false;
    const std::size_t close = text.find_first_not_of("0123456789", open + 2);
    return close != std::string_view::npos && close > open + 2 && text[close] == ']';
}

// What a report begins with, above the line of the die counter.
bool opens_report(std::string_view text) {
    static constexpr std::array<std::string_view, 7> starts = {
        "BUG: ",
        "kernel BUG at ",
        "Kernel BUG at ",
        "Unable to handle kernel ",  // all but x86
        "Kernel attempted to ",      // powerpc
        "PANIC: double fault",
        "traps: PANIC: double fault",
    };
    const bool asked_for = text.find("Trigger a crash") != std::string_view::npos;
    return asked_for || starts_with_any(text, starts);
}

bool ends_report(std::string_view text) {
    static constexpr std::array<std::string_view, 2> starts = {"---[ end trace", "------------[ cut here ]"};
    return starts_with_any(text, starts);
}

// The line that opens the report whose die counter stands in record `die`.
const PrintkRecord& opening_line(const Records& records, std::size_t die) {
    constexpr std::size_t farthest = 12;  // a fault's description, other CPUs' lines in between
    std::size_t opening = die;
    for (std::size_t i = die; i > 0 && die - (i - 1) <= farthest; --i) {
        const PrintkRecord& record = records[i - 1];
        if (ends_report(record.text) || has_die_counter(record.text)) break;
        if (is_kernels_own(record) && opens_report(record.text)) opening = i - 1;
    }
    return records[opening];
}

std::string first_line(std::string_view text) {
    return std::string(text.substr(0, text.find('\n')));
}

}  // namespace

std::optional<std::string> find_panic_message(const KernelLog& log) {
    const Records& records = log.records;
    std::optional<std::size_t> panic, die;
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (!is_kernels_own(records[i])) continue;
        if (records[i].text.starts_with(panic_start)) panic = i;
        if (!panic && has_die_counter(records[i].text)) die = i;
    }
    const bool says_little =
        !panic ||
        std::string_view(records[*panic].text).substr(panic_start.size()).starts_with("Fatal exception");
    if (says_little && die) return first_line(opening_line(records, *die).text);
    if (panic) return first_line(records[*panic].text);
    return std::nullopt;
}

}  // namespace postmortem
