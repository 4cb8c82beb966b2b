// Frames of a machine that its dump does not hold, in runs: a walk through memory passes over them at once,
// however many a dump claims.
#pragma once

#include <vector>

#include "dump/dump_file.h"

namespace postmortem {

class AbsentFrames {
  public:
    explicit AbsentFrames(const DumpFile& dump);

    /// Up to which frame, at most `end`, the dump holds none from `pfn` on; `pfn` where it holds that one.
    std::uint64_t end_of_gap(std::uint64_t pfn, std::uint64_t end) const;

    struct Count {
        std::uint64_t excluded = 0, unreadable = 0;
    };
    /// Of the frames of a gap those that the machine had.
    Count count(std::uint64_t pfn, std::uint64_t end) const;

  private:
    void add(std::uint64_t pfn, std::uint64_t end, Count& count) const;
    ErrorCode why_absent(std::uint64_t pfn) const;

    const DumpFile& dump_;
    std::vector<FrameRun> existing_;
};

}  // namespace postmortem
