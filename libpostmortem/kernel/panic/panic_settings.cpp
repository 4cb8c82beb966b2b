#include "kernel/panic/panic_settings.h"

#include <array>

#include <fmt/format.h>

#include "kernel/sysctl_files.h"

namespace postmortem {
namespace {

constexpr std::array<std::string_view, 15> variables = {
    "panic_timeout",
    "panic_on_oops",
    "panic_on_warn",
    "panic_on_taint",
    "oops_limit",
    "warn_limit",
    "softlockup_panic",
    "hardlockup_panic",
    "sysctl_hung_task_panic",
    "sysctl_hung_task_timeout_secs",
    "sysctl_panic_on_rcu_stall",
    "unknown_nmi_panic",
    "panic_on_unrecovered_nmi",
    "panic_on_io_nmi",
    "sysctl_panic_on_oom",
};

// A mask that is given at boot: no file shows it.
constexpr SysctlFile panic_on_taint = {"kernel", "panic_on_taint", "panic_on_taint", true};

}  // namespace

std::vector<PanicSetting> read_panic_settings(const Kernel& kernel, ProblemCollector& problems) {
    std::vector<PanicSetting> found;
    for (const std::string_view variable : variables) {
        const SysctlFile* file = file_that_shows(variable);
        const SysctlFile& setting = file ? *file : panic_on_taint;
        const std::string name = fmt::format("{}.{}", setting.folder, setting.file);
        const auto value = read_sysctl(kernel, setting);
        if (value) {
            found.push_back({name, *value});
        } else if (value.error().code != ErrorCode::NotFound) {  // built without the feature
            problems.add("the sysctl", name, value.error());
        }
    }
    return found;
}

}  // namespace postmortem
