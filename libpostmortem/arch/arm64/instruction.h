// The parts of arm64 instructions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace postmortem::arm64 {

constexpr unsigned zero_register = 31;

/// Bits of an instruction word (Arm ARM, DDI 0487, C4.1).
class Instruction {
  public:
    static constexpr std::uint32_t size = 4;

    explicit Instruction(std::uint32_t word) : word_(word) {}
    /// `code` reaches that far. They are little endian on every machine.
    static Instruction at(Bytes code, std::size_t offset) {
        return Instruction(load<std::uint32_t>(code.data() + offset, Endian::Little));
    }

    bool is(std::uint32_t mask, std::uint32_t value) const { return (word_ & mask) == value; }
    std::uint32_t bits(unsigned first, unsigned count) const { return word_ >> first & ((1u << count) - 1); }
    std::uint64_t signed_bits(unsigned first, unsigned count) const {
        const auto value = std::uint64_t{bits(first, count)}, sign = std::uint64_t{1} << (count - 1);
        return (value ^ sign) - sign;
    }
    unsigned rd() const { return bits(0, 5); }
    unsigned rn() const { return bits(5, 5); }
    unsigned rm() const { return bits(16, 5); }
    unsigned rt2() const { return bits(10, 5); }

    bool is_pc_relative() const { return is(0x1f000000, 0x10000000); }  // ADR, ADRP
    bool is_add_immediate() const { return is(0xff800000, 0x91000000); }
    bool is_move() const { return is(0xffe0ffe0, 0xaa0003e0) && rd() != zero_register; }
    bool is_branch_and_link() const { return is(0xfc000000, 0x94000000); }  // BL
    bool is_branch() const { return is(0xfc000000, 0x14000000); }           // B
    bool is_call() const {
        // BLR; BLRAA, BLRAB, BLRAAZ, BLRABZ
        return is_branch_and_link() || is(0xfffffc1f, 0xd63f0000) || is(0xfefff800, 0xd63f0800);
    }
    bool is_return() const {
        return is(0xfffffc1f, 0xd65f0000) || is(0xfffffbff, 0xd65f0bff);  // RET; RETAA, RETAB
    }
    bool ends_straight_code() const { return is_branch() || is(0xfe000000, 0xd6000000); }
    bool sets_frame_pointer() const { return is(0xffc003ff, 0x910003fd); }  // ADD X29, SP, #n; MOV X29, SP
    bool restores_frame_pointer() const {
        // LDP X29, X30, [SP, ...] with an offset, or with the stack pointer moved after or before
        return is(0xfe407fff, 0xa8407bfd);
    }
    bool branches_on_condition() const {
        return is(0xff000000, 0x54000000) || is(0x7c000000, 0x34000000);  // B.cond; CBZ, TBZ and the like
    }
    bool is_access() const { return is(0x0a000000, 0x08000000); }
    bool is_pair() const { return is(0x3a000000, 0x28000000); }
    bool is_pair_at_offset() const { return is(0x3b800000, 0x29000000); }
    bool is_exclusive() const { return is(0x3f000000, 0x08000000); }
    bool is_scaled() const { return is(0x3b000000, 0x39000000); }
    bool is_unscaled() const { return is(0x3b200c00, 0x38000000); }
    bool is_atomic() const { return is(0x3b200c00, 0x38200000); }
    bool is_indexed_by_register() const { return is(0x3b200c00, 0x38200800); }
    bool is_vector() const { return bits(26, 1) != 0; }

    /// Of B and BL.
    std::uint64_t branch_target(std::uint64_t place) const { return place + signed_bits(0, 26) * size; }
    /// What a PC-relative one adds to its own address, or to that of its page.
    std::uint64_t pc_offset() const { return signed_bits(5, 19) << 2 | bits(29, 2); }
    std::uint64_t immediate() const { return std::uint64_t{bits(10, 12)} << (bits(22, 1) != 0 ? 12 : 0); }
    std::uint64_t scaled_offset() const {
        const unsigned shift = is_vector() && bits(23, 1) != 0 ? 4 : bits(30, 2);
        return std::uint64_t{bits(10, 12)} << shift;
    }
    std::uint64_t pair_offset() const {
        const unsigned shift = is_vector() ? 2 + bits(30, 2) : 2 + bits(31, 1);
        return signed_bits(15, 7) << shift;
    }

  private:
    std::uint32_t word_;
};

}  // namespace postmortem::arm64
