// Gathers page frames into runs that are as long as they can be.
#pragma once

#include <algorithm>

#include "dump/dump_file.h"

namespace postmortem {

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
