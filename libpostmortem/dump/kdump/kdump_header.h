// The headers of a kdump-compressed file, read from any version and any machine into one plain struct.
#pragma once

#include <vector>

#include "dump/byte_source.h"
#include "dump/dump_file.h"

namespace postmortem {

/// A stretch of the file that a header points to; empty where there is none.
struct FileExtent {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

struct KdumpHeader {
    bool diskdump = false;  ///< the older signature of diskdump (RHEL 3 and 4)
    Endian endian = Endian::Little;
    std::uint32_t word = 8;  ///< bytes in a long of the crashed machine
    std::int32_t version = 0;
    Utsname utsname;
    std::int64_t timestamp = 0;
    std::uint32_t status = 0;
    std::uint32_t block_size = 0;
    std::uint32_t sub_header_blocks = 0;
    std::uint32_t bitmap_blocks = 0;  ///< both bitmaps together
    std::uint64_t max_mapnr = 0;
    std::uint32_t current_cpu = 0;
    std::uint32_t cpu_count = 0;

    std::optional<std::uint64_t> phys_base;
    std::optional<std::uint32_t> dump_level;
    bool split = false;
    std::uint64_t start_pfn = 0, end_pfn = 0;  ///< of a part of a split dump, half open
    FileExtent vmcoreinfo, notes, eraseinfo;

    std::uint64_t bitmap_offset() const { return (1 + std::uint64_t{sub_header_blocks}) * block_size; }
    std::uint64_t descriptors_offset() const {
        return (1 + std::uint64_t{sub_header_blocks} + bitmap_blocks) * block_size;
    }
    /// False where only one bitmap was written, which then tells both what existed and what was dumped.
    bool has_two_bitmaps() const;
    std::uint64_t bitmap_bytes() const;
    std::uint64_t dumped_bitmap_offset() const;
};

/// The fields in words.
std::vector<HeaderField> header_fields(const KdumpHeader& header);

/// Reads block 0 and the sub-header. What is odd but can be lived with is appended to `problems`.
Result<KdumpHeader> read_kdump_header(const ByteSource& source, std::vector<Error>& problems);

}  // namespace postmortem
