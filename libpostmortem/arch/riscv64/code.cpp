#include "arch/riscv64/code.h"

#include <algorithm>

namespace postmortem::riscv64 {
namespace {

// The RISC-V Instruction Set Manual, volume I, chapters "RV32I" and "C". Instructions are little endian on
// every machine, and begin at even addresses.
constexpr std::uint32_t half = 2, whole = 4;

struct Instruction {
    std::uint32_t word = 0;  ///< of a compressed one the lower half
    std::uint32_t size = 0;  ///< 0: the code ends within it

    bool compressed() const { return size == half; }
    bool is(std::uint32_t mask, std::uint32_t value) const { return size == whole && (word & mask) == value; }
    bool is_compressed(std::uint32_t mask, std::uint32_t value) const {
        return compressed() && (word & mask) == value;
    }
};

Instruction instruction_at(Bytes code, std::size_t at) {
    const std::size_t left = code.size() - std::min(at, code.size());
    if (left < half) return {};
    const std::uint32_t low = load<std::uint16_t>(code.data() + at, Endian::Little);
    if ((low & 3) != 3) return {low, half};
    if (left < whole) return {};
    return {load<std::uint32_t>(code.data() + at, Endian::Little), whole};
}

std::uint32_t bits(std::uint32_t word, unsigned low, unsigned count) {
    return word >> low & ((1u << count) - 1);
}

std::uint64_t extended(std::uint32_t value, unsigned sign_bit) {
    const unsigned unused = 31 - sign_bit;
    return static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(value << unused) >> unused});
}

// JAL, C.J: what is added to their own address.
std::uint64_t jump_distance(std::uint32_t word) {
    return extended(
        bits(word, 21, 10) << 1 | bits(word, 20, 1) << 11 | bits(word, 12, 8) << 12 | bits(word, 31, 1) << 20,
        20);
}
std::uint64_t short_jump_distance(std::uint32_t word) {
    return extended(bits(word, 3, 3) << 1 | bits(word, 11, 1) << 4 | bits(word, 2, 1) << 5 |
                        bits(word, 7, 1) << 6 | bits(word, 6, 1) << 7 | bits(word, 9, 2) << 8 |
                        bits(word, 8, 1) << 10 | bits(word, 12, 1) << 11,
                    11);
}

constexpr std::uint32_t link_register = 1;
std::uint32_t destination(std::uint32_t word) {
    return bits(word, 7, 5);
}
std::uint32_t source(std::uint32_t word) {
    return bits(word, 15, 5);
}
bool is_jal(std::uint32_t word) {
    return (word & 0x7f) == 0x6f;
}
bool is_jalr(std::uint32_t word) {
    return (word & 0x707f) == 0x67;
}
bool is_auipc(std::uint32_t word) {
    return (word & 0x7f) == 0x17;
}

// AUIPC and JALR: what both add to the address of the former.
std::optional<std::uint64_t> far_distance(std::uint32_t first, std::uint32_t second) {
    if (!is_auipc(first) || !is_jalr(second) || destination(first) != source(second)) return std::nullopt;
    return extended(first & 0xfffff000, 31) + extended(second >> 20, 11);
}

bool ends_in_call(Bytes before, Endian) {
    const auto word = load<std::uint32_t>(before.data() + before.size() - whole, Endian::Little);
    if ((is_jal(word) || is_jalr(word)) && destination(word) == link_register) return true;
    const std::uint32_t last = word >> 16;
    return (last & 0xf07f) == 0x9002 && destination(last) != 0;  // C.JALR
}

std::optional<std::uint64_t> direct_target(Bytes call, Endian, std::uint64_t return_address) {
    const auto first = load<std::uint32_t>(call.data(), Endian::Little),
               second = load<std::uint32_t>(call.data() + whole, Endian::Little);
    if (destination(second) != link_register) return std::nullopt;
    if (is_jal(second)) return return_address - whole + jump_distance(second);
    const auto far = far_distance(first, second);
    return far ? std::optional(return_address - 2 * whole + *far) : std::nullopt;
}

std::optional<std::uint64_t> target_of(const Instruction& one, const Instruction& next, std::uint64_t place) {
    if (one.is_compressed(0xe003, 0xa001)) return place + short_jump_distance(one.word);
    if (one.size != whole) return std::nullopt;
    if (is_jal(one.word)) return place + jump_distance(one.word);
    const auto far = next.size == whole ? far_distance(one.word, next.word) : std::nullopt;
    return far ? std::optional(place + *far) : std::nullopt;
}

template <class Visit>
void for_each_instruction(Bytes code, const Visit& visit) {
    for (std::size_t at = 0;;) {
        const Instruction one = instruction_at(code, at);
        if (one.size == 0 || visit(one, at)) return;
        at += one.size;
    }
}

bool reaches(Bytes code, Endian, std::uint64_t start, std::uint64_t target) {
    bool found = false;
    for_each_instruction(code, [&](const Instruction& one, std::size_t at) {
        found = target_of(one, instruction_at(code, at + one.size), start + at) == target;
        return found;
    });
    return found;
}

// ADDI S0, SP, n
bool sets_frame_pointer(const Instruction& one) {
    return one.is(0xfffff, 0x10413) || (one.is_compressed(0xe01f, 0) && one.word != 0);
}
// LD S0, n(SP)
bool restores_frame_pointer(const Instruction& one) {
    return one.is(0xfffff, 0x13403) || one.is_compressed(0xef83, 0x6402);
}
// SD RA, n(SP)
bool saves_link(const Instruction& one) {
    return one.is(0x01fff07f, 0x00113023) || one.is_compressed(0xe07f, 0xe006);
}
// RET and jumps that do not come back
bool leaves(const Instruction& one) {
    if (one.is_compressed(0xe003, 0xa001)) return true;
    if (one.is_compressed(0xf07f, 0x8002)) return destination(one.word) != 0;
    return one.size == whole && (is_jal(one.word) || is_jalr(one.word)) && destination(one.word) == 0;
}

}  // namespace

const CallSites call_sites = {whole, ends_in_call, 2 * whole, direct_target, reaches};

// Between the end of a frame and the return there are only a few instructions; what stands behind a return is
// another way through the function, which comes from where the frame was there.
bool has_frame(Bytes code, Endian) {
    bool made = false, ended = false;
    for_each_instruction(code, [&](const Instruction& one, std::size_t) {
        made = made || sets_frame_pointer(one);
        if (restores_frame_pointer(one)) ended = true;
        if (leaves(one)) ended = false;
        return false;
    });
    return made && !ended;
}

bool keeps_link(Bytes code, Endian) {
    bool kept = false;
    for_each_instruction(code, [&](const Instruction& one, std::size_t) {
        kept = saves_link(one);
        return kept;
    });
    return kept;
}

}  // namespace postmortem::riscv64
