#include "arch/arm64/data_places.h"

#include "arch/arm64/known_addresses.h"

namespace postmortem::arm64 {
namespace {

constexpr std::uint32_t instruction_bytes = 4;
constexpr std::uint64_t adrp_page = 4096;
constexpr unsigned link_register = 30, zero_register = 31, first_callee_saved = 19;

/// Bits of an instruction word (Arm ARM, DDI 0487, C4.1).
class Instruction {
  public:
    explicit Instruction(std::uint32_t word) : word_(word) {}

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
    bool is_call() const { return is(0xfc000000, 0x94000000) || is(0xfefff000, 0xd63f0000); }
    bool ends_straight_code() const { return is(0xfc000000, 0x14000000) || is(0xfe000000, 0xd6000000); }
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

    /// What a PC-relative one adds to its own address, or to that of its page.
    std::uint64_t pc_offset() const { return signed_bits(5, 19) << 2 | bits(29, 2); }
    std::uint64_t immediate() const { return std::uint64_t{bits(10, 12)} << (bits(22, 1) != 0 ? 12 : 0); }
    std::uint64_t scaled_offset() const {
        const unsigned size = is_vector() && bits(23, 1) != 0 ? 4 : bits(30, 2);
        return std::uint64_t{bits(10, 12)} << size;
    }
    std::uint64_t pair_offset() const {
        const unsigned size = is_vector() ? 2 + bits(30, 2) : 2 + bits(31, 1);
        return signed_bits(15, 7) << size;
    }

  private:
    std::uint32_t word_;
};

/// Follows code in its order. What comes from more than one side is not known.
class Follower {
  public:
    void step(Instruction one, std::uint64_t place) {
        if (one.is_pc_relative()) return form_from(one, place);
        if (one.is_add_immediate()) return add(one);
        if (one.is_move()) return registers_.copy(one.rd(), one.rm());
        if (one.branches_on_condition()) return;
        if (one.is_call()) return forget_what_calls_change();
        if (one.ends_straight_code()) return registers_.forget_all();
        if (one.is_access()) return access(one);
        registers_.forget(one.rd());
    }

    std::vector<std::uint64_t> places() const { return registers_.places(); }

  private:
    void form_from(Instruction one, std::uint64_t place) {
        if (one.bits(31, 1) == 0) return registers_.form(one.rd(), place + one.pc_offset());
        registers_.form_page(one.rd(), place / adrp_page * adrp_page + (one.pc_offset() << 12));
    }

    void add(Instruction one) {
        const auto base = registers_.use(one.rn());
        registers_.forget(one.rd());
        if (base) registers_.form(one.rd(), *base + one.immediate());
    }

    void access(Instruction one) {
        if (one.is_scaled())
            registers_.touch_by(one.rn(), one.scaled_offset());
        else if (one.is_unscaled())
            registers_.touch_by(one.rn(), one.signed_bits(12, 9));
        else if (one.is_pair_at_offset())
            registers_.touch_by(one.rn(), one.pair_offset());
        else if (one.is_exclusive() || one.is_atomic())
            registers_.touch_by(one.rn(), 0);
        else if (!one.is_indexed_by_register())
            registers_.forget(one.rn());  // others may write their base
        forget_loaded(one);
    }

    // What an access may have written, loads and others alike: a register too many costs nothing but a place.
    void forget_loaded(Instruction one) {
        if (one.is_exclusive()) registers_.forget(one.rm());
        if (one.is_vector()) return;
        registers_.forget(one.rd());
        if (one.is_pair()) registers_.forget(one.rt2());
    }

    void forget_what_calls_change() {
        for (unsigned number = 0; number < first_callee_saved; ++number) registers_.forget(number);
        registers_.forget(link_register);
    }

    KnownAddresses registers_;  // (the last, which stands for the stack pointer and for zero, is not known)
};

}  // namespace

std::vector<std::uint64_t> data_places(Bytes code, std::uint64_t start) {
    Follower follower;
    for (std::size_t at = 0; at + instruction_bytes <= code.size(); at += instruction_bytes)
        follower.step(Instruction(load<std::uint32_t>(code.data() + at, Endian::Little)), start + at);
    return follower.places();
}

}  // namespace postmortem::arm64
