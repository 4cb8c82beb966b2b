// Archives that a support case arrives in: tar (also with the holes of sparse files left out) and zip.
#pragma once

#include <memory>
#include <vector>

#include "dump/container/folder_entry.h"
#include "dump/container/open_context.h"

namespace postmortem {

bool looks_like_tar(Bytes head);
bool looks_like_zip(Bytes head);

/// The files in it, as far as it is whole; `problems` tells where it is not. They share the archive.
std::vector<FolderEntry> list_tar(std::shared_ptr<const ByteSource> archive, std::vector<Error>& problems);
/// A compressed member is unpacked into a temporary file when it is opened.
std::vector<FolderEntry> list_zip(std::shared_ptr<const ByteSource> archive, const OpenContext& context,
                                  std::vector<Error>& problems);

}  // namespace postmortem
