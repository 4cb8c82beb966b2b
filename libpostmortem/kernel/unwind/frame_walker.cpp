#include "kernel/unwind/frame_walker.h"

#include <algorithm>

#include "base/checked.h"

namespace postmortem {
namespace {

// Every guess may search a whole stack; a backtrace that needs more is noise.
constexpr unsigned most_guesses = 32;
// Frames whose stack pointer lies on no stack (an overflowed one): they cannot be told apart from a loop.
constexpr unsigned most_frames_off_stack = 4;

// The index of the stack that holds a frame; the number of stacks where none does.
std::size_t stack_index(StackSet stacks, const UnwindPosition& at) {
    const auto holds = [&](const StackRange& stack) { return stack.holds(at.slot, 1); };
    return static_cast<std::size_t>(std::find_if(stacks.begin(), stacks.end(), holds) - stacks.begin());
}

// Makes sure that a walk ends: on each stack it only ever goes upwards, also when it comes back to one.
class Progress {
  public:
    explicit Progress(StackSet stacks) : stacks_(stacks), reached_(stacks.size(), 0) {}

    bool advance(const UnwindPosition& to) {
        const std::size_t index = stack_index(stacks_, to);
        if (index == stacks_.size()) return ++off_stack_ <= most_frames_off_stack;
        if (to.sp <= reached_[index]) return false;
        reached_[index] = to.sp;
        return true;
    }

  private:
    StackSet stacks_;
    std::vector<std::uint64_t> reached_;
    unsigned off_stack_ = 0;
};

}  // namespace

void RawBacktrace::clear() {
    start.reset();
    frames.clear();
    registers.clear();
    end = BacktraceEnd::None;
    lost.reset();
    guessed.reset();
}

UnwindPosition UnwindPosition::from_registers(SavedRegisters registers) {
    UnwindPosition position;
    position.ip = registers->ip();
    position.sp = position.slot = registers->sp();
    position.fp = registers->fp();
    position.registers = std::move(registers);
    position.trust = FrameTrust::Registers;
    position.interrupted = true;
    return position;
}

Result<void> FrameWalker::read_bytes(std::uint64_t address, MutableBytes out) {
    const std::uint64_t page = align_down(address, page_size);
    if (page != cached_page_) {
        cached_page_ = 1;
        // Bytes that cross a page, or lie in one that is not whole, are read past the cache.
        if (!code_.map().memory().read(page, page_, Caching::Pass))
            return code_.map().memory().read(address, out);
        cached_page_ = page;
    }
    if (out.size() > page_size - (address - page)) return code_.map().memory().read(address, out);
    std::copy_n(page_.begin() + static_cast<std::ptrdiff_t>(address - page), out.size(), out.begin());
    return {};
}

Result<std::uint64_t> FrameWalker::read(std::uint64_t address) {
    std::array<std::byte, 8> raw;
    if (auto done = read_bytes(address, MutableBytes(raw).first(word_)); !done)
        return fail(std::move(done.error()));
    return word_ == 8 ? load<std::uint64_t>(raw.data(), endian_) : load<std::uint32_t>(raw.data(), endian_);
}

Result<std::uint64_t> FrameWalker::read_on(StackSet stacks, std::uint64_t address) {
    const bool on_stack =
        address % word_ == 0 && std::any_of(stacks.begin(), stacks.end(),
                                            [&](const StackRange& s) { return s.holds(address, word_); });
    if (!on_stack) return fail(ErrorCode::Corrupt, "a frame does not lie on a stack", address);
    return read(address);
}

bool FrameWalker::plausible(const Registers& registers) {
    if (!registers.possible()) return false;
    if (registers.user_mode()) return registers.ip() < arch_.memory.user_end;
    return code_.at(registers.ip()).is_text;
}

SavedRegisters FrameWalker::registers_on(StackSet stacks, std::uint64_t address) {
    SavedRegisters registers = linked_registers_on(stacks, address);
    return registers && plausible(*registers) ? registers : nullptr;
}

SavedRegisters FrameWalker::linked_registers_on(StackSet stacks, std::uint64_t address) {
    std::array<std::byte, largest_frame> room;
    const MutableBytes raw = MutableBytes(room).first(arch_.frames.size);
    if (!read_on(stacks, address) || !read_on(stacks, address + raw.size() - word_)) return nullptr;
    if (!read_bytes(address, raw)) return nullptr;
    const auto registers = arch_.frames.parse(raw, endian_, address);
    if (!registers || !registers->possible()) return nullptr;
    if (registers->user_mode() && registers->ip() >= arch_.memory.user_end) return nullptr;
    return std::make_shared<const Registers>(*registers);
}

bool FrameWalker::went_wild(const UnwindPosition& at) const {
    return at.interrupted && at.registers && !code_.map().source().may_be_text(at.ip);
}

// An entry that saved only some registers, as those of system calls did until 4.1, left in the room of the
// others what it called.
SavedRegisters FrameWalker::partly_saved(const UnwindPosition& at, StackSet stacks) {
    const std::uint64_t most_not_saved = arch_.registers->fp + std::uint64_t{2};
    for (const StackRange& stack : stacks) {
        if (stack.kind != StackKind::Task || !stack.holds(at.sp, word_) || code_.map().has_tables()) continue;
        const std::uint64_t room = stack.high - arch_.frames.size, not_saved = (at.sp - room) / word_;
        if (at.sp <= room || not_saved > most_not_saved) return nullptr;
        const SavedRegisters all = registers_on(stacks, room);
        if (!all || !all->user_mode()) return nullptr;
        Registers some = *all;
        some.known &= ~((std::uint64_t{1} << not_saved) - 1);
        return std::make_shared<const Registers>(some);
    }
    return nullptr;
}

// A user task that has not run since it was forked ends where its registers lie, without a word in the
// tables.
bool FrameWalker::attach_user_registers(const UnwindPosition& at, StackSet stacks, RawBacktrace& out) {
    auto registers = registers_on(stacks, at.sp);
    if (!registers) registers = partly_saved(at, stacks);
    if (!registers || !registers->user_mode()) return false;
    out.frames.back().registers = static_cast<std::uint32_t>(out.registers.size());
    out.registers.push_back(*registers);
    return true;
}

// An entry that was interrupted before it changed to the kernel's stack: nothing of the kernel's lies behind
// it.
bool FrameWalker::is_on_programs_stack(const UnwindPosition& at) const {
    return user_task_ && at.interrupted && at.sp < arch_.memory.lowest_kernel_address;
}

// Behind a function's last instruction lies another function.
std::uint64_t FrameWalker::bytes_behind_instruction(const Registers& saved, const CodePlace& entry) const {
    if (!saved.file->bytes_behind || entry.function != arch_.frames.exception_entry) return 0;
    return saved.file->bytes_behind(saved);
}

void FrameWalker::walk(const UnwindPosition& start, StackSet stacks, bool user_task, RawBacktrace& out) {
    user_task_ = user_task;
    Progress progress(stacks);
    unsigned guesses = 0;
    const auto lose = [&](Error error) {
        out.end = BacktraceEnd::Lost;
        out.lost = std::move(error);
    };
    const auto push = [&](const UnwindPosition& at) {
        const std::size_t index = stack_index(stacks, at);
        StackKind kind = StackKind::Task;
        if (index < stacks.size()) {
            kind = stacks[index].kind;
        } else if (!out.frames.empty()) {
            kind = out.frames.back().stack;
        }
        const CodePlace& place = code_.at(at.is_exact() ? at.ip : at.ip - 1);
        out.frames.push_back({at.ip, at.slot, &place, at.trust, kind, at.interrupted, std::nullopt});
    };

    UnwindPosition at = start;
    progress.advance(at);
    push(at);
    for (;;) {
        Step step = sure_step(at, stacks);
        const auto end = [&] {
            const bool user = user_task && attach_user_registers(at, stacks, out);
            const bool entry = user_task && (in_entry(at, stacks) || is_on_programs_stack(at));
            out.end = user || entry ? BacktraceEnd::User : BacktraceEnd::Kernel;
        };
        if (step.outcome == Step::Outcome::EndOfStack) return end();
        const bool to_user = step.saved && step.saved->user_mode();
        if (step.outcome == Step::Outcome::Moved && !to_user && !progress.advance(step.next)) {
            step.outcome = Step::Outcome::Failed;
            step.error = Error(ErrorCode::Corrupt, "the stack goes in the wrong direction", step.next.sp);
        }
        if (step.outcome == Step::Outcome::Failed) {
            Error error = std::move(step.error).value_or(Error(ErrorCode::Corrupt, "no frame was found"));
            if (++guesses > most_guesses) return lose(std::move(error));
            step = guess(at, stacks);
            if (step.outcome == Step::Outcome::EndOfStack) return end();
            const bool user = step.saved && step.saved->user_mode();
            if (step.outcome != Step::Outcome::Moved || (!user && !progress.advance(step.next)))
                return lose(std::move(error));
            // Generated code has no tables and keeps frame pointers: so goes the kernel's own unwinder, too.
            const bool sure = step.next.trust != FrameTrust::Scan && error.code == ErrorCode::NotFound;
            if (!sure && !out.guessed) out.guessed = std::move(error);
        }
        if (step.outcome == Step::Outcome::Moved && step.error && !out.guessed)
            out.guessed = std::move(step.error);
        if (step.saved) {
            out.frames.back().registers = static_cast<std::uint32_t>(out.registers.size());
            out.registers.push_back(*step.saved);
            if (step.saved->user_mode()) {
                out.end = BacktraceEnd::User;
                return;
            }
            step.next.ip -= bytes_behind_instruction(*step.saved, code_.at(at.ip - 1));
        }
        at = std::move(step.next);
        push(at);
    }
}

}  // namespace postmortem
