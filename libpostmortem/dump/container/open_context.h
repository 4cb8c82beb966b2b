// What is handed down while a dump is taken out of its wrappings.
#pragma once

#include <memory>

#include "dump/byte_source.h"
#include "dump/dump_file.h"

namespace postmortem {

struct OpenContext {
    const DumpOptions& options;
    int depth = 0;  ///< wrappings around this one

    OpenContext within() const { return {options, depth + 1}; }
};

}  // namespace postmortem
