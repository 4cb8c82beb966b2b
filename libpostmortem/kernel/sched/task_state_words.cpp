#include "kernel/sched/task_state_words.h"

#include <fmt/format.h>

namespace postmortem {
namespace {

std::string_view name_of(const TaskStates& states, std::uint64_t bit) {
    constexpr std::uint64_t last_exit_bit = 0x20;
    const bool has_numbers_of_4_14 = states.letters(0x40) == "PA";
    const std::string_view letters = states.letters(bit);
    if (letters == "ZO") return "EXIT_ZOMBIE";
    if (letters == "DE") return bit <= last_exit_bit ? "EXIT_DEAD" : "TASK_DEAD";
    if (letters == "PA") return "TASK_PARKED";
    if (letters == "WA") return "TASK_WAKING";
    switch (bit) {
        case 0x1: return "TASK_INTERRUPTIBLE";
        case 0x2: return "TASK_UNINTERRUPTIBLE";
        case 0x4: return "TASK_STOPPED";
        case 0x8: return "TASK_TRACED";
        case 0x80: return has_numbers_of_4_14 ? "" : "TASK_WAKEKILL";
        case 0x100: return "TASK_WAKEKILL";
        case 0x400: return "TASK_NOLOAD";
        case 0x800: return "TASK_NEW";
        case 0x1000: return "TASK_RTLOCK_WAIT";  // 5.15
        case 0x2000: return "TASK_FREEZABLE";    // 6.1
        case 0x8000: return "TASK_FROZEN";       // 6.1
        default: return "";
    }
}

}  // namespace

std::string task_state_words(const TaskStates& states, std::uint64_t state) {
    if (state == 0) return "TASK_RUNNING";
    std::string words;
    const auto add = [&](std::string_view word) {
        words += fmt::format("{}{}", words.empty() ? "" : "|", word);
    };
    for (unsigned shift = 0; shift < 16; ++shift) {
        const std::uint64_t bit = 1ull << shift;
        const std::string_view name = state & bit ? name_of(states, bit) : "";
        if (name.empty()) continue;
        add(name);
        state &= ~bit;
    }
    if (state != 0) add(fmt::format("{:#x}", state));
    return words;
}

}  // namespace postmortem
