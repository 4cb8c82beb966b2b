// `bt` as crash 9 prints it, to the column. Where crash has no word for a thing: a frame that is a guess has
// a
// `?` before its function.
#include <algorithm>

#include <fmt/format.h>

#include <postmortem/render.h>

#include "base/text.h"

namespace postmortem {
namespace {

constexpr std::size_t bytes_per_line = 64;

/// What crash calls the stack on which an exception ran; null for those that it does not announce.
const char* exception_stack_name(StackKind kind) {
    switch (kind) {
        case StackKind::Nmi: return "NMI";
        case StackKind::DoubleFault: return "DOUBLEFAULT";
        case StackKind::Debug: return "DEBUG";
        case StackKind::MachineCheck: return "MCE";
        case StackKind::VmmCommunication: return "VC";
        case StackKind::Task:
        case StackKind::Irq:
        case StackKind::Entry: break;
    }
    return nullptr;
}

class Printer {
  public:
    explicit Printer(std::string& out) : out_(out) {}

    void print(const Backtrace& trace) {
        trace_ = &trace;
        number_ = 0;
        add("PID: {:<7}  TASK: {:016x}  CPU: {:<3}  COMMAND: \"{}\"\n", trace.pid, trace.task, trace.cpu,
            escaped(trace.comm));
        if (trace.end == BacktraceEnd::None) out_ += "(no stack)\n";
        std::size_t next = 0;
        if (!trace.registers.empty()) {
            print_exception_ip(trace.registers_of_user ? nullptr : &trace.frames.front());
            print_registers(trace.registers);
            if (!trace.registers_of_user) next = 1;
        }
        for (; next < trace.frames.size(); ++next) print_frame(next);
    }

  private:
    template <class... Arguments>
    void add(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
        fmt::format_to(std::back_inserter(out_), format, std::forward<Arguments>(arguments)...);
    }

    void print_frame(std::size_t index) {
        const Frame& frame = trace_->frames[index];
        const Frame* before = index > 0 ? &trace_->frames[index - 1] : nullptr;
        const bool behind_exception = before && !before->registers.empty();
        const char* left_stack =
            before && before->stack != frame.stack ? exception_stack_name(before->stack) : nullptr;
        if (before && before->stack == StackKind::Irq && frame.stack != StackKind::Irq && !behind_exception)
            out_ += "--- <IRQ stack> ---\n";
        if (behind_exception && left_stack) add("--- <{} exception stack> ---\n", left_stack);
        // crash shows an interrupted function as a frame only where the stack changes with it.
        if (!behind_exception || left_stack) print_line(frame);
        if (frame.registers.empty()) return;
        if (!frame.registers_of_user) {
            const bool known = index + 1 < trace_->frames.size();
            print_exception_ip(known ? &trace_->frames[index + 1] : nullptr);
        }
        print_registers(frame.registers);
    }

    void print_line(const Frame& frame) {
        add("{}#{} [{:016x}] {}", number_ < 10 ? " " : "", number_, frame.slot,
            frame.trust == FrameTrust::Scan ? "? " : "");
        ++number_;
        out_ += frame.function.empty() ? "(unknown)" : escaped(frame.function);
        add(" at {:x}", frame.ip);
        if (!frame.module.empty()) add(" [{}]", escaped(frame.module));
        out_ += '\n';
    }

    // Null: the user's program.
    void print_exception_ip(const Frame* frame) {
        if (!frame) {
            out_ += "    [exception RIP: user space]\n";
        } else if (frame->function.empty()) {
            out_ += "    [exception RIP: unknown or invalid address]\n";
        } else {
            add("    [exception RIP: {}", escaped(frame->function));
            if (frame->offset != 0) add("+{}", frame->offset);
            out_ += "]\n";
        }
    }

    void print_registers(const std::vector<RegisterValue>& registers) {
        const auto value = [&](std::string_view name) -> const std::uint64_t* {
            const auto at = std::find_if(registers.begin(), registers.end(),
                                         [&](const RegisterValue& r) { return r.name == name; });
            return at == registers.end() ? nullptr : &at->value;
        };
        static constexpr std::string_view rows[][3] = {
            {"RIP", "RSP", "RFLAGS"}, {"RAX", "RBX", "RCX"}, {"RDX", "RSI", "RDI"},   {"RBP", "R8", "R9"},
            {"R10", "R11", "R12"},    {"R13", "R14", "R15"}, {"ORIG_RAX", "CS", "SS"}};
        for (const auto& row : rows) {
            const char* gap = "   ";
            for (const std::string_view name : row) {
                const std::uint64_t* known = value(name);
                if (!known) continue;
                const int digits = name == "RFLAGS" ? 8 : name.size() == 2 && name[1] == 'S' ? 4 : 16;
                const int width = name.front() == 'R' ? 3 : 0;
                add("{} {:>{}}: {:0{}x}", gap, name, width, *known, digits);
                gap = " ";
            }
            if (gap[1] == '\0') out_ += '\n';
        }
    }

    std::string& out_;
    const Backtrace* trace_ = nullptr;
    unsigned number_ = 0;
};

}  // namespace

std::string to_text(const BacktraceList& list) {
    std::size_t lines = 0;
    for (const Backtrace& trace : list.backtraces) lines += trace.frames.size() + 12;
    std::string out;
    out.reserve(lines * bytes_per_line);
    Printer printer(out);
    for (std::size_t i = 0; i < list.backtraces.size(); ++i) {
        if (i > 0) out += '\n';
        printer.print(list.backtraces[i]);
    }
    return out;
}

}  // namespace postmortem
