#include "report/backtrace/start_point.h"

#include <algorithm>

#include "base/checked.h"

namespace postmortem {
namespace {

struct StartPoint {
    std::uint64_t ip = 0, slot = 0;
};

Result<StartPoint> first_return_address(StackSet stacks, std::uint64_t sp, FrameWalker& walker) {
    const CodeMap& code = walker.code().map();
    const std::uint64_t word = code.arch().word_size;
    const auto holds = [&](const StackRange& one) { return one.holds(sp, word); };
    const auto stack = std::find_if(stacks.begin(), stacks.end(), holds);
    if (stack == stacks.end())
        return fail(ErrorCode::InvalidArgument, "the stack pointer that was given lies on none of its stacks",
                    sp);
    for (std::uint64_t slot = align_up(sp, word); stack->holds(slot, word); slot += word) {
        const auto held = walker.read(slot);
        const std::uint64_t ip = held ? code.unsigned_address(*held) : 0;
        if (held && code.is_return_address(ip)) return StartPoint{ip, slot};
    }
    return fail(ErrorCode::NotFound, "no return address lies above the stack pointer that was given", sp);
}

Result<StartPoint> place_of(StackSet stacks, std::uint64_t ip, FrameWalker& walker) {
    const CodeMap& code = walker.code().map();
    const std::uint64_t word = code.arch().word_size;
    for (const StackRange& stack : stacks)
        for (std::uint64_t slot = stack.low; stack.holds(slot, word); slot += word)
            if (const auto held = walker.read(slot); held && code.unsigned_address(*held) == ip)
                return StartPoint{ip, slot};
    return fail(ErrorCode::NotFound, "the instruction that was given occurs on none of its stacks", ip);
}

}  // namespace

void unwind_as_asked(const Unwinder& unwinder, const Task& task, const BacktraceRequest& request,
                     FrameWalker& walker, RawBacktrace& out) {
    if (task.stack == 0 || (!request.start_ip && !request.start_sp))
        return unwinder.unwind(task, walker, out);
    const auto stacks = unwinder.stacks_of(task);
    Result<StartPoint> start = StartPoint{request.start_ip.value_or(0), request.start_sp.value_or(0)};
    if (!request.start_ip) start = first_return_address(stacks, *request.start_sp, walker);
    if (!request.start_sp) start = place_of(stacks, *request.start_ip, walker);
    if (request.start_ip && !walker.code().map().at(*request.start_ip).is_text)
        start = fail(ErrorCode::InvalidArgument,
                     "the instruction that was given lies in no code of the kernel", *request.start_ip);
    if (start) return unwinder.unwind_from(task, start->ip, start->slot, walker, out);
    out.clear();
    out.end = BacktraceEnd::Lost;
    out.lost = start.error();
}

}  // namespace postmortem
