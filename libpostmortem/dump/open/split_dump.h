// A dump that was written in several files (makedumpfile --split): each has all headers and bitmaps, and the
// data of a range of page frames.
#pragma once

#include <memory>
#include <vector>

#include "dump/dump_file.h"

namespace postmortem {

/// Whether two parts are of the same dump, as far as their headers tell.
bool are_of_one_dump(const DumpFile& a, const DumpFile& b);

/// The page frames of a split dump that none of `parts` holds, ascending.
std::vector<SplitPart> missing_parts(const std::vector<std::unique_ptr<DumpFile>>& parts);

/// What is known of a part that is missing.
enum class Absent { NotThere, MaybeUnopened };

/// The dump that the parts make, in whatever order they come; what no part holds is a problem, and missing.
/// `parts` are not empty, and are all of one dump.
std::unique_ptr<DumpFile> join_parts(std::vector<std::unique_ptr<DumpFile>> parts,
                                     Absent absent = Absent::NotThere);

}  // namespace postmortem
