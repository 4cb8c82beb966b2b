#include "types/vmlinux_types.h"

#include <fmt/format.h>

#include "types/btf.h"
#include "types/dwarf.h"
#include "types/find_type_file.h"

namespace postmortem {
namespace {

std::string dwarf_source(const Vmlinux& vmlinux) {
    return fmt::format("DWARF of {}", vmlinux.path().string());
}

Result<std::unique_ptr<TypeFinder>> btf_of(const Vmlinux& vmlinux, bool plain_char_is_signed) {
    auto section = vmlinux.btf();
    if (!section) return fail(std::move(section.error()));
    return open_btf(std::move(*section), fmt::format("BTF of {}", vmlinux.path().string()),
                    plain_char_is_signed);
}

// Quietly: the answer does not depend on it.
void keep_in_cache(const TypeFile& file) {
    const auto folder = type_cache();
    if (!folder) return;
    std::error_code ignored;
    std::filesystem::create_directories(*folder, ignored);
    (void)write_type_file(*folder / type_file_name(file.build), file);
}

std::string either(const std::string& one, const std::string& other) {
    return one.empty() ? other : one;
}

}  // namespace

Result<TypeFile> make_type_file(const Vmlinux& vmlinux, bool plain_char_is_signed) {
    if (const auto btf = btf_of(vmlinux, plain_char_is_signed); btf && !(*btf)->damage())
        return make_type_file(**btf, vmlinux.build(), "BTF", vmlinux.word_bytes());
    const auto dwarf = open_dwarf(vmlinux);
    if (!dwarf) return fail(dwarf.error());
    TypeFile file = make_type_file(**dwarf, vmlinux.build(), "DWARF", vmlinux.word_bytes());
    if (auto damage = (*dwarf)->damage()) return fail(std::move(*damage));
    return file;
}

Result<std::unique_ptr<TypeFinder>> open_vmlinux_types(const Vmlinux& vmlinux, const KernelBuild& dumps,
                                                       bool keep, bool plain_char_is_signed) {
    if (auto btf = btf_of(vmlinux, plain_char_is_signed)) return btf;
    auto dwarf = open_dwarf(vmlinux);
    if (!dwarf) return dwarf;
    TypeFile file = make_type_file(**dwarf, vmlinux.build(), "DWARF", vmlinux.word_bytes());
    if ((*dwarf)->damage()) return dwarf;
    file.build = {either(file.build.build_id, dumps.build_id), either(file.build.release, dumps.release),
                  either(file.build.banner, dumps.banner)};
    if (keep) keep_in_cache(file);
    return open_type_file(std::move(file), dwarf_source(vmlinux));
}

Result<std::unique_ptr<TypeFinder>> open_whole_vmlinux_types(const Vmlinux& vmlinux,
                                                             bool plain_char_is_signed) {
    if (auto btf = btf_of(vmlinux, plain_char_is_signed)) return btf;
    return open_dwarf(vmlinux);
}

}  // namespace postmortem
