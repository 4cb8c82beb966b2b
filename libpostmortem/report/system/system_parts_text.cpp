// `sys -c`, `sys config`, `sys -i` and `sys -t` as crash prints them.
#include <algorithm>

#include <fmt/format.h>

#include <postmortem/system_parts.h>

#include "base/text.h"
#include "output/dotted.h"

namespace postmortem {

std::string to_text(const SystemCallTable& table) {
    if (table.calls.empty()) return {};
    std::string out = "NUM  SYSTEM CALL                FILE AND LINE NUMBER\n";
    for (const SystemCall& call : table.calls) {
        const std::string function =
            call.function.empty() ? fmt::format("{:x}", call.address) : escaped(call.function);
        out += fmt::format("{:>3}  {:<26}", call.number, function);
        if (call.file) {
            const bool below = !table.source_root.empty() && call.file->starts_with(table.source_root);
            const std::string file = below ? "../" + call.file->substr(table.source_root.size()) : *call.file;
            out += fmt::format(" {}: {}", escaped(file), call.line.value_or(0));
        }
        out += '\n';
    }
    return out;
}

std::string to_text(const KernelConfig& config) {
    return escaped(config.text, true);
}

std::string to_text(const FirmwareStrings& firmware) {
    std::string out;
    for (const auto& [name, value] : firmware.strings)
        out += fmt::format("{:>{}}: {}\n", escaped(name), firmware.longest_name + 2, dotted(value));
    return out;
}

std::string taint_to_text(const SystemInfo& info) {
    if (!info.taint_mask) return "TAINTED_MASK: -\n";
    std::string letters;
    for (const TaintFlag& flag : info.taints) letters += flag.letter;
    return fmt::format("TAINTED_MASK: {:x}  {}\n", *info.taint_mask, letters);
}

}  // namespace postmortem
