// Which page frames a dump holds, and which of them can be read.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include <postmortem/dump_info.h>

#include "dump/dump_file.h"

namespace postmortem {

/// Stretches of page frames that the dump says it holds, ascending.
std::vector<FrameRange> promised_frames(const DumpFile& dump);

/// Those that the machine had; nothing where the dump speaks of more frames than can be gone through.
std::optional<std::vector<FrameRange>> existing_frames_of(const DumpFile& dump);

std::uint64_t count_frames(const std::vector<FrameRange>& ranges);

/// Reads every page of `promised`.
DumpCheck check_frames(const DumpFile& dump, const std::vector<FrameRange>& promised,
                       const std::function<void(std::uint64_t, std::uint64_t)>& progress);

}  // namespace postmortem
