// What s390 tells of an exception: a program interruption's code, and the length of the instruction.
#pragma once

#include <cstdint>

namespace postmortem {

/// Whether the program status word points behind the instruction that was given up: after one that was
/// completed, suppressed or terminated. One that was nullified it points at, and the kernel sets it back
/// itself where the storage was protected (arch/s390/mm/fault.c, do_protection_exception()). z/Architecture
/// Principles of Operation, "Program Interruptions"; `code` without the bits of PER and of transactions.
constexpr bool leaves_psw_behind(std::uint64_t code) {
    constexpr std::uint64_t protection = 0x04, segment = 0x10, page = 0x11, asce = 0x38, region_third = 0x3b,
                            secure = 0x3d, non_secure = 0x3e;
    const bool nullified = code == segment || code == page || (code >= asce && code <= region_third) ||
                           code == secure || code == non_secure;
    return code != 0 && code != protection && !nullified;
}

}  // namespace postmortem
