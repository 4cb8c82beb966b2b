#include "report/backtrace/backtrace_text.h"

#include <algorithm>

#include "report/backtrace/line_writer_text.h"

namespace postmortem {
namespace {

constexpr std::string_view unknown = "(unknown)", invalid = "unknown or invalid address";

class BacktracePrinter {
  public:
    BacktracePrinter(std::string& out, const Backtrace& trace, const BacktracePrinting& how)
        : out_(out), line_(out), trace_(trace), how_(how) {}

    void print() {
        print_header();
        switch (trace_.view) {
            case StackView::Frames: return print_frames();
            case StackView::Text: return print_text(!how_.numbered_text);
            case StackView::WholeText: return print_text(false);
            case StackView::SavedFrames: return print_saved();
            case StackView::Raw: return print_words(trace_.raw, "", ":  ");
        }
    }

    /// Each behind an empty line.
    void print_saved() {
        for (const SavedFrame& saved : trace_.saved) {
            out_ += '\n';
            print_saved_frame(saved);
        }
    }

  private:
    void print_header() {
        append_header(out_, trace_.pid, trace_.task, trace_.cpu, trace_.comm, trace_.style.address_digits);
        if (trace_.end == BacktraceEnd::None) line_.text("(no stack)\n");
    }

    void print_frames() {
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
        const Frame* after = index + 1 < trace_.frames.size() ? &trace_.frames[index + 1] : nullptr;
        // An entry that changes stacks itself (before 5.8) leaves the registers on the one that it came from.
        if (!frame.registers.empty() && frame.stack == StackKind::Irq &&
            (!after || after->stack != frame.stack))
            line_.text("--- <IRQ stack> ---\n");
        if (!frame.registers.empty() && !frame.registers_of_user && after) print_exception_ip(*after);
        print_registers(frame.registers);
        print_cause(frame);
        print_words(frame.data, "    ", ": ");
    }

    void print_line(const Frame& frame) {
        print_number();
        line_.text("[").hex(frame.slot, trace_.style.address_digits).text("] ");
        if (frame.trust == FrameTrust::Scan) line_.text("? ");
        print_place(frame, how_.offsets);
        out_ += '\n';
        print_source(frame);
    }

    void print_number() {
        line_.text(number_ < 10 ? " #" : "#").decimal(number_).text(" ");
        ++number_;
    }

    template <class Place>
    void print_place(const Place& place, bool with_offset) {
        line_.escaped(place.function.empty() ? unknown : place.function);
        if (with_offset && !place.function.empty() && place.offset != 0) print_offset(place.offset);
        line_.text(" at ").hex(place.ip);
        if (!place.module.empty()) line_.text(" [").escaped(place.module).text("]");
    }

    void print_offset(std::uint64_t offset) {
        if (how_.hexadecimal)
            line_.text("+0x").hex(offset);
        else
            line_.text("+").decimal(offset);
    }

    // As many words on a line as make two of 16 digits.
    void print_words(const std::vector<StackWord>& words, std::string_view indent, std::string_view colon) {
        const std::size_t digits = trace_.style.address_digits, per_line = digits > 8 ? 2 : 4;
        for (std::size_t i = 0; i < words.size(); ++i) {
            if (i % per_line == 0) line_.text(indent).hex(words[i].address, digits).text(colon);
            const std::size_t start = out_.size();
            print_word(words[i], digits);
            const std::size_t length = out_.size() - start;
            if (length < digits) out_.append(digits - length, ' ');
            out_ += ' ';
            if ((i + 1) % per_line == 0 || i + 1 == words.size()) out_ += '\n';
        }
    }

    void print_word(const StackWord& word, std::size_t digits) {
        if (!word.value) {
            out_.append(digits, '?');
        } else if (!word.symbol.empty()) {
            line_.escaped(word.symbol);
        } else if (!word.cache.empty()) {
            line_.text("[");
            if (how_.cache_addresses) line_.hex(*word.value, digits).text(":");
            line_.escaped(word.cache).text("]");
        } else {
            line_.hex(*word.value, digits);
        }
    }

    void print_text(bool with_start) {
        if (with_start && !trace_.frames.empty()) {
            line_.text("              START: ");
            print_place(trace_.frames.front(), false);
            out_ += '\n';
        }
        const StackText* before = nullptr;
        for (const StackText& text : trace_.text) {
            // A frame's number is for what can be a return address.
            if (how_.numbered_text && text.offset == 0) continue;
            if (before && before->stack != text.stack) print_stack_change(*before, text);
            if (how_.numbered_text)
                print_number();
            else
                line_.text("  ");
            line_.text("[").hex(text.slot, trace_.style.address_digits).text("] ");
            print_place(text, how_.offsets);
            out_ += '\n';
            if (!text.registers.empty() && text.registers_of_user) print_registers(text.registers);
            before = &text;
        }
    }

    void print_stack_change(const StackText& before, const StackText& after) {
        const char* left = exception_stack_name(before.stack);
        if (!before.registers.empty()) {
            print_exception_ip(after);
            print_registers(before.registers);
        }
        if (left) line_.text("--- <").text(left).text(" exception stack> ---\n");
        if (before.stack == StackKind::Irq && before.registers.empty()) line_.text("--- <IRQ stack> ---\n");
    }

    void print_saved_frame(const SavedFrame& saved) {
        line_.text(saved.user ? "  USER" : "  KERNEL").text("-MODE EXCEPTION FRAME AT: ");
        line_.hex(saved.address, trace_.style.address_digits).text("\n");
        if (!saved.user) print_exception_ip(saved);
        print_registers(saved.registers);
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

    template <class Place>
    void print_exception_ip(const Place& frame) {
        line_.text("    [exception ").text(trace_.style.ip_name).text(": ");
        const bool in_module = frame.function.empty() && !frame.module.empty();
        line_.escaped(in_module ? unknown : frame.function.empty() ? invalid : frame.function);
        if (!frame.function.empty() && frame.offset != 0) line_.text("+").decimal(frame.offset);
        if (in_module) line_.text(" [").escaped(frame.module).text("]");
        line_.text("]\n");
    }

    void print_cause(const Frame& frame) {
        if (!frame.cause.empty()) line_.text("    [cause: ").text(frame.cause).text("]\n");
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
    LineWriter line_;
    const Backtrace& trace_;
    BacktracePrinting how_;
    unsigned number_ = 0;
};

}  // namespace

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
        case StackKind::Untranslated: return "NODAT";
        case StackKind::Restart: return "RESTART";
        case StackKind::Task:
        case StackKind::Irq:
        case StackKind::Entry: break;
    }
    return nullptr;
}

void append_header(std::string& out, std::int32_t pid, std::uint64_t task, std::optional<std::uint32_t> cpu,
                   std::string_view comm, std::size_t address_digits) {
    LineWriter line(out);
    line.text("PID: ").decimal(pid, 7).text("  TASK: ").hex(task, address_digits).text("  CPU: ");
    if (cpu) {
        line.decimal(*cpu, 3);
    } else {
        line.text("-  ");
    }
    line.text("  COMMAND: \"").escaped(comm).text("\"\n");
}

void append_saved_frames(std::string& out, const std::vector<SavedFrame>& saved,
                         const BacktraceStyle& style) {
    Backtrace trace;
    trace.style = style;
    trace.saved = saved;
    BacktracePrinter(out, trace, {}).print_saved();
}

void append_text(std::string& out, const Backtrace& trace, const BacktracePrinting& how) {
    BacktracePrinter(out, trace, how).print();
}

}  // namespace postmortem
