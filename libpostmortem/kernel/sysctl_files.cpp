#include "kernel/sysctl_files.h"

#include "memory/words.h"

namespace postmortem {

Result<std::int64_t> read_sysctl(const Kernel& kernel, const SysctlFile& file) {
    const auto place = kernel.symbol(file.variable);
    if (!place) return fail(place.error());
    if (file.is_long) return signed_word(kernel.memory(), *place);
    return kernel.memory().get<std::int32_t>(*place).map(
        [](std::int32_t number) { return std::int64_t{number}; });
}

}  // namespace postmortem
