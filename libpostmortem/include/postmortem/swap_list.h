// The answer to `swap`: the swap areas, as /proc/swaps lists them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/problem.h>

namespace postmortem {

class CrashDump;

struct SwapDevice {
    std::uint64_t info = 0;         ///< address of its swap_info_struct
    std::optional<bool> is_device;  ///< a block device; else a file
    std::uint64_t size_kib = 0, used_kib = 0;
    std::int64_t priority = 0;
    std::string path;  ///< untrusted text: escape before printing
};

struct SwapList {
    std::vector<SwapDevice> devices;  ///< in the kernel's order
    Problems problems;
};

POSTMORTEM_API SwapList swap_list(const CrashDump& dump);

POSTMORTEM_API std::string to_text(const SwapList& list);
POSTMORTEM_API std::string to_json(const SwapList& list);
POSTMORTEM_API std::string to_ndjson(const SwapList& list);

}  // namespace postmortem
