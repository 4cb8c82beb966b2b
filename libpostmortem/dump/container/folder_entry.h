// Files among which a dump is to be found: those of a directory, or the members of an archive.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dump/byte_source.h"

namespace postmortem {

struct FolderEntry {
    std::string name;          ///< as it is told to people
    std::string folder;        ///< parts of one dump lie in one folder
    std::int64_t written = 0;  ///< the larger the later
    std::function<Result<std::unique_ptr<ByteSource>>()> open;
};

}  // namespace postmortem
