// `panic` as text: the cause, what it was followed by, where it happened, what memory adds, what to do next.
#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

#include <postmortem/render.h>

#include "base/text.h"
#include "report/backtrace/backtrace_text.h"
#include "report/panic/event_text.h"
#include "report/panic/knowledge_text.h"

namespace postmortem {
namespace {

constexpr std::size_t most_shown_events = 8;
constexpr std::size_t most_blocked = 10;
constexpr std::size_t most_frames = 20;

class PanicPrinter {
  public:
    explicit PanicPrinter(const PanicAnalysis& analysis) : analysis_(analysis) {}

    std::string run() {
        if (const LogEvent* cause = analysis_.cause())
            print_cause(*cause);
        else if (!analysis_.problems.empty())
            row("CAUSE", "not found; what would tell of it may be what is missing");
        else
            row("CAUSE", analysis_.is_dump ? "nothing in the log or in memory tells of a crash"
                                           : "no crash in this log");
        if (analysis_.oom_kills) print_oom_kills(*analysis_.oom_kills);
        print_evidence_rows();
        print_other_events();
        print_trace();
        print_blocked();
        if (analysis_.knowledge) append_text(out_, *analysis_.knowledge, analysis_.source, analysis_.is_dump);
        return std::move(out_);
    }

  private:
    template <class... Values>
    void line(fmt::format_string<Values...> format, Values&&... values) {
        fmt::format_to(std::back_inserter(out_), format, std::forward<Values>(values)...);
        out_ += '\n';
    }

    void row(std::string_view label, const std::string& text) {
        if (!text.empty()) line("{:>12}: {}", label, text);
    }

    void print_cause(const LogEvent& cause) {
        row("CAUSE", escaped(cause.title));
        row("ID", fmt::format("{}  ({}{})", cause.id, to_string(cause.event_class),
                              cause.corrupted ? "; not sure: " + escaped(cause.corruption) : ""));
        row("KERNEL SAYS", event_text::kernel_says(cause));
        row("WHERE", where(cause));
        row("STALLED", event_text::stalled(cause));
        row("FAULT AT", event_text::fault(cause));
        row("TASK", event_text::task(cause));
        row("OUTCOME", event_text::outcome(cause));
        if (cause.first_oops_missing) row("NOTE", event_text::first_oops_missing(cause));
        if (const LogEvent* earlier = earlier_oops(cause))
            row("NOTE", event_text::earlier_oops(cause, *earlier));
        row("KERNEL", escaped(cause.kernel));
        row("HARDWARE", escaped(cause.hardware));
        if (!analysis_.evidence) row("TAINT", event_text::taint(cause));
    }

    // The nearest one in the log that the cause counts itself behind.
    const LogEvent* earlier_oops(const LogEvent& cause) const {
        if (cause.die_count.value_or(1) < 2) return nullptr;
        const LogEvent* earlier = nullptr;
        for (const LogEvent& event : analysis_.log.events) {
            if (event.line >= cause.line) break;
            if (event.boot == cause.boot && event.die_count && *event.die_count < *cause.die_count)
                earlier = &event;
        }
        return earlier;
    }

    void print_oom_kills(const OomKillsInLog& found) {
        row("OOM KILLER",
            fmt::format("{} (pid {}) was killed{}, line {}; the machine went on", escaped(found.comm),
                        found.pid, found.kills > 1 ? fmt::format(", the first of {}", found.kills) : "",
                        found.line));
        row("NEXT", fmt::format("postmortem oom {}", quoted(analysis_.source)));
    }

    std::string where(const LogEvent& cause) const {
        if (cause.function.empty()) return {};
        std::string text = escaped(cause.function);
        if (cause.offset) text += fmt::format("+{:#x}", *cause.offset);
        if (!cause.module.empty()) text += fmt::format(" [{}]", escaped(cause.module));
        if (!cause.source.empty()) text += fmt::format("  at {}", escaped(cause.source));
        if (const std::string lines = source_line(cause); !lines.empty()) text += "  at " + lines;
        if (cause.frames.empty() && cause.caller) text += ", called from " + event_text::place(*cause.caller);
        return text;
    }

    // Of the frame that the vmlinux's line table explains.
    std::string source_line(const LogEvent& cause) const {
        if (!analysis_.evidence || !analysis_.evidence->backtrace || !cause.source.empty()) return {};
        for (const Frame& frame : analysis_.evidence->backtrace->frames)
            if (frame.function == cause.function && frame.file && frame.line)
                return fmt::format("{}:{}", escaped(*frame.file), *frame.line);
        return {};
    }

    void print_evidence_rows() {
        if (!analysis_.evidence) return;
        const PanicEvidence& evidence = *analysis_.evidence;
        std::string taints;
        for (const TaintFlag& flag : evidence.taints)
            taints +=
                fmt::format("{}{} ({})", taints.empty() ? "" : ", ", flag.letter, escaped(flag.meaning));
        row("TAINT", evidence.taint_mask && taints.empty() ? "none" : taints);
        std::string modules;
        for (const TaintingModule& module : evidence.tainting_modules) {
            modules += fmt::format("{}{} (", modules.empty() ? "" : ", ", escaped(module.name));
            for (const TaintFlag& flag : module.taints) modules += flag.letter;
            modules += ')';
        }
        row("TAINTED BY", modules);
        std::string settings;
        for (const PanicSetting& setting : evidence.settings)
            if (setting.value != 0)
                settings += fmt::format("{}{}={}", settings.empty() ? "" : " ", setting.name, setting.value);
        row("SETTINGS", settings);
        if (evidence.watchdog) row("WATCHDOG", watchdog(*evidence.watchdog));
    }

    static std::string watchdog(const WatchdogState& state) {
        std::string text = fmt::format("soft {}, hard {}", state.soft_enabled ? "on" : "off",
                                       state.hard_enabled ? "on" : "off");
        if (state.threshold_seconds) text += fmt::format(", threshold {} s", *state.threshold_seconds);
        const double late = static_cast<double>(state.threshold_seconds.value_or(10));
        for (const WatchdogCpu& cpu : state.cpus)
            if (cpu.silent_seconds && *cpu.silent_seconds > late)
                text += fmt::format("; CPU {} silent for {:.0f} s", cpu.cpu, *cpu.silent_seconds);
        return text;
    }

    void print_other_events() {
        const std::vector<LogEvent>& events = analysis_.log.events;
        if (events.size() < 2) return;
        struct Part {
            EventRole role;
            std::string_view heading;
        };
        static constexpr std::array<Part, 5> parts = {{{EventRole::Killed, "What killed the machine"},
                                                       {EventRole::Before, "What went wrong before"},
                                                       {EventRole::Aftermath, "What followed the panic"},
                                                       {EventRole::Unsettled, "What went wrong"},
                                                       {EventRole::Survived, "What it survived"}}};
        for (const Part& part : parts) print_part(part.role, part.heading);
        if (analysis_.log.dropped_events > 0)
            line("  ... {} more events were not kept", analysis_.log.dropped_events);
    }

    void print_part(EventRole role, std::string_view heading) {
        const std::vector<LogEvent>& events = analysis_.log.events;
        std::vector<std::size_t> members;
        for (std::size_t i = 0; i < events.size(); ++i)
            if (events[i].role == role) members.push_back(i);
        if (members.empty()) return;
        line("\n{} ({})", heading, members.size());
        // Around the cause: what came right before it may have led to it.
        const std::size_t cause = analysis_.log.cause.value_or(events.size() - 1);
        const auto at = static_cast<std::size_t>(std::lower_bound(members.begin(), members.end(), cause) -
                                                 members.begin());
        const std::size_t first =
            at > most_shown_events / 2 ? std::min(at - most_shown_events / 2, members.size() - 1) : 0;
        const std::size_t last = std::min(members.size(), first + most_shown_events);
        if (first > 0) line("  ... {} before", first);
        for (std::size_t i = first; i < last; ++i) print_event(members[i]);
        if (last < members.size()) line("  ... {} after", members.size() - last);
    }

    void print_event(std::size_t index) {
        const LogEvent& event = analysis_.log.events[index];
        const std::string follows =
            event.follows ? fmt::format("  (follows from line {})", analysis_.log.events[*event.follows].line)
            : event.event_class == EventClass::Escalation
                ? "  (follows from something that is not in the log)"
                : "";
        const std::string boot = analysis_.log.boots > 1 ? fmt::format(" (boot {})", event.boot + 1) : "";
        line("{} {:>8}  {}  {}  [{}]{}{}", index == analysis_.log.cause ? "->" : "  ", event.line, event.id,
             escaped(event.title), to_string(event.outcome), boot, follows);
    }

    void print_trace() {
        if (analysis_.evidence && analysis_.evidence->backtrace) {
            out_ += '\n';
            append_text(out_, *analysis_.evidence->backtrace);
            return;
        }
        const LogEvent* cause = analysis_.cause();
        if (!cause || cause->frames.empty()) return;
        line("\nCall trace");
        const std::size_t count = std::min(cause->frames.size(), most_frames);
        for (std::size_t i = 0; i < count; ++i) {
            const LogFrame& frame = cause->frames[i];
            line("  {} {}", frame.reliable ? " " : "?", event_text::place(frame));
        }
        if (count < cause->frames.size()) line("    ... {} more", cause->frames.size() - count);
    }

    void print_blocked() {
        if (!analysis_.evidence || analysis_.evidence->blocked.empty()) return;
        const std::vector<BlockedTask>& blocked = analysis_.evidence->blocked;
        line("\nTasks in uninterruptible sleep ({})", blocked.size());
        const std::size_t count = std::min(blocked.size(), most_blocked);
        for (std::size_t i = 0; i < count; ++i) {
            const BlockedTask& task = blocked[i];
            line("  {:>7}  {:<16} {:>9}{}  {}", task.pid, escaped(task.comm),
                 task.seconds ? fmt::format("{:.1f} s", *task.seconds) : "?", task.in_io ? "  I/O" : "     ",
                 escaped(fmt::format("{}", fmt::join(task.functions, " < "))));
            if (task.lock) line("           waits for {}", lock(*task.lock));
        }
        if (count < blocked.size()) line("  ... {} more (--json has all)", blocked.size() - count);
    }

    static std::string lock(const AwaitedLock& lock) {
        std::string text =
            fmt::format("{} {}", lock.kind, lock.symbol.empty() ? "" : escaped(lock.symbol) + " ");
        text += fmt::format("at {:x}", lock.address);
        if (lock.owner == 0)
            return text + (lock.owner_is_reader ? ", held by readers that are not on record"
                                                : ", which nobody holds on record");
        text += lock.owner_is_reader ? ", last read-locked by " : ", held by ";
        if (lock.owner_comm.empty())
            return text + fmt::format("the task at {:x}, which {}", lock.owner,
                                      lock.owner_is_gone ? "is gone" : "cannot be read");
        return text + fmt::format("{} (pid {})", escaped(lock.owner_comm), lock.owner_pid);
    }

    const PanicAnalysis& analysis_;
    std::string out_;
};

}  // namespace

std::string to_text(const PanicAnalysis& analysis) {
    return PanicPrinter(analysis).run();
}

std::string signature_to_text(const PanicAnalysis& analysis, bool all_events) {
    std::string out;
    const auto add = [&](const LogEvent& event) {
        fmt::format_to(std::back_inserter(out), "{}  {}{}\n", event.id, escaped(event.title),
                       event.corrupted ? "  (corrupted)" : "");
    };
    if (all_events) {
        for (const LogEvent& event : analysis.log.events) add(event);
    } else if (const LogEvent* cause = analysis.cause()) {
        add(*cause);
    }
    return out;
}

}  // namespace postmortem
