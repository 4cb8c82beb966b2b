// One step by the unwind tables: FrameWalker::step().
#include <array>

#include <fmt/format.h>

#include "kernel/unwind/frame_walker.h"

namespace postmortem {
namespace {

using x86_64::Reg;
using x86_64::Registers;

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

Result<std::uint64_t> from_saved(const UnwindPosition& at, Reg reg) {
    if (at.registers) return (*at.registers)[reg];
    return fail(ErrorCode::NotFound,
                fmt::format("the frame is found from {}, whose value was not saved", x86_64::name_of(reg)),
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
        if (orc.type != OrcType::Call) return registers_on(stacks, base).has_value();
        const auto ip = read_on(stacks, base - 8);
        return ip && is_return_address(*ip);
    };
    if (newer && leads_on(*newer)) return newer;
    const auto older = read_on(stacks, with_offset(at.sp, orc.sp_offset));
    return older && leads_on(*older) ? older : newer;
}

Result<std::uint64_t> FrameWalker::frame_base(const OrcEntry& orc, const UnwindPosition& at,
                                              StackSet stacks) {
    const auto bp = [&]() -> Result<std::uint64_t> {
        if (at.bp) return *at.bp;
        return fail(ErrorCode::NotFound, "the frame is found from RBP, whose value is not known", at.ip);
    };
    const auto add_offset = [&](std::uint64_t base) { return with_offset(base, orc.sp_offset); };
    switch (orc.sp_register) {
        case OrcRegister::Sp: return add_offset(at.sp);
        case OrcRegister::Bp: return bp().map(add_offset);
        case OrcRegister::SpIndirect: return indirect_by_sp(orc, at, stacks);
        case OrcRegister::BpIndirect:
            return bp().map(add_offset).and_then([&](std::uint64_t place) { return read_on(stacks, place); });
        case OrcRegister::Ax: return from_saved(at, Reg::Ax);
        case OrcRegister::R10: return from_saved(at, Reg::R10);
        case OrcRegister::R13: return from_saved(at, Reg::R13);
        case OrcRegister::Di: return from_saved(at, Reg::Di);
        case OrcRegister::Dx: return from_saved(at, Reg::Dx);
        case OrcRegister::Undefined:
        case OrcRegister::PreviousSp: break;
    }
    return fail(ErrorCode::Corrupt, "the unwind tables name a register that cannot hold a frame", at.ip);
}

// What cannot be read is merely unknown: most frames are found without it.
std::optional<std::uint64_t> FrameWalker::caller_bp(const OrcEntry& orc, const UnwindPosition& at,
                                                    const UnwindPosition& next, std::uint64_t base,
                                                    StackSet stacks) {
    const auto read_at = [&](std::uint64_t place) -> std::optional<std::uint64_t> {
        const auto value = read_on(stacks, with_offset(place, orc.bp_offset));
        return value ? std::optional(*value) : std::nullopt;
    };
    switch (orc.bp_register) {
        case OrcRegister::Undefined: return next.registers ? next.registers->bp() : at.bp;
        case OrcRegister::PreviousSp: return read_at(base);
        case OrcRegister::Bp: return at.bp ? read_at(*at.bp) : std::nullopt;
        default: return std::nullopt;
    }
}

// A hook is returned to at its first instruction, where no call returns to.
void FrameWalker::undo_return_hook(UnwindPosition& next) {
    const CodePlace& before = code_.at(next.ip - 1);
    if (before.start + before.size != next.ip) return;
    const CodePlace& hook = code_.at(next.ip);
    const CodeSource& source = code_.map().source();
    if (hook.start != next.ip || !source.is_return_hook(hook)) return;
    if (const auto address = source.true_return_address(hook, task_, next.slot)) {
        next.ip = *address;
    } else {
        next.interrupted = true;
    }
}

FrameWalker::Step FrameWalker::call_step(const OrcEntry& orc, const UnwindPosition& at, std::uint64_t base,
                                         StackSet stacks) {
    UnwindPosition next;
    next.slot = base - 8;
    next.sp = base;
    next.interrupted = orc.signal;
    const auto ip = read_on(stacks, next.slot);
    if (!ip) return failed(ip.error());
    next.ip = *ip;
    undo_return_hook(next);
    if (!code_.at(next.interrupted ? next.ip : next.ip - 1).is_text)
        return failed({ErrorCode::Corrupt,
                       fmt::format("the return address {:#x} does not lie in text", next.ip), next.slot});
    next.bp = caller_bp(orc, at, next, base, stacks);
    return moved(std::move(next));
}

FrameWalker::Step FrameWalker::registers_step(const OrcEntry& orc, const UnwindPosition& at,
                                              std::uint64_t base, StackSet stacks) {
    const bool whole = orc.type == OrcType::Regs;
    std::array<std::byte, x86_64::pt_regs_size> raw;
    const MutableBytes bytes = whole ? MutableBytes(raw) : MutableBytes(raw).first(x86_64::iret_frame_size);
    if (base % 8 != 0 || !read_on(stacks, base) || !read_on(stacks, base + bytes.size() - 8))
        return failed({ErrorCode::Corrupt, "the saved registers do not lie on a stack", base});
    if (const auto done = read_bytes(base, bytes); !done) return failed(done.error());
    auto saved = whole ? x86_64::parse_pt_regs(bytes) : x86_64::parse_iret_frame(bytes);

    UnwindPosition next;
    next.ip = saved->ip();
    next.sp = saved->sp();
    next.slot = next.sp;
    next.trust = FrameTrust::Registers;
    next.interrupted = orc.signal || saved->user_mode();
    // The registers that an entry has not saved yet still hold what the frame below saved for it.
    next.registers = whole ? saved : at.registers;
    next.bp = caller_bp(orc, at, next, base, stacks);
    Step step = moved(std::move(next));
    step.saved = std::move(saved);
    return step;
}

FrameWalker::Step FrameWalker::step(const UnwindPosition& at, StackSet stacks) {
    const CodePlace& place = code_.at(at.interrupted ? at.ip : at.ip - 1);
    if (!place.orc) return failed(place.orc.error());
    const OrcEntry& orc = *place.orc;
    if (orc.type == OrcType::EndOfStack) {
        Step step;
        step.outcome = Step::Outcome::EndOfStack;
        return step;
    }
    if (orc.type == OrcType::Undefined)
        return failed({ErrorCode::NotFound, "the unwind tables know no frame for this instruction", at.ip});
    const auto base = frame_base(orc, at, stacks);
    if (!base) return failed(base.error());
    return orc.type == OrcType::Call ? call_step(orc, at, *base, stacks)
                                     : registers_step(orc, at, *base, stacks);
}

}  // namespace postmortem
