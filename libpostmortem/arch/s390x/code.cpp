#include "arch/s390x/code.h"

#include <algorithm>

namespace postmortem::s390x {
namespace {

// z/Architecture Principles of Operation, "Instruction Formats": big endian, the two highest bits tell the
// length.
struct Instruction {
    std::uint64_t bits = 0;  ///< from the highest bit down
    std::size_t size = 0;    ///< 0: the code ends within it

    unsigned opcode() const { return static_cast<unsigned>(bits >> 56); }
    unsigned field(unsigned at) const { return static_cast<unsigned>(bits >> (60 - at) & 0xf); }  // four bits
    std::int16_t half() const { return static_cast<std::int16_t>(bits >> 32 & 0xffff); }      // bits 16 to 31
    std::int32_t word() const { return static_cast<std::int32_t>(bits >> 16 & 0xffffffff); }  // bits 16 to 47
    unsigned extended() const { return static_cast<unsigned>(bits >> 16 & 0xff); }            // bits 40 to 47
};

constexpr unsigned link = 14, stack = 15;

Instruction instruction_at(Bytes code, std::size_t at) {
    if (at >= code.size()) return {};
    constexpr std::size_t sizes[] = {2, 4, 4, 6};
    const std::size_t size = sizes[std::to_integer<unsigned>(code[at]) >> 6];
    if (code.size() - at < size) return {};
    Instruction one{0, size};
    for (std::size_t i = 0; i < size; ++i)
        one.bits |= std::to_integer<std::uint64_t>(code[at + i]) << (56 - 8 * i);
    return one;
}

template <class Visit>
void for_each_instruction(Bytes code, const Visit& visit) {
    for (std::size_t at = 0;;) {
        const Instruction one = instruction_at(code, at);
        if (one.size == 0 || visit(one, at)) return;
        at += one.size;
    }
}

bool is_long_call(const Instruction& one) {  // BRASL
    return one.size == 6 && one.opcode() == 0xc0 && one.field(12) == 0x5;
}
bool is_short_call(const Instruction& one) {  // BRAS
    return one.size == 4 && one.opcode() == 0xa7 && one.field(12) == 0x5;
}
bool is_call_by_register(const Instruction& one) {  // BASR
    return one.size == 2 && one.opcode() == 0x0d && one.field(12) != 0;
}
bool is_call(const Instruction& one) {
    return (is_long_call(one) || is_short_call(one) || is_call_by_register(one)) && one.field(8) == link;
}

bool ends_in_call(Bytes before, Endian) {
    for (const std::size_t size : {6u, 4u, 2u}) {
        const Instruction one = instruction_at(before.last(size), 0);
        if (one.size == size && is_call(one)) return true;
    }
    return false;
}

std::uint64_t target(std::uint64_t place, std::int64_t halfwords) {
    return place + static_cast<std::uint64_t>(halfwords * 2);
}

std::optional<std::uint64_t> direct_target(Bytes call, Endian, std::uint64_t return_address) {
    const Instruction one = instruction_at(call, 0);
    if (is_long_call(one) && one.field(8) == link) return target(return_address - one.size, one.word());
    const Instruction last = instruction_at(call.last(4), 0);
    if (is_short_call(last) && last.field(8) == link) return target(return_address - last.size, last.half());
    return std::nullopt;
}

bool is_jump(const Instruction& one) {  // BRCL and BRC, whatever the condition
    return one.field(12) == 0x4 &&
           ((one.size == 6 && one.opcode() == 0xc0) || (one.size == 4 && one.opcode() == 0xa7));
}

bool reaches(Bytes code, Endian, std::uint64_t start, std::uint64_t wanted) {
    bool found = false;
    for_each_instruction(code, [&](const Instruction& one, std::size_t at) {
        if (one.size != 2 && (is_call(one) || is_jump(one)))
            found = target(start + at, one.size == 6 ? one.word() : one.half()) == wanted;
        return found;
    });
    return found;
}

// AGHI and AGFI, LAY: the stack pointer goes down.
bool makes_frame(const Instruction& one) {
    if (one.field(8) != stack) return false;
    if (one.size == 4 && one.opcode() == 0xa7 && one.field(12) == 0xb) return one.half() < 0;
    if (one.size == 6 && one.opcode() == 0xc2 && one.field(12) == 0x8) return one.word() < 0;
    const bool lay = one.size == 6 && one.opcode() == 0xe3 && one.extended() == 0x71;
    // The displacement's upper byte follows its lower twelve bits.
    return lay && one.field(16) == stack && one.field(12) == 0 && (one.bits >> 31 & 1) != 0;
}

// LMG that loads the stack pointer, too; AGHI and LA.
bool ends_frame(const Instruction& one) {
    const bool lmg = one.size == 6 && one.opcode() == 0xeb && one.extended() == 0x04;
    if (lmg) return one.field(12) == stack;
    if (one.field(8) != stack) return false;
    if (one.size == 4 && one.opcode() == 0xa7 && one.field(12) == 0xb) return one.half() > 0;
    const bool load = one.size == 6 && one.opcode() == 0xe3 && one.extended() == 0x04;  // LG
    return load || (one.size == 4 && one.opcode() == 0x41);
}

// BR, J and JG
bool leaves(const Instruction& one) {
    if (one.size == 2) return one.opcode() == 0x07 && one.field(8) == 0xf;
    return is_jump(one) && one.field(8) == 0xf;
}

}  // namespace

const CallSites call_sites = {6, ends_in_call, 6, direct_target, reaches};

// Between the end of a frame and the return there are only a few instructions; what stands behind a return is
// another way through the function, which comes from where the frame was there.
bool has_frame(Bytes code, Endian) {
    bool made = false, ended = false;
    for_each_instruction(code, [&](const Instruction& one, std::size_t) {
        made = made || makes_frame(one);
        if (made && ends_frame(one)) ended = true;
        if (leaves(one)) ended = false;
        return false;
    });
    return made && !ended;
}

}  // namespace postmortem::s390x
