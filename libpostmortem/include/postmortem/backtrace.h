// The answer to `bt`: what tasks were executing, from the innermost function outwards.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/problem.h>

namespace postmortem {

/// How a frame was found, from the surest to the least sure.
enum class FrameTrust : std::uint8_t {
    Registers,     ///< the instruction pointer in saved registers
    Orc,           ///< the kernel's own unwind tables led here
    CallSite,      ///< found on the stack: a return address behind a call of the very function below
    LinkRegister,  ///< the return address that an interrupted function without a frame had in a register; the
                   ///< kernel's own traces leave its caller out
    FramePointer,  ///< a frame pointer led here, to a return address behind a call instruction
    Scan,          ///< a guess: the next return address behind a call instruction on the stack
};
/// "registers", "orc", "call-site", "link-register", "frame-pointer", "scan".
POSTMORTEM_API std::string_view to_string(FrameTrust trust);

enum class StackKind : std::uint8_t {
    Task,
    Irq,
    Nmi,
    DoubleFault,
    StackFault,
    Debug,
    MachineCheck,
    VmmCommunication,  ///< #VC of SEV-ES guests, and its fallback
    Overflow,          ///< where the report of an overflowed stack is written
    Sdei,              ///< events of the firmware
    Untranslated,      ///< where code runs without address translation
    Restart,           ///< of a CPU that was told to start anew
    Entry,             ///< the few words that an entry from user mode starts on
};
/// "task", "irq", "nmi", "double-fault", "stack-fault", "debug", "machine-check", "vmm-communication",
/// "overflow", "sdei", "nodat", "restart", "entry".
POSTMORTEM_API std::string_view to_string(StackKind kind);

struct RegisterValue {
    std::string_view name;  ///< upper case, as the kernel's oops names it; static storage
    std::uint64_t value = 0;
    std::string_view label;    ///< what stands before the value in text; static storage
    std::uint8_t digits = 16;  ///< of the value in text, at least
};

/// How an architecture's backtraces are printed.
struct BacktraceStyle {
    std::string_view ip_name;          ///< of the instruction pointer; static storage
    std::uint8_t address_digits = 16;  ///< of an address
    std::uint8_t registers_per_line = 3;
};

/// A function that the compiler merged into the one around it. Known only with a vmlinux.
struct InlinedFunction {
    std::string function;
    std::string file;  ///< where execution is inside it
    std::uint32_t line = 0;
};

/// A word of a stack, and what it points to.
struct StackWord {
    std::uint64_t address = 0;           ///< where it lies
    std::optional<std::uint64_t> value;  ///< absent where the dump lacks it
    std::string symbol;                  ///< "schedule+90"; empty where no symbol covers the value
    std::string cache;                   ///< the slab cache that the value points into; untrusted
};

struct Frame {
    std::uint64_t ip = 0;    ///< a return address, or (`interrupted`) the instruction itself
    std::uint64_t slot = 0;  ///< where on the stack the return address lies; the interrupted sp
    std::string function;    ///< as kallsyms names it; empty where nothing covers the address
    std::uint64_t offset = 0;
    std::uint64_t size = 0;  ///< of the function; 0 where unknown
    std::string module;      ///< empty for the kernel itself
    FrameTrust trust = FrameTrust::Orc;
    StackKind stack = StackKind::Task;
    bool interrupted = false;  ///< this code did not call the frame before: it was interrupted

    /// The registers that this frame saved when it interrupted the next frame, or the user's program.
    /// Empty for most frames.
    std::vector<RegisterValue> registers;
    bool registers_of_user = false;  ///< they are those of a user's program: this is the last frame
    std::string_view cause;          ///< why they were saved: "load page fault"; static storage

    std::optional<std::string> file;  ///< with a vmlinux, where asked for
    std::optional<std::uint32_t> line;
    std::vector<InlinedFunction> inlined;  ///< innermost first
    /// Where inlined functions were found: the place in `function` itself that they were inlined into.
    std::optional<std::string> caller_file;
    std::optional<std::uint32_t> caller_line;
    /// Where asked for: what lies on the stack between this frame's return address and the next one's,
    /// which is the last word.
    std::vector<StackWord> data;
};

/// A word of a stack that is an address in text: a return address, what is left of one, a pointer to a
/// function.
struct StackText {
    std::uint64_t slot = 0;  ///< where it lies
    std::uint64_t ip = 0;
    std::string function;
    std::uint64_t offset = 0;
    std::string module;  ///< empty for the kernel itself
    StackKind stack = StackKind::Task;
    /// As a frame's: what was saved where the code that comes next was interrupted, or the user's program.
    std::vector<RegisterValue> registers;
    bool registers_of_user = false;
};

/// What looks like registers that an exception, an interrupt or a system call saved.
struct SavedFrame {
    std::uint64_t address = 0;  ///< where they lie
    bool user = false;          ///< of a user's program
    std::string function;       ///< that was interrupted; empty for a user's program
    std::uint64_t offset = 0;
    std::string module;  ///< that the code is of; empty for the kernel itself
    std::vector<RegisterValue> registers;
};

/// What is shown of a stack.
enum class StackView : std::uint8_t {
    Frames,
    Text,         ///< every address in text, from where the task was
    WholeText,    ///< the same of the whole stack
    SavedFrames,  ///< what looks like saved registers
    Raw,          ///< every word
};
/// "frames", "text", "whole-text", "saved-frames", "raw".
POSTMORTEM_API std::string_view to_string(StackView view);

/// Where a backtrace ends.
enum class BacktraceEnd : std::uint8_t {
    User,    ///< at the registers of the user's program
    Kernel,  ///< at the first function of a kernel thread or an idle task
    Lost,    ///< somewhere before: the problems say why
    None,    ///< the task has no stack any more (a zombie)
};
/// "user", "kernel", "lost", "none".
POSTMORTEM_API std::string_view to_string(BacktraceEnd end);

struct Backtrace {
    std::int32_t pid = 0;
    std::uint64_t task = 0;            ///< address of the task_struct
    std::optional<std::uint32_t> cpu;  ///< where it runs or last ran
    std::string comm;                  ///< untrusted text: escape before printing
    bool active = false;               ///< a CPU was running it
    BacktraceStyle style;

    /// The CPU's registers that the backtrace starts from; empty where it starts from a saved return address.
    std::vector<RegisterValue> registers;
    bool registers_of_user = false;  ///< the CPU was running the user's program: there are no frames
    std::vector<Frame> frames;       ///< innermost first
    BacktraceEnd end = BacktraceEnd::None;

    /// In place of frames, where asked for.
    StackView view = StackView::Frames;
    std::vector<StackText> text;    ///< from the innermost outwards
    std::vector<SavedFrame> saved;  ///< from the innermost outwards
    std::vector<StackWord> raw;     ///< the whole stack
};

struct BacktraceList {
    std::vector<Backtrace> backtraces;
    Problems problems;
};

/// Which tasks.
struct BacktraceRequest {
    enum class Which {
        PanicTask,  ///< the one that brought the kernel down; where none did, the one on CPU 0
        Active,     ///< one per CPU, the panic task's first
        OnCpus,     ///< what `cpus` were running
        All,
        Selected,  ///< those that `selectors` name: a pid, the address of a task_struct, a command name
    };
    Which which = Which::PanicTask;
    std::vector<std::string> selectors;
    /// Look up file, line and inlined functions of each frame. Needs a vmlinux with DWARF; frames in modules
    /// stay without.
    bool source_lines = false;
    bool inlined = false;  ///< the inlined functions, too

    std::vector<std::uint32_t> cpus;
    bool thread_group = false;  ///< all threads of each task's group, the leader first
    bool skip_idle = false;     ///< no idle tasks
    StackView view = StackView::Frames;
    enum class FrameData : std::uint8_t { None, Words, Symbols };
    FrameData frame_data = FrameData::None;
    /// Only backtraces in which this occurs: a function's name, or a number (hexadecimal) that is an address
    /// of a frame, a word of its data or a register.
    std::string reference;
    /// Start from this return address, or interrupted instruction, and from this place on the stack.
    std::optional<std::uint64_t> start_ip, start_sp;
};

/// How backtraces are printed.
struct BacktracePrinting {
    bool offsets = false;           ///< "schedule+90" in place of "schedule"
    bool hexadecimal = false;       ///< "schedule+0x5a"
    bool cache_addresses = false;   ///< "[ffff888c41200000:task_struct]" in place of "[task_struct]"
    bool numbered_text = false;     ///< the text of a stack numbered like frames
    bool blank_line_after = false;  ///< an empty line behind each, not between two
};

}  // namespace postmortem
