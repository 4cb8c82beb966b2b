#include "arch/arm64/data_places.h"

#include "arch/arm64/instruction.h"
#include "arch/arm64/known_addresses.h"

namespace postmortem::arm64 {
namespace {

constexpr std::uint64_t adrp_page = 4096;
constexpr unsigned link_register = 30, first_callee_saved = 19;

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
    for (std::size_t at = 0; at + Instruction::size <= code.size(); at += Instruction::size)
        follower.step(Instruction::at(code, at), start + at);
    return follower.places();
}

}  // namespace postmortem::arm64
