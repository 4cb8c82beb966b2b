// What VMware keeps of a machine: a suspended one's .vmss, a snapshot's .vmsn; its memory lies in it, or
// beside it in a file of the same name that ends in .vmem. The layout is not published; it is what VMware
// gave to crash (vmware_vmss.c).
#pragma once

#include <filesystem>
#include <memory>

#include "dump/byte_source.h"
#include "dump/dump_file.h"

namespace postmortem {

bool looks_like_vmware_state(Bytes head);

/// Errors: Corrupt; NotFound (the .vmem that belongs to it); Unsupported.
Result<std::unique_ptr<DumpFile>> open_vmware_state(std::unique_ptr<ByteSource> source);

/// The .vmss or .vmsn that belongs to a .vmem; empty where there is none, or it is no .vmem.
std::filesystem::path vmware_state_beside(const std::filesystem::path& memory);

}  // namespace postmortem
