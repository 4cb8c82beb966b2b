// The register that an ORC entry finds a frame from, whatever the architecture calls it.
#pragma once

#include <array>
#include <cstdint>

namespace postmortem {

struct OrcRegister {
    enum Base : std::uint8_t {
        Undefined,
        PreviousSp,  ///< the caller's stack pointer
        Sp,
        Fp,
        SpIndirect,  ///< what lies on the stack where the pointer points
        FpIndirect,
        Saved,  ///< another register, known only right behind an exception frame
    };

    Base base = Undefined;
    std::uint8_t saved = 0;  ///< which one: an index into Registers

    constexpr OrcRegister(Base from = Undefined) : base(from) {}
    static constexpr OrcRegister in(std::uint8_t index) {
        OrcRegister place(Saved);
        place.saved = index;
        return place;
    }
    bool operator==(const OrcRegister&) const = default;
};

/// What the numbers ORC_REG_* of struct orc_entry stand for.
using OrcNumbering = std::array<OrcRegister, 16>;

}  // namespace postmortem
