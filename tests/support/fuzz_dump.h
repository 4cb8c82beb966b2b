// What the dump fuzzer does with its input; the same code runs over known inputs as an ordinary test.
#pragma once

#include "base/bytes.h"

namespace postmortem::test {

/// Opens `file` as a dump and asks for everything that can be asked of one. Aborts where an answer
/// contradicts the interface; a sanitizer sees the rest. Returns whether it opened.
bool fuzz_dump(Bytes file);

}  // namespace postmortem::test
