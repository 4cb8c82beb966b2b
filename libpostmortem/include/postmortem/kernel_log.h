// The answer to `log`: what the kernel said, record by record, as its printk buffer held it at the crash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <postmortem/problem.h>

namespace postmortem {

/// Which of printk's buffers a kernel has.
enum class PrintkFormat {
    Unknown,  ///< none was found
    Ring,     ///< 5.10+: descriptors and text in a lockless ring (kernel/printk/printk_ringbuffer.c)
    Records,  ///< 3.5 to 5.9: records of variable length, struct printk_log (struct log until 3.10)
    Flat,     ///< before 3.5: one ring of characters
};

/// What became of a record's text.
enum class PrintkText {
    Present,
    EmptyLine,   ///< printk("\n"): the kernel stores no text
    Dropped,     ///< the buffer had no room for it: the kernel kept the record without its text
    Unreadable,  ///< it is not in the dump, or its place was taken by another record
};

/// Who called printk, as far as the kernel noted it (CONFIG_PRINTK_CALLER and 5.10+; both halves and the name
/// from 7.0 on with CONFIG_PRINTK_EXECUTION_CTX).
struct PrintkCaller {
    bool interrupt = false;            ///< not in task context: `cpu` is known, `pid` only from 7.0 on
    std::optional<std::uint32_t> pid;  ///< of the calling (or interrupted) thread
    std::optional<std::uint32_t> cpu;
    std::string comm;  ///< of the calling (or interrupted) thread; empty where not noted; untrusted
};

struct PrintkRecord {
    std::optional<std::uint64_t> seq;      ///< ring only: counts from 0 at boot
    std::optional<std::uint64_t> time_ns;  ///< local_clock() at the call: nanoseconds since boot
    std::optional<std::uint32_t> facility;
    std::optional<std::uint8_t> level;  ///< 0 emergency … 7 debug
    std::optional<PrintkCaller> caller;
    /// What dev_printk() adds, in the kernel's order: SUBSYSTEM, DEVICE, and others before 5.10. Untrusted.
    std::vector<std::pair<std::string, std::string>> dictionary;
    PrintkText text_state = PrintkText::Present;
    std::string text;  ///< without a final newline; may hold newlines and any other byte: untrusted
};

struct KernelLog {
    PrintkFormat format = PrintkFormat::Unknown;
    std::vector<PrintkRecord> records;  ///< oldest first
    /// Calls of printk that found no room at all (printk_ringbuffer.fail); ring only.
    std::optional<std::uint64_t> failed_calls;
    /// Records that a CPU was still writing when the kernel died; they are not in `records`.
    std::uint64_t unfinished = 0;
    Problems problems;
};

}  // namespace postmortem
