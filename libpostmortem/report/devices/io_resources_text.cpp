// `dev -i` as crash prints it.
#include <fmt/format.h>

#include <postmortem/io_resources.h>

#include "base/text.h"
#include "report/tasks/task_header_text.h"

namespace postmortem {
namespace {

// Digits are those that all ranges have at least.
std::string table(const std::vector<IoResource>& resources, std::size_t address_digits, std::size_t digits) {
    if (resources.empty()) return {};
    std::string out = fmt::format("{}  {}  NAME\n", centered("RESOURCE", address_digits),
                                  centered("RANGE", 2 * digits + 1));
    for (const IoResource& one : resources)
        out += fmt::format("{:0{}x}  {:0{}x}-{:0{}x}  {}\n", one.address, address_digits, one.start, digits, one.end,
                           digits, escaped(one.name));
    return out;
}

}  // namespace

std::string to_text(const IoResources& resources) {
    const std::string ports = table(resources.ports, resources.address_digits, 4);
    const std::string memory = table(resources.memory, resources.address_digits, 8);
    return ports + (ports.empty() || memory.empty() ? "" : "\n") + memory;
}

}  // namespace postmortem
