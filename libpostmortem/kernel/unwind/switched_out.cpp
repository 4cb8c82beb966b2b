#include "kernel/unwind/switched_out.h"

namespace postmortem {

const SavedContext& saved_context(const Arch& arch, const TypeFinder& types) {
    for (const SavedContext& context : arch.switched_out)
        if (context.frame_type && types.find_struct(context.frame_type)) return context;
    return arch.switched_out.back();
}

SwitchedOut::Place SwitchedOut::find(const TypeFinder& types, const char* frame_type,
                                     const SavedRegister& saved) {
    Place place;
    if (saved.in_task) place.in_task = Field::find(types, "task_struct", {saved.in_task}).value_or(Field());
    place.in_frame = saved.frame_offset;
    if (frame_type && saved.in_frame)
        place.in_frame = types.offset_of(frame_type, saved.in_frame).value_or(saved.frame_offset);
    return place;
}

SwitchedOut::SwitchedOut(const Kernel& kernel) : memory_(kernel.memory()), word_(kernel.arch().word_size) {
    const TypeFinder& types = kernel.types();
    const SavedContext& context = saved_context(kernel.arch(), types);
    sp_ = Field::find(types, "task_struct", {kernel.arch().saved_sp}).value_or(Field());
    ip_ = find(types, context.frame_type, context.ip);
    fp_ = find(types, context.frame_type, context.fp);
}

Result<UnwindPosition> SwitchedOut::position(const Task& task, const StackRange& stack,
                                             FrameWalker& walker) const {
    const auto sp = task.saved_sp ? Result<std::uint64_t>(*task.saved_sp) : sp_.u64(memory_, task.address);
    if (!sp) return fail(sp.error());
    const std::uint64_t needed = ip_.on_stack() ? ip_.in_frame + word_ : 0;
    if (!stack.holds(*sp, needed))
        return fail(ErrorCode::Corrupt, "the saved stack pointer does not lie on the task's stack", *sp);
    const auto read = [&](const Place& place) {
        return place.on_stack() ? walker.read(*sp + place.in_frame)
                                : place.in_task.u64(memory_, task.address);
    };
    UnwindPosition start;
    start.slot = ip_.on_stack() ? *sp + ip_.in_frame : *sp;
    start.sp = ip_.on_stack() ? start.slot + word_ : *sp;
    start.trust = FrameTrust::Registers;
    const auto ip = read(ip_), fp = read(fp_);
    if (!ip) return fail(ip.error());
    start.ip = *ip;
    if (fp) start.fp = *fp;
    return start;
}

}  // namespace postmortem
