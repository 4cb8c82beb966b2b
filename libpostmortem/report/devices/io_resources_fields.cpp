#include <postmortem/io_resources.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<IoResource>& resource) {
    resource.is("resource", "A range of I/O ports or of physical addresses");
    resource.add("address", &IoResource::address, "of its struct resource").address();
    resource.add("start", &IoResource::start, "the first").address();
    resource.add("end", &IoResource::end, "the last").address();
    resource.add("name", &IoResource::name, "as in /proc/iomem").or_null();
    resource.add("depth", &IoResource::depth, "0: all that there are; what has more lies within what stands before it");
}

void describe(Describer<IoResources>& resources) {
    resources.is_document();
    resources.add("ports", &IoResources::ports, "I/O ports, as in /proc/ioports");
    resources.add("memory", &IoResources::memory, "physical addresses, as in /proc/iomem").answer();
    add_problems(resources);
}

std::string to_json(const IoResources& resources) {
    return json_document(resources);
}

}  // namespace postmortem
