#include "kernel/uts.h"

#include <fmt/format.h>

namespace postmortem {
namespace {

constexpr std::uint64_t field_bytes = 65;  // __NEW_UTS_LEN + 1, part of the ABI

Result<Utsname> from_memory(const Kernel& kernel) {
    const auto where = kernel.symbol("init_uts_ns");
    if (!where) return fail(where.error());
    // Exported since 5.11 (ca4a9241cc5e); before that a reference count comes first.
    const auto exported = kernel.vmcoreinfo().offset("uts_namespace.name");
    const auto offset =
        exported ? Result<std::uint64_t>(*exported) : kernel.types().offset_of("uts_namespace", "name");
    if (!offset) return fail(offset.error());
    const auto bytes = kernel.memory().bytes(*where + *offset, 6 * field_bytes);
    if (!bytes) return fail(bytes.error());
    const std::string_view text = as_text(*bytes);
    const auto field = [&](std::size_t index) {
        return std::string(until_nul(text.substr(index * field_bytes, field_bytes)));
    };
    Utsname uts{field(0), field(1), field(2), field(3), field(4), field(5)};
    const auto release = kernel.vmcoreinfo().string("OSRELEASE");
    if (release && *release != uts.release)
        return fail(
            ErrorCode::Corrupt,
            fmt::format(
                "the kernel's name is not where VMCOREINFO says: its release would be '{}', and is '{}' "
                "by VMCOREINFO itself",
                uts.release, *release),
            *where + *offset);
    return uts;
}

}  // namespace

Result<Utsname> read_uts(const Kernel& kernel) {
    auto uts = from_memory(kernel);
    const Utsname& in_header = kernel.dump().info().utsname;
    if (!uts && !in_header.release.empty()) return in_header;
    return uts;
}

}  // namespace postmortem
