#include "dump/format/lime_chain.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace postmortem {
namespace {

constexpr std::uint32_t lime_version = 1;
constexpr std::size_t max_ranges = 1u << 20;

struct LimeHeader {
    std::uint32_t magic = 0, version = 0;
    LimeRange range;

    bool is_marked() const { return magic == lime_magic && version == lime_version; }
    bool is_half_marked() const { return magic == lime_magic || version == lime_version; }
    bool has_range() const { return range.first <= range.last && range.last - range.first != ~0ull; }
    bool is_sound() const { return is_marked() && has_range(); }
};

class ChainReader {
  public:
    explicit ChainReader(const ByteSource& source) : source_(source) {}

    Result<LimeChain> read() {
        std::uint64_t at = 0;
        while (const auto header = header_at(at)) {
            if (at != 0 && is_padded_from(source_, at)) return std::move(chain_);
            if (header->magic == lime_magic && header->version != lime_version && at == 0 &&
                readings_of(*header).empty())
                return fail(ErrorCode::Unsupported, fmt::format("LiME format version {}; only {} is known",
                                                                header->version, lime_version));
            if (chain_.ranges.size() == max_ranges)
                return fail(ErrorCode::Unsupported,
                            fmt::format("there are more than {} memory ranges", max_ranges));
            if (header->is_sound() && (goes_on_behind(header->range) || ends_behind(header->range))) {
                chain_.ranges.push_back(header->range);
                at = header->range.end_at();
                continue;
            }
            const auto next = pass_break(*header);
            if (!next) return std::move(chain_);
            at = *next;
        }
        if (at < source_.size() && !is_padded_from(source_, at))
            tell_cut_off(
                fmt::format("the file is truncated: it ends at byte {} within the header of a memory range",
                            source_.size()));
        return std::move(chain_);
    }

  private:
    std::optional<LimeHeader> header_at(std::uint64_t at) const {
        std::array<std::byte, lime_header_size> raw;
        if (at > source_.size() || !source_.skim(at, raw)) return std::nullopt;
        const auto word = [&](std::size_t from) {
            return load<std::uint64_t>(raw.data() + from, Endian::Little);
        };
        return LimeHeader{load<std::uint32_t>(raw.data(), Endian::Little),
                          load<std::uint32_t>(raw.data() + 4, Endian::Little),
                          {word(8), word(16), at}};
    }

    bool is_whole(const LimeRange& range) const { return range.size() <= source_.size() - range.data_at(); }

    // Whether the next header follows, or the file ends. Half a mark is one if another header follows where
    // it says.
    bool goes_on_behind(const LimeRange& range) const {
        if (!is_whole(range)) return false;
        const auto next = header_at(range.end_at());
        if (!next) return only_mark_follows(range.end_at());
        if (next->is_marked()) return true;
        if (!next->is_half_marked() || !next->has_range() || !is_whole(next->range)) return false;
        const std::uint64_t end = next->range.end_at();
        const auto after_next = header_at(end);
        return after_next ? after_next->is_marked() : end == source_.size();
    }

    bool ends_behind(const LimeRange& range) const {
        return is_whole(range) && is_padded_from(source_, range.end_at());
    }

    // Less than a header is left of the file: the beginning of one that was cut off.
    bool only_mark_follows(std::uint64_t at) const {
        std::array<std::byte, 8> mark;
        store(mark.data(), lime_magic, Endian::Little);
        store(mark.data() + 4, lime_version, Endian::Little);
        std::array<std::byte, 8> scratch;
        const Bytes rest = source_.read_what_is_there(at, scratch.size(), scratch);
        return std::equal(rest.begin(), rest.end(), mark.begin());
    }

    // What the header says if its mark is what is damaged, or one bit of an address, and the chain goes on.
    std::vector<LimeRange> readings_of(const LimeHeader& header) const {
        std::vector<LimeRange> readings;
        const auto add_if_it_goes_on = [&](LimeRange range) {
            if (LimeHeader{lime_magic, lime_version, range}.has_range() && goes_on_behind(range))
                readings.push_back(range);
        };
        add_if_it_goes_on(header.range);
        if (!header.is_marked()) return readings;
        for (unsigned bit = 0; bit < 64; ++bit) {
            const std::uint64_t one = std::uint64_t{1} << bit;
            add_if_it_goes_on({header.range.first ^ one, header.range.last, header.range.at});
            add_if_it_goes_on({header.range.first, header.range.last ^ one, header.range.at});
        }
        return readings;
    }

    // Ranges ascend, as the system's list of memory does.
    bool fits_between_neighbours(const LimeRange& range) const {
        const auto next = header_at(range.end_at());
        return (chain_.ranges.empty() || chain_.ranges.back().last < range.first) &&
               (!next || !next->is_sound() || range.last < next->range.first);
    }

    // The chain does not go on behind this header: where it can be taken up again, if that is certain.
    std::optional<std::uint64_t> pass_break(const LimeHeader& header) {
        std::vector<LimeRange> readings = readings_of(header);
        const std::uint64_t at = header.range.at;
        const bool ways_part = std::any_of(readings.begin(), readings.end(), [&](const LimeRange& range) {
            return range.end_at() != readings.front().end_at();
        });
        if (readings.empty() || ways_part) {
            give_up_at(header);
            return std::nullopt;
        }
        const std::uint64_t next = readings.front().end_at();
        std::erase_if(readings, [&](const LimeRange& range) { return !fits_between_neighbours(range); });
        const bool certain = readings.size() == 1;
        if (certain) chain_.ranges.push_back(readings.front());
        const std::string what = fmt::format("the header of a memory range at byte {} is damaged", at);
        if (certain) {
            chain_.problems.emplace_back(
                ErrorCode::Corrupt, fmt::format("{}; by where the next one stands it is of {:#x} to {:#x}",
                                                what, readings.front().first, readings.front().last));
        } else {
            chain_.problems.emplace_back(ErrorCode::Corrupt,
                                         what + "; of which addresses it is, is not certain: it is left out");
            be_unsure_of(at);
        }
        return next;
    }

    // Nothing vouches for a range that no header follows. That the file was cut off is the likelier, though.
    void give_up_at(const LimeHeader& header) {
        const std::uint64_t at = header.range.at;
        if (header.is_sound() && !is_whole(header.range)) {
            chain_.ranges.push_back(header.range);
            be_unsure_behind_the_end();
            return;
        }
        chain_.problems.emplace_back(
            ErrorCode::Corrupt,
            fmt::format(
                "the header of a memory range at byte {} is damaged; it and what follows are not read", at));
        be_unsure_of(at);
    }

    void tell_cut_off(std::string how) {
        chain_.problems.emplace_back(ErrorCode::PageMissing, std::move(how));
        be_unsure_behind_the_end();
    }

    void be_unsure_behind_the_end() {
        chain_.unsure =
            Error(ErrorCode::PageMissing,
                  "the file is truncated; memory at this address may have been in what is missing");
    }

    void be_unsure_of(std::uint64_t at) {
        chain_.unsure = Error(
            ErrorCode::Corrupt,
            fmt::format("whether the dump holds this address is not certain: the header of a memory range at "
                        "byte {} of the file is damaged",
                        at));
    }

    const ByteSource& source_;
    LimeChain chain_;
};

}  // namespace

Result<LimeChain> read_lime_chain(const ByteSource& source) {
    return ChainReader(source).read();
}

}  // namespace postmortem
