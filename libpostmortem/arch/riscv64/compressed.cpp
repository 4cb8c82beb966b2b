#include "arch/riscv64/compressed.h"

namespace postmortem::riscv64 {
namespace {

// The RISC-V Instruction Set Manual, volume I, chapter "C".
constexpr std::uint32_t zero = 0, ra = 1, sp = 2;
constexpr std::uint32_t ebreak = 0x00100073;
enum Opcode : std::uint32_t {
    Load = 0x03,
    LoadFp = 0x07,
    OpImm = 0x13,
    OpImm32 = 0x1b,
    Store = 0x23,
    StoreFp = 0x27,
    Op = 0x33,
    Lui = 0x37,
    Op32 = 0x3b,
    Branch = 0x63,
    Jalr = 0x67,
    Jal = 0x6f
};

std::uint32_t field(std::uint32_t word, unsigned low, unsigned count) {
    return word >> low & ((1u << count) - 1);
}
// Bits of a word, moved to where they belong.
std::uint32_t moved(std::uint32_t word, unsigned low, unsigned count, unsigned to) {
    return field(word, low, count) << to;
}
std::int32_t with_sign(std::uint32_t value, unsigned sign_bit) {
    const unsigned unused = 31 - sign_bit;
    return static_cast<std::int32_t>(value << unused) >> unused;
}

std::uint32_t immediate_form(Opcode opcode, std::uint32_t function, std::uint32_t rd, std::uint32_t rs1,
                             std::int32_t value) {
    return static_cast<std::uint32_t>(value) << 20 | rs1 << 15 | function << 12 | rd << 7 | opcode;
}
std::uint32_t register_form(Opcode opcode, std::uint32_t function, std::uint32_t rd, std::uint32_t rs2,
                            bool alternate = false) {
    return (alternate ? 1u << 30 : 0) | rs2 << 20 | rd << 15 | function << 12 | rd << 7 | opcode;
}
std::uint32_t store_form(Opcode opcode, std::uint32_t function, std::uint32_t rs2, std::uint32_t rs1,
                         std::uint32_t offset) {
    return moved(offset, 5, 7, 25) | rs2 << 20 | rs1 << 15 | function << 12 | moved(offset, 0, 5, 7) | opcode;
}

std::uint32_t jump(std::uint32_t word) {
    const std::int32_t by = with_sign(moved(word, 3, 3, 1) | moved(word, 11, 1, 4) | moved(word, 2, 1, 5) |
                                          moved(word, 7, 1, 6) | moved(word, 6, 1, 7) | moved(word, 9, 2, 8) |
                                          moved(word, 8, 1, 10) | moved(word, 12, 1, 11),
                                      11);
    const auto bits = static_cast<std::uint32_t>(by);
    return moved(bits, 20, 1, 31) | moved(bits, 1, 10, 21) | moved(bits, 11, 1, 20) | moved(bits, 12, 8, 12) |
           zero << 7 | Jal;
}

std::uint32_t branch(std::uint32_t word, std::uint32_t function) {
    const std::int32_t by = with_sign(moved(word, 3, 2, 1) | moved(word, 10, 2, 3) | moved(word, 2, 1, 5) |
                                          moved(word, 5, 2, 6) | moved(word, 12, 1, 8),
                                      8);
    const auto bits = static_cast<std::uint32_t>(by);
    return moved(bits, 12, 1, 31) | moved(bits, 5, 6, 25) | (8 + field(word, 7, 3)) << 15 | function << 12 |
           moved(bits, 1, 4, 8) | moved(bits, 11, 1, 7) | Branch;
}

// Loads and stores of the registers that most code uses, by 4 or 8 bytes.
std::uint32_t first_quadrant(std::uint32_t word) {
    const std::uint32_t low = 8 + field(word, 2, 3), base = 8 + field(word, 7, 3);
    const std::uint32_t by_4 = moved(word, 6, 1, 2) | moved(word, 10, 3, 3) | moved(word, 5, 1, 6);
    const std::uint32_t by_8 = moved(word, 10, 3, 3) | moved(word, 5, 2, 6);
    switch (field(word, 13, 3)) {
        case 0: {
            const std::uint32_t n =
                moved(word, 6, 1, 2) | moved(word, 5, 1, 3) | moved(word, 11, 2, 4) | moved(word, 7, 4, 6);
            return n != 0 ? immediate_form(OpImm, 0, low, sp, static_cast<std::int32_t>(n)) : 0;
        }
        case 1: return immediate_form(LoadFp, 3, low, base, static_cast<std::int32_t>(by_8));
        case 2: return immediate_form(Load, 2, low, base, static_cast<std::int32_t>(by_4));
        case 3: return immediate_form(Load, 3, low, base, static_cast<std::int32_t>(by_8));
        case 5: return store_form(StoreFp, 3, low, base, by_8);
        case 6: return store_form(Store, 2, low, base, by_4);
        case 7: return store_form(Store, 3, low, base, by_8);
        default: return 0;
    }
}

std::uint32_t arithmetic(std::uint32_t word, std::int32_t value) {
    const std::uint32_t rd = 8 + field(word, 7, 3), rs2 = 8 + field(word, 2, 3);
    const auto shift = static_cast<std::int32_t>(moved(word, 2, 5, 0) | moved(word, 12, 1, 5));
    constexpr std::int32_t arithmetic_shift = 1 << 10;
    switch (field(word, 10, 2)) {
        case 0: return immediate_form(OpImm, 5, rd, rd, shift);
        case 1: return immediate_form(OpImm, 5, rd, rd, shift | arithmetic_shift);
        case 2: return immediate_form(OpImm, 7, rd, rd, value);
        default: break;
    }
    switch (field(word, 12, 1) << 2 | field(word, 5, 2)) {
        case 0: return register_form(Op, 0, rd, rs2, true);
        case 1: return register_form(Op, 4, rd, rs2);
        case 2: return register_form(Op, 6, rd, rs2);
        case 3: return register_form(Op, 7, rd, rs2);
        case 4: return register_form(Op32, 0, rd, rs2, true);
        case 5: return register_form(Op32, 0, rd, rs2);
        default: return 0;
    }
}

std::uint32_t second_quadrant(std::uint32_t word) {
    const std::uint32_t rd = field(word, 7, 5);
    const std::int32_t value = with_sign(moved(word, 2, 5, 0) | moved(word, 12, 1, 5), 5);
    switch (field(word, 13, 3)) {
        case 0: return immediate_form(OpImm, 0, rd, rd, value);
        case 1: return rd != zero ? immediate_form(OpImm32, 0, rd, rd, value) : 0;
        case 2: return immediate_form(OpImm, 0, rd, zero, value);
        case 3: {
            if (value == 0) return 0;
            if (rd != sp) return static_cast<std::uint32_t>(value) << 12 | rd << 7 | Lui;
            const std::int32_t n =
                with_sign(moved(word, 6, 1, 4) | moved(word, 2, 1, 5) | moved(word, 5, 1, 6) |
                              moved(word, 3, 2, 7) | moved(word, 12, 1, 9),
                          9);
            return immediate_form(OpImm, 0, sp, sp, n);
        }
        case 4: return arithmetic(word, value);
        case 5: return jump(word);
        default: return branch(word, field(word, 13, 1));
    }
}

std::uint32_t jump_or_move(std::uint32_t word) {
    const std::uint32_t rd = field(word, 7, 5), rs2 = field(word, 2, 5);
    const bool second = field(word, 12, 1) != 0;
    if (rs2 != zero) {
        if (second) return register_form(Op, 0, rd, rs2);
        return immediate_form(OpImm, 0, rd, rs2, 0);
    }
    if (rd != zero) return immediate_form(Jalr, 0, second ? ra : zero, rd, 0);
    return second ? ebreak : 0;
}

std::uint32_t third_quadrant(std::uint32_t word) {
    const std::uint32_t rd = field(word, 7, 5), rs2 = field(word, 2, 5);
    const auto load_4 =
        static_cast<std::int32_t>(moved(word, 4, 3, 2) | moved(word, 12, 1, 5) | moved(word, 2, 2, 6));
    const auto load_8 =
        static_cast<std::int32_t>(moved(word, 5, 2, 3) | moved(word, 12, 1, 5) | moved(word, 2, 3, 6));
    const std::uint32_t store_4 = moved(word, 9, 4, 2) | moved(word, 7, 2, 6);
    const std::uint32_t store_8 = moved(word, 10, 3, 3) | moved(word, 7, 3, 6);
    switch (field(word, 13, 3)) {
        case 0:
            return immediate_form(OpImm, 1, rd, rd,
                                  static_cast<std::int32_t>(moved(word, 2, 5, 0) | moved(word, 12, 1, 5)));
        case 1: return immediate_form(LoadFp, 3, rd, sp, load_8);
        case 2: return rd != zero ? immediate_form(Load, 2, rd, sp, load_4) : 0;
        case 3: return rd != zero ? immediate_form(Load, 3, rd, sp, load_8) : 0;
        case 4: return jump_or_move(word);
        case 5: return store_form(StoreFp, 3, rs2, sp, store_8);
        case 6: return store_form(Store, 2, rs2, sp, store_4);
        default: return store_form(Store, 3, rs2, sp, store_8);
    }
}

}  // namespace

std::uint32_t expanded(std::uint32_t compressed) {
    switch (compressed & 3) {
        case 0: return first_quadrant(compressed);
        case 1: return second_quadrant(compressed);
        case 2: return third_quadrant(compressed);
        default: return 0;
    }
}

}  // namespace postmortem::riscv64
