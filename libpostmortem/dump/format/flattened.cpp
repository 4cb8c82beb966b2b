#include "dump/format/flattened.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <span>

#include <fmt/format.h>

namespace postmortem {
namespace {

// struct makedumpfile_header and makedumpfile_data_header (makedumpfile.h); big endian on every machine.
constexpr std::string_view signature("makedumpfile\0\0\0\0", 16);
constexpr std::uint64_t type_at = 16, version_at = 24, header_size = 4096;
constexpr std::uint64_t known_type = 1, known_version = 1;
constexpr std::uint64_t record_header_size = 16;
constexpr std::uint64_t end_mark = ~0ull;
constexpr std::uint64_t max_offset = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

// QEMU changes from page data to descriptors and back every 23 to 40 KB of file, makedumpfile more seldom:
// these are half a terabyte of file. Each takes 32 bytes of ours, and those that lie over each other 150
// more.
constexpr std::size_t max_runs = 1u << 24, max_overlapping = 1u << 20;

// Consecutive records of one size that continue each other: makedumpfile writes most of a file so. `end -
// begin` bytes of the inner file, cut into pieces of `stride` with a record header between each two.
struct Run {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t at = 0;  // in the flattened file, where the data of the first record starts
    std::uint64_t stride = 0;

    std::uint64_t size() const { return end - begin; }
    std::uint64_t place_of(std::uint64_t offset) const {
        const std::uint64_t into = offset - begin;
        return at + into + into / stride * record_header_size;
    }
    std::uint64_t in_one_piece_from(std::uint64_t offset) const {
        return std::min(stride - (offset - begin) % stride, end - offset);
    }
};

class Runs {
  public:
    // Records are added in file order.
    bool add(std::uint64_t offset, std::uint64_t size, std::uint64_t at) {
        if (size == 0) return true;
        if (!runs_.empty() && continues(runs_.back(), offset, size, at)) {
            runs_.back().end += size;
            return true;
        }
        if (runs_.size() == max_runs) return false;
        runs_.push_back({offset, offset + size, at, size});
        return true;
    }

    // A record whose header gives a wrong place is missed there where those before and behind it in the file
    // say that it belongs.
    std::vector<Error> put_back_misplaced() {
        constexpr std::size_t most_told = 64;  // a file with more has other faults
        std::vector<Error> told;
        for (std::size_t i = 1; i < runs_.size() && told.size() < most_told; ++i) {
            Run& run = runs_[i];
            if (run.stride != run.size()) continue;
            const auto place = left_open_around(i);
            if (!place || run.begin == *place || is_written_by_others(i, *place)) continue;
            told.emplace_back(
                ErrorCode::Corrupt,
                fmt::format(
                    "the flattened file has a damaged record header at byte {}: it says that the record "
                    "belongs at byte {}, and those around it that it does at {}; it was put there",
                    run.at - record_header_size, run.begin, *place));
            run.end = *place + run.size();
            run.begin = *place;
        }
        return told;
    }

    // Sorted, and without overlaps: of runs that overlap the later one in the file counts. Nothing where too
    // many do.
    std::optional<std::vector<Run>> resolved() && {
        sort_by_begin(runs_);
        if (const std::size_t overlapping = count_overlapping(); overlapping == 0)
            return std::move(runs_);
        else if (overlapping > max_overlapping)
            return std::nullopt;
        std::vector<Run> kept;
        kept.reserve(runs_.size());
        each_cluster([&](std::span<Run> cluster) {
            if (cluster.size() == 1)
                kept.push_back(cluster.front());
            else
                keep_latest(cluster, kept);
        });
        return kept;
    }

  private:
    // Runs that overlap one another, or one that overlaps none; of sorted ones.
    template <typename Visit>
    void each_cluster(Visit visit) {
        for (std::size_t first = 0, last = 0; first < runs_.size(); first = last) {
            std::uint64_t end = runs_[first].end;
            for (last = first + 1; last < runs_.size() && runs_[last].begin < end; ++last)
                end = std::max(end, runs_[last].end);
            visit(std::span(runs_).subspan(first, last - first));
        }
    }

    std::size_t count_overlapping() {
        std::size_t count = 0;
        each_cluster([&](std::span<Run> cluster) { count += cluster.size() > 1 ? cluster.size() : 0; });
        return count;
    }

    static void sort_by_begin(std::span<Run> runs) {
        std::sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) { return a.begin < b.begin; });
    }

    // Where a neighbour of the run ends, and another begins as far behind it as the run is long. Page data
    // and descriptors take turns, so that the next of the same kind may be the next but one.
    std::optional<std::uint64_t> left_open_around(std::size_t index) const {
        for (const std::size_t before : {1u, 2u})
            for (const std::size_t behind : {1u, 2u})
                if (index >= before && index + behind < runs_.size() &&
                    runs_[index + behind].begin == runs_[index - before].end + runs_[index].size())
                    return runs_[index - before].end;
        return std::nullopt;
    }

    bool is_written_by_others(std::size_t index, std::uint64_t begin) const {
        const std::uint64_t end = begin + runs_[index].size();
        return std::any_of(runs_.begin(), runs_.end(), [&](const Run& other) {
            return &other != &runs_[index] && other.begin < end && begin < other.end;
        });
    }

    // Going backwards through the file, each run keeps what no later one has.
    void keep_latest(std::span<Run> overlapping, std::vector<Run>& kept) {
        const std::size_t before = kept.size();
        std::sort(overlapping.begin(), overlapping.end(),
                  [](const Run& a, const Run& b) { return a.at > b.at; });
        for (const Run& run : overlapping) keep_uncovered(run, kept);
        covered_.clear();
        sort_by_begin(std::span(kept).subspan(before));
    }

    static bool continues(const Run& run, std::uint64_t offset, std::uint64_t size, std::uint64_t at) {
        const bool all_full = (run.end - run.begin) % run.stride == 0;
        return all_full && offset == run.end && size <= run.stride && at == run.place_of(offset);
    }

    void keep_uncovered(const Run& run, std::vector<Run>& kept) {
        auto next = covered_.upper_bound(run.begin);
        std::uint64_t from = run.begin;
        std::uint64_t whole_begin = run.begin, whole_end = run.end;
        if (next != covered_.begin() && std::prev(next)->second >= from) {
            --next;
            whole_begin = next->first;
        }
        while (from < run.end) {
            const std::uint64_t to = next == covered_.end() ? run.end : std::min(run.end, next->first);
            if (from < to) keep(run, from, to, kept);
            if (next == covered_.end() || next->first > run.end) break;
            from = std::max(from, next->second);
            whole_end = std::max(whole_end, next->second);
            next = covered_.erase(next);
        }
        covered_[whole_begin] = whole_end;
    }

    // Part of a run, which may begin and end within a record.
    static void keep(const Run& run, std::uint64_t from, std::uint64_t to, std::vector<Run>& kept) {
        if ((from - run.begin) % run.stride != 0) {
            const std::uint64_t first = std::min(run.in_one_piece_from(from), to - from);
            kept.push_back({from, from + first, run.place_of(from), first});
            from += first;
        }
        if (from < to) kept.push_back({from, to, run.place_of(from), run.stride});
    }

    std::vector<Run> runs_;
    std::map<std::uint64_t, std::uint64_t> covered_;  // begin -> end; neither touching nor overlapping
};

// What no record wrote is missing and not zero: makedumpfile and QEMU write bitmaps, notes and descriptors of
// zeros like any others, and leave gaps only between what their headers point to.
class FlattenedSource final : public ByteSource {
  public:
    FlattenedSource(std::unique_ptr<ByteSource> outer, std::vector<Run> runs,
                    const std::vector<Error>& problems)
        : ByteSource(origin_within(*outer, problems)), outer_(std::move(outer)), runs_(std::move(runs)) {}

    std::uint64_t size() const override { return runs_.empty() ? 0 : runs_.back().end; }
    std::optional<Bytes> view(std::uint64_t offset, std::uint64_t length) const override {
        const auto run = run_at(offset);
        if (run == runs_.end() || run->begin > offset || run->in_one_piece_from(offset) < length)
            return std::nullopt;
        return outer_->view(run->place_of(offset), length);
    }

    std::optional<Bytes> read(std::uint64_t offset, std::uint64_t length,
                              MutableBytes scratch) const override {
        if (!spans(offset, length) || length > scratch.size()) return std::nullopt;
        auto run = run_at(offset);
        for (std::uint64_t done = 0; done < length;) {
            const std::uint64_t at = offset + done;
            if (run->begin > at) return std::nullopt;
            const std::uint64_t piece = std::min(run->in_one_piece_from(at), length - done);
            const MutableBytes target = scratch.subspan(done, piece);
            const auto bytes = outer_->read(run->place_of(at), piece, target);
            if (!bytes) return std::nullopt;
            if (bytes->data() != target.data()) std::memcpy(target.data(), bytes->data(), piece);
            done += piece;
            if (at + piece == run->end) ++run;
        }
        return scratch.first(length);
    }

    std::uint64_t count_there(std::uint64_t offset, std::uint64_t length) const override {
        std::uint64_t at = offset;
        for (auto run = run_at(offset); run != runs_.end() && run->begin <= at && at - offset < length; ++run)
            at = run->end;
        return std::min(at - offset, length);
    }

  private:
    static SourceOrigin origin_within(const ByteSource& outer, const std::vector<Error>& problems) {
        SourceOrigin origin = outer.origin();
        origin.wrapping += "flattened ";
        origin.problems.insert(origin.problems.end(), problems.begin(), problems.end());
        return origin;
    }

    // The run that holds `offset`, or else the first one behind it.
    std::vector<Run>::const_iterator run_at(std::uint64_t offset) const {
        return std::upper_bound(runs_.begin(), runs_.end(), offset,
                                [](std::uint64_t o, const Run& run) { return o < run.end; });
    }

    std::unique_ptr<ByteSource> outer_;
    std::vector<Run> runs_;
};

Error cut_off(std::string why) {
    return Error(ErrorCode::PageMissing,
                 "the flattened file " + std::move(why) + "; what it lacks is reported as missing");
}

// Walks the records. Returns why it stopped before the end mark, if it did.
Result<std::optional<Error>> walk(const ByteSource& outer, Runs& runs) {
    for (std::uint64_t at = header_size;;) {
        std::array<std::byte, record_header_size> scratch;
        if (!outer.skim(at, scratch))
            return cut_off(
                fmt::format("is truncated: it ends at byte {} without its end mark", outer.size()));
        const std::uint64_t offset = load<std::uint64_t>(scratch.data(), Endian::Big);
        const std::uint64_t size = load<std::uint64_t>(scratch.data() + 8, Endian::Big);
        if (offset == end_mark && size == end_mark) return std::nullopt;
        if (offset > max_offset || size > max_offset - offset || (offset == 0 && size == 0)) {
            return cut_off(
                fmt::format("has a damaged record header at byte {}: {} bytes at {}", at, size, offset));
        }
        at += record_header_size;
        const std::uint64_t available = outer.size() - at;
        if (!runs.add(offset, std::min(size, available), at)) {
            return fail(ErrorCode::Unsupported,
                        fmt::format("the flattened file has more than {} pieces", max_runs));
        }
        if (size > available) {
            return cut_off(fmt::format("is truncated: it ends at byte {} within a record", outer.size()));
        }
        at += size;
    }
}

}  // namespace

bool looks_like_flattened(Bytes head) {
    return as_text(head).starts_with(signature);
}

Result<std::unique_ptr<ByteSource>> open_flattened(std::unique_ptr<ByteSource> outer) {
    std::array<std::byte, 32> scratch;
    const auto head = outer->read(0, scratch.size(), scratch);
    if (!head || outer->size() <= header_size) {
        return fail(ErrorCode::Corrupt,
                    fmt::format("the flattened file ends after {} bytes, before its first record; it was "
                                "cut off while it was written or copied, so copy it again",
                                outer->size()));
    }
    const std::uint64_t type = load<std::uint64_t>(head->data() + type_at, Endian::Big);
    const std::uint64_t version = load<std::uint64_t>(head->data() + version_at, Endian::Big);
    if (type != known_type || version != known_version) {
        return fail(ErrorCode::Unsupported,
                    fmt::format("flattened format of type {} version {}; only type {} version {} is known",
                                type, version, known_type, known_version));
    }
    Runs runs;
    outer->expect_skimming(true);
    auto stopped = walk(*outer, runs);
    outer->expect_skimming(false);
    if (!stopped) return fail(stopped.error());
    std::vector<Error> problems = runs.put_back_misplaced();
    if (*stopped) problems.push_back(**stopped);
    auto resolved = std::move(runs).resolved();
    if (!resolved)
        return fail(
            ErrorCode::Corrupt,
            fmt::format("more than {} records of the flattened file lie over each other", max_overlapping));
    return std::make_unique<FlattenedSource>(std::move(outer), std::move(*resolved), problems);
}

}  // namespace postmortem
