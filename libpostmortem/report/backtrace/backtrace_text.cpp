#include "report/backtrace/backtrace_text.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"

namespace postmortem {
namespace {

/// What crash calls the stack on which an exception ran; null for those that it does not announce.
const char* exception_stack_name(StackKind kind) {
    switch (kind) {
        case StackKind::Nmi: return "NMI";
        case StackKind::DoubleFault: return "DOUBLEFAULT";
        case StackKind::StackFault: return "STACKFAULT";
        case StackKind::Debug: return "DEBUG";
        case StackKind::MachineCheck: return "MCE";
        case StackKind::VmmCommunication: return "VC";
        case StackKind::Overflow: return "OVERFLOW";
        case StackKind::Sdei: return "SDEI";
        case StackKind::Task:
        case StackKind::Irq:
        case StackKind::Entry: break;
    }
    return nullptr;
}

// Dumps have hundreds of thousands of frames: numbers are appended without a format string.
class Line {
  public:
    explicit Line(std::string& out) : out_(out) {}

    Line& text(std::string_view text) {
        out_ += text;
        return *this;
    }
    Line& escaped(std::string_view text) {
        append_escaped(out_, text);
        return *this;
    }
    Line& padded(std::string_view text, std::size_t width) {
        out_ += text;
        if (text.size() < width) out_.append(width - text.size(), ' ');
        return *this;
    }
    template <std::integral T>
    Line& decimal(T value, std::size_t width = 0) {
        std::array<char, 24> digits;
        const auto end = std::to_chars(digits.begin(), digits.end(), value).ptr;
        return padded({digits.begin(), static_cast<std::size_t>(end - digits.begin())}, width);
    }
    Line& hex(std::uint64_t value, std::size_t width = 1) {
        std::array<char, 16> digits;
        std::size_t start = digits.size();
        while (value != 0 || digits.size() - start < width) {
            digits[--start] = "0123456789abcdef"[value & 15];
            value >>= 4;
        }
        out_.append(digits.data() + start, digits.size() - start);
        return *this;
    }

  private:
    std::string& out_;
};

constexpr std::string_view unknown = "(unknown)", invalid = "unknown or invalid address";

class BacktracePrinter {
  public:
    BacktracePrinter(std::string& out, const Backtrace& trace) : out_(out), line_(out), trace_(trace) {}

    void print() {
        line_.text("PID: ")
            .decimal(trace_.pid, 7)
            .text("  TASK: ")
            .hex(trace_.task, trace_.style.address_digits);
        line_.text("  CPU: ");
        if (trace_.cpu) {
            line_.decimal(*trace_.cpu, 3);
        } else {
            line_.text("-  ");
        }
        line_.text("  COMMAND: \"").escaped(trace_.comm).text("\"\n");
        if (trace_.end == BacktraceEnd::None) line_.text("(no stack)\n");
        std::size_t next = 0;
        if (!trace_.registers.empty()) {
            const bool kernel = !trace_.registers_of_user && !trace_.frames.empty();
            if (kernel) {
                print_exception_ip(trace_.frames.front());
            } else {
                line_.text("    [exception ").text(trace_.style.ip_name).text(": user space]\n");
            }
            print_registers(trace_.registers);
            next = kernel;
        }
        for (; next < trace_.frames.size(); ++next) print_frame(next);
    }

  private:
    void print_frame(std::size_t index) {
        const Frame& frame = trace_.frames[index];
        const Frame* before = index > 0 ? &trace_.frames[index - 1] : nullptr;
        const bool behind_exception = before && !before->registers.empty();
        const bool new_stack = before && before->stack != frame.stack;
        const char* left = new_stack ? exception_stack_name(before->stack) : nullptr;
        if (new_stack && before->stack == StackKind::Irq && !behind_exception)
            line_.text("--- <IRQ stack> ---\n");
        if (behind_exception && left) line_.text("--- <").text(left).text(" exception stack> ---\n");
        // crash shows an interrupted function as a frame only where the stack changes with it.
        if (!behind_exception || left) print_line(frame);
        if (frame.registers.empty()) return;
        if (!frame.registers_of_user && index + 1 < trace_.frames.size())
            print_exception_ip(trace_.frames[index + 1]);
        print_registers(frame.registers);
    }

    void print_line(const Frame& frame) {
        line_.text(number_ < 10 ? " #" : "#")
            .decimal(number_)
            .text(" [")
            .hex(frame.slot, trace_.style.address_digits)
            .text("] ");
        ++number_;
        if (frame.trust == FrameTrust::Scan) line_.text("? ");
        line_.escaped(frame.function.empty() ? unknown : frame.function).text(" at ").hex(frame.ip);
        if (!frame.module.empty()) line_.text(" [").escaped(frame.module).text("]");
        out_ += '\n';
        print_source(frame);
    }

    void print_source(const Frame& frame) {
        for (const InlinedFunction& inlined : frame.inlined) {
            line_.text("    ").escaped(inlined.file).text(": ").decimal(inlined.line);
            line_.text(" (inlined ").escaped(inlined.function).text(")\n");
        }
        const auto& file = frame.inlined.empty() ? frame.file : frame.caller_file;
        const auto& line = frame.inlined.empty() ? frame.line : frame.caller_line;
        if (file) line_.text("    ").escaped(*file).text(": ").decimal(line.value_or(0)).text("\n");
    }

    void print_exception_ip(const Frame& frame) {
        line_.text("    [exception ").text(trace_.style.ip_name).text(": ");
        line_.escaped(frame.function.empty() ? invalid : frame.function);
        if (!frame.function.empty() && frame.offset != 0) line_.text("+").decimal(frame.offset);
        line_.text("]\n");
    }

    void print_registers(const std::vector<RegisterValue>& registers) {
        const std::size_t per_line = std::max<std::size_t>(trace_.style.registers_per_line, 1);
        for (std::size_t i = 0; i < registers.size(); ++i) {
            line_.text(i % per_line == 0 ? "    " : "  ");
            line_.text(registers[i].label).hex(registers[i].value, registers[i].digits);
            if ((i + 1) % per_line == 0 || i + 1 == registers.size()) out_ += '\n';
        }
    }

    std::string& out_;
    Line line_;
    const Backtrace& trace_;
    unsigned number_ = 0;
};

}  // namespace

void append_text(std::string& out, const Backtrace& trace) {
    BacktracePrinter(out, trace).print();
}

}  // namespace postmortem
