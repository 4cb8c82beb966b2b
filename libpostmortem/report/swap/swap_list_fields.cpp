#include <postmortem/swap_list.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<SwapDevice>& device) {
    device.is("swap device", "A line of /proc/swaps");
    device.add("info", &SwapDevice::info, "its swap_info_struct").address();
    device.add("is_device", &SwapDevice::is_device, "a block device; else a file");
    device.add("size_kib", &SwapDevice::size_kib, "how much it holds");
    device.add("used_kib", &SwapDevice::used_kib, "how much of that is in use");
    device.add("priority", &SwapDevice::priority, "the highest is filled first");
    device.add("path", &SwapDevice::path, "the device or file");
}

void describe(Describer<SwapList>& list) {
    list.is_document();
    list.add("devices", &SwapList::devices, "in the kernel's order").answer();
    add_problems(list);
}

std::string to_json(const SwapList& list) {
    return json_document(list);
}

std::string to_ndjson(const SwapList& list) {
    return ndjson_lines(list);
}

}  // namespace postmortem
