#include "dump/pages/reframed_dump.h"

#include <algorithm>
#include <atomic>

#include "base/checked.h"
#include "base/per_thread.h"
#include "dump/frame_runs.h"

namespace postmortem {
namespace {

std::uint64_t next_number() {
    static std::atomic<std::uint64_t> last = 0;
    return ++last;
}

class ReframedDump final : public DumpFile {
  public:
    ReframedDump(std::unique_ptr<DumpFile> dump, std::uint32_t page_size, Endian endian)
        : dump_(std::move(dump)),
          info_(dump_->info()),
          size_(page_size),
          whole_(dump_->page_size()),
          endian_(endian) {
        info_.max_pfn = end_at(info_.max_pfn);
        for (const Attachment& file : dump_->attachments()) attach(file);
    }

    const DumpInfo& info() const override { return info_; }
    std::uint32_t page_size() const override { return size_; }
    Endian endian() const override { return endian_; }
    std::uint16_t machine() const override { return dump_->machine(); }
    std::string_view vmcoreinfo() const override { return dump_->vmcoreinfo(); }
    const std::vector<Note>& notes() const override { return dump_->notes(); }
    const std::vector<Error>& problems() const override { return dump_->problems(); }
    void add_problem(Error problem) override { dump_->add_problem(std::move(problem)); }

    Result<PageBytes> page(std::uint64_t paddr, MutableBytes scratch) const override {
        return size_ < whole_ ? part_of_page(paddr, scratch) : from_pages(paddr, scratch);
    }

    std::optional<std::uint64_t> next_frame(std::uint64_t pfn) const override {
        const auto paddr = checked_mul(pfn, std::uint64_t{size_});
        if (!paddr) return std::nullopt;
        const auto next = dump_->next_frame(*paddr / whole_);
        return next ? std::optional(std::max(pfn, frame_at(*next))) : std::nullopt;
    }

    void existing_frames(std::uint64_t first_pfn, MutableBytes bits) const override {
        const std::uint64_t end_pfn = first_pfn + bits.size() * 8;
        each_existing_run([&](FrameRun run) {
            for (auto pfn = std::max(run.first_pfn, first_pfn); pfn < std::min(run.end_pfn, end_pfn); ++pfn)
                bits[(pfn - first_pfn) / 8] |= std::byte{1} << (pfn - first_pfn) % 8;
        });
    }

    void each_promised_run(const FrameRunVisitor& visit) const override {
        FrameRuns runs(visit);
        dump_->each_promised_run([&](FrameRun run) { runs.add(reframed(run)); });
    }
    void each_existing_run(const FrameRunVisitor& visit) const override {
        FrameRuns runs(visit);
        dump_->each_existing_run([&](FrameRun run) { runs.add(reframed(run)); });
    }
    TablesFinding check_tables() const override { return dump_->check_tables(); }
    void each_lost_run(const FrameRunVisitor& visit) const override {
        FrameRuns runs(visit);
        dump_->each_lost_run([&](FrameRun run) { runs.add(reframed(run)); });
    }

  private:
    // A page of the dump's that was decoded last: its neighbours are asked for next.
    struct Recent {
        std::uint64_t owner = 0, base = 0;
        ByteBuffer room;
        PageBytes held;
        bool decoded = false;
    };

    // Our frame in which one of the dump's begins.
    std::uint64_t frame_at(std::uint64_t dump_pfn) const {
        return checked_mul(dump_pfn, std::uint64_t{whole_}).value_or(~std::uint64_t{0}) / size_;
    }
    // The one behind the last that it has a part of.
    std::uint64_t end_at(std::uint64_t dump_end) const {
        return dump_end == 0 ? 0 : last_of(dump_end - 1) + 1;
    }
    std::uint64_t last_of(std::uint64_t dump_pfn) const {
        return frame_at(dump_pfn) + (size_ < whole_ ? whole_ / size_ - 1 : 0);
    }
    FrameRun reframed(FrameRun run) const { return {frame_at(run.first_pfn), end_at(run.end_pfn)}; }

    Result<PageBytes> part_of_page(std::uint64_t paddr, MutableBytes scratch) const {
        static PerThread<Recent> of_threads;
        Recent& recent = of_threads.own();
        const std::uint64_t base = align_down(paddr, whole_);
        if (recent.owner != number_ || recent.base != base) {
            recent.owner = 0;
            recent.room.resize(whole_);
            const auto got = dump_->page(paddr, recent.room);
            if (!got) return fail(got.error());
            const std::byte* const room = recent.room.data();
            recent.held = *got;
            recent.decoded = got->bytes.data() >= room && got->bytes.data() < room + whole_;
            recent.base = base;
            if (got->bytes.size() == whole_) recent.owner = number_;  // else there may be other runs
        }
        const std::uint64_t start = align_down(paddr, size_) - base, held = recent.held.offset;
        const std::uint64_t first = std::max(start, held);
        const std::uint64_t end = std::min(start + size_, held + recent.held.bytes.size());
        if (first >= end)
            return fail(ErrorCode::NoSuchMemory, "the dump holds only a part of this page frame", paddr);
        const Bytes bytes = recent.held.bytes.subspan(first - held, end - first);
        const auto offset = static_cast<std::uint32_t>(first - start);
        if (!recent.decoded) return PageBytes{bytes, offset};
        std::copy(bytes.begin(), bytes.end(), scratch.begin());
        return PageBytes{scratch.first(bytes.size()), offset};
    }

    // From `paddr` on as far as pages follow one another without a gap.
    Result<PageBytes> from_pages(std::uint64_t paddr, MutableBytes scratch) const {
        const std::uint64_t base = align_down(paddr, size_);
        ByteBuffer room(whole_);
        std::optional<Error> why;
        std::uint64_t start = 0, length = 0;
        for (std::uint64_t at = align_down(paddr, whole_) - base; at < size_; at += whole_) {
            const auto got = dump_->page(std::max(base + at, paddr), room);
            if (!got && length == 0) {
                if (!why) why = got.error();
                continue;
            }
            if (!got || (length != 0 && got->offset != 0)) break;
            if (length == 0) start = at + got->offset;
            std::copy(got->bytes.begin(), got->bytes.end(),
                      scratch.begin() + static_cast<std::ptrdiff_t>(length));
            length += got->bytes.size();
            if (got->offset + got->bytes.size() != whole_) break;
        }
        if (length == 0) return fail(std::move(*why));
        return PageBytes{scratch.first(length), static_cast<std::uint32_t>(start)};
    }

    std::unique_ptr<DumpFile> dump_;
    DumpInfo info_;
    std::uint32_t size_, whole_;
    Endian endian_;
    std::uint64_t number_ = next_number();
};

}  // namespace

std::unique_ptr<DumpFile> reframed_dump(std::unique_ptr<DumpFile> dump, std::uint32_t page_size,
                                        Endian endian) {
    return std::make_unique<ReframedDump>(std::move(dump), page_size, endian);
}

}  // namespace postmortem
