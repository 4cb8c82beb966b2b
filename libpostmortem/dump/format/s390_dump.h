// s390 standalone dumps (s390-tools, include/dump/s390_dump.h): a header of one page, then memory as it lay;
// the extended form has stretches of it, each behind a header of its own.
#pragma once

#include <memory>

#include "dump/byte_source.h"
#include "dump/dump_file.h"

namespace postmortem {

bool looks_like_s390_dump(Bytes head);

/// Errors: Corrupt; Unsupported (one of several volumes, or compressed).
Result<std::unique_ptr<DumpFile>> open_s390_dump(std::unique_ptr<ByteSource> source);

}  // namespace postmortem
