// Every parser of untrusted bytes as a function of bytes, with what it starts from: for libFuzzer, and as
// ordinary tests.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "support/fake_dump.h"

namespace postmortem::test {

struct ParserTarget {
    std::string_view name;
    /// Aborts where a promise is broken.
    void (*run)(Bytes input);
    std::vector<Buffer> (*seeds)();
};

std::span<const ParserTarget> parser_targets();
/// Null where there is none of that name.
const ParserTarget* parser_target(std::string_view name);

}  // namespace postmortem::test
