#include "dump/elf/elf_places.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <unordered_map>

#include <elf.h>
#include <fmt/format.h>

#include "base/checked.h"

namespace postmortem {
namespace {

constexpr std::size_t most_placed = 1u << 12;  // segments among which a damaged one is looked for
constexpr std::size_t most_maps = 4;           // of a dump that lists what the kernel maps at fixed distances
constexpr std::uint64_t sample_size = 4096;
constexpr std::uint64_t max_end = std::numeric_limits<std::uint64_t>::max();
constexpr unsigned map_alignment_bits =
    21;  // of the distance between the addresses of a map, on every architecture

enum class Likeness { Unknown, Same, Different };

struct Verdict {
    enum { Keep, Move, Doubt } what = Keep;
    std::uint64_t paddr = 0;  // where to
};

class Placer {
  public:
    Placer(const ByteSource& source, const ElfHeaders& elf, ElfSegments& segments)
        : source_(source),
          mask_(elf.word == 8 ? ~0ull : 0xffffffffull),
          segments_(segments),
          loads_(segments.loads) {
        for (const ProgramHeader& load : loads_)
            if (is_mapped(load)) ++maps_[distance(load)];
        const auto notes = std::find_if(elf.program_headers.begin(), elf.program_headers.end(),
                                        [](const ProgramHeader& header) { return header.type == PT_NOTE; });
        const bool by_kernel = notes != elf.program_headers.end() && notes->offset % sample_size == 0;
        const bool by_qemu = elf.machine != EM_S390 && maps_.size() == 1 && maps_.contains(0);
        leaves_nothing_out_ = by_kernel || by_qemu;
    }

    void place() {
        if (maps_.size() > most_maps) return;
        judge_sizes();
        std::vector<std::size_t> doubtful;
        for (std::size_t i = 0; i < loads_.size(); ++i)
            if (is_alone(loads_[i])) judge_by_map(i, doubtful);
        if (doubtful.empty())
            for (std::size_t i = 0; i < loads_.size(); ++i)
                if (is_alone(loads_[i])) judge_by_content(i, doubtful);
        std::sort(doubtful.rbegin(), doubtful.rend());
        doubtful.erase(std::unique(doubtful.begin(), doubtful.end()), doubtful.end());
        for (const std::size_t i : doubtful) leave_out(i);
    }

  private:
    // 32-bit kernels give -1 for what they do not map.
    bool is_mapped(const ProgramHeader& load) const { return load.vaddr != mask_; }
    std::uint64_t distance(const ProgramHeader& load) const { return (load.vaddr - load.paddr) & mask_; }
    std::size_t segments_in_map_of(const ProgramHeader& load) const {
        const auto found = maps_.find(distance(load));
        return found == maps_.end() ? 0 : found->second;
    }
    bool is_alone(const ProgramHeader& load) const {
        return is_mapped(load) && segments_in_map_of(load) == 1;
    }
    bool are_of_one_map(const ProgramHeader& a, const ProgramHeader& b) const {
        return is_mapped(a) && is_mapped(b) && distance(a) == distance(b);
    }
    static std::uint64_t end_of(const ProgramHeader& load) {
        return checked_add(load.paddr, std::max(load.filesz, load.memsz)).value_or(max_end);
    }
    static std::uint64_t end_of_stored(const ProgramHeader& load) {
        return checked_add(load.paddr, load.filesz).value_or(max_end);
    }

    // Whether one wrong bit makes the distance of one map that of the other.
    bool is_one_bit_off(const ProgramHeader& load, const ProgramHeader& other) const {
        const std::uint64_t map = distance(other);
        return is_power_of_two(((load.vaddr - map) & mask_) ^ load.paddr) ||
               is_power_of_two(((load.paddr + map) & mask_) ^ load.vaddr);
    }

    void judge_sizes() {
        const bool none_leaves_out =
            leaves_nothing_out_ && std::count_if(loads_.begin(), loads_.end(), [](const ProgramHeader& load) {
                                       return load.memsz != load.filesz;
                                   }) == 1;
        for (ProgramHeader& load : loads_) {
            const bool is_odd = none_leaves_out && loads_.size() > 1 && load.memsz != load.filesz &&
                                is_power_of_two(load.memsz ^ load.filesz);
            if (is_odd && load.memsz % sample_size == 0 && load.filesz % sample_size != 0) {
                tell_size(load, load.filesz, load.memsz);
                load.filesz = load.memsz;
            } else if (is_odd) {
                tell_size(load, load.memsz, load.filesz);
                load.memsz = load.filesz;
            } else if (load.memsz < load.filesz) {
                forget_what_is_left_out(load, "more bytes in the file than in memory");
            }
        }
        cut_off_at_the_next();
    }

    void tell_size(const ProgramHeader& load, std::uint64_t wrong, std::uint64_t right) {
        segments_.problems.emplace_back(
            ErrorCode::Corrupt, fmt::format("program header {} is damaged: its segment would have {:#x} "
                                            "bytes, and {:#x}; as the others have "
                                            "in the file what they have in memory, it is taken for {:#x}",
                                            load.index, wrong, right, right));
    }

    // Segments of one map do not overlap.
    void cut_off_at_the_next() {
        std::vector<ProgramHeader*> ascending;
        for (ProgramHeader& load : loads_)
            if (is_mapped(load)) ascending.push_back(&load);
        std::stable_sort(ascending.begin(), ascending.end(),
                         [&](const ProgramHeader* a, const ProgramHeader* b) {
                             return std::pair(distance(*a), a->paddr) < std::pair(distance(*b), b->paddr);
                         });
        for (std::size_t i = 0; i + 1 < ascending.size(); ++i) {
            ProgramHeader& load = *ascending[i];
            const ProgramHeader& next = *ascending[i + 1];
            if (!are_of_one_map(load, next) || load.filesz == load.memsz || end_of(load) <= next.paddr)
                continue;
            const std::uint64_t room = next.paddr - load.paddr;
            if (room < load.filesz) continue;
            if (!is_power_of_two(room ^ load.memsz)) {
                forget_what_is_left_out(load, "memory that is the next one's too");
                continue;
            }
            segments_.problems.emplace_back(ErrorCode::Corrupt,
                                            fmt::format("program header {} is damaged: its segment would be "
                                                        "{:#x} bytes of memory, and the next one "
                                                        "begins behind {:#x}; these are taken",
                                                        load.index, load.memsz, room));
            load.memsz = room;
        }
    }

    void forget_what_is_left_out(ProgramHeader& load, std::string_view why) {
        load.memsz = load.filesz;
        segments_.unsure = true;
        segments_.problems.emplace_back(
            ErrorCode::Corrupt,
            fmt::format("program header {} is damaged: its segment has {}; what it leaves out is not "
                        "certain",
                        load.index, why));
    }

    void judge_by_map(std::size_t i, std::vector<std::size_t>& doubtful) {
        const ProgramHeader* map = map_that_it_misses(loads_[i]);
        if (!map) return;
        const bool either_may_be_wrong = is_alone(*map);
        if (either_may_be_wrong && is_odder(*map, loads_[i])) return;  // that one is judged
        Verdict verdict = verdict_on(i, *map);
        if (either_may_be_wrong && !is_odder(loads_[i], *map)) {
            const Verdict other = verdict_on(static_cast<std::size_t>(map - loads_.data()), loads_[i]);
            if (verdict.what == Verdict::Keep && other.what != Verdict::Doubt) return;
            if (other.what != Verdict::Keep) verdict.what = Verdict::Doubt;
        }
        if (verdict.what == Verdict::Move) move(i, verdict.paddr);
        if (verdict.what == Verdict::Doubt) doubtful.push_back(i);
    }

    // The map of most segments that is one bit off.
    const ProgramHeader* map_that_it_misses(const ProgramHeader& load) const {
        const ProgramHeader* best = nullptr;
        for (const ProgramHeader& other : loads_)
            if (&other != &load && is_mapped(other) && is_one_bit_off(load, other) &&
                (!best || segments_in_map_of(other) > segments_in_map_of(*best)))
                best = &other;
        return best;
    }

    // Maps are aligned; of two distances the one is wrong that has a bit too low for that.
    bool is_odder(const ProgramHeader& a, const ProgramHeader& b) const {
        return std::countr_zero(distance(a)) < static_cast<int>(map_alignment_bits) &&
               std::countr_zero(distance(b)) >= static_cast<int>(map_alignment_bits);
    }

    // Of segment i, whether its physical address is wrong, or its virtual one, or that is not known.
    Verdict verdict_on(std::size_t i, const ProgramHeader& map) const {
        ProgramHeader moved = loads_[i];
        moved.paddr = (moved.vaddr - distance(map)) & mask_;
        const bool is_odd = loads_[i].paddr % sample_size != 0, other_is_odd = moved.paddr % sample_size != 0;
        if (is_odd != other_is_odd) return is_odd ? Verdict{Verdict::Move, moved.paddr} : Verdict{};
        const Likeness here = likeness(loads_[i], i), there = likeness(moved, i);
        if (here == Likeness::Same && there != Likeness::Same) return {};
        if (there == Likeness::Same && here != Likeness::Same) return {Verdict::Move, moved.paddr};
        const bool fits_here = here != Likeness::Different && has_room_in(map, loads_[i], i);
        const bool fits_there = there != Likeness::Different && has_room_in(map, moved, i);
        if (fits_here != fits_there) return fits_here ? Verdict{} : Verdict{Verdict::Move, moved.paddr};
        const bool joins_here = joins_neighbour(map, loads_[i], i),
                   joins_there = joins_neighbour(map, moved, i);
        if (fits_here && joins_here != joins_there && joins_are_usual_in(map, i))
            return joins_here ? Verdict{} : Verdict{Verdict::Move, moved.paddr};
        return {Verdict::Doubt, 0};
    }

    // Segments of a map are written in the order of their addresses, and do not overlap.
    bool has_room_in(const ProgramHeader& map, const ProgramHeader& load, std::size_t i) const {
        for (std::size_t j = 0; j < loads_.size(); ++j) {
            if (j == i || !are_of_one_map(loads_[j], map)) continue;
            if (j < i ? end_of(loads_[j]) > load.paddr : loads_[j].paddr < end_of(load)) return false;
        }
        return true;
    }
    bool joins_neighbour(const ProgramHeader& map, const ProgramHeader& load, std::size_t i) const {
        for (std::size_t j = 0; j < loads_.size(); ++j)
            if (j != i && are_of_one_map(loads_[j], map) && are_joined(loads_[j], load)) return true;
        return false;
    }
    // makedumpfile splits what the kernel had in one piece.
    bool joins_are_usual_in(const ProgramHeader& map, std::size_t i) const {
        std::size_t pairs = 0, joined = 0;
        const ProgramHeader* before = nullptr;
        for (std::size_t j = 0; j < loads_.size(); ++j) {
            if (!are_of_one_map(loads_[j], map)) continue;
            if (before && j != i && before != &loads_[i]) {
                ++pairs;
                joined += are_joined(*before, loads_[j]);
            }
            before = &loads_[j];
        }
        return pairs >= 2 && joined * 2 > pairs;
    }
    static bool are_joined(const ProgramHeader& a, const ProgramHeader& b) {
        return end_of(a) == b.paddr || end_of(b) == a.paddr;
    }

    // The kernel's text is in the direct map too, and the same there.
    void judge_by_content(std::size_t i, std::vector<std::size_t>& doubtful) {
        if (likeness(loads_[i], i) == Likeness::Same || loads_.size() < 2) return;
        std::vector<std::uint64_t> better;
        for (std::uint64_t bit = 1; bit != 0 && (bit & mask_) != 0; bit <<= 1) {
            ProgramHeader moved = loads_[i];
            moved.paddr ^= bit;
            if (likeness(moved, i) == Likeness::Same) better.push_back(moved.paddr);
        }
        const bool contradicts = likeness(loads_[i], i) == Likeness::Different;
        if (better.empty() && !contradicts) return;
        const bool vouched = std::all_of(loads_.begin(), loads_.end(), [&](const ProgramHeader& other) {
            return &other == &loads_[i] || !is_mapped(other) || !is_alone(other);
        });
        if (vouched && better.size() == 1) return move(i, better.front());
        doubtful.push_back(i);
        if (vouched) return;
        for (std::size_t j = 0; j < loads_.size(); ++j)
            if (j != i && is_alone(loads_[j])) doubtful.push_back(j);
    }

    // Whether the segment's bytes are those that others have at the same addresses, and elsewhere in the
    // file.
    Likeness likeness(const ProgramHeader& load, std::size_t i) const {
        constexpr std::uint64_t samples = 8;
        std::uint64_t same = 0, different = 0;
        for (std::size_t j = 0; j < loads_.size(); ++j) {
            const ProgramHeader& other = loads_[j];
            if (j == i || other.offset - other.paddr == load.offset - load.paddr) continue;
            const std::uint64_t begin = std::max(load.paddr, other.paddr);
            const std::uint64_t end = std::min(end_of_stored(load), end_of_stored(other));
            if (begin >= end || end - begin < sample_size) continue;
            const std::uint64_t step =
                std::max(align_down<std::uint64_t>((end - begin) / samples, sample_size), sample_size);
            for (std::uint64_t at = begin; at <= end - sample_size && same < 2 && different < samples;
                 at += step)
                compare(load.offset + (at - load.paddr), other.offset + (at - other.paddr), same, different);
        }
        if (same == 0 && different == 0) return Likeness::Unknown;
        return same > different ? Likeness::Same : Likeness::Different;
    }

    void compare(std::uint64_t a, std::uint64_t b, std::uint64_t& same, std::uint64_t& different) const {
        std::array<std::byte, sample_size> scratch_a, scratch_b;
        const auto bytes_a = source_.read(a, sample_size, scratch_a);
        const auto bytes_b = source_.read(b, sample_size, scratch_b);
        if (!bytes_a || !bytes_b) return;
        if (!std::equal(bytes_a->begin(), bytes_a->end(), bytes_b->begin()))
            ++different;
        else if (std::adjacent_find(bytes_a->begin(), bytes_a->end(), std::not_equal_to<>()) !=
                 bytes_a->end())
            ++same;  // pages of one byte are the same anywhere
    }

    void move(std::size_t i, std::uint64_t paddr) {
        ProgramHeader& load = loads_[i];
        segments_.problems.emplace_back(
            ErrorCode::Corrupt,
            fmt::format("program header {} is damaged: its segment would be at physical address {:#x}, "
                        "and by the others it is at {:#x}; it is read there",
                        load.index, load.paddr, paddr));
        --maps_[distance(load)];
        load.paddr = paddr;
        ++maps_[distance(load)];
    }

    void leave_out(std::size_t i) {
        const ProgramHeader& load = loads_[i];
        segments_.unsure = true;
        segments_.problems.emplace_back(ErrorCode::Corrupt,
                                        fmt::format("program header {} contradicts the others: whether its "
                                                    "segment is at physical address {:#x} is not "
                                                    "certain, and it is not read",
                                                    load.index, load.paddr));
        loads_.erase(loads_.begin() + static_cast<std::ptrdiff_t>(i));
    }

    const ByteSource& source_;
    std::uint64_t mask_;
    ElfSegments& segments_;
    std::vector<ProgramHeader>& loads_;
    std::unordered_map<std::uint64_t, std::size_t> maps_;  // segments by distance
    bool leaves_nothing_out_ = false;                      // its writer; makedumpfile does
};

}  // namespace

void place_segments(const ByteSource& source, const ElfHeaders& elf, ElfSegments& segments) {
    const bool addresses_can_be_told = std::any_of(segments.loads.begin(), segments.loads.end(),
                                                   [](const ProgramHeader& load) { return load.vaddr != 0; });
    if (elf.has_unplaced || segments.map_twice || !addresses_can_be_told ||
        segments.loads.size() > most_placed)
        return;
    Placer(source, elf, segments).place();
}

}  // namespace postmortem
