#include "arch/ppc64/code.h"

namespace postmortem::ppc64 {
namespace {

// Power ISA, Book I, "Instruction Formats": all have four bytes, the highest six bits are the operation.
constexpr std::size_t instruction_size = 4;

struct Instruction {
    std::uint32_t bits = 0;

    unsigned operation() const { return bits >> 26; }
    unsigned target() const { return bits >> 21 & 31; }  // RT, RS, BO
    unsigned base() const { return bits >> 16 & 31; }    // RA, BI
    unsigned extended() const { return bits >> 1 & 0x3ff; }
    bool links() const { return (bits & 1) != 0; }
    bool absolute() const { return (bits & 2) != 0; }
    std::int16_t half() const { return static_cast<std::int16_t>(bits & 0xffff); }
    std::int32_t displacement() const {  // of a branch: 26 bits, the lowest two of which are flags
        return static_cast<std::int32_t>((bits & 0x03fffffc) << 6) >> 6;
    }
};

constexpr unsigned stack = 1;
constexpr unsigned branch = 18, branch_conditional = 16, by_register = 19;
constexpr unsigned to_link = 16, to_count = 528;
constexpr unsigned always = 20;  // BO

template <class Visit>
void for_each_instruction(Bytes code, Endian endian, const Visit& visit) {
    for (std::size_t at = 0; at + instruction_size <= code.size(); at += instruction_size)
        if (visit(Instruction{load<std::uint32_t>(code.data() + at, endian)}, at)) return;
}

bool is_branch(const Instruction& one) {
    return one.operation() == branch && !one.absolute();
}
bool is_by_register(const Instruction& one) {
    return one.operation() == by_register && (one.extended() == to_link || one.extended() == to_count);
}

// A conditional branch to the next instruction is how code learns where it is.
bool is_call(const Instruction& one) {
    if (!one.links()) return false;
    const bool conditional = one.operation() == branch_conditional && !one.absolute() && one.half() > 5;
    return is_branch(one) || is_by_register(one) || conditional;
}

bool ends_in_call(Bytes before, Endian endian) {
    return is_call({load<std::uint32_t>(before.data() + before.size() - instruction_size, endian)});
}

std::uint64_t moved(std::uint64_t place, std::int64_t by) {
    return place + static_cast<std::uint64_t>(by);
}

std::optional<std::uint64_t> direct_target(Bytes call, Endian endian, std::uint64_t return_address) {
    const Instruction one{load<std::uint32_t>(call.data(), endian)};
    if (!is_branch(one) || !one.links()) return std::nullopt;
    return moved(return_address - instruction_size, one.displacement());
}

bool reaches(Bytes code, Endian endian, std::uint64_t start, std::uint64_t wanted) {
    bool found = false;
    for_each_instruction(code, endian, [&](const Instruction& one, std::size_t at) {
        const std::uint64_t target = moved(start + at, one.displacement());
        found = is_branch(one) && (target == wanted || target == wanted + local_entry);
        return found;
    });
    return found;
}

// STDU and STDUX of the stack pointer, with itself as the base
bool makes_frame(const Instruction& one) {
    if (one.target() != stack || one.base() != stack) return false;
    return (one.operation() == 62 && (one.bits & 3) == 1) || (one.operation() == 31 && one.extended() == 181);
}

// ADDI, LD and MR (OR) to the stack pointer
bool ends_frame(const Instruction& one) {
    if (one.operation() == 14) return one.target() == stack && one.base() == stack && one.half() > 0;
    if (one.operation() == 58) return one.target() == stack && (one.bits & 3) == 0;
    return one.operation() == 31 && one.extended() == 444 && one.base() == stack;
}

// B, BLR and BCTR
bool leaves(const Instruction& one) {
    if (one.links()) return false;
    return is_branch(one) || (is_by_register(one) && (one.target() & always) == always);
}

}  // namespace

const CallSites call_sites = {instruction_size, ends_in_call, instruction_size,
                              direct_target,    reaches,      local_entry};

// Between the end of a frame and the return there are only a few instructions; what stands behind a return is
// another way through the function, which comes from where the frame was there.
bool has_frame(Bytes code, Endian endian) {
    bool made = false, ended = false;
    for_each_instruction(code, endian, [&](const Instruction& one, std::size_t) {
        made = made || makes_frame(one);
        if (made && ends_frame(one)) ended = true;
        if (leaves(one)) ended = false;
        return false;
    });
    return made && !ended;
}

}  // namespace postmortem::ppc64
