#include "kernel/uts.h"

#include <fmt/format.h>

namespace postmortem {
namespace {

constexpr std::uint64_t field_bytes = 65;  // __NEW_UTS_LEN + 1, part of the ABI

// struct uts_namespace began with a reference count until 5.11.
Result<std::uint64_t> offset_by_content(const Kernel& kernel, std::uint64_t where) {
    constexpr std::string_view sysname("Linux\0", 6);
    for (const std::uint64_t offset : {0u, 4u}) {
        const auto bytes = kernel.memory().bytes(where + offset, sysname.size());
        if (!bytes) return fail(bytes.error());
        if (as_text(*bytes) == sysname) return offset;
    }
    return fail(ErrorCode::MissingDebugInfo, "where struct uts_namespace keeps name is not known");
}

// Exported since 5.11 (ca4a9241cc5e).
Result<std::uint64_t> offset_of_name(const Kernel& kernel, std::uint64_t where) {
    if (const auto exported = kernel.vmcoreinfo().offset("uts_namespace.name")) return *exported;
    auto known = kernel.types().offset_of("uts_namespace", "name");
    if (known || known.error().code != ErrorCode::MissingDebugInfo) return known;
    return offset_by_content(kernel, where);
}

Result<Utsname> from_memory(const Kernel& kernel) {
    const auto where = kernel.symbol("init_uts_ns");
    if (!where) return fail(where.error());
    const auto offset = offset_of_name(kernel, *where);
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
