#include "report/panic/lost_event.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

namespace postmortem {
namespace {

using Headline = std::string (*)(const Backtrace& trace);

std::string soft_lockup(const Backtrace& trace) {
    return fmt::format("watchdog: BUG: soft lockup - CPU#{} stuck for 22s! [{}:{}]", trace.cpu.value_or(0),
                       trace.comm, trace.pid);
}

std::string hard_lockup(const Backtrace& trace) {
    return fmt::format("NMI watchdog: Watchdog detected hard LOCKUP on cpu {}", trace.cpu.value_or(0));
}

std::string place_of(const Frame& frame) {
    if (frame.function.empty()) return fmt::format("{:#x}", frame.ip);
    return fmt::format("{}+{:#x}/{:#x}{}", frame.function, frame.offset, frame.size,
                       frame.module.empty() ? "" : fmt::format(" [{}]", frame.module));
}

// kernel/panic.c: __warn() calls panic(), since 6.2 through check_panic_on_warn() (79cc1ba7badf).
bool died_of_warning(const Backtrace& trace) {
    const auto named = [](std::string_view name) {
        return [=](const Frame& frame) { return frame.function == name; };
    };
    const auto panic = std::find_if(trace.frames.begin(), trace.frames.end(), named("panic"));
    if (panic == trace.frames.end() || panic + 1 == trace.frames.end()) return false;
    return named("__warn")(panic[1]) || named("check_panic_on_warn")(panic[1]);
}

// WARN() is an exception, or a call.
std::string warning(const Backtrace& trace) {
    const auto is_caller = [](const Frame& frame) { return frame.function.starts_with("warn_slowpath_"); };
    auto place = std::find_if(trace.frames.begin(), trace.frames.end(), is_caller);
    if (place != trace.frames.end()) ++place;
    if (place == trace.frames.end())
        place = std::find_if(trace.frames.begin() + 1, trace.frames.end(),
                             [](const Frame& frame) { return frame.interrupted; });
    return fmt::format("WARNING: CPU: {} PID: {} at {}", trace.cpu.value_or(0), trace.pid,
                       place != trace.frames.end() ? place_of(*place) : "(the log is lost)");
}

template <const char* const& Text>
std::string fixed(const Backtrace&) {
    return Text;
}

struct Sign {
    std::string_view function;  ///< in the backtrace
    Headline headline;
};

constexpr const char* sysrq_panic = "Kernel panic - not syncing: sysrq triggered crash";
constexpr const char* killed_init = "Kernel panic - not syncing: Attempted to kill init!";
constexpr const char* hung_task = "Kernel panic - not syncing: hung_task: blocked tasks";
constexpr const char* out_of_memory =
    "Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled";
constexpr const char* rcu_stall = "rcu: INFO: rcu_sched self-detected stall on CPU";
constexpr const char* plain_panic = "Kernel panic - not syncing: the message is lost with the log";

// The more special first: a panic is also on the stack of most of the others, exceptions included.
constexpr std::array causes = {
    Sign{"sysrq_handle_crash", fixed<sysrq_panic>},
    Sign{"watchdog_timer_fn", soft_lockup},
    Sign{"watchdog_overflow_callback", hard_lockup},
    Sign{"watchdog_hardlockup_check", hard_lockup},
    Sign{"check_hung_uninterruptible_tasks", fixed<hung_task>},
    Sign{"panic_on_rcu_stall", fixed<rcu_stall>},
    Sign{"check_panic_on_oom", fixed<out_of_memory>},
    Sign{"out_of_memory", fixed<out_of_memory>},
};
constexpr std::array panics = {
    Sign{"panic", fixed<plain_panic>},
    Sign{"vpanic", fixed<plain_panic>},
};

// The innermost frame is where the CPU was at last, long after that.
std::vector<Frame>::const_iterator interrupted_frame(const Backtrace& trace) {
    const auto first = trace.frames.begin() + (trace.frames.empty() ? 0 : 1);
    return std::find_if(first, trace.frames.end(), [](const Frame& frame) { return frame.interrupted; });
}

// What the registers say of the exception that ended it.
const FaultCause* cause_of(const Backtrace& trace, const FaultWords& words) {
    const auto interrupted = interrupted_frame(trace);
    if (interrupted == trace.frames.end()) return nullptr;
    const auto cause = std::ranges::find(words.causes, std::prev(interrupted)->cause, &FaultCause::cause);
    return cause != words.causes.end() ? &*cause : nullptr;
}

std::optional<std::string> headline_of(const Backtrace& trace, const FaultWords& words,
                                       std::optional<std::uint64_t> fault_address) {
    const auto calls = [&](std::string_view function) {
        return std::any_of(trace.frames.begin(), trace.frames.end(),
                           [&](const Frame& frame) { return frame.function == function; });
    };
    if (died_of_warning(trace)) return warning(trace);
    if (trace.pid == 1 && calls("panic") && calls("do_exit")) return killed_init;
    for (const Sign& sign : causes)
        if (calls(sign.function)) return sign.headline(trace);
    const FaultCause* cause = cause_of(trace, words);
    for (const FaultEntry& entry : words.entries) {
        if (!calls(entry.function)) continue;
        if (entry.headline) return entry.headline;
        return cause && cause->headline ? cause->headline : words.page_fault(fault_address);
    }
    const auto panic =
        std::find_if(panics.begin(), panics.end(), [&](const Sign& sign) { return calls(sign.function); });
    if (panic == panics.end()) return std::nullopt;
    if (cause) return cause->headline ? cause->headline : words.page_fault(fault_address);
    return panic->headline(trace);
}

// It prints its trace before it stops the other CPUs and starts the next kernel.
std::vector<Frame>::const_iterator begin_of_panic(const Backtrace& trace) {
    const auto panic = std::find_if(trace.frames.begin(), trace.frames.end(), [](const Frame& frame) {
        return std::ranges::find(panics, frame.function, &Sign::function) != panics.end();
    });
    return panic != trace.frames.end() ? panic : trace.frames.begin();
}

// As the kernel itself would have printed it, so that the same rules name and sign it.
std::string write_report(const Backtrace& trace, const std::string& headline, const FaultWords& words,
                         std::string_view release) {
    std::string text = headline + "\n";
    auto out = std::back_inserter(text);
    fmt::format_to(out, "CPU: {} PID: {} Comm: {} {}\n", trace.cpu.value_or(0), trace.pid, trace.comm,
                   release);
    const auto interrupted = interrupted_frame(trace);
    const bool faulted = interrupted != trace.frames.end();
    if (faulted) fmt::format_to(out, "{}{}\n", words.interrupted_at, place_of(*interrupted));
    // Where there is no code, who has called it is all that tells of it: their oopses name the register's.
    const bool nowhere = faulted && interrupted->function.empty();
    const auto is_in_kernels_trace = [&](const Frame& frame) {
        const bool named_by_itself =
            !words.plain_return_addresses || frame.interrupted || frame.offset != frame.size;
        return named_by_itself && (nowhere || frame.trust != FrameTrust::LinkRegister);
    };
    text += "Call Trace:\n";
    for (auto frame = faulted ? interrupted + 1 : begin_of_panic(trace); frame != trace.frames.end(); ++frame)
        if (!frame->function.empty() && is_in_kernels_trace(*frame))
            fmt::format_to(out, " {}\n", place_of(*frame));
    text += "---[ end trace 0000000000000000 ]---\n";
    return text;
}

}  // namespace

std::optional<LogEvent> event_from_backtrace(const PanicEvidence& evidence, const FaultWords& words,
                                             std::string_view release,
                                             std::optional<std::uint64_t> fault_address) {
    if (!evidence.backtrace) return std::nullopt;
    const auto headline = headline_of(*evidence.backtrace, words, fault_address);
    if (!headline) return std::nullopt;
    LogAnalysis analysis = analyse_log_text(write_report(*evidence.backtrace, *headline, words, release));
    if (!analysis.cause) return std::nullopt;
    LogEvent event = std::move(analysis.events[*analysis.cause]);
    event.line = 0;
    event.headline.clear();
    event.kernel = release;
    return event;
}

namespace {

// Of the exception that came last, as its entry saved it.
std::optional<std::uint64_t> saved_register(const PanicEvidence& evidence, std::string_view name) {
    if (!evidence.backtrace) return std::nullopt;
    for (const Frame& frame : evidence.backtrace->frames)
        for (const RegisterValue& one : frame.registers)
            if (one.name == name) return one.value;
    return std::nullopt;
}

}  // namespace

std::optional<LogEvent> cause_on_stack(const Kernel& kernel, const PanicEvidence& evidence,
                                       const LogEvent* of_log) {
    if (!is_all_that_is_left(of_log)) return std::nullopt;
    std::optional<std::uint64_t> fault_address;
    const FaultWords& words = kernel.arch().faults;
    if (evidence.task && words.fault_address) {
        const Object task = kernel.object("task_struct", evidence.task->task);
        if (const auto address = task.path(words.fault_address).u64()) fault_address = *address;
    }
    if (words.fault_register)
        fault_address = saved_register(evidence, kernel.arch().registers->names[*words.fault_register]);
    auto event = event_from_backtrace(evidence, words, kernel.release(), fault_address);
    const bool says_less = of_log && event && event->event_class == EventClass::Panic;
    return says_less ? std::nullopt : event;
}

bool is_all_that_is_left(const LogEvent* cause) {
    return !cause || (cause->event_class == EventClass::Escalation && !cause->follows);
}

}  // namespace postmortem
