#include <system_error>

#include <postmortem/type_file.h>

#include "arch/registry.h"
#include "types/find_type_file.h"
#include "types/vmlinux_types.h"

namespace postmortem {
namespace {

namespace fs = std::filesystem;

Result<fs::path> target_of(const fs::path& target, const KernelBuild& build) {
    std::error_code error;
    if (!target.empty()) return fs::is_directory(target, error) ? target / type_file_name(build) : target;
    const auto cache = type_cache();
    if (!cache)
        return fail(ErrorCode::InvalidArgument,
                    "neither XDG_CACHE_HOME nor HOME is set: name the file to write");
    fs::create_directories(*cache, error);
    return *cache / type_file_name(build);
}

}  // namespace

std::optional<fs::path> type_file_cache() {
    return type_cache();
}

Result<TypeFileSummary> make_type_file(const fs::path& path, const fs::path& target) {
    const auto vmlinux = Vmlinux::open(path, std::nullopt);
    if (!vmlinux) return fail(vmlinux.error());
    const Arch* const arch = arch_of((*vmlinux)->machine());
    const auto file = make_type_file(**vmlinux, arch != nullptr && arch->plain_char_is_signed);
    if (!file) return fail(file.error());
    auto where = target_of(target, file->build);
    if (!where) return fail(std::move(where.error()));
    if (auto written = write_type_file(*where, *file); !written) return fail(std::move(written.error()));
    std::error_code unknown;
    const std::uint64_t bytes = fs::file_size(*where, unknown);
    return TypeFileSummary{std::move(*where), unknown ? 0 : bytes, file->build.release, file->build.build_id,
                           file->origin};
}

}  // namespace postmortem
