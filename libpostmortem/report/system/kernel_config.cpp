#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/system_parts.h>

#include "kernel/kernel.h"
#include "kernel/module/modules.h"
#include "report/system/packed_config.h"

namespace postmortem {
namespace {

struct Place {
    std::uint64_t address = 0;
    std::string module;
};

Result<Place> find_config(const Kernel& kernel) {
    constexpr const char* symbol = "kernel_config_data";
    if (const auto own = kernel.symbol(symbol)) return Place{*own, {}};
    for (const Module& module : kernel.modules().all()) {
        if (module.name != "configs") continue;
        const auto symbols = kernel.modules().symbols_of(module);
        const auto place = symbols ? (*symbols)->address_of(symbol) : fail(symbols.error());
        if (place) return Place{*place, module.name};
        return fail(place.error());
    }
    return fail(ErrorCode::NotFound,
                fmt::format("kernel_config_data does not exist in this kernel: it was built without "
                            "CONFIG_IKCONFIG, or keeps its configuration in a module that was not loaded, "
                            "/lib/modules/{0}/kernel/kernel/configs.ko; most distributions have it in "
                            "/boot/config-{0}",
                            kernel.release()));
}

}  // namespace

Result<KernelConfig> kernel_config(const CrashDump& dump) {
    const Kernel& kernel = dump.kernel();
    const auto place = find_config(kernel);
    if (!place) return fail(place.error());
    auto text = unpacked_config(kernel.memory(), place->address);
    if (!text) return fail(std::move(text.error()));
    return KernelConfig{std::move(*text), place->module, {}};
}

}  // namespace postmortem
