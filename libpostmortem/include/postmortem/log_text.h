// The kernel's log as crash's `log` prints it with options, and what other buffers still hold: `log -a`,
// `-s`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/error.h>
#include <postmortem/kernel_log.h>
#include <postmortem/problem.h>

namespace postmortem {

class CrashDump;

/// Whose clock on the wall.
enum class LogZone : std::uint8_t {
    Local,  ///< of whoever reads (TZ), as crash has it
    Utc,
    Dump,  ///< what user space told the kernel that crashed (sys_tz)
};

struct LogPrinting {
    bool for_terminal = false;
    bool times = true;
    bool human_times = false;  ///< "[Sat Apr  4 07:41:09 UTC 2020]"
    bool levels = false;       ///< "<6>"
    bool callers = false;      ///< "[    T1]", "[    C0]"
    bool dictionaries = false;
    LogZone zone = LogZone::Local;
    /// For human times: when the machine was booted, seconds since 1970; and east of Greenwich, in minutes.
    std::optional<std::int64_t> boot_time;
    std::int32_t zone_minutes = 0;
};

POSTMORTEM_API std::string to_text(const KernelLog& log, const LogPrinting& how);

/// Fills in what human times need. Errors: those of the clock; NotFound where the kernel has no zone.
POSTMORTEM_API Result<void> learn_wall_clock(const CrashDump& dump, LogPrinting& how);

/// Mangled names of Rust's in the records' texts become what they are in the source.
POSTMORTEM_API void write_rust_names(KernelLog& log);

/// A message of the audit subsystem that had not been handed to its daemon yet.
struct UnsentAudit {
    std::uint32_t type = 0;
    std::string text;   ///< untrusted
    std::string queue;  ///< which of the kernel's queues holds it
};

struct UnsentAudits {
    std::vector<UnsentAudit> messages;  ///< oldest first, queue by queue
    Problems problems;
};

POSTMORTEM_API UnsentAudits unsent_audits(const CrashDump& dump);
POSTMORTEM_API std::string to_text(const UnsentAudits& audits);
POSTMORTEM_API std::string to_json(const UnsentAudits& audits);

/// What a CPU said where printk was not safe, and what was not moved to the log yet (until 5.14).
struct PrintkSafeBuffer {
    std::string name;  ///< "nmi_print_seq"
    std::uint32_t cpu = 0;
    std::uint64_t address = 0;
    std::optional<std::uint64_t> length;  ///< bytes
    std::optional<std::uint64_t> lost;    ///< messages that found no room
    std::string text;                     ///< untrusted
};

struct PrintkSafeBuffers {
    std::vector<PrintkSafeBuffer> buffers;  ///< empty where the kernel has none
    Problems problems;
};

POSTMORTEM_API PrintkSafeBuffers printk_safe_buffers(const CrashDump& dump);
POSTMORTEM_API std::string to_text(const PrintkSafeBuffers& buffers);
POSTMORTEM_API std::string to_json(const PrintkSafeBuffers& buffers);

}  // namespace postmortem
