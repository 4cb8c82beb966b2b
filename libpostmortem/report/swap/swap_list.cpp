#include <postmortem/crash_dump.h>
#include <postmortem/swap_list.h>

#include "base/bytes.h"
#include "kernel/mm/swap_areas.h"

namespace postmortem {

SwapList swap_list(const CrashDump& dump) {
    const Kernel& kernel = dump.kernel();
    const std::uint64_t page_kib = kernel.dump().page_size() / bytes_per_kib;
    SwapState state = read_swap(kernel);
    SwapList list;
    for (SwapAreaState& area : state.areas)
        list.devices.push_back({area.address, area.is_device, area.pages * page_kib,
                                area.used_pages * page_kib, area.priority, std::move(area.path)});
    list.problems = std::move(state.problems);
    return list;
}

}  // namespace postmortem
