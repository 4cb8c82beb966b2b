// One line of a kernel log, taken apart: what the kernel said, and what consoles, loggers and mailers put in
// front of it. Everything above works on `text` and never needs to know where a log came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace postmortem {

/// The views borrow from the reader and stay valid until its next record.
struct LogRecord {
    std::size_t line = 0;           ///< 1-based, in the (decompressed) source.
    std::optional<double> seconds;  ///< Since boot, as printk or the journal's monotonic clock has it.
    std::optional<double> delta;    ///< Since the message before it: dmesg -d and -H say no more.
    std::string_view time;  ///< The wall clock as it was written: "Jan 11 22:31:37", "2024-01-02T...".
    std::string_view
        caller;  ///< CONFIG_PRINTK_CALLER: "T123" for a task, "C1" for a CPU's interrupt context.
    std::string_view host;
    std::string_view program;     ///< The logger's tag: "kernel", "systemd"; empty where the format has none.
    std::optional<int> level;     ///< printk level, 0 (emergency) to 7 (debug).
    std::optional<unsigned> cpu;  ///< Where a vendor's kernel or logger says it in front of every message.
    std::string_view task;        ///< The same: the name of the task that was running.
    std::uint64_t shapes = 0;     ///< Which shapes came off, a bit each; shape_names() tells them.
    std::string_view text;        ///< The message alone: no prefix, no escape sequence, no line end.
    bool cut = false;             ///< The line was longer than the reader's limit; the rest of it is gone.
    bool continuation = false;    ///< Began in the middle of a source line, behind other text.
    bool from_user = false;       ///< The facility is not the kernel's: written to /dev/kmsg by a program.

    /// Userland lines of a syslog or a journal say so, and those that bear printk's own clock are the
    /// kernel's whoever copied them; everything else may be the kernel's.
    bool may_be_kernel() const {
        // dmesg(1) whose output goes to the log prints nothing of its own.
        const bool is_copy = program == "klogd" || program == "dmesg";
        // A klogd whose C library takes the kernel's facility for none writes "user.alert kernel:".
        if (program == "kernel") return true;
        if (program.empty() || is_copy) return !from_user;
        return seconds.has_value();
    }
};

}  // namespace postmortem
