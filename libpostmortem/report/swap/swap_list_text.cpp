// `swap` as crash 9 prints it (memory.c: dump_swap_info()).
#include <fmt/format.h>

#include <postmortem/swap_list.h>

#include "base/text.h"
#include "report/tasks/task_header_text.h"

namespace postmortem {

namespace {

std::string_view kind_of(const SwapDevice& device) {
    if (!device.is_device) return "    -    ";
    return *device.is_device ? "PARTITION" : "  FILE   ";
}

}  // namespace

std::string to_text(const SwapList& list) {
    std::string text = "SWAP_INFO_STRUCT    TYPE       SIZE       USED     PCT  PRI  FILENAME\n";
    for (const SwapDevice& device : list.devices) {
        const std::string percent =
            device.size_kib == 0 ? " -%" : fmt::format("{:>2}%", device.used_kib * 100 / device.size_kib);
        text += fmt::format("{}  {} {} {} {} {:>4}  {}\n", centered(fmt::format("{:x}", device.info), 16),
                            kind_of(device), centered(fmt::format("{}k", device.size_kib), 10, true),
                            centered(fmt::format("{}k", device.used_kib), 10, true),
                            centered(percent, 4, true), device.priority, escaped(device.path));
    }
    return text;
}

}  // namespace postmortem
