#include "kernel/unwind/switched_out.h"

#include <algorithm>

namespace postmortem {

namespace {

constexpr std::uint64_t largest_function = 64 * 1024;

std::optional<std::uint64_t> behind_call(const Kernel& kernel, const FixedReturn& fixed) {
    const CallSites& calls = kernel.arch().code.calls;
    const auto callee = kernel.symbol(fixed.callee);
    if (!callee || !calls.direct_target) return std::nullopt;
    for (const char* name : fixed.callers) {
        const auto start = kernel.symbol(name);
        const auto hit = start ? kernel.symbol_at(*start) : fail(start.error());
        if (!hit || hit->size < calls.direct_size) continue;
        const auto code = kernel.memory().bytes(*start, std::min(hit->size, largest_function));
        if (!code) continue;
        for (std::uint64_t end = calls.direct_size; end <= code->size(); ++end) {
            const Bytes call = Bytes(*code).subspan(end - calls.direct_size, calls.direct_size);
            if (calls.direct_target(call, kernel.memory().endian(), *start + end) == *callee)
                return *start + end;
        }
    }
    return std::nullopt;
}

}  // namespace

SwitchedOut::Place SwitchedOut::find(const TypeFinder& types, const char* frame_type,
                                     const SavedRegister& saved, std::uint64_t word) {
    Place place;
    if (saved.in_task) place.in_task = Field::find(types, "task_struct", {saved.in_task}).value_or(Field());
    // The first of an array
    if (place.in_task.elements() != 0) place.in_task = place.in_task.element(0, word);
    place.in_frame = saved.frame_offset;
    if (frame_type && saved.in_frame)
        place.in_frame = types.offset_of(frame_type, saved.in_frame).value_or(saved.frame_offset);
    return place;
}

SwitchedOut::SwitchedOut(const Kernel& kernel) : memory_(kernel.memory()), word_(kernel.arch().word_size) {
    const TypeFinder& types = kernel.types();
    const auto contexts = kernel.arch().switched_out;
    const SavedContext* known = nullptr;
    for (const SavedContext& context : contexts) {
        const bool by_type = context.frame_type && types.find_struct(context.frame_type);
        const bool by_member =
            context.ip.in_task && find(types, nullptr, context.ip, word_).in_task.present();
        if (!known && (by_type || by_member)) known = &context;
    }
    for (const SavedContext& context : contexts) {
        if (known || !context.fixed_return) continue;
        fixed_return_ = behind_call(kernel, *context.fixed_return);
        if (fixed_return_) known = &context;
    }
    const SavedContext& context = known ? *known : contexts.front();
    frame_size_ = context.frame_size;
    in_callers_frame_ = context.in_callers_frame;
    sp_ = Field::find(types, "task_struct", {kernel.arch().saved_sp}).value_or(Field());
    ip_ = find(types, context.frame_type, context.ip, word_);
    fp_ = find(types, context.frame_type, context.fp, word_);
    told_ = !context.frame_type || known;
    const auto place = [&](const char* name) {
        const auto address = kernel.symbol(name);
        return address ? std::optional(*address) : std::nullopt;
    };
    switch_to_ = place("__switch_to_asm");
    fork_ = place("ret_from_fork_asm");  // since 6.6 (3aec4ecb3d1f)
    if (!fork_) fork_ = place("ret_from_fork");
}

// struct inactive_task_frame of x86 starts with the flags since 5.2 (6690e86be83a) and in vendors' kernels;
// on x86_64 for a few releases alone.
std::int64_t SwitchedOut::shift(std::uint64_t sp, FrameWalker& walker) const {
    if (told_ || !ip_.on_stack() || !switch_to_) return 0;
    const auto word = static_cast<std::int64_t>(word_);
    for (const std::int64_t by : {std::int64_t{0}, word, -word}) {
        const auto ip = walker.read(sp + ip_.in_frame + static_cast<std::uint64_t>(by));
        if (ip && (*ip == fork_ || walker.code().map().call_target(*ip) == *switch_to_)) return by;
    }
    return 0;
}

Result<UnwindPosition> SwitchedOut::position(const Task& task, const StackRange& stack,
                                             FrameWalker& walker) const {
    auto sp = task.saved_sp ? Result<std::uint64_t>(*task.saved_sp) : sp_.u64(memory_, task.address);
    if (!sp) return fail(sp.error());
    const bool ip_on_stack = ip_.on_stack() && !fixed_return_;
    const std::uint64_t needed = ip_on_stack ? ip_.in_frame + word_ : frame_size_;
    if (!stack.holds(*sp, needed))
        return fail(ErrorCode::Corrupt, "the saved stack pointer does not lie on the task's stack", *sp);
    if (in_callers_frame_) {
        sp = walker.read(*sp);
        if (!sp) return fail(sp.error());
        if (!stack.holds(*sp, needed))
            return fail(ErrorCode::Corrupt, "the frame that was switched from is chained to none", *sp);
    }
    *sp += static_cast<std::uint64_t>(shift(*sp, walker));
    const auto read = [&](const Place& place) {
        return place.on_stack() ? walker.read(*sp + place.in_frame)
                                : place.in_task.u64(memory_, task.address);
    };
    UnwindPosition start;
    start.slot = ip_on_stack ? *sp + ip_.in_frame : *sp;
    start.sp = ip_on_stack ? start.slot + word_ : *sp + frame_size_;
    start.trust = FrameTrust::Registers;
    const auto ip = fixed_return_ ? Result<std::uint64_t>(*fixed_return_) : read(ip_), fp = read(fp_);
    if (!ip) return fail(ip.error());
    start.ip = walker.code().map().unsigned_address(*ip);
    if (fp) start.fp = *fp;
    // Before it has run, its registers alone lie there.
    if (!ip_on_stack && frame_size_ != 0 && fork_ && start.ip == *fork_) {
        start.sp = *sp;
        start.fp.reset();
    }
    return start;
}

}  // namespace postmortem
