#include "kernel/hardware.h"

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

Result<bool> is_virtual(const Kernel& kernel) {
    const HardwareFacts& facts = kernel.arch().hardware;
    const auto& [variable, type, member] = facts.cpu_features;
    if (!variable) return false;
    const Object features = kernel.variable(variable, type)[member];
    const auto word = features.at(facts.virtual_word).u64();
    if (!word) return fail(word.error());
    return (*word >> facts.virtual_bit & 1) != 0;
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
        const auto pointer = kernel.memory().word(*table + kernel.memory().word_size() *
                                                               static_cast<std::uint64_t>(field.value));
        if (!pointer) return fail(pointer.error());
        if (*pointer == 0) continue;
        const auto value = kernel.memory().c_string(*pointer);
        if (!value) return fail(value.error());
        strings.emplace_back(dmi_name(field.name), trimmed(*value));
    }
    return strings;
}

Result<std::string> read_hypervisor(const Kernel& kernel) {
    const HardwareFacts& facts = kernel.arch().hardware;
    if (!facts.hypervisor) return fail(ErrorCode::NotFound, "the kernel keeps no record of a hypervisor");
    const auto type = kernel.number<std::uint32_t>(facts.hypervisor);
    if (!type) return fail(type.error());
    const auto hidden = *type == 0 ? is_virtual(kernel) : Result<bool>(false);
    if (!hidden) return fail(hidden.error());
    if (*hidden) return std::string("unknown");
    if (*type < facts.hypervisors.size()) return std::string(facts.hypervisors[*type]);
    return fmt::format("unknown ({})", *type);
}

}  // namespace postmortem
