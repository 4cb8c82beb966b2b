#include "log/events/stall.h"

#include <algorithm>
#include <span>

#include "base/text.h"
#include "log/events/frame.h"
#include "log/events/interrupted.h"
#include "log/events/stack_lines.h"
#include "log/text/cursor.h"

namespace postmortem {
namespace {

constexpr std::size_t max_listed = 8192;  // CPUs or tasks that one report may name

template <class Number>
std::optional<Number> number_after(std::string_view text, std::string_view label) {
    const std::size_t at = text.find(label);
    if (at == npos) return std::nullopt;
    Cursor cursor(text.substr(at + label.size()));
    cursor.skip_blanks();
    const auto number = cursor.number();
    if (!number || *number > std::numeric_limits<Number>::max()) return std::nullopt;
    return static_cast<Number>(*number);
}

template <class Number>
void add(std::vector<Number>& list, Number number) {
    if (list.size() < max_listed && std::find(list.begin(), list.end(), number) == list.end())
        list.push_back(number);
}

// "0-2,5"
std::vector<unsigned> cpu_list(std::string_view text) {
    std::vector<unsigned> cpus;
    Cursor cursor(text);
    cursor.skip_blanks();
    while (const auto first = cursor.number()) {
        const auto last = cursor.take('-') ? cursor.number() : first;
        if (!last || *last < *first || *last - *first > max_listed) break;
        for (auto cpu = *first; cpu <= *last; ++cpu) add(cpus, static_cast<unsigned>(cpu));
        if (!cursor.take(',')) break;
    }
    return cpus;
}

// What follows the headline of an RCU stall (kernel/rcu/tree_stall.h; kernel/rcutree.c before 3.13).
class RcuReader {
  public:
    explicit RcuReader(LogStall& stall) : stall_(stall) {}

    void read_headline(std::string_view text) {
        if (const auto cpu = number_after<unsigned>(text, "stall on CPU ")) add(stall_.cpus, *cpu);  // 3.0
        if (const auto cpu = number_after<unsigned>(text, "RCU detected CPU ")) add(stall_.cpus, *cpu);
        if (const std::size_t list = text.find("CPU stalls:"); list != npos)
            read_words(text.substr(list + 11));
        if (const std::size_t open = text.find('{'); open != npos)
            read_words(text.substr(open + 1, text.find('}') - open - 1));
        self_ = contains(text, "self-detected");
        read_time(text);
    }

    void read(std::string_view text) {
        read_time(text);
        read_starved(text);
        read_cpu_line(text);
        if (const std::size_t at = text.find("Tasks blocked on level-"); at != npos) {
            const std::size_t colon = text.find("):", at);
            if (colon != npos) read_words(text.substr(colon + 2));
        }
        if (const std::size_t at = text.find("Sending NMI from CPU "); at != npos) {
            const std::size_t to = text.find("to CPUs ", at);
            if (to != npos) asked_ = cpu_list(text.substr(to + 8));
            closed_ = false;
        } else if (const auto cpu = number_after<unsigned>(text, "NMI backtrace for cpu ")) {
            add(answered_, *cpu);
        } else if (!asked_.empty() && !closed_) {
            closed_ = contains(text, "INFO:") || contains(text, "kthread starved") ||
                      contains(text, "Kernel panic") || contains(text, "kthread stack dump") ||
                      contains(text, "last ran:");
        }
        if (self_ && stall_.cpus.empty())
            if (const auto cpu = number_after<unsigned>(text, "CPU: ")) add(stall_.cpus, *cpu);
    }

    void finish() {
        // Where the log ends behind the question nobody knows who would have answered.
        if (!closed_) return;
        for (const unsigned cpu : asked_)
            if (std::find(answered_.begin(), answered_.end(), cpu) == answered_.end())
                add(stall_.silent_cpus, cpu);
    }

  private:
    // " 0 1", "P5182 3-..D.", up to what comes in brackets
    void read_words(std::string_view text) {
        for (const std::string_view word : split(text.substr(0, text.find('(')), ' ')) {
            Cursor cursor(word);
            const bool is_task = cursor.take('P');
            const auto number = cursor.number();
            if (!number || *number > std::numeric_limits<std::uint32_t>::max()) continue;
            if (is_task)
                add(stall_.tasks, static_cast<std::uint32_t>(*number));
            else
                add(stall_.cpus, static_cast<unsigned>(*number));
        }
    }

    void read_time(std::string_view text) {
        if (stall_.jiffies) return;
        if (contains(text, "t=")) stall_.jiffies = number_after<std::uint64_t>(text, "t=");
        if (!stall_.jiffies && contains(text, "} ") && contains(text, " jiffies s:"))
            stall_.jiffies = number_after<std::uint64_t>(text, "} ");  // expedited
    }

    // "rcu_sched kthread starved for 21012 jiffies! g1 f0x2 RCU_GP_WAIT_FQS(5) ->state=0x0 ->cpu=1". Where it
    // sleeps (since 5.12), "rcu_sched kthread timer wakeup didn't happen for 21009 jiffies!" stands in front.
    void read_starved(std::string_view text) {
        const std::size_t late = text.find(" kthread timer wakeup didn't happen for ");
        const std::size_t at = late == npos ? text.find(" kthread starved for ") : late;
        const bool is_known = stall_.starved_jiffies && (late != npos || !only_late_);
        if (at == npos || is_known) return;
        const std::string_view before = text.substr(0, at);
        stall_.kthread = before.substr(before.find_last_of(" \t") + 1);
        stall_.starved_jiffies = number_after<std::uint64_t>(text.substr(at), " for ");
        stall_.kthread_cpu = number_after<unsigned>(text, "->cpu=");
        only_late_ = late != npos;
    }

    // "\t4-...!: (1 GPs behind) idle=...", since 3.7
    void read_cpu_line(std::string_view text) {
        Cursor cursor(text);
        if (cursor.take("rcu:")) cursor.skip_blanks();
        cursor.skip_blanks();
        const auto cpu = cursor.number();
        if (!cpu || *cpu > max_listed) return;
        if (cursor.take('-')) cursor.take_while([](char c) { return c != ':' && !is_blank(c); });
        if (!cursor.take(": (") || !(contains(text, "idle=") || contains(text, "ticks this GP"))) return;
        // Such a CPU idles, and nobody asked it because the kthread does not run (since 5.11).
        if (contains(text, "(false positive?)")) return;
        add(stall_.cpus, static_cast<unsigned>(*cpu));
    }

    LogStall& stall_;
    std::vector<unsigned> asked_, answered_;
    bool self_ = false;
    bool closed_ = false;
    bool only_late_ = false;  // the line on how long the kthread has not run is still to come
};

struct Section {
    enum class Kind { Cpu, Task, Kthread, LastRan, Unnamed };
    Kind kind = Kind::Unnamed;
    std::optional<unsigned> cpu;
    std::string_view task_line;
    std::size_t first = 0, last = 0;  // lines
};

// sched_show_task(): "task:cat  state:R  running task  stack:0 pid:77"; up to 5.9 "cat  R running task  0  77
// 1 0x8"
bool opens_task(std::string_view text) {
    if (contains(text, "task:") && contains(text, "state:")) return true;
    return contains(text, " running task  ") ||
           (contains(text, " 0x0000") && contains(text, "  0 ") && !contains(text, "+0x"));
}

class Sections {
  public:
    explicit Sections(const Report& report) : report_(report) {}

    std::vector<Section> run() {
        for (std::size_t i = 1; i < report_.named_lines; ++i) read(i, report_.lines[i].text);
        close(report_.named_lines);
        return std::move(sections_);
    }

  private:
    void read(std::size_t i, std::string_view text) {
        if (contains(text, "kthread stack dump:")) return open(i, Section::Kind::Kthread);
        if (contains(text, "GP kthread last ran:")) {
            close(i);
            last_ran_ = true;
            return;
        }
        for (const std::string_view label : {"NMI backtrace for cpu ", "Task dump for CPU ", "CPU["}) {
            const auto cpu = number_after<unsigned>(text, label);
            if (!cpu || (label == "CPU[" && !contains(text, "TSTATE["))) continue;
            open(i, last_ran_ ? Section::Kind::LastRan : Section::Kind::Cpu);
            sections_.back().cpu = cpu;
            last_ran_ = false;
            return;
        }
        // A CPU's own report may follow another one's dump without a word in between.
        const auto own_cpu = text.starts_with("CPU: ") ? number_after<unsigned>(text, "CPU: ") : std::nullopt;
        if (own_cpu && open_ && sections_.back().cpu && sections_.back().cpu != own_cpu) close(i);
        const bool is_task = opens_task(text);
        if (is_task && open_ && sections_.back().task_line.empty() &&
            sections_.back().kind != Section::Kind::Unnamed && i <= sections_.back().first + 2) {
            sections_.back().task_line = text;
        } else if (is_task) {
            open(i, Section::Kind::Task);
            sections_.back().task_line = text;
        } else if (!open_ && (text.starts_with("CPU: ") || text.starts_with("Pid: ") ||
                              opens_call_trace(text) || parse_instruction_pointer(text))) {
            open(i, last_ran_ ? Section::Kind::LastRan : Section::Kind::Unnamed);
            sections_.back().cpu = number_after<unsigned>(text, "CPU: ");
            last_ran_ = false;
        }
        if (contains(text, "kthread starved for") || contains(text, "Sending NMI") ||
            contains(text, "Kernel panic"))
            close(i);
    }

    void open(std::size_t i, Section::Kind kind) {
        close(i);
        Section section;
        section.kind = kind;
        section.first = i;
        sections_.push_back(section);
        open_ = true;
    }

    void close(std::size_t i) {
        if (open_) sections_.back().last = i;
        open_ = false;
    }

    const Report& report_;
    std::vector<Section> sections_;
    bool open_ = false;
    bool last_ran_ = false;
};

bool shows_code(const Report& report, const Section& section) {
    for (std::size_t i = section.first; i < section.last; ++i) {
        const std::string_view text = report.lines[i].named();
        if (parse_frame(text) || parse_instruction_pointer(text)) return true;
    }
    return false;
}

// Whether the CPU has nothing to do, and so keeps nobody waiting.
bool shows_idle_loop(const Report& report, const Section& section) {
    for (std::size_t i = section.first; i < section.last; ++i) {
        const std::string_view text = report.lines[i].named();
        if (const auto ip = parse_instruction_pointer(text)) return is_idle_loop(ip->function);
        if (const auto frame = parse_frame(text); frame && frame->reliable)
            return is_idle_loop(frame->function);
    }
    return false;
}

bool names_pid(std::string_view line, std::uint32_t pid) {
    if (const auto named = number_after<std::uint32_t>(line, "pid:")) return *named == pid;
    return contains(line, " " + std::to_string(pid) + " ");
}

// The stalled CPU, the stalled task, the CPU that keeps the grace-period kthread waiting, or, where nobody is
// named, whatever came first.
const Section* stalled_section(const Report& report, std::span<const Section> sections,
                               const LogStall& stall) {
    const auto find = [&](auto matches) -> const Section* {
        const auto found = std::find_if(sections.begin(), sections.end(), [&](const Section& section) {
            return matches(section) && shows_code(report, section);
        });
        return found == sections.end() ? nullptr : &*found;
    };
    using Kind = Section::Kind;
    for (const unsigned cpu : stall.cpus) {
        const auto* section = find([&](const Section& one) {
            return one.cpu == cpu && (one.kind == Kind::Cpu || one.kind == Kind::Unnamed);
        });
        if (section) return section;
    }
    for (const std::uint32_t pid : stall.tasks) {
        const auto* section =
            find([&](const Section& one) { return !one.task_line.empty() && names_pid(one.task_line, pid); });
        if (section) return section;
    }
    const auto keeps_kthread_waiting = [&](const Section& one) {
        return one.kind == Kind::LastRan && !shows_idle_loop(report, one);
    };
    if (const auto* section = find(keeps_kthread_waiting)) return section;
    const bool names_somebody = !stall.cpus.empty() || !stall.tasks.empty();
    return find([&](const Section& one) {
        return one.kind == Kind::Task || one.kind == Kind::Unnamed ||
               (one.kind == Kind::Cpu && !names_somebody);
    });
}

// Its stack may be nothing but addresses, or missing; the line of its task names it.
const Section* named_section(std::span<const Section> sections, const LogStall& stall) {
    const auto found = std::find_if(sections.begin(), sections.end(), [&](const Section& section) {
        const bool is_stalled =
            section.cpu && std::find(stall.cpus.begin(), stall.cpus.end(), *section.cpu) != stall.cpus.end();
        return is_stalled && !section.task_line.empty();
    });
    return found == sections.end() ? nullptr : &*found;
}

LogStall read_rcu(const Report& report) {
    LogStall stall;
    RcuReader reader(stall);
    reader.read_headline(report.lines.front().text);
    for (std::size_t i = 1; i < report.named_lines; ++i) reader.read(report.lines[i].text);
    reader.finish();
    return stall;
}

// "soft lockup - CPU#1 stuck for 22s!", "soft lockup detected on CPU#0!", "hard LOCKUP on cpu 2", "CPU 4 Hard
// LOCKUP"
LogStall read_lockup(const Report& report) {
    LogStall stall;
    const std::string_view headline = report.headline();
    for (const std::string_view label : {"CPU#", "LOCKUP on cpu ", "LOCKUP on CPU", "other CPUs ",
                                         "other CPUS:", "watchdog: CPU ", "Watchdog CPU:"}) {
        const auto cpu = number_after<unsigned>(headline, label);
        if (cpu) add(stall.cpus, *cpu);
        if (cpu) break;
    }
    if (const auto seconds = number_after<unsigned>(headline, "stuck for ")) stall.seconds = *seconds;
    return stall;
}

}  // namespace

std::optional<LogStall> read_stall(const Report& report, EventClass event_class) {
    switch (event_class) {
        case EventClass::RcuStall: return read_rcu(report);
        case EventClass::SoftLockup:
        case EventClass::HardLockup: return read_lockup(report);
        case EventClass::HungTask: {
            LogStall stall;
            if (const auto seconds = number_after<unsigned>(report.headline(), "more than "))
                stall.seconds = *seconds;
            return stall;
        }
        default: return std::nullopt;
    }
}

Report focused_on_stalled(const Report& report, const LogStall& stall) {
    const std::vector<Section> sections = Sections(report).run();
    if (sections.empty()) return report;
    const Section* section = stalled_section(report, sections, stall);
    if (!section) section = named_section(sections, stall);
    Report focused = report;
    const auto at = [&](std::size_t i) { return report.lines.begin() + static_cast<std::ptrdiff_t>(i); };
    focused.lines.assign(report.lines.begin(), at(sections.front().first));
    // The grace-period kthread's own stack says nothing of who keeps it waiting.
    if (section) focused.lines.insert(focused.lines.end(), at(section->first), at(section->last));
    focused.own_lines = focused.named_lines = focused.lines.size();
    return focused;
}

}  // namespace postmortem
