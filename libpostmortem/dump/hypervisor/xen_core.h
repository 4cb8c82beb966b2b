// What `xl dump-core` writes of a Xen domain (xen/docs/misc/dump-core-format.txt): an ELF file of sections,
// with the pages in one and their numbers in another.
#pragma once

#include <memory>

#include "dump/byte_source.h"
#include "dump/dump_file.h"

namespace postmortem {

bool looks_like_xen_core(Bytes head);

/// Errors: Corrupt; Unsupported (a paravirtual domain, whose page tables hold the host's page numbers).
Result<std::unique_ptr<DumpFile>> open_xen_core(std::unique_ptr<ByteSource> source);

}  // namespace postmortem
