#include "kernel/hardware.h"

#include <array>

#include <fmt/format.h>

#include "base/text.h"

namespace postmortem {
namespace {

constexpr std::int64_t most_dmi_strings = 64;

// DMI_SYS_VENDOR -> sys_vendor
std::string dmi_name(std::string_view enumerator) {
    constexpr std::string_view prefix = "DMI_";
    if (enumerator.starts_with(prefix)) enumerator.remove_prefix(prefix.size());
    std::string name;
    for (const char c : enumerator) name += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    return name;
}

// X86_FEATURE_HYPERVISOR: CPUID 1, ECX bit 31; word 4 of x86_capability on every release.
bool is_virtual(const Kernel& kernel) {
    const Object capabilities = kernel.variable("boot_cpu_data", "cpuinfo_x86")["x86_capability"];
    return (capabilities.at(4).u64_or(0) >> 31 & 1) != 0;
}

}  // namespace

Result<DmiStrings> read_dmi(const Kernel& kernel) {
    const auto table = kernel.symbol("dmi_ident");
    if (!table) return fail(table.error());
    const auto fields = kernel.types().find(TypeKind::Enum, "dmi_field");
    if (!fields) return fail(fields.error());
    const auto count = kernel.types().enumerator("dmi_field", "DMI_STRING_MAX");
    if (!count) return fail(count.error());
    DmiStrings strings;
    for (const Enumerator& field : kernel.types().get(*fields).enumerators) {
        if (field.value < 0 || field.value >= std::min(*count, most_dmi_strings)) continue;
        const auto pointer = kernel.memory().u64(*table + 8 * static_cast<std::uint64_t>(field.value));
        if (!pointer) return fail(pointer.error());
        if (*pointer == 0) continue;
        const auto value = kernel.memory().c_string(*pointer);
        if (!value) return fail(value.error());
        strings.emplace_back(dmi_name(field.name), trimmed(*value));
    }
    return strings;
}

Result<std::string> read_hypervisor(const Kernel& kernel) {
    // enum x86_hypervisor_type: part of the kernel since 4.15 (03b2a320b19f), never renumbered.
    constexpr std::array<const char*, 9> names = {"none", "VMware",    "Hyper-V", "Xen PV", "Xen HVM",
                                                  "KVM",  "Jailhouse", "ACRN",    "bhyve"};
    const auto type = kernel.number<std::uint32_t>("x86_hyper_type");
    if (!type) return fail(type.error());
    if (*type == 0 && is_virtual(kernel)) return std::string("unknown");
    if (*type < names.size()) return std::string(names[*type]);
    return fmt::format("unknown ({})", *type);
}

}  // namespace postmortem
