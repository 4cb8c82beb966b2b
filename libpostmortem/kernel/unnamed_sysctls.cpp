#include "kernel/unnamed_sysctls.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <postmortem/lost_pages.h>

#include "base/checked.h"
#include "kernel/sysctl_files.h"

namespace postmortem {
namespace {

constexpr std::uint64_t piece_bytes = 4096;
constexpr std::uint64_t most_zeroed_data = 64ull << 20;  ///< behind the last of the data that is searched

/// All of a range that can be read, a piece at a time, each with the first bytes of the next.
template <typename Visit>
bool for_each_piece(const AddressSpace& memory, std::uint64_t start, std::uint64_t end, std::size_t overlap,
                    Visit visit) {
    bool all = true;
    std::vector<std::byte> bytes(piece_bytes + overlap);
    for (std::uint64_t at = align_down(start, piece_bytes); at < end; at += piece_bytes) {
        const bool whole = memory.read(at, bytes, Caching::Pass).has_value();
        const MutableBytes alone = MutableBytes(bytes).first(piece_bytes);
        if (whole)
            visit(at, Bytes(bytes));
        else if (memory.read(at, alone, Caching::Pass))
            visit(at, Bytes(alone));
        else
            all = false;
    }
    return all;
}

// The linker keeps a string as the end of a longer one where there is such.
std::optional<std::size_t> find_string(std::string_view text, std::string_view name, std::size_t from) {
    for (std::size_t at = text.find(name, from); at != text.npos; at = text.find(name, at + 1))
        if (at + name.size() < text.size() && text[at + name.size()] == '\0') return at;
    return std::nullopt;
}

// struct ctl_table goes on: void *data; int maxlen; umode_t mode.
bool is_entry(const ByteReader& entry, std::uint32_t word) {
    const auto size = entry.u32(2 * word);
    const auto mode = entry.u16(2 * word + 4);
    constexpr std::array<std::uint16_t, 5> modes = {0644, 0444, 0600, 0400, 0200};
    return size && mode && (*size == 4 || *size == word) &&
           std::find(modes.begin(), modes.end(), *mode) != modes.end();
}

}  // namespace

UnnamedSysctls::UnnamedSysctls(const AddressSpace& memory, const ImageBounds& image) {
    const LossesHandled what_is_not_found_is_not_told;
    find_entries(memory, image, find_names(memory, image));
}

UnnamedSysctls::Strings UnnamedSysctls::find_names(const AddressSpace& memory, const ImageBounds& image) {
    constexpr std::size_t longest_with_nuls = 32;
    Strings found;
    all_names_read_ = for_each_piece(memory, image.read_only_start, image.read_only_end, longest_with_nuls,
                                     [&](std::uint64_t address, Bytes bytes) {
                                         const std::string_view text = as_text(bytes);
                                         for (const SysctlFile& one : sysctl_files)
                                             for (auto at = find_string(text, one.file, 0); at;
                                                  at = find_string(text, one.file, *at + 1)) {
                                                 found.emplace(address + *at, one.file);
                                                 variables_.try_emplace(one.file);
                                             }
                                     });
    return found;
}

void UnnamedSysctls::find_entries(const AddressSpace& memory, const ImageBounds& image,
                                  const Strings& names) {
    const std::uint32_t word = memory.word_size();
    const std::size_t entry_bytes = 2 * word + 8;
    (void)for_each_piece(
        memory, image.data_start, image.data_end, entry_bytes, [&](std::uint64_t, Bytes bytes) {
            const ByteReader reader(bytes, memory.endian());
            const auto word_at = [&](std::size_t at) {
                return word == 8 ? *reader.u64(at) : std::uint64_t{*reader.u32(at)};
            };
            for (std::size_t at = 0; at < piece_bytes && at + entry_bytes <= bytes.size(); at += word) {
                const auto name = names.find(word_at(at));
                if (name == names.end()) continue;
                const std::uint64_t data = word_at(at + word);
                if (data < image.read_only_start || data >= image.data_end + most_zeroed_data) continue;
                if (!is_entry(ByteReader(bytes.subspan(at), memory.endian()), word)) continue;
                std::vector<std::uint64_t>& known = variables_[name->second];
                if (std::find(known.begin(), known.end(), data) == known.end()) known.push_back(data);
            }
        });
}

bool UnnamedSysctls::shows(std::string_view variable) {
    return file_that_shows(variable) != nullptr;
}

Result<std::optional<std::uint64_t>> UnnamedSysctls::address_of(std::string_view variable) const {
    if (const SysctlFile* file = file_that_shows(variable)) {
        const auto found = variables_.find(file->file);
        if (found == variables_.end() && all_names_read_) return std::nullopt;
        if (found != variables_.end() && found->second.size() == 1) return found->second.front();
    }
    return fail(ErrorCode::NotFound, fmt::format("no table of sysctls tells where {} lies", variable));
}

}  // namespace postmortem
