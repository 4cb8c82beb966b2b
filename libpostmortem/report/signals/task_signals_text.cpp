// `sig` as crash 9 prints it (task.c: dump_signal_data() and its neighbours).
#include <fmt/format.h>

#include <postmortem/task_signals.h>

#include "report/tasks/task_header_text.h"

namespace postmortem {
namespace {

using SignalOut = fmt::appender;

// include/uapi/asm-generic/signal.h; x86 and arm64 have these numbers.
constexpr std::string_view signal_names[] = {
    "",          "SIGHUP",  "SIGINT",    "SIGQUIT", "SIGILL",   "SIGTRAP", "SIGABRT", "SIGBUS",
    "SIGFPE",    "SIGKILL", "SIGUSR1",   "SIGSEGV", "SIGUSR2",  "SIGPIPE", "SIGALRM", "SIGTERM",
    "SIGSTKFLT", "SIGCHLD", "SIGCONT",   "SIGSTOP", "SIGTSTP",  "SIGTTIN", "SIGTTOU", "SIGURG",
    "SIGXCPU",   "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO",   "SIGPWR",  "SIGSYS",
};
constexpr std::pair<unsigned, std::string_view> second_signal_names[] = {
    {6, "/SIGIOT"}, {17, "/SIGCLD"}, {29, "/SIGPOLL"}, {31, "/SIGUNUSED"}};
constexpr unsigned first_realtime = 32, last_signal = 64, middle = 48;
constexpr std::size_t line_width = 80;

// In crash's order.
constexpr std::pair<std::uint64_t, std::string_view> action_flags[] = {
    {0x1, "SA_NOCLDSTOP"},      {0x04000000, "SA_RESTORER"},  {0x2, "SA_NOCLDWAIT"},
    {0x4, "SA_SIGINFO"},        {0x08000000, "SA_ONSTACK"},   {0x10000000, "SA_RESTART"},
    {0x40000000, "SA_NODEFER"}, {0x80000000, "SA_RESETHAND"},
};

std::string name_of_signal(unsigned number) {
    if (number < first_realtime) return std::string(signal_names[number]);
    if (number == first_realtime) return "SIGRTMIN";
    if (number == last_signal) return "SIGRTMAX";
    return number <= middle ? fmt::format("SIGRTMIN+{}", number - first_realtime)
                            : fmt::format("SIGRTMAX-{}", last_signal - number);
}

std::string handler_name(std::uint64_t handler) {
    if (handler == 0) return "SIG_DFL";
    if (handler == 1) return "SIG_IGN";
    return handler == ~std::uint64_t{0} ? "SIG_ERR" : fmt::format("{:x}", handler);
}

std::string flag_names(std::uint64_t flags) {
    std::string text;
    for (const auto& [bit, name] : action_flags)
        if (flags & bit) text += fmt::format("{}{}", text.empty() ? "(" : "|", name);
    return text.empty() ? text : text + ")";
}

void print_actions(SignalOut out, const TaskSignals& signals) {
    const bool narrow = signals.task.task >> 32 == 0;
    const std::size_t user = narrow ? 8 : 10;
    const std::uint64_t known = signals.signal_struct.value_or(0);
    fmt::format_to(out, "SIGNAL_STRUCT: {}  ", signals.signal_struct ? fmt::format("{:x}", known) : "-");
    if (known == 0) {
        fmt::format_to(out, "\n");
        return;
    }
    if (signals.threads) fmt::format_to(out, "NR_THREADS: {}", *signals.threads);
    fmt::format_to(out, "\n SIG {} {:>{}} {} {:<{}}\n", centered("SIGACTION", narrow ? 9 : 16), "HANDLER",
                   user, centered("MASK", 16), "FLAGS", narrow ? 8 : 16);
    for (const SignalAction& action : signals.actions)
        fmt::format_to(out, "{:>4} {:<{}x} {:>{}} {:016x} {:x} {}\n", fmt::format("[{}]", action.number),
                       action.action, user, handler_name(action.handler), user, action.mask, action.flags,
                       flag_names(action.flags));
}

std::string set_text(const std::optional<std::uint64_t>& set) {
    return set ? fmt::format("{:016x}", *set) : "-";
}

void print_waiting(SignalOut out, const std::optional<WaitingSignals>& waiting, std::string_view indent,
                   std::size_t width) {
    fmt::format_to(out, "{}    SIGNAL: {}\n", indent, waiting ? set_text(waiting->set) : "-");
    if (!waiting || waiting->queue.empty()) {
        fmt::format_to(out, "{}  SIGQUEUE: {}\n", indent, waiting ? "(empty)" : "-");
        return;
    }
    fmt::format_to(out, "{}  SIGQUEUE:  SIG  {}\n", indent, centered("SIGINFO", width));
    for (const WaitingSignal& signal : waiting->queue)
        fmt::format_to(out, "             {:>3}  {:x}\n", signal.number, signal.info);
}

void print_own(SignalOut out, const TaskSignals& signals, std::string_view indent) {
    fmt::format_to(out, "{}SIGPENDING: {}\n", indent,
                   signals.has_pending ? (*signals.has_pending ? "yes" : "no") : "-");
    fmt::format_to(out, "{}   BLOCKED: {}\n{}PRIVATE_PENDING\n", indent, set_text(signals.blocked), indent);
    print_waiting(out, signals.own, indent, signals.task.task >> 32 == 0 ? 8 : 16);
}

void print_shared(SignalOut out, const TaskSignals& signals) {
    if (signals.signal_struct == 0u) return;
    fmt::format_to(out, "SHARED_PENDING\n");
    print_waiting(out, signals.shared, "", signals.task.task >> 32 == 0 ? 8 : 16);
}

void print_groups(SignalOut out, const SignalList& list) {
    bool first = true;
    for (const TaskSignals& signals : list.tasks) {
        if (signals.leads_group) {
            fmt::format_to(out, "{}{}", first ? "" : "\n", task_header(signals.task));
            print_actions(out, signals);
            print_shared(out, signals);
        }
        first = false;
        fmt::format_to(out, "\n  {}", task_header(signals.task));
        print_own(out, signals, "  ");
    }
    if (!first) fmt::format_to(out, "\n");
}

}  // namespace

std::string to_text(const SignalList& list, const SignalPrinting& printing) {
    fmt::memory_buffer text;
    const SignalOut out(text);
    if (printing.groups) {
        print_groups(out, list);
        return fmt::to_string(text);
    }
    bool first = true;
    for (const TaskSignals& signals : list.tasks) {
        if (!first && printing.in_foreach) fmt::format_to(out, "\n");
        first = false;
        fmt::format_to(out, "{}", task_header(signals.task));
        print_actions(out, signals);
        if (signals.signal_struct != 0u) print_own(out, signals, "");
        print_shared(out, signals);
        if (!printing.in_foreach) fmt::format_to(out, "\n");
    }
    return fmt::to_string(text);
}

std::string signal_names_text() {
    std::string text;
    for (unsigned number = 1; number <= last_signal; ++number) {
        text += fmt::format("{:>4} {}", fmt::format("[{}]", number), name_of_signal(number));
        for (const auto& [signal, name] : second_signal_names)
            if (signal == number) text += name;
        text += "\n";
    }
    return text;
}

std::string signal_set_text(std::uint64_t set) {
    if (set == 0) return "(none)\n";
    std::string text, line;
    for (unsigned number = 1; number <= last_signal; ++number) {
        if ((set >> (number - 1) & 1) == 0) continue;
        const std::string name = name_of_signal(number);
        if (!line.empty() && line.size() + 1 + name.size() > line_width) {
            text += line + "\n";
            line.clear();
        }
        line += line.empty() ? name : " " + name;
    }
    return text + line + "\n";
}

}  // namespace postmortem
