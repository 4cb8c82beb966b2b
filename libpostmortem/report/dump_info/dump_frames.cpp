#include "report/dump_info/dump_frames.h"

#include <algorithm>
#include <bit>

#include "base/parallel.h"

namespace postmortem {
namespace {

constexpr std::uint64_t frames_at_a_time = 2048;
constexpr std::uint64_t max_frames_gone_through = 1ull << 33;  // 32 TiB at 4 KiB
constexpr std::size_t max_ranges = 1u << 22;

void extend(std::vector<FrameRange>& ranges, std::uint64_t first, std::uint64_t end) {
    if (!ranges.empty() && ranges.back().end_pfn == first)
        ranges.back().end_pfn = end;
    else
        ranges.push_back({first, end});
}

// The set bits of one bitmap, appended in order.
void add_set_bits(const std::vector<std::byte>& bits, std::uint64_t first_pfn,
                  std::vector<FrameRange>& ranges) {
    for (std::size_t i = 0; i < bits.size(); ++i) {
        const auto byte = std::to_integer<unsigned>(bits[i]);
        if (byte == 0) continue;
        for (unsigned bit = 0; bit < 8; ++bit)
            if ((byte >> bit & 1) != 0) extend(ranges, first_pfn + i * 8 + bit, first_pfn + i * 8 + bit + 1);
    }
}

struct Piece {
    FrameRange frames;
    DumpCheck seen;
};

std::vector<Piece> cut(const std::vector<FrameRange>& ranges) {
    std::vector<Piece> pieces;
    for (const FrameRange& range : ranges)
        for (std::uint64_t pfn = range.first_pfn; pfn < range.end_pfn; pfn += frames_at_a_time)
            pieces.push_back({{pfn, std::min(range.end_pfn, pfn + frames_at_a_time)}, {}});
    return pieces;
}

void read_frames(const DumpFile& dump, Piece& piece) {
    thread_local std::vector<std::byte> scratch;
    scratch.resize(dump.page_size());
    for (std::uint64_t pfn = piece.frames.first_pfn; pfn < piece.frames.end_pfn; ++pfn) {
        const auto page = dump.page(pfn * dump.page_size(), scratch);
        if (page) {
            ++piece.seen.readable;
            continue;
        }
        ++piece.seen.unreadable;
        auto& damaged = piece.seen.damaged;
        if (!damaged.empty() && damaged.back().frames.end_pfn == pfn &&
            damaged.back().code == page.error().code)
            ++damaged.back().frames.end_pfn;
        else
            damaged.push_back({{pfn, pfn + 1}, page.error().code, page.error().message});
    }
}

void append(DumpCheck& whole, DumpCheck part) {
    whole.readable += part.readable;
    whole.unreadable += part.unreadable;
    for (DamagedRange& range : part.damaged) {
        auto& damaged = whole.damaged;
        if (!damaged.empty() && damaged.back().frames.end_pfn == range.frames.first_pfn &&
            damaged.back().code == range.code)
            damaged.back().frames.end_pfn = range.frames.end_pfn;
        else
            damaged.push_back(std::move(range));
    }
}

}  // namespace

std::vector<FrameRange> promised_frames(const DumpFile& dump) {
    std::vector<FrameRange> ranges;
    for (auto pfn = dump.next_frame(0); pfn && ranges.size() < max_ranges; pfn = dump.next_frame(*pfn + 1))
        extend(ranges, *pfn, *pfn + 1);
    return ranges;
}

std::optional<std::vector<FrameRange>> existing_frames_of(const DumpFile& dump) {
    if (dump.info().max_pfn > max_frames_gone_through) return std::nullopt;
    std::vector<FrameRange> ranges;
    std::vector<std::byte> bits(64 * 1024);
    for (std::uint64_t pfn = 0; pfn < dump.info().max_pfn && ranges.size() < max_ranges;
         pfn += bits.size() * 8) {
        std::fill(bits.begin(), bits.end(), std::byte{0});
        dump.existing_frames(pfn, bits);
        add_set_bits(bits, pfn, ranges);
    }
    return ranges;
}

std::uint64_t count_frames(const std::vector<FrameRange>& ranges) {
    std::uint64_t count = 0;
    for (const FrameRange& range : ranges) count += range.end_pfn - range.first_pfn;
    return count;
}

DumpCheck check_frames(const DumpFile& dump, const std::vector<FrameRange>& promised,
                       const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
    std::vector<Piece> pieces = cut(promised);
    const std::uint64_t all = count_frames(promised);
    DumpCheck whole;
    const auto take = [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) append(whole, std::move(pieces[i].seen));
        if (progress) progress(whole.readable + whole.unreadable, all);
    };
    const auto make = [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) read_frames(dump, pieces[i]);
    };
    parallel_in_order(pieces.size(), 4, 64, make, take);
    return whole;
}

}  // namespace postmortem
