// Archives that a support case arrives in: tar (also with the holes of sparse files left out) and zip.
#pragma once

#include <memory>
#include <vector>

#include "dump/container/folder_entry.h"
#include "dump/container/open_context.h"

namespace postmortem {

bool looks_like_tar(Bytes head);
bool looks_like_zip(Bytes head);

struct ArchiveList {
    std::vector<FolderEntry> members;  ///< they share the archive
    std::uint64_t files = 0;           ///< in it, members or not
    std::vector<Error> problems;       ///< where it is not whole
};

ArchiveList list_tar(std::shared_ptr<const ByteSource> archive);
/// A compressed member is unpacked into a temporary file when it is opened.
ArchiveList list_zip(std::shared_ptr<const ByteSource> archive, const OpenContext& context);

}  // namespace postmortem
