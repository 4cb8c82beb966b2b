#include "arch/arm64/code.h"

#include "arch/arm64/instruction.h"

namespace postmortem::arm64 {
namespace {

bool ends_in_call(Bytes before, Endian) {
    return Instruction::at(before, before.size() - Instruction::size).is_call();
}

std::optional<std::uint64_t> direct_target(Bytes call, Endian, std::uint64_t return_address) {
    const Instruction one = Instruction::at(call, 0);
    if (!one.is_branch_and_link()) return std::nullopt;
    return one.branch_target(return_address - Instruction::size);
}

bool reaches(Bytes code, Endian, std::uint64_t start, std::uint64_t target) {
    for (std::size_t at = 0; at + Instruction::size <= code.size(); at += Instruction::size) {
        const Instruction one = Instruction::at(code, at);
        if ((one.is_branch_and_link() || one.is_branch()) && one.branch_target(start + at) == target)
            return true;
    }
    return false;
}

}  // namespace

const CallSites call_sites = {Instruction::size, ends_in_call, Instruction::size, direct_target, reaches};

// Between the end of a frame and the return there are only a few instructions; what stands behind a return is
// another way through the function, which comes from where the frame was there.
bool has_frame(Bytes code, Endian) {
    bool made = false, ended = false;
    for (std::size_t at = 0; at + Instruction::size <= code.size(); at += Instruction::size) {
        const Instruction one = Instruction::at(code, at);
        made = made || one.sets_frame_pointer();
        if (one.restores_frame_pointer()) ended = true;
        if (one.is_return() || one.is_branch()) ended = false;
    }
    return made && !ended;
}

}  // namespace postmortem::arm64
