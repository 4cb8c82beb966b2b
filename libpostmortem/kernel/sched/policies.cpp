#include "kernel/sched/policies.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "base/text.h"

namespace postmortem {
namespace {

// ISO was reserved and never came; EXT is 6.12's (f0e1a0643a59).
constexpr std::string_view policy_names[] = {"NORMAL", "FIFO", "RR",       "BATCH",
                                             "ISO",    "IDLE", "DEADLINE", "EXT"};
constexpr std::uint64_t extensible = 7;
constexpr std::uint64_t reset_on_fork = 0x40000000;

}  // namespace

std::optional<std::uint64_t> scheduling_policy(std::string_view word) {
    if (const auto number = parse_u64(word, 10))
        return *number < std::size(policy_names) ? std::optional(*number) : std::nullopt;
    std::string upper(word);
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    const auto found = std::find(std::begin(policy_names), std::end(policy_names), upper);
    if (found == std::end(policy_names)) return std::nullopt;
    return static_cast<std::uint64_t>(found - std::begin(policy_names));
}

bool kernel_has_policy(const TypeFinder& types, std::uint64_t policy) {
    return policy != extensible || types.find_struct("sched_ext_entity").has_value();
}

std::string_view policy_name(std::uint64_t policy) {
    return policy < std::size(policy_names) ? policy_names[policy] : "UNKNOWN";
}

std::uint64_t plain_policy(std::uint64_t policy) {
    return policy & ~reset_on_fork;
}

}  // namespace postmortem
