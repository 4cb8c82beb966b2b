// What POWER instructions tell the unwinder.
#pragma once

#include "arch/arch.h"

namespace postmortem::ppc64 {

extern const CallSites call_sites;

/// ELFv2: a function sets up its table of contents first, which callers that share it leave out.
constexpr std::uint32_t local_entry = 8;

/// Whether a function has its frame, told by its instructions so far.
bool has_frame(Bytes code, Endian endian);

}  // namespace postmortem::ppc64
