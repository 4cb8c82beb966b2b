// The words that classes, addresses and taint letters are shown with.
#include <array>

#include <postmortem/log_analysis.h>

namespace postmortem {

std::string_view to_string(EventClass event_class) {
    static constexpr std::array<std::string_view, 53> words = {"null-dereference",
                                                               "page-fault",
                                                               "general-protection-fault",
                                                               "unhandled-fault",
                                                               "divide-error",
                                                               "invalid-opcode",
                                                               "breakpoint",
                                                               "stack-segment-fault",
                                                               "stack-overflow",
                                                               "double-fault",
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
                                                               "refcount",
                                                               "list-corruption",
                                                               "slab-corruption",
                                                               "bad-page",
                                                               "user-copy",
                                                               "stack-corruption",
                                                               "out-of-memory",
                                                               "allocation-failure",
                                                               "machine-check",
                                                               "hardware-error",
                                                               "root-mount-failure",
                                                               "init-killed",
                                                               "netdevice-reference",
                                                               "filesystem-error",
                                                               "filesystem-shutdown",
                                                               "sysrq-crash",
                                                               "panic",
                                                               "escalation",
                                                               "reboot",
                                                               "other-bug",
                                                               "other-warning",
                                                               "other-info"};
    const auto index = static_cast<std::size_t>(event_class);
    return index < words.size() ? words[index] : "unknown";
}

std::string_view to_string(AddressKind kind) {
    switch (kind) {
        case AddressKind::Unknown: return "unknown";
        case AddressKind::Null: return "null";
        case AddressKind::NullOffset: return "null-plus-offset";
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

std::vector<std::string> taint_words(std::string_view letters) {
    // Documentation/admin-guide/tainted-kernels.rst, as of 6.18
    struct Taint {
        char letter;
        std::string_view word;
    };
    static constexpr std::array<Taint, 21> taints = {
        {{'P', "proprietary module"},
         {'G', "only GPL-compatible modules"},
         {'F', "module loaded by force"},
         {'S', "kernel running on out-of-specification hardware"},
         {'R', "module unloaded by force"},
         {'M', "machine check"},
         {'B', "bad page or unexpected page flags"},
         {'U', "set by a userspace program"},
         {'D', "died before: oops or BUG"},
         {'A', "ACPI table overridden"},
         {'W', "warning before"},
         {'C', "staging driver"},
         {'I', "workaround for a platform firmware bug"},
         {'O', "out-of-tree module"},
         {'E', "unsigned module"},
         {'L', "soft lockup before"},
         {'K', "live patched"},
         {'X', "auxiliary taint of the distribution"},
         {'T', "built with structure randomisation"},
         {'N', "in-kernel test has run"},
         {'J', "fwctl changed device state"}}};
    std::vector<std::string> words;
    for (const char letter : letters) {
        for (const Taint& taint : taints) {
            if (taint.letter == letter && letter != 'G') words.emplace_back(taint.word);
        }
    }
    return words;
}

}  // namespace postmortem
