#include "dump/elf/elf_tiling.h"

#include <algorithm>
#include <limits>

#include <elf.h>
#include <fmt/format.h>

#include "base/checked.h"

namespace postmortem {
namespace {

using Headers = std::vector<ProgramHeader>;

constexpr std::size_t most_tiled = 1u << 20;   // headers; 16 times those of a terabyte's dump
constexpr std::size_t most_mended = 1u << 12;  // headers among which a damaged one is looked for
constexpr std::size_t most_breaks = 4;  // that one damaged header makes; other writers have other rules
constexpr std::uint64_t padding_sizes[] = {4096, 16384, 65536};
constexpr std::uint64_t largest_padding = padding_sizes[std::size(padding_sizes) - 1];

bool is_of_memory(const ProgramHeader& header) {
    return header.type == PT_LOAD;
}

bool lies_in_file(const ProgramHeader& header) {
    return (is_of_memory(header) || header.type == PT_NOTE) && header.filesz != 0;
}

// Bytes of the file that one segment has, or several that are the same memory: QEMU writes a segment for each
// virtual address of it.
struct Part {
    std::uint64_t begin = 0, end = 0;
    std::uint64_t shift = 0;  // from physical addresses to places in the file
    std::size_t header = 0;   // which of the headers
};

// The kernel writes whole pages: where memory begins or ends within one, so does its segment
// (fs/proc/vmcore.c), and what lies between the two is not counted. How large they are at most shows in most
// segments.
std::uint64_t largest_page(const std::vector<Part>& parts) {
    const auto fit = [&](std::uint64_t page) {
        const auto count = std::count_if(parts.begin(), parts.end(),
                                         [&](const Part& part) { return part.shift % page == 0; });
        return 2 * static_cast<std::size_t>(count) > parts.size();
    };
    const auto largest = std::find_if(std::rbegin(padding_sizes), std::rend(padding_sizes), fit);
    return largest == std::rend(padding_sizes) ? padding_sizes[0] : *largest;
}

bool follows(const Part& part, std::uint64_t end, std::uint64_t largest_page) {
    const auto next_page = [&](std::uint64_t page) {
        return page <= largest_page && part.begin > end && part.shift % page == 0 &&
               part.begin - part.begin % page == align_up(end, page);
    };
    return part.begin == end || std::any_of(std::begin(padding_sizes), std::end(padding_sizes), next_page);
}

bool is_padded(std::uint64_t end, std::uint64_t file_end) {
    return std::any_of(std::begin(padding_sizes), std::end(padding_sizes), [&](std::uint64_t page) {
        return file_end == end || file_end == align_up(end, page);
    });
}

struct FileLayout {
    std::vector<Part> parts;  // ascending
    std::vector<std::size_t>
        breaks;  // parts that do not follow the one before; parts.size(): the end of the file
    bool maps_twice = false;
    bool is_cut_off = false;
};

FileLayout file_layout(const Headers& headers, std::uint64_t table_end, std::uint64_t data_end) {
    FileLayout layout;
    std::vector<Part> all;
    for (std::size_t i = 0; i < headers.size(); ++i) {
        const ProgramHeader& header = headers[i];
        if (!lies_in_file(header)) continue;
        const std::uint64_t room = ~0ull - header.offset;
        all.push_back(
            {header.offset, header.offset + std::min(header.filesz, room), header.offset - header.paddr, i});
    }
    const auto comes_first = [](const Part& a, const Part& b) { return a.begin < b.begin; };
    if (!std::is_sorted(all.begin(), all.end(), comes_first)) std::sort(all.begin(), all.end(), comes_first);
    for (const Part& part : all) {
        Part* last = layout.parts.empty() ? nullptr : &layout.parts.back();
        if (last && part.begin < last->end && part.shift == last->shift &&
            is_of_memory(headers[part.header]) && is_of_memory(headers[last->header])) {
            last->end = std::max(last->end, part.end);
            layout.maps_twice = true;
        } else {
            layout.parts.push_back(part);
        }
    }
    const std::uint64_t page = largest_page(layout.parts);
    std::uint64_t end = table_end, last = end;
    for (std::size_t i = 0; i < layout.parts.size(); ++i) {
        const Part& part = layout.parts[i];
        const bool first = i == 0;  // a section header may come before it
        if (first ? part.begin < end || part.begin - end >= largest_padding : !follows(part, end, page))
            layout.breaks.push_back(i);
        end = part.end;
        last = std::max(last, end);
    }
    layout.is_cut_off = last > data_end;
    if (!layout.is_cut_off && !is_padded(end, data_end)) layout.breaks.push_back(layout.parts.size());
    return layout;
}

// The headers, with one thing about them read otherwise.
struct Reading {
    Headers headers;
    std::string told;
};

bool are_same(const Headers& a, const Headers& b) {
    const auto place = [](const ProgramHeader& h) { return std::tuple(h.type, h.offset, h.filesz, h.paddr); };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](const auto& x, const auto& y) { return place(x) == place(y); });
}

class Tiler {
  public:
    Tiler(const ByteSource& source, const ElfHeaders& elf)
        : elf_(elf), headers_(elf.program_headers), layout_(laid_out(headers_)) {
        if (layout_.breaks == std::vector{layout_.parts.size()} && !layout_.parts.empty() &&
            is_padded_from(source, layout_.parts.back().end))
            layout_.breaks.clear();
    }

    ElfSegments segments() {
        ElfSegments found;
        found.map_twice = layout_.maps_twice;
        if (!elf_.has_unplaced && headers_.size() <= most_tiled && !is_sound()) mend(found);
        if (!elf_.has_unplaced) read_other_types(found);
        for (const ProgramHeader& header : headers_)
            if (is_of_memory(header)) found.loads.push_back(header);
        return found;
    }

  private:
    std::uint64_t table_end(const Headers& headers) const {
        return elf_.table_at + elf_.header_bytes * (headers.empty() ? 0 : headers.back().index + 1);
    }
    FileLayout laid_out(const Headers& headers) const {
        return file_layout(headers, table_end(headers), elf_.data_end);
    }

    bool is_sound() const {
        return layout_.breaks.empty() && elf_.spare.empty() &&
               std::none_of(headers_.begin(), headers_.end(), [](const ProgramHeader& header) {
                   return is_of_memory(header) && header.filesz > header.memsz;
               });
    }

    // Of the readings by which all segments follow each other, those count that end where the file does: it
    // is seldom damaged and cut off at once.
    void mend(ElfSegments& found) {
        collect_readings();
        auto& readings = whole_.empty() ? cut_off_ : whole_;
        if (!readings.empty() && (!whole_.empty() || !layout_.breaks.empty() || !elf_.spare.empty()) &&
            std::all_of(readings.begin(), readings.end(),
                        [&](const Reading& r) { return are_same(r.headers, readings.front().headers); })) {
            headers_ = std::move(readings.front().headers);
            found.problems.emplace_back(ErrorCode::Corrupt, std::move(readings.front().told));
            return;
        }
        if (!layout_.breaks.empty()) leave_out_contested(found);
    }

    void collect_readings() {
        read_with_spare();
        read_without_what_is_data();
        if (headers_.size() > most_mended || layout_.breaks.size() > most_breaks) return;
        for (const std::size_t i : of_other_types())
            if (headers_[i].filesz != 0) read_as_memory(i);
        for (const std::size_t i : near_breaks()) {
            read_elsewhere(i);
            read_with_other_size(i);
        }
    }

    void consider(Headers headers, std::string told) {
        const FileLayout layout = laid_out(headers);
        if (!layout.breaks.empty()) return;
        (layout.is_cut_off ? cut_off_ : whole_).push_back({std::move(headers), std::move(told)});
    }

    void read_with_spare() {
        if (elf_.spare.empty()) return;
        Headers all = headers_;
        all.insert(all.end(), elf_.spare.begin(), elf_.spare.end());
        consider(std::move(all),
                 fmt::format("the ELF header counts {} program headers, and the table holds {}; all "
                             "are read",
                             headers_.size(), headers_.size() + elf_.spare.size()));
    }

    // The segments' data begin where the table ends: headers behind that are none.
    void read_without_what_is_data() {
        const auto first = std::find_if(headers_.begin(), headers_.end(), lies_in_file);
        if (first == headers_.end() || table_end(headers_) <= first->offset) return;
        Headers some = headers_;
        std::erase_if(some, [&](const ProgramHeader& header) {
            return elf_.table_at + elf_.header_bytes * (header.index + 1) > first->offset;
        });
        const std::size_t count = some.size();
        if (count != 0)
            consider(std::move(some),
                     fmt::format("the ELF header counts {} program headers, and the table holds {}",
                                 headers_.size(), count));
    }

    void read_as_memory(std::size_t i) {
        Headers changed = headers_;
        changed[i].type = PT_LOAD;
        consider(
            std::move(changed),
            fmt::format("program header {} is damaged: its type is {:#x}; its segment lies between those of "
                        "memory, and is read as one of them",
                        headers_[i].index, headers_[i].type));
    }

    // The segments on both sides of each break, and empty ones that would belong there.
    std::vector<std::size_t> near_breaks() const {
        std::vector<std::size_t> near;
        const auto& parts = layout_.parts;
        for (const std::size_t at : layout_.breaks) {
            for (std::size_t i = at - std::min<std::size_t>(at, 2); i < std::min(at + 2, parts.size()); ++i)
                near.push_back(parts[i].header);
            const std::uint64_t gap = at == 0 ? table_end(headers_) : parts[at - 1].end;
            for (std::size_t i = 0; i < headers_.size(); ++i)
                if (is_of_memory(headers_[i]) && headers_[i].filesz == 0 && headers_[i].offset == gap)
                    near.push_back(i);
        }
        for (std::size_t i = 0; i < headers_.size(); ++i)
            if (is_of_memory(headers_[i]) && headers_[i].filesz > headers_[i].memsz) near.push_back(i);
        std::sort(near.begin(), near.end());
        near.erase(std::unique(near.begin(), near.end()), near.end());
        return near;
    }

    void read_elsewhere(std::size_t i) {
        Headers changed = headers_;
        changed[i].filesz = 0;
        const FileLayout rest = laid_out(changed);
        changed[i].filesz = headers_[i].filesz;
        std::vector<std::uint64_t> gaps;
        if (headers_[i].type == PT_NOTE) gaps.push_back(table_end(headers_));
        for (const std::size_t at : rest.breaks)
            gaps.push_back(at == 0 ? table_end(headers_) : rest.parts[at - 1].end);
        for (const std::uint64_t gap : gaps) {
            changed[i].offset = others_begin_pages(i) ? align_up<std::uint64_t>(gap, padding_sizes[0]) : gap;
            consider(
                changed,
                fmt::format("program header {} is damaged: its segment would be at byte {} of the file, and "
                            "the others leave room for it at {}; it is read there",
                            headers_[i].index, headers_[i].offset, changed[i].offset));
        }
    }

    bool others_begin_pages(std::size_t i) const {
        return std::all_of(headers_.begin(), headers_.end(), [&](const ProgramHeader& header) {
            return &header == &headers_[i] || !lies_in_file(header) || header.offset % padding_sizes[0] == 0;
        });
    }

    void read_with_other_size(std::size_t i) {
        for (unsigned bit = 0; bit < 64; ++bit) {
            Headers changed = headers_;
            changed[i].filesz ^= std::uint64_t{1} << bit;
            if (changed[i].filesz > changed[i].memsz && is_of_memory(changed[i])) continue;
            const std::uint64_t size = changed[i].filesz;
            consider(std::move(changed),
                     fmt::format("program header {} is damaged: its segment would have {} bytes of "
                                 "the file, and the others leave it {}; these are read",
                                 headers_[i].index, headers_[i].filesz, size));
        }
    }

    // Bytes of the file cannot be two different pieces of memory. Where others belong to none, what a header
    // leaves out may be there.
    void leave_out_contested(ElfSegments& found) {
        std::vector<Part> contested;  // ascending, without overlaps
        std::uint64_t end = 0;
        for (const Part& part : layout_.parts) {
            const std::uint64_t begin = std::max(part.begin, contested.empty() ? 0 : contested.back().end);
            if (begin < std::min(part.end, end)) contested.push_back({begin, std::min(part.end, end), 0, 0});
            end = std::max(end, part.end);
        }
        const bool by_usual_rules = !layout_.maps_twice && layout_.breaks.size() <= most_breaks;
        if (contested.empty() && !by_usual_rules) return;
        const std::size_t before = headers_.size();
        std::erase_if(headers_, [&](const ProgramHeader& header) {
            const auto first =
                std::upper_bound(contested.begin(), contested.end(), header.offset,
                                 [](std::uint64_t at, const Part& part) { return at < part.end; });
            return is_of_memory(header) && first != contested.end() &&
                   first->begin - std::min(first->begin, header.offset) < header.filesz;
        });
        for (ProgramHeader& header : headers_)
            if (by_usual_rules && is_of_memory(header)) header.memsz = header.filesz;
        found.unsure = true;
        const std::size_t left_out = before - headers_.size();
        found.problems.emplace_back(
            ErrorCode::Corrupt,
            fmt::format(
                "program headers are damaged: by them segments do not follow each other in the file; {}",
                left_out != 0 ? fmt::format("{} of {} are not read, as it is not certain which bytes "
                                            "are theirs",
                                            left_out, before)
                              : "what one of them leaves out may be there"));
    }

    // A dump has no segments but of memory and notes. At most so many that it costs nothing.
    std::vector<std::size_t> of_other_types() const {
        constexpr std::size_t enough = 16;
        std::vector<std::size_t> others;
        for (std::size_t i = 0; i < headers_.size() && others.size() < enough; ++i) {
            const ProgramHeader& header = headers_[i];
            const bool is_empty = header.type == PT_NULL && header.memsz == 0 && header.filesz == 0;
            if (!is_of_memory(header) && header.type != PT_NOTE && !is_empty) others.push_back(i);
        }
        return others;
    }

    void read_other_types(ElfSegments& found) {
        for (const std::size_t i : of_other_types()) {
            ProgramHeader& header = headers_[i];
            const bool one_bit_off = is_power_of_two(header.type ^ std::uint32_t{PT_LOAD});
            const bool is_memory = one_bit_off && header.filesz == 0 && is_mapped_like_others(header);
            found.problems.emplace_back(
                ErrorCode::Corrupt,
                fmt::format("program header {} is damaged: no segment of a dump is of type {:#x}; {}",
                            header.index, header.type,
                            is_memory ? "it is mapped as memory is, and read as such" : "it is not read"));
            if (is_memory)
                header.type = PT_LOAD;
            else
                found.unsure = true;
        }
    }

    bool is_mapped_like_others(const ProgramHeader& header) const {
        return std::any_of(headers_.begin(), headers_.end(), [&](const ProgramHeader& other) {
            return is_of_memory(other) && other.vaddr - other.paddr == header.vaddr - header.paddr;
        });
    }

    const ElfHeaders& elf_;
    Headers headers_;
    FileLayout layout_;
    std::vector<Reading> whole_, cut_off_;
};

}  // namespace

ElfSegments tile_segments(const ByteSource& source, const ElfHeaders& elf) {
    return Tiler(source, elf).segments();
}

}  // namespace postmortem
