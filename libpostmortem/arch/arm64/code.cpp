#include "arch/arm64/code.h"

namespace postmortem::arm64 {
namespace {

constexpr std::uint32_t instruction_size = 4;

// Arm ARM (DDI 0487), C6.2. Instructions are little endian on every machine.
std::uint32_t instruction(Bytes code, std::size_t at) {
    return load<std::uint32_t>(code.data() + at, Endian::Little);
}

bool is_branch_and_link(std::uint32_t word) {
    return (word & 0xfc000000) == 0x94000000;  // BL
}
bool is_branch(std::uint32_t word) {
    return (word & 0xfc000000) == 0x14000000;  // B
}
bool is_indirect_call(std::uint32_t word) {
    // BLR; BLRAA, BLRAB, BLRAAZ, BLRABZ
    return (word & 0xfffffc1f) == 0xd63f0000 || (word & 0xfefff800) == 0xd63f0800;
}
bool is_return(std::uint32_t word) {
    // RET; RETAA, RETAB
    return (word & 0xfffffc1f) == 0xd65f0000 || (word & 0xfffffbff) == 0xd65f0bff;
}
bool sets_frame_pointer(std::uint32_t word) {
    return (word & 0xffc003ff) == 0x910003fd;  // ADD X29, SP, #n; MOV X29, SP
}
bool restores_frame_pointer(std::uint32_t word) {
    // LDP X29, X30, [SP, ...] with an offset, or with the stack pointer moved after or before
    return (word & 0xfe407fff) == 0xa8407bfd;
}

std::uint64_t target_of(std::uint32_t word, std::uint64_t place) {
    const auto words = static_cast<std::int32_t>(word << 6) >> 6;  // 26 bits, signed
    return place + static_cast<std::uint64_t>(std::int64_t{words} * instruction_size);
}

bool ends_in_call(Bytes before, Endian) {
    const std::uint32_t word = instruction(before, before.size() - instruction_size);
    return is_branch_and_link(word) || is_indirect_call(word);
}

std::optional<std::uint64_t> direct_target(Bytes call, Endian, std::uint64_t return_address) {
    const std::uint32_t word = instruction(call, 0);
    if (!is_branch_and_link(word)) return std::nullopt;
    return target_of(word, return_address - instruction_size);
}

bool reaches(Bytes code, Endian, std::uint64_t start, std::uint64_t target) {
    for (std::size_t at = 0; at + instruction_size <= code.size(); at += instruction_size) {
        const std::uint32_t word = instruction(code, at);
        if ((is_branch_and_link(word) || is_branch(word)) && target_of(word, start + at) == target)
            return true;
    }
    return false;
}

}  // namespace

const CallSites call_sites = {instruction_size, ends_in_call, instruction_size, direct_target, reaches};

// Between the end of a frame and the return there are only a few instructions; what stands behind a return is
// another way through the function, which comes from where the frame was there.
bool has_frame(Bytes code, Endian) {
    bool made = false, ended = false;
    for (std::size_t at = 0; at + instruction_size <= code.size(); at += instruction_size) {
        const std::uint32_t word = instruction(code, at);
        made = made || sets_frame_pointer(word);
        if (restores_frame_pointer(word)) ended = true;
        if (is_return(word) || is_branch(word)) ended = false;
    }
    return made && !ended;
}

}  // namespace postmortem::arm64
