#include "kernel/image_place.h"

#include <algorithm>

#include <fmt/format.h>

#include <postmortem/lost_pages.h>

namespace postmortem {
namespace {

// A damaged name is a name still, and a page of zeros one that the dump may have lost.
bool shows_other_memory(const AddressSpace& memory, const VmcoreInfo& info) {
    const LossesHandled nothing_is_answered_by_it;
    const auto place = info.symbol("init_uts_ns");
    if (!place || info.string("OSRELEASE").value_or("").empty()) return false;
    UtsNames names;
    const auto read = memory.read(*place, names);
    if (!read) return read.error().code == ErrorCode::NotMapped;
    const bool is_empty =
        std::all_of(names.begin(), names.end(), [](std::byte value) { return value == std::byte{0}; });
    return !is_empty && !have_release(names, info) && as_text(names).find("Linux") == std::string_view::npos;
}

// Symbols that were searched for are found in any place, so that the banner has to lie where they tell.
bool has_symbols_in_place(const AddressSpace& memory, const VmcoreInfo& info) {
    const LossesHandled nothing_is_answered_by_it;
    const auto tables = kallsyms_location(memory, info);
    const auto symbols =
        tables ? open_kallsyms(memory, *tables, info.symbol("_stext").value_or(0)) : fail(tables.error());
    if (!symbols) return false;
    const auto banner = (*symbols)->address_of("linux_banner");
    if (!banner) return info.symbol("kallsyms_names").has_value();
    const auto text = memory.c_string(*banner);
    return text && text->starts_with("Linux version");
}

}  // namespace

bool have_release(const UtsNames& names, const VmcoreInfo& info) {
    const std::string_view release = info.string("OSRELEASE").value_or("");
    return !release.empty() && as_text(names).find(release) != std::string_view::npos;
}

bool shows_kernel(const AddressSpace& memory, const VmcoreInfo& info) {
    UtsNames names;
    const auto place = info.symbol("init_uts_ns");
    return place && memory.read(*place, names) && have_release(names, info);
}

Result<KallsymsLocation> kallsyms_location(const AddressSpace& memory, const VmcoreInfo& info) {
    // Since 6.0 (f09bddbd8661).
    if (const auto names = info.symbol("kallsyms_names")) {
        KallsymsLocation location;
        location.names = *names;
        location.num_syms = info.symbol("kallsyms_num_syms").value_or(0);
        location.token_table = info.symbol("kallsyms_token_table").value_or(0);
        location.token_index = info.symbol("kallsyms_token_index").value_or(0);
        location.offsets = info.symbol("kallsyms_offsets").value_or(0);
        location.relative_base = info.symbol("kallsyms_relative_base").value_or(0);
        location.word_size = memory.word_size();
        return location;
    }
    // The tables end .rodata, which lies between the text and the data; init_uts_ns is data.
    const auto text = info.symbol("_stext"), data = info.symbol("init_uts_ns");
    if (!text || !data || *data <= *text)
        return fail(ErrorCode::MissingDebugInfo,
                    "VMCOREINFO tells neither where kallsyms nor where the kernel lies");
    return find_kallsyms(memory, *text, *data, memory.word_size());
}

Result<void> check_image_place(const AddressSpace& memory, const VmcoreInfo& info) {
    if (!shows_other_memory(memory, info) || has_symbols_in_place(memory, info)) return {};
    const std::uint64_t names = info.symbol("init_uts_ns").value_or(0);
    return fail(ErrorCode::Corrupt,
                fmt::format("what VMCOREINFO tells of where the kernel lies does not fit the memory: at "
                            "init_uts_ns ({:x}) there is nothing of {}, nor are the kernel's symbols where "
                            "they would be",
                            names, info.string("OSRELEASE").value_or("its release")),
                names);
}

}  // namespace postmortem
