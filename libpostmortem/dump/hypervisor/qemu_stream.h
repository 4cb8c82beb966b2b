// A saved QEMU machine as a stream (QEMU's docs/devel/migration, migration/savevm.c and ram.c): a machine
// type, then sections. That of the RAM lists its blocks and then their pages, in whatever order they were
// sent; a page that was sent again counts as it was last. What devices say follows it.
#pragma once

#include <string>
#include <vector>

#include "dump/byte_source.h"

namespace postmortem {

struct QemuRamBlock {
    std::string name;  ///< "pc.ram", "/objects/ram-node0", "0000:00:02.0/vga.vram"
    std::uint64_t bytes = 0;
    std::uint64_t first_page = 0;  ///< pages are numbered through all blocks
};

/// Pages of one kind that were sent one behind the other.
struct QemuPageRun {
    std::uint64_t first_page = 0, count = 0;
    std::uint64_t at = 0;  ///< in the stream, of the first one's bytes; 0: pages of zeros

    std::uint64_t end_page() const { return first_page + count; }
};

inline constexpr std::uint64_t qemu_page_size = 4096;  // of every target that has Linux dumps to read
inline constexpr std::uint64_t qemu_page_stride = qemu_page_size + 8;

struct QemuStream {
    std::string machine;  ///< "pc-i440fx-7.2"
    std::vector<QemuRamBlock> blocks;
    std::vector<QemuPageRun> pages;  ///< ascending, without overlaps
    std::uint64_t devices_at = 0;    ///< where the sections of devices begin; 0 where the stream ends before
    std::vector<Error> problems;
};

/// Errors: Corrupt; Unsupported, for what only a running QEMU can put together again.
Result<QemuStream> read_qemu_stream(const ByteSource& source);

}  // namespace postmortem
