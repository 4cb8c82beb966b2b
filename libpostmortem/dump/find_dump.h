// The dump in a directory such as /var/crash/DATE or /var/crash itself, told by content and not by name:
// distributions call it vmcore, dump.DATE, vmcore.flat, vmcore-incomplete and more.
#pragma once

#include <filesystem>
#include <vector>

#include "base/bytes.h"

namespace postmortem {

struct FoundDump {
    std::filesystem::path file;
    std::vector<Error> remarks;  ///< which others were passed over
};

/// The newest file in `directory`, or else in the directories right below it, whose first bytes `is_dump`
/// accepts. Errors: Io; NotFound.
Result<FoundDump> find_dump(const std::filesystem::path& directory, bool (*is_dump)(Bytes head));

}  // namespace postmortem
