// Fetches a vmlinux by build-id from the servers that DEBUGINFOD_URLS names. Silent, interruptible, and
// absent where the build has no libdebuginfod.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include <postmortem/error.h>

namespace postmortem {

using DownloadProgress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

/// True where DEBUGINFOD_URLS names servers and this build can ask them.
bool debuginfod_is_configured();

/// The path of the file in debuginfod's own cache. Gives up when nothing arrives for 30 seconds, or when
/// `progress` (may be empty) returns false. Errors: NotFound; Io; Unsupported where it is not built in.
Result<std::filesystem::path> fetch_debuginfo(const std::string& build_id, const DownloadProgress& progress);

}  // namespace postmortem
