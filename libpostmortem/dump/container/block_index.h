// Compressed files that can be entered at many places: where their blocks lie, and how one is unpacked.
#pragma once

#include <memory>
#include <vector>

#include "dump/byte_source.h"

namespace postmortem {

struct CompressedBlock {
    std::uint64_t at = 0;      ///< in the compressed file
    std::uint64_t packed = 0;  ///< bytes there
    std::uint64_t begin = 0;   ///< in the unpacked one
    std::uint64_t size = 0;    ///< bytes there
    std::uint32_t check = 0;   ///< xz: which integrity check the block carries
};

enum class BlockFormat { Zstd, Xz, Bgzf };

struct BlockIndex {
    BlockFormat format = BlockFormat::Zstd;
    std::vector<CompressedBlock> blocks;  ///< in order, without gaps
    std::uint64_t size() const { return blocks.back().begin + blocks.back().size; }
};

/// Blocks larger than this are not worth entering.
constexpr std::uint64_t max_block_bytes = 64u << 20;

/// Nothing where the file has no index, a damaged one, one that does not fit its blocks, or not several
/// blocks.
std::optional<BlockIndex> find_block_index(const ByteSource& file);

/// Whether `packed` unpacks to exactly `out`.
bool unpack_block(BlockFormat format, const CompressedBlock& block, Bytes packed, MutableBytes out);

}  // namespace postmortem
