#include <algorithm>

#include <postmortem/crash_dump.h>
#include <postmortem/system_parts.h>

#include "kernel/hardware.h"

namespace postmortem {

Result<FirmwareStrings> firmware_strings(const CrashDump& dump) {
    const Kernel& kernel = dump.kernel();
    const auto strings = read_dmi(kernel);
    if (!strings && strings.error().code == ErrorCode::NotFound)
        return fail(ErrorCode::Unsupported,
                    "this kernel keeps no strings of the firmware: it was built without CONFIG_DMI");
    if (!strings) return fail(strings.error());
    FirmwareStrings firmware;
    for (const auto& [name, value] : *strings) {
        std::string upper = "DMI_" + name;
        std::transform(upper.begin(), upper.end(), upper.begin(),
                       [](char c) { return static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c); });
        firmware.strings.emplace_back(std::move(upper), value);
    }
    const auto fields = kernel.types().find(TypeKind::Enum, "dmi_field");
    if (!fields) return fail(fields.error());
    for (const Enumerator& field : kernel.types().get(*fields).enumerators)
        firmware.longest_name =
            std::max(firmware.longest_name, static_cast<std::uint32_t>(field.name.size()));
    return firmware;
}

}  // namespace postmortem
