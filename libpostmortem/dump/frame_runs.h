// The page frames of a dump in runs that are as long as they can be: for whoever wants all of a machine of
// terabytes and cannot ask for one frame after the other.
#pragma once

#include <algorithm>
#include <functional>

#include "dump/dump_file.h"

namespace postmortem {

/// From `first_pfn` up to, but not including, `end_pfn`.
struct FrameRun {
    std::uint64_t first_pfn = 0, end_pfn = 0;
};
using FrameRunVisitor = std::function<void(FrameRun)>;

/// Every run of frames that DumpFile::next_frame() would come by, and every one of existing_frames();
/// ascending.
void each_promised_run(const DumpFile& dump, const FrameRunVisitor& visit);
void each_existing_run(const DumpFile& dump, const FrameRunVisitor& visit);

/// What a format is besides, if it knows its runs without going through the frames.
class FrameRunSource {
  public:
    virtual ~FrameRunSource() = default;
    virtual void each_promised_run(const FrameRunVisitor& visit) const = 0;
    virtual void each_existing_run(const FrameRunVisitor& visit) const = 0;
};

/// Gathers frames that come in ascending order.
class FrameRuns {
  public:
    explicit FrameRuns(const FrameRunVisitor& visit) : visit_(visit) {}
    ~FrameRuns() { flush(); }
    FrameRuns(const FrameRuns&) = delete;
    FrameRuns& operator=(const FrameRuns&) = delete;

    /// What is there already is taken once.
    void add(FrameRun run) {
        if (run.first_pfn > run_.end_pfn) flush();
        if (run_.first_pfn == run_.end_pfn) run_ = {run.first_pfn, run.first_pfn};
        run_.end_pfn = std::max(run_.end_pfn, run.end_pfn);
    }

  private:
    void flush() {
        if (run_.first_pfn != run_.end_pfn) visit_(run_);
        run_ = {};
    }

    const FrameRunVisitor& visit_;
    FrameRun run_;
};

/// The set bits of a bitmap, the lowest frame in the lowest bit of the first byte.
void add_set_bits(Bytes bits, std::uint64_t first_pfn, FrameRuns& runs);

}  // namespace postmortem
