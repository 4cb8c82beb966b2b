// What is handed down while a dump is taken out of its wrappings.
#pragma once

#include <memory>

#include "dump/byte_source.h"
#include "dump/container/temporary_file.h"
#include "dump/dump_file.h"

namespace postmortem {

struct OpenContext {
    OpenContext(const DumpOptions& given)
        : options(given),
          space(std::make_shared<TemporarySpace>(given.temporary_folder, given.max_temporary_bytes)) {}

    OpenContext within() const {
        OpenContext inner = *this;
        ++inner.depth;
        return inner;
    }

    const DumpOptions& options;
    std::shared_ptr<TemporarySpace> space;  ///< one for all of a dump, however many files it is in
    int depth = 0;                          ///< wrappings around this one
};

}  // namespace postmortem
