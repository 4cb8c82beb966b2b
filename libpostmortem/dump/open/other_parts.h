// The other files of a split dump: those that lie beside the one that was found.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dump/container/folder_entry.h"
#include "dump/container/open_context.h"

namespace postmortem {

/// The dump that `parts` make together with those of `entries` that add to it; `own` is the first one's name
/// among them. What is taken is struck off the list, and so is what may be a part and could not be opened.
/// That is told among the dump's problems where a part is missing in the end; `some_unusable` says that the
/// caller knows of such files himself.
std::unique_ptr<DumpFile> with_other_parts(std::vector<std::unique_ptr<DumpFile>> parts,
                                           const std::string& own, std::vector<FolderEntry>& entries,
                                           const OpenContext& context, bool some_unusable);

}  // namespace postmortem
