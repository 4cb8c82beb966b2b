// Which page frames a dump holds, and which of them can be read.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include <postmortem/dump_info.h>

#include "dump/dump_file.h"

namespace postmortem {

/// Stretches of page frames, ascending. Of a dump that has very many, the last reaches over the rest.
struct Frames {
    std::vector<FrameRange> ranges;
    std::uint64_t count = 0;  ///< of frames
    std::uint64_t runs = 0;   ///< of stretches, of which the last in `ranges` may hold many
};

/// Those that the dump says it holds, but for those that are known to be lost.
Frames promised_frames(const DumpFile& dump);

/// Those that it should hold besides, and that lie behind the end of the file.
Frames lost_frames(const DumpFile& dump, const Frames& promised);

/// Those that the machine had; nothing where the dump speaks of more frames than can be gone through.
std::optional<Frames> existing_frames_of(const DumpFile& dump);

/// Why one of the last pages of `promised` is not in the file, as where it was cut off; reads those few
/// alone.
std::optional<Error> missing_at_the_end(const DumpFile& dump, const Frames& promised);

/// Reads every page of `promised`; those of `lost` need no reading.
DumpCheck check_frames(const DumpFile& dump, const Frames& promised, const Frames& lost,
                       const std::function<void(std::uint64_t, std::uint64_t)>& progress);

}  // namespace postmortem
