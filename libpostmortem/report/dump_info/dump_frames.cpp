#include "report/dump_info/dump_frames.h"

#include <algorithm>
#include <functional>

#include "base/parallel.h"
#include "dump/frame_runs.h"

namespace postmortem {
namespace {

constexpr std::uint64_t frames_at_a_time = 2048;
constexpr std::uint64_t max_frames_gone_through = 1ull << 33;  // 32 TiB at 4 KiB
constexpr std::size_t max_ranges = 1u << 22;

class FrameGatherer {
  public:
    void operator()(FrameRun run) {
        frames.count += run.end_pfn - run.first_pfn;
        if (frames.ranges.size() < max_ranges)
            frames.ranges.push_back({run.first_pfn, run.end_pfn});
        else
            frames.ranges.back().end_pfn = run.end_pfn;
    }
    Frames frames;
};

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

// Of a frame that the dump holds in part, also whether the rest is missing rather than left out.
Result<void> whole_page(const DumpFile& dump, std::uint64_t pfn, MutableBytes scratch) {
    const std::uint64_t paddr = pfn * dump.page_size();
    for (std::uint64_t end = 0; end < dump.page_size();) {
        const auto page = dump.page(paddr + end, scratch);
        if (!page && (end == 0 || page.error().code == ErrorCode::PageMissing)) return fail(page.error());
        if (!page || page->offset + page->bytes.size() <= end) return {};
        end = page->offset + page->bytes.size();
    }
    return {};
}

// `sparse`: the piece has frames that the dump does not promise.
void read_frames(const DumpFile& dump, Piece& piece, bool sparse) {
    thread_local std::vector<std::byte> scratch;
    scratch.resize(dump.page_size());
    for (std::uint64_t pfn = piece.frames.first_pfn; pfn < piece.frames.end_pfn; ++pfn) {
        if (sparse) {
            const auto next = dump.next_frame(pfn);
            if (!next || *next >= piece.frames.end_pfn) return;
            pfn = *next;
        }
        const auto page = whole_page(dump, pfn, scratch);
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

// What of `range` lies in none of `others` from `next` on, which is moved along: both ascend.
void add_apart(FrameRange range, const std::vector<FrameRange>& others, std::size_t& next,
               FrameGatherer& into) {
    while (next < others.size() && others[next].end_pfn <= range.first_pfn) ++next;
    for (std::size_t i = next; i < others.size() && others[i].first_pfn < range.end_pfn; ++i) {
        if (range.first_pfn < others[i].first_pfn) into({range.first_pfn, others[i].first_pfn});
        range.first_pfn = std::max(range.first_pfn, std::min(others[i].end_pfn, range.end_pfn));
    }
    if (range.first_pfn < range.end_pfn) into({range.first_pfn, range.end_pfn});
}

void add_lost(const Frames& lost, DumpCheck& check) {
    if (lost.count == 0) return;
    check.unreadable += lost.count;
    const std::string reason = "the file is truncated before the page's data";
    for (const FrameRange& range : lost.ranges)
        check.damaged.push_back({range, ErrorCode::PageMissing, reason});
    std::stable_sort(
        check.damaged.begin(), check.damaged.end(),
        [](const DamagedRange& a, const DamagedRange& b) { return a.frames.first_pfn < b.frames.first_pfn; });
}

}  // namespace

Frames promised_frames(const DumpFile& dump) {
    FrameGatherer gather;
    dump.each_promised_run(std::ref(gather));
    return std::move(gather.frames);
}

Frames lost_frames(const DumpFile& dump, const Frames& promised) {
    FrameGatherer all, apart;
    dump.each_lost_run(std::ref(all));
    std::size_t next = 0;
    for (const FrameRange& range : all.frames.ranges) add_apart(range, promised.ranges, next, apart);
    return std::move(apart.frames);
}

std::optional<Frames> existing_frames_of(const DumpFile& dump) {
    if (dump.info().max_pfn > max_frames_gone_through) return std::nullopt;
    FrameGatherer gather;
    dump.each_existing_run(std::ref(gather));
    return std::move(gather.frames);
}

std::optional<Error> missing_at_the_end(const DumpFile& dump, const Frames& promised) {
    if (promised.ranges.empty()) return std::nullopt;
    // More than one: pages of zeros may all share the first of them.
    constexpr std::uint64_t frames_looked_at = 64;
    const FrameRange last = promised.ranges.back();
    std::vector<std::byte> scratch(dump.page_size());
    for (std::uint64_t pfn = last.end_pfn;
         pfn-- > last.first_pfn && last.end_pfn - pfn <= frames_looked_at;) {
        const auto page = dump.page(pfn * dump.page_size(), scratch);
        if (!page && page.error().code == ErrorCode::PageMissing) return page.error();
    }
    return std::nullopt;
}

DumpCheck check_frames(const DumpFile& dump, const Frames& promised, const Frames& lost,
                       const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
    std::vector<Piece> pieces = cut(promised.ranges);
    const std::uint64_t all = promised.count;
    const bool sparse = promised.ranges.size() == max_ranges;
    DumpCheck whole;
    const auto take = [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) append(whole, std::move(pieces[i].seen));
        if (progress) progress(whole.readable + whole.unreadable, all);
    };
    const auto make = [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) read_frames(dump, pieces[i], sparse);
    };
    parallel_in_order(pieces.size(), 4, 64, make, take);
    add_lost(lost, whole);
    return whole;
}

}  // namespace postmortem
