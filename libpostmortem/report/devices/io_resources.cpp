#include <postmortem/crash_dump.h>
#include <postmortem/io_resources.h>

#include "kernel/resources.h"

namespace postmortem {
namespace {

std::vector<IoResource> resources_below(const Kernel& kernel, std::string_view root, Problems& problems) {
    ResourceTree tree = read_resources(kernel, root);
    for (Error& problem : tree.problems) problems.push_back(std::move(problem));
    std::vector<IoResource> found;
    for (Resource& one : tree.resources)
        found.push_back({one.address, one.start, one.end, std::move(one.name), one.depth});
    return found;
}

}  // namespace

IoResources io_resources(const CrashDump& dump) {
    const Kernel& kernel = dump.kernel();
    IoResources resources;
    resources.address_digits = static_cast<std::uint8_t>(kernel.arch().word_size * 2);
    resources.ports = resources_below(kernel, "ioport_resource", resources.problems);
    resources.memory = resources_below(kernel, "iomem_resource", resources.problems);
    return resources;
}

}  // namespace postmortem
