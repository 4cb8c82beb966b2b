// One step by the unwind tables: FrameWalker::step().
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "kernel/unwind/frame_walker.h"

namespace postmortem {
namespace {

FrameWalker::Step failed(Error error) {
    FrameWalker::Step step;
    step.error = std::move(error);
    return step;
}

FrameWalker::Step moved(UnwindPosition next) {
    FrameWalker::Step step;
    step.outcome = FrameWalker::Step::Outcome::Moved;
    step.next = std::move(next);
    return step;
}

Result<std::uint64_t> from_saved(const RegisterFile& file, const UnwindPosition& at, std::uint8_t index) {
    if (at.registers) return (*at.registers)[index];
    return fail(ErrorCode::NotFound,
                fmt::format("the frame is found from {}, whose value was not saved", file.names[index]),
                at.ip);
}

std::uint64_t with_offset(std::uint64_t base, std::int16_t offset) {
    return base + static_cast<std::uint64_t>(std::int64_t{offset});
}

}  // namespace

// Since 5.12 (87ccc826bf1c, and in stable kernels before) the offset is added to what the stack holds, before
// to the place where it is read. The right one of the two leads to a frame.
Result<std::uint64_t> FrameWalker::indirect_by_sp(const OrcEntry& orc, const UnwindPosition& at,
                                                  StackSet stacks) {
    auto newer = read_on(stacks, at.sp);
    if (newer) newer = with_offset(*newer, orc.sp_offset);
    if (orc.sp_offset == 0) return newer;
    const auto leads_on = [&](std::uint64_t base) {
        if (orc.type != OrcType::Call) return registers_on(stacks, base) != nullptr;
        const auto ip = read_on(stacks, base - word_);
        return ip && is_return_address(*ip);
    };
    if (newer && leads_on(*newer)) return newer;
    const auto older = read_on(stacks, with_offset(at.sp, orc.sp_offset));
    return older && leads_on(*older) ? older : newer;
}

Result<std::uint64_t> FrameWalker::frame_base(const OrcEntry& orc, const UnwindPosition& at,
                                              StackSet stacks) {
    const auto fp = [&]() -> Result<std::uint64_t> {
        if (at.fp) return *at.fp;
        return fail(ErrorCode::NotFound,
                    fmt::format("the frame is found from {}, whose value is not known",
                                arch_.registers->names[arch_.registers->fp]),
                    at.ip);
    };
    const auto add_offset = [&](std::uint64_t base) { return with_offset(base, orc.sp_offset); };
    switch (orc.sp_register.base) {
        case OrcRegister::Sp: return add_offset(at.sp);
        case OrcRegister::Fp: return fp().map(add_offset);
        case OrcRegister::SpIndirect: return indirect_by_sp(orc, at, stacks);
        case OrcRegister::FpIndirect:
            return fp().map(add_offset).and_then([&](std::uint64_t place) { return read_on(stacks, place); });
        case OrcRegister::Saved: return from_saved(*arch_.registers, at, orc.sp_register.saved);
        case OrcRegister::Undefined:
        case OrcRegister::PreviousSp: break;
    }
    return fail(ErrorCode::Corrupt, "the unwind tables name a register that cannot hold a frame", at.ip);
}

// What cannot be read is merely unknown: most frames are found without it.
std::optional<std::uint64_t> FrameWalker::caller_fp(const OrcEntry& orc, const UnwindPosition& at,
                                                    const UnwindPosition& next, std::uint64_t base,
                                                    StackSet stacks) {
    const auto read_at = [&](std::uint64_t place) -> std::optional<std::uint64_t> {
        const auto value = read_on(stacks, with_offset(place, orc.fp_offset));
        return value ? std::optional(*value) : std::nullopt;
    };
    switch (orc.fp_register.base) {
        case OrcRegister::Undefined: return next.registers ? next.registers->fp() : at.fp;
        case OrcRegister::PreviousSp: return read_at(base);
        case OrcRegister::Fp: return at.fp ? read_at(*at.fp) : std::nullopt;
        default: return std::nullopt;
    }
}

// A hook is returned to at its first instruction, where no call returns to. Two tracers may have the same
// return address: what the one put there is what the other has kept.
void FrameWalker::undo_return_hook(UnwindPosition& next) {
    constexpr unsigned most_tracers = 4;  // of two kinds: probes, and the function graph
    const CodeSource& source = code_.map().source();
    for (unsigned undone = 0; undone <= most_tracers; ++undone) {
        const CodePlace& before = code_.at(next.ip - 1);
        if (before.start + before.size != next.ip) return;
        const CodePlace& hook = code_.at(next.ip);
        if (hook.start != next.ip || !source.is_return_hook(hook)) return;
        const auto address = source.true_return_address(hook, task_, next.slot);
        if (!address) break;
        next.ip = *address;
    }
    next.interrupted = true;
}

std::uint64_t FrameWalker::true_return_address(std::uint64_t word, std::uint64_t slot) {
    const std::uint64_t ip = code_.map().unsigned_address(word);
    if (!code_.map().source().leads_to_return_hook(ip)) return ip;
    UnwindPosition position;
    position.ip = ip;
    position.slot = slot;
    undo_return_hook(position);
    return position.ip;
}

FrameWalker::Step FrameWalker::call_step(const OrcEntry& orc, const UnwindPosition& at, std::uint64_t base,
                                         StackSet stacks) {
    UnwindPosition next;
    next.slot = base - word_;
    next.sp = base;
    next.interrupted = orc.signal;
    const auto ip = read_on(stacks, next.slot);
    if (!ip) return failed(ip.error());
    next.ip = *ip;
    undo_return_hook(next);
    if (!code_.at(next.interrupted ? next.ip : next.ip - 1).is_text)
        return failed({ErrorCode::Corrupt,
                       fmt::format("the return address {:#x} does not lie in text", next.ip), next.slot});
    next.fp = caller_fp(orc, at, next, base, stacks);
    return moved(std::move(next));
}

FrameWalker::Step FrameWalker::registers_step(const OrcEntry& orc, const UnwindPosition& at,
                                              std::uint64_t base, StackSet stacks) {
    const bool whole = orc.type == OrcType::Regs;
    std::array<std::byte, largest_frame> room;
    const MutableBytes bytes = MutableBytes(room).first(whole ? arch_.frames.size : arch_.frames.pushed_size);
    if (bytes.empty() || !read_on(stacks, base) || !read_on(stacks, base + bytes.size() - word_))
        return failed({ErrorCode::Corrupt, "the saved registers do not lie on a stack", base});
    if (const auto done = read_bytes(base, bytes); !done) return failed(done.error());
    const auto parsed = (whole ? arch_.frames.parse : arch_.frames.parse_pushed)(bytes, endian_, base);
    if (!parsed) return failed({ErrorCode::Corrupt, "the saved registers are cut short", base});
    if (!parsed->possible() || !in_their_place(*parsed, base + bytes.size(), stacks))
        return failed(
            {ErrorCode::Corrupt, "what lies where registers should have been saved is something else", base});
    auto saved = std::make_shared<const Registers>(*parsed);

    UnwindPosition next;
    next.ip = saved->ip();
    next.sp = saved->sp();
    next.slot = next.sp;
    next.trust = FrameTrust::Registers;
    next.interrupted = orc.signal || saved->user_mode();
    // The registers that an entry has not saved yet still hold what the frame below saved for it.
    next.registers = whole ? saved : at.registers;
    next.fp = caller_fp(orc, at, next, base, stacks);
    Step step = moved(std::move(next));
    step.saved = std::move(saved);
    return step;
}

// On a task's stack the registers of its program are the very first that was put there (task_pt_regs()).
bool FrameWalker::in_their_place(const Registers& registers, std::uint64_t end, StackSet stacks) const {
    if (!registers.user_mode()) return true;
    return std::none_of(stacks.begin(), stacks.end(), [&](const StackRange& stack) {
        return stack.kind == StackKind::Task && stack.holds(end - 1, 1) && stack.high - end > most_padding;
    });
}

FrameWalker::Step FrameWalker::step(const UnwindPosition& at, StackSet stacks) {
    const CodePlace& place = code_.at(at.interrupted ? at.ip : at.ip - 1);
    if (!place.orc) return failed(place.orc.error());
    const OrcEntry& orc = *place.orc;
    if (orc.type == OrcType::EndOfStack) return Step::end_of_stack();
    if (orc.type == OrcType::Undefined)
        return failed({ErrorCode::NotFound, "the unwind tables know no frame for this instruction", at.ip});
    const auto base = frame_base(orc, at, stacks);
    if (!base) return failed(base.error());
    return orc.type == OrcType::Call ? call_step(orc, at, *base, stacks)
                                     : registers_step(orc, at, *base, stacks);
}

}  // namespace postmortem
