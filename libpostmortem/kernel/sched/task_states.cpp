#include "kernel/sched/task_states.h"

#include <string>

namespace postmortem {
namespace {

constexpr std::size_t most_states = 16;
constexpr std::size_t longest_state_name = 32;

// task_state_array, one name for each bit, the first for "no bit": "R (running)", "S (sleeping)", ...
std::string letters_of_names(const AddressSpace& memory, std::uint64_t table) {
    std::string letters;
    for (std::size_t i = 0; i < most_states; ++i) {
        const auto name = memory.word(table + memory.word_size() * i);
        const auto text = name ? memory.c_string(*name, longest_state_name) : fail(name.error());
        // The table has no end of its own: another one may follow.
        if (!text || text->size() < 4 || text->substr(1, 2) != " (" || text->back() != ')') break;
        letters += text->front();
    }
    return letters;
}

// stat_nam, until 4.14 the same in letters alone: "RSDTtZXxKWP" (kernel/sched/core.c).
std::string letters_of_show_task(const Kernel& kernel) {
    const auto where = kernel.symbol("stat_nam");
    const auto text = where ? kernel.memory().c_string(*where, most_states) : fail(where.error());
    return text.value_or("");
}

}  // namespace

TaskStates TaskStates::of(const Kernel& kernel) {
    std::string letters;
    if (const auto table = kernel.symbol("task_state_array"))
        letters = letters_of_names(kernel.memory(), *table);
    return by_letters(letters.empty() ? letters_of_show_task(kernel) : letters);
}

TaskStates TaskStates::of(const AddressSpace& memory, std::uint64_t task_state_array) {
    return by_letters(letters_of_names(memory, task_state_array));
}

TaskStates TaskStates::by_letters(std::string_view letters) {
    TaskStates states;
    if (letters.starts_with("RSDT")) states.learn(letters);
    return states;
}

void TaskStates::learn(std::string_view letters) {
    const auto bit_of = [&](char letter) -> std::uint64_t {
        const std::size_t place = letters.find(letter);
        return place == letters.npos || place == 0 ? 0 : 1ull << (place - 1);
    };
    // EXIT_ZOMBIE and EXIT_DEAD changed places in 3.14 (ad86622b478e).
    if (bit_of('Z') != 0) exit_zombie_ = bit_of('Z');
    if (bit_of('X') != 0) exit_dead_ = bit_of('X');
    // TASK_PARKED came down among the states that are reported in 4.14 (8ef9925b02c2), and TASK_DEAD,
    // TASK_WAKEKILL and TASK_WAKING made room for it.
    if (bit_of('P') != 0x40) {
        dead_ = 0x40;
        waking_ = 0x100;
        parked_ = 0x200;
    }
}

std::string_view TaskStates::letters(std::uint64_t state) const {
    constexpr std::uint64_t interruptible = 0x1, uninterruptible = 0x2, stopped = 0x4, traced = 0x8;
    constexpr std::uint64_t no_load = 0x400, is_new = 0x800;
    constexpr std::uint64_t rtlock_wait = 0x1000;  // 5.15 (5f220be21418): /proc, too, calls it D
    if (state == 0) return "RU";
    if (state & exit_zombie_) return "ZO";
    if (state & (exit_dead_ | dead_)) return "DE";
    if (state & interruptible) return "IN";
    if (state & uninterruptible) return state & no_load ? "ID" : "UN";
    if (state & stopped) return "ST";
    if (state & traced) return "TR";
    if (state & parked_) return "PA";
    if (state & waking_) return "WA";
    if (state & is_new) return "NE";
    if (state & rtlock_wait) return "UN";
    return "??";
}

}  // namespace postmortem
