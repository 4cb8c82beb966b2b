// SADUMP, which the firmware of some servers writes (crash's sadump.h, makedumpfile's sadump_mod.h): headers,
// the state of the processors, two bitmaps, and the pages, not compressed. On one partition, on several disks
// that go on one from the other, or as a file that was copied from them.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "dump/byte_source.h"
#include "dump/dump_file.h"

namespace postmortem {

bool looks_like_sadump(Bytes head);

/// Errors: Corrupt; Unsupported; NotFound (the first of several disks).
Result<std::unique_ptr<DumpFile>> open_sadump(std::unique_ptr<ByteSource> source);

/// Whether the file is one of several disks, which open_sadump_disks() joins.
bool is_sadump_disk(const ByteSource& source);

/// In any order; those that belong to another set are left out.
Result<std::unique_ptr<DumpFile>> open_sadump_disks(std::vector<std::unique_ptr<ByteSource>> disks);

}  // namespace postmortem
