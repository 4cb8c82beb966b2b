// Walks a stack from the innermost frame outwards. One step follows the kernel's own unwinder
// (unwind_next_frame() in arch/x86/kernel/unwind_orc.c, and unwind_frame.c for kernels with frame pointers);
// where its tables fail, a frame pointer or a scan of the stack may still lead on.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <postmortem/backtrace.h>

#include "arch/registers.h"
#include "kernel/unwind/code_map.h"
#include "kernel/unwind/stacks.h"

namespace postmortem {

/// One frame, still with the addresses of what is known of it. `place` belongs to the CodeMap.
struct RawFrame {
    std::uint64_t ip = 0;
    std::uint64_t slot = 0;
    const CodePlace* place = nullptr;
    FrameTrust trust = FrameTrust::Orc;
    StackKind stack = StackKind::Task;
    bool interrupted = false;
    std::optional<std::uint32_t> registers;  ///< saved by this frame: an index into RawBacktrace::registers
};

struct RawBacktrace {
    std::optional<Registers> start;  ///< where the backtrace starts from a CPU's registers
    std::vector<RawFrame> frames;    ///< innermost first
    std::vector<Registers> registers;
    BacktraceEnd end = BacktraceEnd::None;
    std::optional<Error> lost;  ///< why, where `end` is Lost
    std::optional<Error>
        guessed;  ///< why the walk went on by guesses, where it did: the first of the reasons

    void clear();
};

/// The stacks that a walk may touch.
using StackSet = std::span<const StackRange>;

/// Registers that a frame saved. They lie apart: few frames have any, and positions are copied for each.
using SavedRegisters = std::shared_ptr<const Registers>;

/// A point between two frames: what the kernel calls struct unwind_state.
struct UnwindPosition {
    std::uint64_t ip = 0;
    std::uint64_t sp = 0;    ///< the stack pointer once the frame below has returned
    std::uint64_t slot = 0;  ///< where `ip` was read from
    std::optional<std::uint64_t> fp;
    SavedRegisters registers;  ///< all of them, right behind an exception frame; else null
    FrameTrust trust = FrameTrust::Orc;
    bool interrupted = false;  ///< `ip` is the next instruction, not a return address
    bool by_name = false;      ///< a return address that no call left: where a function begins

    bool is_exact() const { return interrupted || by_name; }
    static UnwindPosition from_registers(SavedRegisters registers);
    static UnwindPosition from_registers(const Registers& registers) {
        return from_registers(std::make_shared<const Registers>(registers));
    }
};

/// For one thread. Borrows the code map and its memory.
class FrameWalker {
  public:
    explicit FrameWalker(const CodeMap& code)
        : code_(code), arch_(code.arch()), word_(arch_.word_size), endian_(code.memory().endian()) {}

    /// Whose stack is walked: the address of a task_struct, for return addresses that tracers replaced.
    void set_task(std::uint64_t task) { task_ = task; }

    struct Step {
        enum class Outcome : std::uint8_t { Moved, EndOfStack, Failed };
        Outcome outcome = Outcome::Failed;
        UnwindPosition next;
        SavedRegisters saved;        ///< the registers that lay between the two frames; else null
        std::optional<Error> error;  ///< why it failed; where it moved: why that is not sure

        static Step end_of_stack() {
            Step step;
            step.outcome = Outcome::EndOfStack;
            return step;
        }
    };
    /// From one frame to its caller by the unwind tables alone.
    Step step(const UnwindPosition& at, StackSet stacks);

    /// The same, and where the tables leave a function out, by the call of that very function; where there
    /// are no tables at all, by frame pointers.
    Step sure_step(const UnwindPosition& at, StackSet stacks);

    /// Walks from `start` as far as it goes and appends the frames. `user_task`: its stack starts with the
    /// registers of a user's program.
    void walk(const UnwindPosition& start, StackSet stacks, bool user_task, RawBacktrace& out);

    /// A word of the crashed machine.
    Result<std::uint64_t> read(std::uint64_t address);
    /// Bytes of the crashed machine.
    Result<void> read_block(std::uint64_t address, MutableBytes out) { return read_bytes(address, out); }
    CodeMapView& code() { return code_; }

  private:
    static constexpr std::uint64_t page_size = 4096;
    static constexpr std::uint64_t most_padding = 64;  ///< TOP_OF_KERNEL_STACK_PADDING is 16 at most
    static constexpr std::size_t largest_frame = most_registers * sizeof(std::uint64_t);

    void undo_return_hook(UnwindPosition& next);
    /// What the word in `slot` makes a function return to: without its signature, and behind a tracer's hook.
    std::uint64_t true_return_address(std::uint64_t word, std::uint64_t slot);
    Result<std::uint64_t> frame_base(const OrcEntry& orc, const UnwindPosition& at, StackSet stacks);
    Result<std::uint64_t> indirect_by_sp(const OrcEntry& orc, const UnwindPosition& at, StackSet stacks);
    Step call_step(const OrcEntry& orc, const UnwindPosition& at, std::uint64_t base, StackSet stacks);
    Step registers_step(const OrcEntry& orc, const UnwindPosition& at, std::uint64_t base, StackSet stacks);
    std::optional<std::uint64_t> caller_fp(const OrcEntry& orc, const UnwindPosition& at,
                                           const UnwindPosition& next, std::uint64_t base, StackSet stacks);

    Step moved_to(std::uint64_t ip, std::uint64_t slot, FrameTrust trust) const;
    Step guess(const UnwindPosition& at, StackSet stacks);
    Step by_call_site(const UnwindPosition& at, StackSet stacks);
    Step by_frame_pointer(const UnwindPosition& at, StackSet stacks);
    Step by_marked_registers(std::uint64_t place, const StackRange& stack, StackSet stacks);
    /// Those that a program's task has at the start of its stack, or null.
    SavedRegisters program_registers(std::uint64_t place, StackSet stacks);
    Step by_entry(const UnwindPosition& at, StackSet stacks);
    Step by_bare_entry(const UnwindPosition& at, StackSet stacks);
    bool where_pushed(const Registers& registers, std::uint64_t place, const StackRange& stack) const;
    std::optional<std::uint64_t> frame_beside(std::uint64_t slot, StackSet stacks);
    std::optional<std::uint64_t> saved_beside(std::uint64_t slot, const StackRange& stack, StackSet stacks);
    Step by_records(const UnwindPosition& at, StackSet stacks);
    Step by_link_register(const UnwindPosition& at, StackSet stacks);
    Step by_registers_around(std::uint64_t record, std::uint64_t fp, std::uint64_t ip, StackSet stacks);
    Step at_first_frame(StackSet stacks);
    Step by_linked_frames(const UnwindPosition& at, StackSet stacks);
    /// Why the frame pointer leads no further.
    Error no_frame_linked(const UnwindPosition& at, StackSet stacks);
    /// Of a frame that lies on a stack: why it cannot be read; nothing where it can.
    std::optional<Error> lost_frame(std::uint64_t fp, StackSet stacks);
    Step by_leaf_frame(const UnwindPosition& at, StackSet stacks);
    Step by_overflow(const UnwindPosition& at, StackSet stacks);
    Step by_saved_registers(const UnwindPosition& at, StackSet stacks);
    Step by_named_return(const UnwindPosition& at, StackSet stacks);
    Step by_back_chain(const UnwindPosition& at, StackSet stacks);
    bool may_be_lost_text(std::uint64_t ip);
    /// Moved, and yet not sure.
    Step into_lost_text(std::uint64_t ip, std::uint64_t slot) const;
    Step by_unsaved_link(const UnwindPosition& at, std::uint64_t frame, StackSet stacks);
    Step by_marked_frame(std::uint64_t frame, StackSet stacks);
    Step by_first_frame(std::uint64_t frame, StackSet stacks);
    Step by_links(const UnwindPosition& at, StackSet stacks);
    Step by_fresh_call(const UnwindPosition& at, StackSet stacks);
    bool is_own_snapshot(const Registers& saved, const UnwindPosition& at);
    Step by_unmarked_registers(const UnwindPosition& at, StackSet stacks);
    Step by_entry_frame(const UnwindPosition& at, StackSet stacks);
    bool is_first_frame(const UnwindPosition& at, StackSet stacks);
    Step by_start(const UnwindPosition& at, StackSet stacks);
    bool in_entry(const UnwindPosition& at, StackSet stacks) const;
    bool is_on_programs_stack(const UnwindPosition& at) const;
    bool starts_stack(std::uint64_t registers, const StackRange& stack) const;
    bool starts_a_stack(std::uint64_t registers, StackSet stacks) const;
    bool in_their_place(const Registers& registers, std::uint64_t end, StackSet stacks) const;
    Step by_scan(const UnwindPosition& at, StackSet stacks);

    Result<std::uint64_t> read_on(StackSet stacks, std::uint64_t address);
    /// A struct pt_regs that nothing but itself speaks for, or null: it has to be plausible.
    SavedRegisters registers_on(StackSet stacks, std::uint64_t address);
    /// One that the words around it lead to, or null: the instruction may be any, where a wild pointer was
    /// called.
    SavedRegisters linked_registers_on(StackSet stacks, std::uint64_t address);
    /// One whose instruction may be any, and which lies where an exception of the kernel puts it, or null.
    SavedRegisters wild_registers_on(StackSet stacks, std::uint64_t place);
    bool plausible(const Registers& registers);
    /// Interrupted where there is no code at all: what has led there is a call or a jump, and nothing has run
    /// since.
    bool went_wild(const UnwindPosition& at) const;
    Result<void> read_bytes(std::uint64_t address, MutableBytes out);
    SavedRegisters partly_saved(const UnwindPosition& at, StackSet stacks);
    /// How far the saved instruction pointer is behind the instruction that led to this entry.
    std::uint64_t bytes_behind_instruction(const Registers& saved, const CodePlace& entry) const;
    bool attach_user_registers(const UnwindPosition& at, StackSet stacks, RawBacktrace& out);

    bool is_return_address(std::uint64_t address) const { return code_.map().is_return_address(address); }

    CodeMapView code_;
    const Arch& arch_;
    const std::uint64_t word_;  ///< bytes
    const Endian endian_;
    std::uint64_t task_ = 0;
    bool user_task_ = false;
    std::uint64_t cached_page_ = 1;  // no page starts there
    std::array<std::byte, page_size> page_;
};

}  // namespace postmortem
