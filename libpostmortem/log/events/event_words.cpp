// The words that classes, addresses and taint letters are shown with.
#include <algorithm>
#include <array>
#include <iterator>

#include <postmortem/log_analysis.h>

#include "log/events/taint_kinds.h"

namespace postmortem {
namespace {

// In the order of the enumeration.
constexpr std::string_view class_words[] = {"null-dereference",
                                            "page-fault",
                                            "general-protection-fault",
                                            "unhandled-fault",
                                            "divide-error",
                                            "invalid-opcode",
                                            "breakpoint",
                                            "stack-segment-fault",
                                            "stack-overflow",
                                            "double-fault",
                                            "alignment-fault",
                                            "bus-error",
                                            "fpu-exception",
                                            "trap",
                                            "oops",
                                            "kernel-bug",
                                            "warning",
                                            "rust-panic",
                                            "kasan",
                                            "kmsan",
                                            "kcsan",
                                            "kfence",
                                            "ubsan",
                                            "memory-leak",
                                            "lockdep",
                                            "lock-corruption",
                                            "sleep-in-atomic",
                                            "schedule-in-atomic",
                                            "preemption",
                                            "soft-lockup",
                                            "hard-lockup",
                                            "rcu-stall",
                                            "hung-task",
                                            "workqueue-lockup",
                                            "unhandled-irq",
                                            "refcount",
                                            "list-corruption",
                                            "slab-corruption",
                                            "bad-page",
                                            "user-copy",
                                            "stack-corruption",
                                            "cfi-failure",
                                            "out-of-memory",
                                            "allocation-failure",
                                            "machine-check",
                                            "hardware-error",
                                            "root-mount-failure",
                                            "init-killed",
                                            "netdevice-reference",
                                            "filesystem-error",
                                            "filesystem-shutdown",
                                            "spl-panic",
                                            "sysrq-crash",
                                            "panic",
                                            "escalation",
                                            "reboot",
                                            "other-bug",
                                            "other-warning",
                                            "other-info"};
static_assert(std::size(class_words) == static_cast<std::size_t>(EventClass::OtherInfo) + 1);

}  // namespace

std::string_view to_string(EventClass event_class) {
    const auto index = static_cast<std::size_t>(event_class);
    return index < std::size(class_words) ? class_words[index] : "unknown";
}

std::string_view to_string(AddressKind kind) {
    switch (kind) {
        case AddressKind::Unknown: return "unknown";
        case AddressKind::Null: return "null";
        case AddressKind::NullOffset: return "null-plus-offset";
        case AddressKind::NullMinusOffset: return "null-minus-offset";
        case AddressKind::ErrorPointer: return "error-pointer";
        case AddressKind::FreedPoison: return "poison-after-free";
        case AddressKind::UnusedPoison: return "poison-before-use";
        case AddressKind::ListPoison: return "list-poison";
        case AddressKind::PagePoison: return "page-poison";
        case AddressKind::NonCanonical: return "non-canonical";
        case AddressKind::User: return "user";
        case AddressKind::Kernel: return "kernel";
    }
    return "unknown";
}

std::string_view to_string(Outcome outcome) {
    switch (outcome) {
        case Outcome::Unknown: return "unknown";
        case Outcome::WentOn: return "went-on";
        case Outcome::KilledTask: return "killed-task";
        case Outcome::TaskSleeps: return "task-sleeps";
        case Outcome::CpuStuck: return "cpu-stuck";
        case Outcome::Died: return "died";
    }
    return "unknown";
}

std::string_view to_string(EventRole role) {
    switch (role) {
        case EventRole::Killed: return "killed";
        case EventRole::Aftermath: return "aftermath";
        case EventRole::Before: return "before";
        case EventRole::Survived: return "survived";
        case EventRole::Unsettled: return "unsettled";
    }
    return "survived";
}

std::vector<std::string> taint_words(std::string_view letters) {
    std::vector<std::string> words;
    bool is_distributions = false;  // RHEL 6 and 7: kernel/panic.c, TAINT_HARDWARE_UNSUPPORTED and the next
    for (const char letter : letters) {
        if (is_distributions) {
            words.emplace_back(letter == 'T' ? "a technology preview of the distribution was used"
                                             : "the distribution does not support the hardware");
            is_distributions = false;
            continue;
        }
        is_distributions = letter == '-';
        const auto known = std::find_if(taint_kinds.begin(), taint_kinds.end(),
                                        [&](const TaintKind& kind) { return kind.letter == letter; });
        if (known != taint_kinds.end()) words.emplace_back(known->meaning);
    }
    return words;
}

}  // namespace postmortem
