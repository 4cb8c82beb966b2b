#include "report/backtrace/saved_frames.h"

namespace postmortem {
namespace {

constexpr std::uint64_t most_padding_above = 64;

// A program's have its addresses in them; where the architecture does not say what they usually look like,
// they are believed where they must be, at the very start of the stack. The kernel's lead to text and to a
// stack of the kernel, and where they look unusual, to the very place above them.
bool believable(std::uint64_t address, const Registers& registers, const StackRange& stack,
                FrameWalker& walker) {
    const Arch& arch = walker.code().map().arch();
    if (!registers.possible()) return false;
    const std::uint64_t end = address + arch.frames.size;
    if (registers.user_mode())
        return registers.usual() && registers.ip() < arch.memory.user_end &&
               registers.sp() < arch.memory.user_end &&
               (registers.file->usual || stack.high - end <= most_padding_above);
    if (!walker.code().map().source().may_be_text(registers.ip())) return false;
    const CodePlace& place = walker.code().at(registers.ip());
    const bool leads_above = registers.sp() - end <= arch.word_size;
    return place.is_text && registers.sp() >= arch.memory.lowest_kernel_address &&
           (leads_above || registers.usual());
}

SavedFrame describe_saved(std::uint64_t address, const Registers& registers, FrameWalker& walker) {
    SavedFrame saved;
    saved.address = address;
    saved.user = registers.user_mode();
    if (!saved.user) {
        const CodePlace& place = walker.code().at(registers.ip());
        saved.function = place.function;
        if (!place.function.empty()) saved.offset = registers.ip() - place.start;
        saved.module = place.module;
    }
    fill_registers(saved.registers, registers, true);
    return saved;
}

}  // namespace

void fill_registers(std::vector<RegisterValue>& values, const Registers& registers, bool at_entry) {
    const RegisterFile& file = *registers.file;
    values.clear();
    values.reserve(file.printed.size());
    for (const auto& [index, label, digits] : file.printed) {
        if (!registers.knows(index) || (!at_entry && index == file.entry_only)) continue;
        values.push_back({file.names[index], registers[index], label, digits});
    }
}

Result<void> find_saved_frames(const StackRange& stack, FrameWalker& walker, std::vector<SavedFrame>& found) {
    const CodeMap& code = walker.code().map();
    const ExceptionFrames& frames = code.arch().frames;
    const std::uint64_t word = code.arch().word_size;
    if (frames.size == 0 || !frames.parse) return {};
    Result<void> searched;
    std::vector<std::byte> window(frames.size);
    for (std::uint64_t at = stack.low; stack.holds(at, frames.size); at += word) {
        if (auto read = walker.read_block(at, window); !read) {
            if (searched) searched = std::move(read);
            continue;
        }
        const auto registers = frames.parse(window, code.memory().endian(), at);
        if (registers && believable(at, *registers, stack, walker))
            found.push_back(describe_saved(at, *registers, walker));
    }
    return searched;
}

}  // namespace postmortem
