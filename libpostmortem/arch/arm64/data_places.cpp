#include "arch/arm64/data_places.h"

#include <array>
#include <optional>

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
    bool is_move() const { return is(0xffe0ffe0, 0xaa0003e0); }
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
        if (one.is_move()) return set(one.rd(), registers_[one.rm()]);
        if (one.branches_on_condition()) return;
        if (one.is_call()) return forget_what_calls_change();
        if (one.ends_straight_code()) return registers_.fill(std::nullopt);
        if (one.is_access()) return access(one);
        forget(one.rd());
    }

    std::vector<std::uint64_t> take() const {
        std::vector<std::uint64_t> found;
        for (const Place& place : places_)
            if (!place.is_base) found.push_back(place.address);
        return found;
    }

  private:
    /// What a register holds; `place`: where in places_ it was formed, unless it is the start of a page
    /// alone.
    struct Known {
        std::uint64_t address = 0;
        std::optional<std::size_t> place;
    };
    struct Place {
        std::uint64_t address = 0;
        bool is_base = false;  ///< of other places alone, as where variables share an anchor
    };

    void form_from(Instruction one, std::uint64_t place) {
        if (one.bits(31, 1) == 0) return form(one.rd(), place + one.pc_offset());
        set(one.rd(), Known{place / adrp_page * adrp_page + (one.pc_offset() << 12), std::nullopt});
    }

    void add(Instruction one) {
        const auto base = used(one.rn());
        forget(one.rd());
        if (base) form(one.rd(), *base + one.immediate());
    }

    void access(Instruction one) {
        if (one.is_scaled())
            touch(one.rn(), one.scaled_offset());
        else if (one.is_unscaled())
            touch(one.rn(), one.signed_bits(12, 9));
        else if (one.is_pair_at_offset())
            touch(one.rn(), one.pair_offset());
        else if (one.is_exclusive() || one.is_atomic())
            touch(one.rn(), 0);
        else if (!one.is_indexed_by_register())
            forget(one.rn());  // others may write their base
        forget_loaded(one);
    }

    // What an access may have written, loads and others alike: a register too many costs nothing but a place.
    void forget_loaded(Instruction one) {
        if (one.is_exclusive()) forget(one.rm());
        if (one.is_vector()) return;
        forget(one.rd());
        if (one.is_pair()) forget(one.rt2());
    }

    void touch(unsigned base, std::uint64_t offset) {
        if (const auto address = used(base)) places_.push_back({*address + offset});
    }

    std::optional<std::uint64_t> used(unsigned number) {
        const auto& known = registers_[number];
        if (!known) return std::nullopt;
        if (known->place) places_[*known->place].is_base = true;
        return known->address;
    }

    void form(unsigned number, std::uint64_t address) {
        set(number, Known{address, places_.size()});
        places_.push_back({address});
    }

    void set(unsigned number, std::optional<Known> known) {
        if (number != zero_register) registers_[number] = known;
    }
    void forget(unsigned number) { registers_[number].reset(); }
    void forget_what_calls_change() {
        for (unsigned number = 0; number < first_callee_saved; ++number) forget(number);
        forget(link_register);
    }

    std::array<std::optional<Known>, 32> registers_{};
    std::vector<Place> places_;
};

}  // namespace

std::vector<std::uint64_t> data_places(Bytes code, std::uint64_t start) {
    Follower follower;
    for (std::size_t at = 0; at + instruction_bytes <= code.size(); at += instruction_bytes)
        follower.step(Instruction(load<std::uint32_t>(code.data() + at, Endian::Little)), start + at);
    return follower.take();
}

}  // namespace postmortem::arm64
