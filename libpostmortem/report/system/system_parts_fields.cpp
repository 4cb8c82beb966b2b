#include <postmortem/system_parts.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<SystemCall>& call) {
    call.add("number", &SystemCall::number, "its number");
    call.add("address", &SystemCall::address, "of the function that serves it").address();
    call.add("function", &SystemCall::function, "its name").or_null();
    call.add("file", &SystemCall::file, "source file, with a vmlinux");
    call.add("line", &SystemCall::line, "the line there");
}

void describe(Describer<SystemCallTable>& table) {
    table.is_document();
    table.add("calls", &SystemCallTable::calls, "by number").answer();
    add_problems(table);
}

void describe(Describer<KernelConfig>& config) {
    config.is_document();
    config.add("text", &KernelConfig::text, "as /proc/config.gz unpacked");
    config.add("module", &KernelConfig::module, "that holds it; null for the kernel itself").or_null();
    add_problems(config);
}

void describe(Describer<FirmwareStrings>& firmware) {
    firmware.is_document();
    firmware.map("strings", &FirmwareStrings::strings, "`DMI_SYS_VENDOR`, …");
    add_problems(firmware);
}

std::string to_json(const SystemCallTable& table) {
    return json_document(table);
}

std::string to_json(const KernelConfig& config) {
    return json_document(config);
}

std::string to_json(const FirmwareStrings& firmware) {
    return json_document(firmware);
}

}  // namespace postmortem
