#include "log/events/details.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "log/events/fault_address.h"
#include "log/events/frame.h"
#include "log/events/instruction_place.h"
#include "log/events/interrupted.h"
#include "log/events/registers.h"
#include "log/events/stack_lines.h"
#include "log/text/cursor.h"

namespace postmortem {
namespace {

constexpr std::size_t max_frames = 128;

template <class Number>
void set_number_after(std::optional<Number>& to, std::string_view text, std::string_view label) {
    const std::size_t at = text.find(label);
    if (to || at == npos) return;
    const auto number = Cursor(text.substr(at + label.size())).number();
    if (number && *number <= std::numeric_limits<Number>::max()) to = static_cast<Number>(*number);
}

// Lines that name the task, its kernel and the taint.
class TaskReader {
  public:
    explicit TaskReader(LogEvent& event) : event_(event) {}

    // "INFO: task cat:12 blocked", "soft lockup - CPU#1 stuck for 22s! [X:5189]", "WARNING: CPU: 0 PID: 37 at
    // ..."
    void read_headline(std::string_view text) {
        set_number_after(event_.cpu, text, "soft lockup - CPU#");
        set_number_after(event_.cpu, text, "CPU: ");
        set_number_after(event_.cpu, text, "LOCKUP on cpu ");
        set_number_after(event_.pid, text, " PID: ");
        // 6.19: "WARNING: mm/slub.c:1 at f+0x1/0x2, CPU#1: cat/123"
        if (const std::size_t cpu = text.find(", CPU#"); cpu != npos) {
            set_number_after(event_.cpu, text, ", CPU#");
            const std::size_t colon = text.find(": ", cpu);
            const std::size_t slash = text.rfind('/');
            if (colon == npos || slash == npos || slash < colon) return;
            event_.comm = text.substr(colon + 2, slash - colon - 2);
            set_number_after(event_.pid, text.substr(slash), "/");
            return;
        }
        if (const std::size_t task = text.find("INFO: task "); task != npos) {
            const std::string_view rest = text.substr(task + 11);
            take_comm_and_pid(rest.substr(0, std::min(rest.find(" blocked"), rest.find(" can't die"))));
        } else if (contains(text, "soft lockup") && text.rfind('[') != npos) {
            take_comm_and_pid(text.substr(text.rfind('[') + 1));
        }
    }

    void read(std::string_view text) {
        if (read_task_line(text) || read_atomic_line(text) || read_debugger_line(text) ||
            read_cpu_line(text) || read_shown_task(text))
            return;
        // lockdep: "3.6.0-rc3 #98 Not tainted"; hung tasks: "      Tainted: G   L  6.1.0 #0"
        const std::size_t state = std::min(text.find("Not tainted"), text.find("Tainted: "));
        if (state == npos) return;
        read_taint(text);
        if (!event_.kernel.empty()) return;
        const std::string_view before = release_of_build(text.substr(0, state));
        event_.kernel = before.empty() ? release_of_build(text.substr(state)) : before;
    }

  private:
    void take_comm_and_pid(std::string_view text) {
        const std::size_t colon = text.rfind(':');
        if (colon == npos) return;
        event_.comm = text.substr(0, colon);
        set_number_after(event_.pid, text.substr(colon), ":");
    }

    // "CPU: 0 UID: 0 PID: 2148 Comm: a b Not tainted 6.12.23 #0", "Pid: 912, comm: X Tainted: ..."
    bool read_task_line(std::string_view text) {
        const std::size_t label = std::min(text.find("Comm: "), text.find("comm: "));
        if (label == npos) return false;
        const std::string_view before = text.substr(0, label);
        const std::size_t pid = std::min(before.rfind("ID: "), before.rfind("id: "));
        if (pid == npos) return false;
        const std::string_view rest = text.substr(label + 6);
        const std::size_t state = std::min(rest.find(" Not tainted"), rest.find(" Tainted:"));
        // "Kdump: loaded" since 5.2 (2da1ead4d5f7); "FTT: 0 0" on Samsung's phones, a
        // container's number on OpenVZ
        const std::size_t name_end =
            std::min({rest.find(" Kdump:"), rest.find(" FTT: "), rest.find(" veid: "), state});
        const auto line_pid = Cursor(before.substr(pid + 4)).number();
        // The headline named a task that sleeps; this one is the watchdog that says so, or another CPU's.
        const bool of_another = event_.pid && line_pid && *line_pid != *event_.pid;
        if (event_.comm.empty())
            event_.comm = without_next_word(trimmed(rest.substr(0, std::min(name_end, release_at(rest)))));
        if (!event_.pid && line_pid && *line_pid <= std::numeric_limits<std::uint32_t>::max())
            event_.pid = static_cast<std::uint32_t>(*line_pid);
        if (!of_another) set_number_after(event_.cpu, before, "CPU: ");
        if (state == npos) return true;
        read_taint(rest.substr(state));
        const std::string_view release = release_of_build(rest.substr(state));
        if (!has_release_ && !release.empty()) {
            event_.kernel = release;
            has_release_ = true;
        }
        return true;
    }

    // xmon: "cpu 0x1b: Vector: 380 (Data SLB Access) at [c00000000b9bb320]", "    pid   = 1, comm =
    // swapper/27"
    bool read_debugger_line(std::string_view text) {
        if (text.starts_with("cpu 0x") && contains(text, ": Vector: ") && !event_.cpu) {
            const auto cpu = parse_u64(Cursor(text.substr(6)).take_while(is_hex), 16);
            if (cpu && *cpu < 1u << 16) event_.cpu = static_cast<unsigned>(*cpu);
            return true;
        }
        const std::size_t comm = text.find(", comm = ");
        if (comm == npos || !trimmed(text).starts_with("pid ")) return false;
        set_number_after(event_.pid, text, " = ");
        if (event_.comm.empty()) event_.comm = trimmed(text.substr(comm + 9));
        return true;
    }

    // sched_show_task() since 5.10, in the stalled CPU's part of a report: "task:cat  state:R  running task
    // stack:0  pid:77"
    bool read_shown_task(std::string_view text) {
        if (event_.event_class == EventClass::RcuStall)
            set_number_after(event_.cpu, text, "Task dump for CPU ");
        const std::size_t state = text.find(" state:");
        if (event_.event_class != EventClass::RcuStall || !text.starts_with("task:") || state == npos)
            return false;
        if (!event_.comm.empty() || event_.pid) return true;
        event_.comm = trimmed(text.substr(5, state - 5));
        const std::size_t pid = text.find(" pid:");
        if (pid == npos) return true;
        Cursor cursor(text.substr(pid + 5));
        cursor.skip_blanks();
        const auto number = cursor.number();
        if (number && *number <= std::numeric_limits<std::uint32_t>::max())
            event_.pid = static_cast<std::uint32_t>(*number);
        return true;
    }

    // sparc64, arch_trigger_cpumask_backtrace(): "* CPU[  8]: TSTATE[...] TPC[...] TNPC[...] TASK[cat:77]"
    bool read_cpu_line(std::string_view text) {
        const std::size_t task = text.find(" TASK["), end = text.rfind(']');
        if (task == npos || end < task || !contains(text, "CPU[")) return false;
        if (event_.comm.empty() && !event_.pid) take_comm_and_pid(text.substr(task + 6, end - task - 6));
        if (const std::size_t cpu = text.find("CPU["); !event_.cpu) {
            Cursor cursor(text.substr(cpu + 4));
            cursor.skip_blanks();
            if (const auto number = cursor.number(); number && *number < 1u << 16)
                event_.cpu = static_cast<unsigned>(*number);
        }
        return true;
    }

    // "Comm: cat PC: [...]", "Comm: cat Not >tainted": a name has room for 15 characters (TASK_COMM_LEN).
    static std::string_view without_next_word(std::string_view name) {
        constexpr std::size_t longest = 15;
        const std::size_t blank = name.rfind(' ', longest);
        return name.size() > longest && blank != npos ? name.substr(0, blank) : name;
    }

    // Lustre: "comm: su 5.14.0-503.35.1.el9_5.x86_64 #1 SMP"
    static std::size_t release_at(std::string_view text) {
        const std::size_t build = text.find(" #");
        const std::size_t blank = text.substr(0, build).rfind(' ');
        const bool is_release = build != npos && blank != npos && is_digit(text[blank + 1]);
        return is_release && text.find("ainted") == npos ? blank : npos;
    }

    // "in_atomic(): 0, irqs_disabled(): 1, non_block: 0, pid: 69, name: kworker/1:1" (__might_sleep())
    bool read_atomic_line(std::string_view text) {
        const std::size_t pid = text.find(", pid: "), name = text.find(", name: ");
        if (!text.starts_with("in_atomic(): ") || pid == npos || name == npos || name < pid) return false;
        set_number_after(event_.pid, text.substr(pid), ", pid: ");
        if (event_.comm.empty()) event_.comm = trimmed(text.substr(name + 8));
        return true;
    }

    // "Not tainted 6.1.0 #1", "Tainted: P           O    4.2.8 #1": the release is the word in front of " #".
    static std::string_view release_of_build(std::string_view text) {
        const std::size_t build = text.find(" #");
        if (build == npos || build + 2 >= text.size() || is_blank(text[build + 2])) return {};
        const std::string_view before = text.substr(0, build);
        const std::size_t blank = before.find_last_of(" \t");
        std::string_view release = before.substr(blank == npos ? 0 : blank + 1);
        if (release.starts_with('(')) release.remove_prefix(1);  // 2.6: "Not tainted (2.6.27.9 #1)"
        return release.size() <= 128 ? release : std::string_view();
    }

    // From 6.11 on a line of its own spells the letters out: "Tainted: [W]=WARN, [O]=OOT_MODULE".
    void read_taint(std::string_view text) {
        const std::size_t at = text.find("Tainted: ");
        if (at == npos || !event_.taint.empty()) return;
        const std::string_view letters = text.substr(at + 9);
        event_.taint = letters.starts_with('[') ? spelled_out(letters) : columns_of(letters);
        // G is the column of proprietary modules without one: alone, the rest of the line is lost.
        if (event_.taint == "G") event_.taint.clear();
    }

    static std::string spelled_out(std::string_view text) {
        std::string taint;
        for (std::size_t at = text.find("]="); at != npos && at > 0; at = text.find("]=", at + 2))
            if (text[at - 1] >= 'A' && text[at - 1] <= 'Z') taint += text[at - 1];
        return taint;
    }

    // RHEL 5 to 7 mark each column without a letter: "G           --L------------", "GF       W  O --------".
    // What they added behind the kernel's own, "------------ T", is another T; "-" stands in front of it.
    static std::string columns_of(std::string_view text) {
        std::string taint;
        bool marked = false;
        for (Cursor cursor(text); !cursor.at_end();) {
            cursor.skip_blanks();
            std::string word(cursor.word());
            marked = marked || word.find("--------") != std::string::npos;
            std::erase(word, '-');
            if (!std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) break;
            if (marked && (word == "T" || word == "H")) taint += '-';
            taint += word;
        }
        return taint;
    }

    LogEvent& event_;
    bool has_release_ = false;
};

// The first call trace with frames; a second one (of user space, of another CPU) is not wanted.
class TraceReader {
  public:
    void read(const ReportLine& line, LogEvent& event) {
        if (done_) return;
        // s390's last branch, which may lie anywhere, stands below the trace as a frame would.
        if (opens_history(line.text) || contains(line.text, "Last Breaking-Event-Address:")) {
            done_ = true;
            return;
        }
        if (opens_call_trace(line.named()) || contains(line.text, "---[ end trace")) {
            done_ = !event.frames.empty();
            return;
        }
        if (!crossed_ && opens_interrupted(line.text)) {
            crossed_ = true;
            for (LogFrame& above : event.frames) above.in_interrupt = true;
        }
        const bool in_interrupt = tags_.read(line.text);
        auto frame = parse_frame(line.named());
        if (!frame || event.frames.size() >= max_frames) return;
        frame->in_interrupt = in_interrupt;
        forget_offset(line, *frame);
        event.frames.push_back(std::move(*frame));
    }

    static void forget_offset(const ReportLine& line, LogFrame& frame) {
        if (line.plain.empty() || frame.offset != 0) return;
        frame.offset.reset();
        frame.size.reset();
    }

  private:
    bool done_ = false;
    bool crossed_ = false;  // what the interrupt found has begun
    InterruptTags tags_;
};

// "kernel BUG at mm/slub.c:123!", "WARNING: CPU: 0 PID: 1 at kernel/smp.c:912 f+0x1/0x2 [m]", "... context at
// f.c:1"
void read_place(const ReportLine& line, LogEvent& event) {
    const std::string_view text = line.named();
    // "BUG: KASAN: slab-out-of-bounds in f+0x190/0x3b8 [m]"
    static const Pattern sanitizer("BUG: {KASAN|KMSAN|KFENCE|KCSAN}: {*} in {func}");
    if (const auto match = sanitizer.find(text)) {
        event.ip =
            parse_location(text.substr(static_cast<std::size_t>(match->function.data() - text.data())));
        if (event.ip) TraceReader::forget_offset(line, *event.ip);
        event.source = line.source;
        return;
    }
    static const Pattern at_source("at {src}");
    static const Pattern source_first("WARNING: {src} at ");
    auto match = at_source.find(text);
    if (!match) match = source_first.find(text);
    if (!match) return;
    event.source = (*match)[0];
    if (!contains(text, "WARNING:")) return;
    event.ip = parse_location(trimmed(text.substr(match->end)));
    if (event.ip) TraceReader::forget_offset(line, *event.ip);
}

void read_ip(const ReportLine& line, LogEvent& event) {
    if (!event.caller) event.caller = parse_caller(line.named());
    if (event.ip) return;
    event.ip = parse_instruction_pointer(line.named());
    if (!event.ip || line.plain.empty()) return;
    TraceReader::forget_offset(line, *event.ip);
    if (event.source.empty()) event.source = line.source;
}

// Some reports are no faults: the registers in them are those of user space, in its system call.
bool has_own_registers(EventClass event_class) {
    switch (event_class) {
        case EventClass::Lockdep:
        case EventClass::SleepInAtomic:
        case EventClass::ScheduleInAtomic:
        case EventClass::Preemption:
        case EventClass::HungTask:
        case EventClass::OutOfMemory:
        case EventClass::AllocationFailure:
        case EventClass::BadPage:
        case EventClass::UnhandledIrq:
        case EventClass::Kasan:
        case EventClass::Kmsan:
        case EventClass::Kcsan:
        case EventClass::Kfence:
        case EventClass::Ubsan: return false;
        default: return true;
    }
}

}  // namespace

std::optional<unsigned> die_count_of(std::string_view text) {
    std::size_t at = text.find('#');  // rarer than the bracket
    while (at != npos && (at == 0 || text[at - 1] != '[')) at = text.find('#', at + 1);
    if (at == npos) return std::nullopt;
    Cursor cursor(text.substr(at + 1));
    const auto number = cursor.number();
    if (!number || *number > 1'000'000 || !cursor.take(']')) return std::nullopt;
    return static_cast<unsigned>(*number);
}

std::string_view release_of_banner(std::string_view text) {
    constexpr std::string_view banner = "Linux version ";
    if (!text.starts_with(banner)) return {};
    const std::string_view release = Cursor(text.substr(banner.size())).word();
    return !release.empty() && is_digit(release.front()) ? release : std::string_view();
}

void read_details(const Report& report, LogEvent& event) {
    TaskReader task(event);
    TraceReader trace;
    RegisterReader registers;
    FaultAddressReader address;
    LastBranch branch;
    InterruptedPart interrupted;
    task.read_headline(report.headline());
    read_place(report.lines[report.headline_at], event);
    const bool own_registers = has_own_registers(event.event_class);
    for (std::size_t i = 0; i < report.own_lines; ++i) {
        const std::string_view text = report.lines[i].text;
        task.read(text);
        trace.read(report.lines[i], event);
        address.read(text);
        if (!event.die_count) event.die_count = die_count_of(text);
        const bool is_interrupted = interrupted.read(text);
        if (own_registers && !is_interrupted) {
            read_ip(report.lines[i], event);
            registers.read(text, event.registers);
            branch.read(report.lines[i].text);
        }
        if (const std::size_t at = text.find("Hardware name: "); at != npos && event.hardware.empty()) {
            event.hardware = trimmed(text.substr(at + 15));
        }
    }
    address.settle(event);
    if (!event.ip && !event.caller) event.caller = branch.into_nowhere();
}

}  // namespace postmortem
