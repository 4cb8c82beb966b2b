// A saved QEMU machine: what `migrate "exec:cat > FILE"` and libvirt's `virsh save` and managed save write.
#pragma once

#include <memory>

#include "dump/byte_source.h"
#include "dump/dump_file.h"

namespace postmortem {

bool looks_like_qemu_save(Bytes head);

/// Errors: Corrupt; Unsupported.
Result<std::unique_ptr<DumpFile>> open_qemu_save(std::unique_ptr<ByteSource> source);

/// libvirt puts a header and the machine's description before it, and may compress it.
bool looks_like_libvirt_save(Bytes head);
Result<std::unique_ptr<ByteSource>> open_libvirt_save(std::unique_ptr<ByteSource> outer);

}  // namespace postmortem
