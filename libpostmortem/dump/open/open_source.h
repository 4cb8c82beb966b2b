// The part of open_dump() after the file is there: find the format and open it. Tests and fuzzers start here.
#pragma once

#include <memory>

#include "dump/byte_source.h"
#include "dump/container/open_context.h"
#include "dump/dump_file.h"

namespace postmortem {

/// Opens the dump that `source` holds, unwrapping it where needed. Errors as open_dump(), without the file's
/// name.
Result<std::unique_ptr<DumpFile>> open_source(std::unique_ptr<ByteSource> source,
                                              const DumpOptions& options = {});

/// The same, from within a wrapping; a part of a split dump is given as it is.
Result<std::unique_ptr<DumpFile>> open_part(std::unique_ptr<ByteSource> source, const OpenContext& context);

}  // namespace postmortem
