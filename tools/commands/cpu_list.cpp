#include "cpu_list.h"

#include <charconv>

namespace tool {
namespace {

constexpr std::uint32_t most_cpus = 8192;

std::optional<std::uint32_t> cpu_number(std::string_view word) {
    std::uint32_t number = 0;
    const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    const bool whole = error == std::errc() && rest == word.data() + word.size() && number < most_cpus;
    return whole ? std::optional(number) : std::nullopt;
}

}  // namespace

std::optional<std::vector<std::uint32_t>> cpus_of(std::string_view words) {
    std::vector<std::uint32_t> cpus;
    for (bool more = true; more;) {
        const std::size_t comma = words.find(',');
        const std::string_view word = words.substr(0, comma);
        more = comma != words.npos;
        if (more) words.remove_prefix(comma + 1);
        if (word == "a" || word == "all") return std::vector<std::uint32_t>();
        const std::size_t dash = word.find('-');
        const auto first = cpu_number(word.substr(0, dash));
        const auto last = dash == word.npos ? first : cpu_number(word.substr(dash + 1));
        if (!first || !last || *first > *last) return std::nullopt;
        for (std::uint32_t cpu = *first; cpu <= *last; ++cpu) cpus.push_back(cpu);
    }
    return cpus;
}

}  // namespace tool
