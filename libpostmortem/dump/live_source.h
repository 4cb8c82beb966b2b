// /proc/kcore, the memory of the running kernel as an ELF file: it can be read and not mapped, and no size of
// it means anything.
#pragma once

#include <filesystem>
#include <memory>

#include "dump/byte_source.h"

namespace postmortem {

/// Errors: Io; NotFound where the file is not one of the proc file system.
Result<std::unique_ptr<ByteSource>> open_live_file(const std::filesystem::path& file);

}  // namespace postmortem
