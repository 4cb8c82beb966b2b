#include "report/dump_info/dump_frames.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/parallel.h"
#include "base/per_thread.h"
#include "dump/frame_runs.h"

namespace postmortem {
namespace {

constexpr std::uint64_t frames_at_a_time = 2048;
constexpr std::uint64_t max_frames_gone_through = 1ull << 33;  // 32 TiB at 4 KiB
constexpr std::size_t max_ranges = 1u << 22;
constexpr std::size_t max_damaged_listed = 10'000;

class FrameGatherer {
  public:
    void operator()(FrameRun run) {
        frames.count += run.end_pfn - run.first_pfn;
        ++frames.runs;
        if (frames.ranges.size() < max_ranges)
            frames.ranges.push_back({run.first_pfn, run.end_pfn});
        else
            frames.ranges.back().end_pfn = run.end_pfn;
    }
    Frames frames;
};

// Ranges that lie one behind the other, the first from `pfn` on, up to a number of frames.
struct Piece {
    std::size_t first_range = 0;
    std::uint64_t pfn = 0, frames = 0;
    DumpCheck seen = {};
};

std::vector<Piece> cut(const std::vector<FrameRange>& ranges) {
    std::vector<Piece> pieces;
    for (std::size_t i = 0; i < ranges.size(); ++i)
        for (std::uint64_t pfn = ranges[i].first_pfn; pfn < ranges[i].end_pfn;) {
            if (pieces.empty() || pieces.back().frames == frames_at_a_time) pieces.push_back({i, pfn});
            const std::uint64_t room = frames_at_a_time - pieces.back().frames;
            const std::uint64_t taken = std::min(room, ranges[i].end_pfn - pfn);
            pieces.back().frames += taken;
            pfn += taken;
        }
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

// Joins neighbours that cannot be read for one kind of reason, and keeps the first so many.
class DamageList {
  public:
    explicit DamageList(DumpCheck& check) : check_(check) {}

    void add(DamagedRange range) {
        const bool joins = end_ == range.frames.first_pfn && code_ == range.code;
        end_ = range.frames.end_pfn;
        code_ = range.code;
        if (!joins && check_.damaged.size() == max_damaged_listed)
            ++check_.damaged_unlisted;
        else if (!joins)
            check_.damaged.push_back(std::move(range));
        else if (check_.damaged_unlisted == 0)
            check_.damaged.back().frames.end_pfn = end_;
    }

  private:
    DumpCheck& check_;
    std::uint64_t end_ = ~0ull;  // of the last range: no frame lies there
    ErrorCode code_{};
};

// `sparse`: the range has frames that the dump does not promise.
void read_range(const DumpFile& dump, FrameRange range, bool sparse, DumpCheck& seen, DamageList& damage) {
    static PerThread<std::vector<std::byte>> scratches;
    std::vector<std::byte>& scratch = scratches.own();
    scratch.resize(dump.page_size());
    for (std::uint64_t pfn = range.first_pfn; pfn < range.end_pfn; ++pfn) {
        if (sparse) {
            const auto next = dump.next_frame(pfn);
            if (!next || *next >= range.end_pfn) return;
            pfn = *next;
        }
        const auto page = whole_page(dump, pfn, scratch);
        if (page) {
            ++seen.readable;
        } else {
            ++seen.unreadable;
            damage.add({{pfn, pfn + 1}, page.error().code, page.error().message});
        }
    }
}

void read_piece(const DumpFile& dump, const std::vector<FrameRange>& ranges, Piece& piece) {
    DamageList damage(piece.seen);
    const bool sparse = ranges.size() == max_ranges;
    std::uint64_t left = piece.frames, pfn = piece.pfn;
    for (std::size_t i = piece.first_range; left > 0; pfn = ++i < ranges.size() ? ranges[i].first_pfn : 0) {
        const std::uint64_t taken = std::min(left, ranges[i].end_pfn - pfn);
        read_range(dump, {pfn, pfn + taken}, sparse, piece.seen, damage);
        left -= taken;
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

// Both ascend. Of either no more than are listed can be among the first.
void add_lost(const Frames& lost, DumpCheck& check) {
    if (lost.count == 0) return;
    check.unreadable += lost.count;
    const std::uint64_t all = check.damaged.size() + check.damaged_unlisted + lost.runs;
    const std::string reason = "the file is truncated before the page's data";
    for (std::size_t i = 0; i < std::min(lost.ranges.size(), max_damaged_listed); ++i)
        check.damaged.push_back({lost.ranges[i], ErrorCode::PageMissing, reason});
    std::stable_sort(
        check.damaged.begin(), check.damaged.end(),
        [](const DamagedRange& a, const DamagedRange& b) { return a.frames.first_pfn < b.frames.first_pfn; });
    if (check.damaged.size() > max_damaged_listed) check.damaged.resize(max_damaged_listed);
    check.damaged_unlisted = all - check.damaged.size();
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
    DumpCheck whole;
    DamageList damage(whole);
    const auto take = [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
            const DumpCheck seen = std::exchange(pieces[i].seen, {});
            whole.readable += seen.readable;
            whole.unreadable += seen.unreadable;
            for (const DamagedRange& range : seen.damaged) damage.add(range);
        }
        if (progress) progress(whole.readable + whole.unreadable, all);
    };
    const auto make = [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) read_piece(dump, promised.ranges, pieces[i]);
    };
    parallel_in_order(pieces.size(), 4, 64, make, take);
    add_lost(lost, whole);
    return whole;
}

}  // namespace postmortem
