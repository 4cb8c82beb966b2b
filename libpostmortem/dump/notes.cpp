#include "dump/notes.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/checked.h"
#include "dump/vmcoreinfo.h"

namespace postmortem {

std::optional<Error> append_notes(Bytes area, Endian endian, std::vector<Note>& notes) {
    const ByteReader reader(area, endian);
    for (std::uint64_t at = 0; reader.holds(at, 4);) {
        const std::uint32_t name_size = *reader.u32(at);
        if (name_size == 0) {
            at += 4;  // no note lacks a name; this is padding, or the note buffer of a CPU that was offline
            continue;
        }
        const auto desc_size = reader.u32(at + 4);
        const auto type = reader.u32(at + 8);
        // The sizes are 32 bits wide and padded to 4 on every machine, so the sums fit easily.
        const std::uint64_t name_at = at + 12;
        const std::uint64_t desc_at = name_at + align_up<std::uint64_t>(name_size, 4);
        const auto name = reader.slice(name_at, name_size);
        const auto desc = desc_size ? reader.slice(desc_at, *desc_size) : std::nullopt;
        if (!name || !desc || !type) {
            return Error(ErrorCode::Corrupt,
                         fmt::format("the ELF notes end in the middle of note {} (at byte {} of {})",
                                     notes.size() + 1, at, area.size()));
        }
        if (notes.size() >= max_notes)
            return Error(ErrorCode::Corrupt, fmt::format("there are more than {} ELF notes", max_notes));
        notes.push_back({until_nul(as_text(*name)), *type, *desc});
        at = desc_at + align_up<std::uint64_t>(*desc_size, 4);
    }
    return std::nullopt;
}

std::string_view vmcoreinfo_text(Bytes bytes) {
    return until_nul(as_text(bytes.first(std::min(bytes.size(), VmcoreInfo::max_size))));
}

std::string_view vmcoreinfo_in(const std::vector<Note>& notes) {
    for (const Note& note : notes) {
        if (note.name == "VMCOREINFO" && !note.desc.empty()) return vmcoreinfo_text(note.desc);
    }
    return {};
}

}  // namespace postmortem
