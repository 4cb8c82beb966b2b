#include "report/panic/lost_event.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

namespace postmortem {
namespace {

using Headline = std::string (*)(const Backtrace& trace, std::optional<std::uint64_t> fault_address);

// Below this the kernel itself speaks of a NULL pointer: PAGE_SIZE, arch/x86/mm/fault.c.
constexpr std::uint64_t null_page = 4096;

std::string page_fault(const Backtrace&, std::optional<std::uint64_t> address) {
    if (!address) return "BUG: unable to handle page fault";
    if (*address < null_page)
        return fmt::format("BUG: kernel NULL pointer dereference, address: {:016x}", *address);
    return fmt::format("BUG: unable to handle page fault for address: {:016x}", *address);
}

std::string soft_lockup(const Backtrace& trace, std::optional<std::uint64_t>) {
    return fmt::format("watchdog: BUG: soft lockup - CPU#{} stuck for 22s! [{}:{}]", trace.cpu, trace.comm,
                       trace.pid);
}

std::string hard_lockup(const Backtrace& trace, std::optional<std::uint64_t>) {
    return fmt::format("NMI watchdog: Watchdog detected hard LOCKUP on cpu {}", trace.cpu);
}

template <const char* const& Text>
std::string fixed(const Backtrace&, std::optional<std::uint64_t>) {
    return Text;
}

struct Sign {
    std::string_view function;  ///< in the backtrace
    Headline headline;
};

constexpr const char* general_protection = "general protection fault: 0000 [#1]";
constexpr const char* divide_error = "divide error: 0000 [#1]";
constexpr const char* double_fault = "double fault: 0000 [#1]";
constexpr const char* stack_segment = "stack segment: 0000 [#1]";
constexpr const char* invalid_opcode = "kernel BUG at (the log is lost)!";
constexpr const char* sysrq = "Kernel panic - not syncing: sysrq triggered crash";
constexpr const char* killed_init = "Kernel panic - not syncing: Attempted to kill init!";
constexpr const char* hung_task = "Kernel panic - not syncing: hung_task: blocked tasks";
constexpr const char* out_of_memory =
    "Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled";
constexpr const char* rcu_stall = "rcu: INFO: rcu_sched self-detected stall on CPU";
constexpr const char* plain_panic = "Kernel panic - not syncing: the message is lost with the log";

// The more special first: a panic is also on the stack of most of the others.
constexpr std::array signs = {
    Sign{"sysrq_handle_crash", fixed<sysrq>},
    Sign{"watchdog_timer_fn", soft_lockup},
    Sign{"watchdog_overflow_callback", hard_lockup},
    Sign{"watchdog_hardlockup_check", hard_lockup},
    Sign{"check_hung_uninterruptible_tasks", fixed<hung_task>},
    Sign{"panic_on_rcu_stall", fixed<rcu_stall>},
    Sign{"check_panic_on_oom", fixed<out_of_memory>},
    Sign{"out_of_memory", fixed<out_of_memory>},
    Sign{"exc_page_fault", page_fault},
    Sign{"asm_exc_page_fault", page_fault},
    Sign{"page_fault", page_fault},
    Sign{"exc_general_protection", fixed<general_protection>},
    Sign{"general_protection", fixed<general_protection>},
    Sign{"exc_divide_error", fixed<divide_error>},
    Sign{"divide_error", fixed<divide_error>},
    Sign{"exc_double_fault", fixed<double_fault>},
    Sign{"double_fault", fixed<double_fault>},
    Sign{"exc_stack_segment", fixed<stack_segment>},
    Sign{"exc_invalid_op", fixed<invalid_opcode>},
    Sign{"invalid_op", fixed<invalid_opcode>},
    Sign{"panic", fixed<plain_panic>},
    Sign{"vpanic", fixed<plain_panic>},
};

std::optional<std::string> headline_of(const Backtrace& trace, std::optional<std::uint64_t> fault_address) {
    const auto calls = [&](std::string_view function) {
        return std::any_of(trace.frames.begin(), trace.frames.end(),
                           [&](const Frame& frame) { return frame.function == function; });
    };
    if (trace.pid == 1 && calls("panic") && calls("do_exit")) return killed_init;
    for (const Sign& sign : signs) {
        if (calls(sign.function)) return sign.headline(trace, fault_address);
    }
    return std::nullopt;
}

// As the kernel itself would have printed it, so that the same rules name and sign it.
std::string write_report(const Backtrace& trace, const std::string& headline, std::string_view release) {
    std::string text = headline + "\n";
    auto out = std::back_inserter(text);
    fmt::format_to(out, "CPU: {} PID: {} Comm: {} {}\n", trace.cpu, trace.pid, trace.comm, release);
    const auto place = [](const Frame& frame) {
        if (frame.function.empty()) return fmt::format("{:#x}", frame.ip);
        return fmt::format("{}+{:#x}/{:#x}{}", frame.function, frame.offset, frame.size,
                           frame.module.empty() ? "" : fmt::format(" [{}]", frame.module));
    };
    const auto interrupted = std::find_if(trace.frames.begin(), trace.frames.end(),
                                          [](const Frame& frame) { return frame.interrupted; });
    const bool faulted = interrupted != trace.frames.end();
    if (faulted) fmt::format_to(out, "RIP: 0010:{}\n", place(*interrupted));
    text += "Call Trace:\n";
    for (auto frame = faulted ? interrupted + 1 : trace.frames.begin(); frame != trace.frames.end(); ++frame)
        if (!frame->function.empty()) fmt::format_to(out, " {}\n", place(*frame));
    text += "---[ end trace 0000000000000000 ]---\n";
    return text;
}

}  // namespace

std::optional<LogEvent> event_from_backtrace(const PanicEvidence& evidence, std::string_view release,
                                             std::optional<std::uint64_t> fault_address) {
    if (!evidence.backtrace) return std::nullopt;
    const auto headline = headline_of(*evidence.backtrace, fault_address);
    if (!headline) return std::nullopt;
    LogAnalysis analysis = analyse_log_text(write_report(*evidence.backtrace, *headline, release));
    if (!analysis.cause) return std::nullopt;
    LogEvent event = std::move(analysis.events[*analysis.cause]);
    event.line = 0;
    event.headline.clear();
    event.kernel = release;
    return event;
}

}  // namespace postmortem
