// Where the fields of a kdump-compressed file lie: makedumpfile's struct disk_dump_header, kdump_sub_header
// and page_desc (diskdump_mod.h), as 64-bit machines, i386 and the other 32-bit machines lay them out.
#pragma once

#include <cstdint>
#include <string_view>

namespace postmortem::kdump {

constexpr std::string_view signature = "KDUMP   ";
constexpr std::string_view diskdump_signature = "DISKDUMP";

constexpr std::int32_t newest_version = 6;
constexpr std::uint32_t min_block_size = 4096, max_block_size = 256 * 1024;

constexpr std::uint32_t header_version_at = 8, utsname_at = 12, utsname_field_size = 65;

enum Status : std::uint32_t {
    CompressedZlib = 1,
    CompressedLzo = 2,
    CompressedSnappy = 4,
    Incomplete = 8,
    ExcludedVmemmap = 0x10,
    CompressedZstd = 0x20,
};

/// Offsets in block 0. The fields after the timestamp are 32 bits wide on every machine.
struct HeaderLayout {
    std::uint32_t word, timestamp, status, block_size, sub_header_size, bitmap_blocks, max_mapnr, current_cpu,
        cpu_count, size;
};
constexpr HeaderLayout header64 = {8, 408, 424, 428, 432, 436, 440, 456, 460, 464};
constexpr HeaderLayout header32 = {4, 404, 412, 416, 420, 424, 428, 444, 448, 452};

/// Offsets in block 1. Offsets into the file and 64-bit frame numbers are 64 bits wide on every machine;
/// sizes, phys_base, start_pfn and end_pfn are a word.
struct SubHeaderLayout {
    std::uint32_t dump_level, split, start_pfn, end_pfn, offset_vmcoreinfo, size_vmcoreinfo, offset_note,
        size_note, offset_eraseinfo, size_eraseinfo, start_pfn_64, end_pfn_64, max_mapnr_64, size;
};
constexpr SubHeaderLayout sub_header64 = {8, 12, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104};
/// i386 aligns 64-bit integers to 4 bytes.
constexpr SubHeaderLayout sub_header32_packed = {4, 8, 12, 16, 20, 28, 32, 40, 44, 52, 56, 64, 72, 80};
/// ARM, MIPS and PowerPC align them to 8.
constexpr SubHeaderLayout sub_header32_padded = {4, 8, 12, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96};

/// A page descriptor, the same on every machine.
namespace page_desc {
constexpr std::uint32_t offset = 0, size = 8, flags = 12, page_flags = 16, bytes = 24;
}

}  // namespace postmortem::kdump
