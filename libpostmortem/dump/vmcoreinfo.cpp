#include "dump/vmcoreinfo.h"

#include <algorithm>

#include "base/text.h"

namespace postmortem {
namespace {

std::optional<std::uint64_t> parsed(std::optional<std::string_view> value, int base) {
    return value ? parse_u64(*value, base) : std::nullopt;
}

}  // namespace

VmcoreInfo::VmcoreInfo(std::string_view text) : text_(text.substr(0, max_size)) {
    const std::string_view all = text_;
    for (std::size_t start = 0; start < all.size();) {
        const std::size_t end = std::min(all.find('\n', start), all.size());
        const std::size_t equals = all.find('=', start);
        if (equals < end) {
            const std::string_view value = trimmed(all.substr(equals + 1, end - equals - 1));
            const std::size_t value_at =
                value.empty() ? equals + 1 : static_cast<std::size_t>(value.data() - all.data());
            lines_.push_back({static_cast<std::uint32_t>(start), static_cast<std::uint32_t>(equals - start),
                              static_cast<std::uint32_t>(value_at),
                              static_cast<std::uint32_t>(value.size())});
        }
        start = end + 1;
    }
    std::stable_sort(lines_.begin(), lines_.end(),
                     [this](const Line& a, const Line& b) { return key_of(a) < key_of(b); });
}

std::optional<std::string_view> VmcoreInfo::string(std::string_view key) const {
    const auto line = std::lower_bound(lines_.begin(), lines_.end(), key,
                                       [this](const Line& a, std::string_view b) { return key_of(a) < b; });
    if (line == lines_.end() || key_of(*line) != key) return std::nullopt;
    return std::string_view(text_).substr(line->value, line->value_length);
}

std::optional<std::string_view> VmcoreInfo::in_class(std::string_view kind, std::string_view name) const {
    std::string key;
    key.reserve(kind.size() + name.size() + 2);
    key.append(kind).append("(").append(name).append(")");
    return string(key);
}

std::optional<std::uint64_t> VmcoreInfo::hex(std::string_view key) const {
    return parsed(string(key), 16);
}
std::optional<std::uint64_t> VmcoreInfo::decimal(std::string_view key) const {
    return parsed(string(key), 10);
}

std::optional<std::uint64_t> VmcoreInfo::symbol(std::string_view name) const {
    return parsed(in_class("SYMBOL", name), 16);
}

std::vector<std::pair<std::string_view, std::uint64_t>> VmcoreInfo::symbols() const {
    constexpr std::string_view before = "SYMBOL(", behind = ")";
    std::vector<std::pair<std::string_view, std::uint64_t>> all;
    for (const Line& line : lines_) {
        std::string_view name = key_of(line);
        if (!name.starts_with(before) || !name.ends_with(behind)) continue;
        name = name.substr(before.size(), name.size() - before.size() - behind.size());
        if (const auto address = symbol(name)) all.emplace_back(name, *address);
    }
    return all;
}

std::optional<std::uint64_t> VmcoreInfo::offset(std::string_view member) const {
    return parsed(in_class("OFFSET", member), 10);
}

std::optional<std::uint64_t> VmcoreInfo::size(std::string_view type) const {
    return parsed(in_class("SIZE", type), 10);
}

std::optional<std::uint64_t> VmcoreInfo::length(std::string_view array) const {
    return parsed(in_class("LENGTH", array), 10);
}

std::optional<std::int64_t> VmcoreInfo::number(std::string_view name) const {
    const auto value = in_class("NUMBER", name);
    if (!value) return std::nullopt;
    if (const auto decimal_value = parse_i64(*value)) return decimal_value;
    // Hexadecimal, or an unsigned number that an architecture printed with %lu: the bit pattern is what
    // counts.
    const auto bits = parse_u64(*value, 0);
    return bits ? std::optional(static_cast<std::int64_t>(*bits)) : std::nullopt;
}

}  // namespace postmortem
