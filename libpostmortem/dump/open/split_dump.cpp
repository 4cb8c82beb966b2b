#include "dump/open/split_dump.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "dump/frame_runs.h"

namespace postmortem {
namespace {

using Parts = std::vector<std::unique_ptr<DumpFile>>;

SplitPart range_of(const DumpFile& part) {
    return part.info().part.value_or(SplitPart{0, part.info().max_pfn});
}

class SplitDump final : public DumpFile {
  public:
    SplitDump(Parts parts, Absent absent) : parts_(mended(std::move(parts))), head_(*best_head(parts_)) {
        info_ = head_.info();
        if (parts_.size() > 1) info_.format = fmt::format("{} in {} parts", info_.format, parts_.size());
        info_.file = parts_.front()->info().file;
        info_.part.reset();
        info_.files.clear();
        for (const auto& part : parts_) {
            info_.files.push_back(part->info().file);
            info_.max_pfn = std::max(info_.max_pfn, part->info().max_pfn);
            info_.incomplete = info_.incomplete || part->info().incomplete;
            gather_problems(*part);
        }
        tell_missing_parts(absent);
    }

    const DumpInfo& info() const override { return info_; }
    std::uint32_t page_size() const override { return head_.page_size(); }
    Endian endian() const override { return head_.endian(); }
    std::uint16_t machine() const override { return head_.machine(); }
    std::string_view vmcoreinfo() const override { return head_.vmcoreinfo(); }
    const std::vector<Note>& notes() const override { return head_.notes(); }
    const std::vector<Error>& problems() const override { return problems_; }
    void add_problem(Error problem) override { problems_.push_back(std::move(problem)); }

    Result<PageBytes> page(std::uint64_t paddr, MutableBytes scratch) const override {
        const std::uint64_t pfn = paddr / page_size();
        std::optional<Error> first;
        for (const auto& part : parts_) {
            const SplitPart range = range_of(*part);
            if (pfn < range.first_pfn || pfn >= range.end_pfn) continue;
            auto page = part->page(paddr, scratch);
            if (page) return page;
            if (!first) first = std::move(page.error());
        }
        auto by_head = head_.page(paddr, scratch);  // which knows whether it existed and was dumped
        const bool never_there = !by_head && by_head.error().code != ErrorCode::PageMissing;
        return first && !never_there ? fail(std::move(*first)) : std::move(by_head);
    }

    std::optional<std::uint64_t> next_frame(std::uint64_t pfn) const override {
        std::optional<std::uint64_t> next;
        for (const auto& part : parts_) {
            const auto found = part->next_frame(pfn);
            if (found && (!next || *found < *next)) next = found;
        }
        return next;
    }

    void existing_frames(std::uint64_t first_pfn, MutableBytes bits) const override {
        head_.existing_frames(first_pfn, bits);
    }
    void each_existing_run(const FrameRunVisitor& visit) const override { head_.each_existing_run(visit); }

    // Parts come in any order, and those of a damaged set overlap.
    void each_promised_run(const FrameRunVisitor& visit) const override {
        std::vector<FrameRun> all;
        for (const auto& part : parts_) part->each_promised_run([&](FrameRun run) { all.push_back(run); });
        std::sort(all.begin(), all.end(),
                  [](const FrameRun& a, const FrameRun& b) { return a.first_pfn < b.first_pfn; });
        FrameRuns runs(visit);
        for (const FrameRun& run : all) runs.add(run);
    }

    TablesFinding check_tables() const override {
        TablesFinding all;
        for (const auto& part : parts_) {
            TablesFinding one = part->check_tables();
            all.promised_certain = all.promised_certain && one.promised_certain;
            for (Error& problem : one.problems) all.problems.push_back(named(*part, std::move(problem)));
        }
        all.existing_certain = head_.check_tables().existing_certain;
        return all;
    }

  private:
    static Parts mended(Parts parts) {
        for (const auto& part : parts)
            for (const auto& other : parts) part->mend_tables_from(*other);
        return parts;
    }

    // The one whose headers are whole.
    static const DumpFile* best_head(const Parts& parts) {
        const auto worth = [](const DumpFile& part) {
            return std::tuple(!part.vmcoreinfo().empty(), part.problems().empty());
        };
        return std::max_element(parts.begin(), parts.end(),
                                [&](const auto& a, const auto& b) { return worth(*a) < worth(*b); })
            ->get();
    }

    void gather_problems(const DumpFile& part) {
        for (const Error& problem : part.problems()) problems_.push_back(named(part, problem));
    }

    Error named(const DumpFile& part, Error problem) const {
        if (parts_.size() > 1)
            problem.message = fmt::format("{}: {}", part.info().file.filename().string(), problem.message);
        return problem;
    }

    void tell_missing_parts(Absent absent) {
        std::string ranges;
        for (const SplitPart& range : missing_parts(parts_))
            ranges +=
                fmt::format("{}{:#x} to {:#x}", ranges.empty() ? "" : ", ", range.first_pfn, range.end_pfn);
        if (ranges.empty()) return;
        problems_.emplace_back(
            ErrorCode::PageMissing,
            fmt::format(
                "the dump was split into several files, and the part with the page frames {} {}", ranges,
                absent == Absent::NotThere
                    ? "is not there; put all parts into one folder, or name them one behind the other"
                    : "is missing: it may be in a file that could not be opened, which is told, too"));
    }

    Parts parts_;
    const DumpFile& head_;
    DumpInfo info_;
    std::vector<Error> problems_;
};

}  // namespace

bool are_of_one_dump(const DumpFile& a, const DumpFile& b) {
    const DumpInfo &x = a.info(), &y = b.info();
    const auto name = [](const Utsname& u) {
        return std::tie(u.sysname, u.nodename, u.release, u.version, u.machine, u.domainname);
    };
    return name(x.utsname) == name(y.utsname) && x.timestamp == y.timestamp && x.dump_level == y.dump_level &&
           x.max_pfn == y.max_pfn && a.page_size() == b.page_size() && a.endian() == b.endian() &&
           (a.vmcoreinfo() == b.vmcoreinfo() || a.vmcoreinfo().empty() || b.vmcoreinfo().empty());
}

std::vector<SplitPart> missing_parts(const Parts& parts) {
    std::vector<SplitPart> ranges, missing;
    std::uint64_t end = 0, covered = 0;
    for (const auto& part : parts) {
        ranges.push_back(range_of(*part));
        end = std::max(end, part->info().max_pfn);
    }
    std::sort(ranges.begin(), ranges.end(),
              [](const SplitPart& a, const SplitPart& b) { return a.first_pfn < b.first_pfn; });
    ranges.push_back({end, end});
    for (const SplitPart& range : ranges) {
        const std::uint64_t first = std::min(range.first_pfn, end);
        if (first > covered) missing.push_back({covered, first});
        covered = std::max(covered, std::min(range.end_pfn, end));
    }
    return missing;
}

std::unique_ptr<DumpFile> join_parts(Parts parts, Absent absent) {
    return std::make_unique<SplitDump>(std::move(parts), absent);
}

}  // namespace postmortem
