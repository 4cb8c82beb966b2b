// s390x instructions, decoded by Capstone.
#pragma once

#include "arch/disassembler.h"

namespace postmortem::s390x {

std::unique_ptr<Disassembler> make_disassembler();

}  // namespace postmortem::s390x
