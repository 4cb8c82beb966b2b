#include "kernel/panic/panic_settings.h"

#include <array>

namespace postmortem {
namespace {

struct Setting {
    const char* name;
    const char* symbol;
    std::size_t size = 4;  // bytes
};

constexpr std::array settings = {
    Setting{"kernel.panic", "panic_timeout"},
    Setting{"kernel.panic_on_oops", "panic_on_oops"},
    Setting{"kernel.panic_on_warn", "panic_on_warn"},
    Setting{"kernel.panic_on_taint", "panic_on_taint", 8},
    Setting{"kernel.oops_limit", "oops_limit"},
    Setting{"kernel.warn_limit", "warn_limit"},
    Setting{"kernel.softlockup_panic", "softlockup_panic"},
    Setting{"kernel.hardlockup_panic", "hardlockup_panic"},
    Setting{"kernel.hung_task_panic", "sysctl_hung_task_panic"},
    Setting{"kernel.hung_task_timeout_secs", "sysctl_hung_task_timeout_secs", 8},
    Setting{"kernel.panic_on_rcu_stall", "sysctl_panic_on_rcu_stall"},
    Setting{"kernel.unknown_nmi_panic", "unknown_nmi_panic"},
    Setting{"kernel.panic_on_unrecovered_nmi", "panic_on_unrecovered_nmi"},
    Setting{"kernel.panic_on_io_nmi", "panic_on_io_nmi"},
    Setting{"vm.panic_on_oom", "sysctl_panic_on_oom"},
};

Result<std::int64_t> read(const Kernel& kernel, const Setting& setting) {
    if (setting.size == 8) {
        return kernel.word(setting.symbol).map([](std::uint64_t value) {
            return static_cast<std::int64_t>(value);
        });
    }
    return kernel.number<std::uint32_t>(setting.symbol).map([](std::uint32_t value) {
        return static_cast<std::int64_t>(static_cast<std::int32_t>(value));
    });
}

}  // namespace

std::vector<PanicSetting> read_panic_settings(const Kernel& kernel, ProblemCollector& problems) {
    std::vector<PanicSetting> found;
    for (const Setting& setting : settings) {
        const auto value = read(kernel, setting);
        if (value) {
            found.push_back({setting.name, *value});
        } else if (value.error().code != ErrorCode::NotFound) {  // built without the feature
            problems.add("the sysctl", setting.name, value.error());
        }
    }
    return found;
}

}  // namespace postmortem
