// What the public options mean to the layer that opens dumps.
#pragma once

#include <postmortem/crash_dump.h>

#include "dump/dump_file.h"

namespace postmortem {

inline DumpOptions dump_options(const OpenOptions& options) {
    return {options.more_parts, options.temporary_folder, options.max_temporary_bytes, options.progress};
}

}  // namespace postmortem
