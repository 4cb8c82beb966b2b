#include "arch/registers.h"

namespace postmortem {

bool same_state(const Registers& a, const Registers& b) {
    const std::uint64_t counts = a.file->state;
    if ((a.known & b.known & counts) != counts) return false;
    for (std::size_t i = 0; i < most_registers; ++i)
        if ((counts >> i & 1) != 0 && a[i] != b[i]) return false;
    return true;
}

}  // namespace postmortem
