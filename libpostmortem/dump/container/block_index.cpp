#include "dump/container/block_index.h"

#include <algorithm>
#include <array>

#include <libdeflate.h>
#include <lzma.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/no_memory.h"
#include "base/per_thread.h"
#include "dump/pages/inflater.h"
namespace postmortem {
namespace {

constexpr std::uint64_t max_blocks = 1u << 24;
constexpr std::uint64_t max_unpacked = 1ull << 50;

// Takes blocks one behind the other, as long as they make sense.
class Collector {
  public:
    bool add(std::uint64_t at, std::uint64_t packed, std::uint64_t size, std::uint32_t check = 0) {
        if (size > max_block_bytes || packed > 2 * max_block_bytes || index_.blocks.size() == max_blocks)
            return false;
        if (size != 0) index_.blocks.push_back({at, packed, begin_, size, check});
        begin_ += size;
        return begin_ <= max_unpacked;
    }
    std::optional<BlockIndex> take(BlockFormat format) {
        if (index_.blocks.size() < 2) return std::nullopt;
        index_.format = format;
        return std::move(index_);
    }

  private:
    BlockIndex index_;
    std::uint64_t begin_ = 0;
};

// zstd's contrib/seekable_format/zstd_seekable_compression_format.md: the table is the last, skippable frame.
namespace seek_table {
constexpr std::uint32_t frame_magic = 0x184d2a5e, footer_magic = 0x8f92eab1;
constexpr std::uint64_t footer_size = 9, frame_header_size = 8;
constexpr std::uint8_t has_checksums = 0x80;
}  // namespace seek_table

std::optional<BlockIndex> zstd_index(const ByteSource& file) {
    std::array<std::byte, 12> scratch;
    const std::uint64_t end = file.size();
    if (end < seek_table::footer_size + seek_table::frame_header_size) return std::nullopt;
    const auto footer = file.read(end - seek_table::footer_size, seek_table::footer_size, scratch);
    if (!footer || load<std::uint32_t>(footer->data() + 5, Endian::Little) != seek_table::footer_magic)
        return std::nullopt;
    const std::uint64_t count = load<std::uint32_t>(footer->data(), Endian::Little);
    const auto flags = std::to_integer<std::uint8_t>((*footer)[4]);
    const std::uint64_t entry = (flags & seek_table::has_checksums) != 0 ? 12 : 8;
    const std::uint64_t table = count * entry + seek_table::footer_size + seek_table::frame_header_size;
    if (count > max_blocks || table > end) return std::nullopt;
    const auto header = file.read(end - table, seek_table::frame_header_size, scratch);
    if (!header || load<std::uint32_t>(header->data(), Endian::Little) != seek_table::frame_magic)
        return std::nullopt;

    Collector found;
    std::uint64_t at = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto bytes = file.read(end - table + seek_table::frame_header_size + i * entry, entry, scratch);
        if (!bytes) return std::nullopt;
        const std::uint64_t packed = load<std::uint32_t>(bytes->data(), Endian::Little);
        if (packed > end - table - at ||
            !found.add(at, packed, load<std::uint32_t>(bytes->data() + 4, Endian::Little)))
            return std::nullopt;
        at += packed;
    }
    if (at != end - table) return std::nullopt;
    return found.take(BlockFormat::Zstd);
}

class IndexReader {
  public:
    ~IndexReader() {
        lzma_end(&stream_);
        lzma_index_end(index_, nullptr);
    }

    const lzma_index* read(const ByteSource& file) {
        constexpr std::uint64_t memory = 256u << 20;
        const lzma_ret made = lzma_file_info_decoder(&stream_, &index_, memory, file.size());
        if (made == LZMA_MEM_ERROR) tell_of_no_memory();
        if (made != LZMA_OK) return nullptr;
        std::vector<std::byte> buffer(64 * 1024);
        std::uint64_t at = 0;
        for (;;) {
            if (stream_.avail_in == 0) {
                const std::uint64_t length = std::min<std::uint64_t>(buffer.size(), file.size() - at);
                const auto bytes = file.read(at, length, buffer);
                if (!bytes || length == 0) return nullptr;
                stream_.next_in = reinterpret_cast<const std::uint8_t*>(bytes->data());
                stream_.avail_in = length;
                at += length;
            }
            const lzma_ret result = lzma_code(&stream_, LZMA_RUN);
            if (result == LZMA_MEM_ERROR) tell_of_no_memory();
            if (result == LZMA_STREAM_END) return index_;
            if (result == LZMA_SEEK_NEEDED) {
                if (stream_.seek_pos > file.size()) return nullptr;
                at = stream_.seek_pos;
                stream_.avail_in = 0;
            } else if (result != LZMA_OK) {
                return nullptr;
            }
        }
    }

  private:
    lzma_stream stream_ = LZMA_STREAM_INIT;
    lzma_index* index_ = nullptr;
};

std::optional<BlockIndex> xz_index(const ByteSource& file) {
    IndexReader reader;
    const lzma_index* index = reader.read(file);
    if (!index) return std::nullopt;
    Collector found;
    lzma_index_iter block;
    lzma_index_iter_init(&block, index);
    while (!lzma_index_iter_next(&block, LZMA_INDEX_ITER_BLOCK)) {
        if (!block.stream.flags || !found.add(block.block.compressed_file_offset, block.block.total_size,
                                              block.block.uncompressed_size, block.stream.flags->check))
            return std::nullopt;
    }
    return found.take(BlockFormat::Xz);
}

// BGZF (SAM format specification, 4.1): gzip members of up to 64 KiB, each with its size in an extra field
// "BC".
std::optional<std::uint64_t> bgzf_member_size(const ByteSource& file, std::uint64_t at) {
    std::array<std::byte, 18> head;
    if (!file.skim(at, head)) return std::nullopt;
    constexpr std::string_view gzip_with_extra("\x1f\x8b\x08\x04", 4), subfield("BC\x02\x00", 4);
    const std::string_view text = as_text(head);
    if (!text.starts_with(gzip_with_extra) || text.substr(12, 4) != subfield) return std::nullopt;
    return std::uint64_t{load<std::uint16_t>(head.data() + 16, Endian::Little)} + 1;
}

std::optional<BlockIndex> bgzf_index(const ByteSource& file) {
    Collector found;
    file.expect_skimming(true);
    bool whole = true;
    for (std::uint64_t at = 0; whole && at < file.size();) {
        const auto packed = bgzf_member_size(file, at);
        std::array<std::byte, 4> size;
        whole = packed && *packed > 26 && *packed <= file.size() - at && file.skim(at + *packed - 4, size) &&
                found.add(at, *packed, load<std::uint32_t>(size.data(), Endian::Little));
        at += packed.value_or(0);
    }
    file.expect_skimming(false);
    return whole ? found.take(BlockFormat::Bgzf) : std::nullopt;
}

bool unpack_xz(const CompressedBlock& place, Bytes packed, MutableBytes out) {
    std::array<lzma_filter, LZMA_FILTERS_MAX + 1> filters;
    lzma_block block{};
    block.version = 1;
    block.check = static_cast<lzma_check>(place.check);
    block.filters = filters.data();
    const auto* in = reinterpret_cast<const std::uint8_t*>(packed.data());
    if (packed.empty() || in[0] == 0) return false;
    block.header_size = lzma_block_header_size_decode(in[0]);
    if (block.header_size > packed.size()) return false;
    const lzma_ret header = lzma_block_header_decode(&block, nullptr, in);
    if (header == LZMA_MEM_ERROR) tell_of_no_memory();
    if (header != LZMA_OK) return false;
    bool unpacked = false;
    constexpr std::uint64_t memory = 160u << 20;
    if (lzma_raw_decoder_memusage(filters.data()) <= memory) {
        std::size_t taken = block.header_size, made = 0;
        const lzma_ret result =
            lzma_block_buffer_decode(&block, nullptr, in, &taken, packed.size(),
                                     reinterpret_cast<std::uint8_t*>(out.data()), &made, out.size());
        if (result == LZMA_MEM_ERROR) tell_of_no_memory();
        unpacked = result == LZMA_OK && made == out.size();
    }
    for (const lzma_filter& filter : filters) {
        if (filter.id == LZMA_VLI_UNKNOWN) break;
        std::free(filter.options);
    }
    return unpacked;
}

bool unpack_gzip(Bytes packed, MutableBytes out) {
    static PerThread<Inflater> inflaters;
    return libdeflate_gzip_decompress(inflaters.own().context(), packed.data(), packed.size(), out.data(),
                                      out.size(), nullptr) == LIBDEFLATE_SUCCESS;
}

// What a frame of zstd says of its size in its header; many do not.
std::optional<std::uint64_t> told_size(const ByteSource& file, const CompressedBlock& block) {
    std::array<std::byte, 18> scratch;
    const Bytes head =
        file.read_what_is_there(block.at, std::min<std::uint64_t>(block.packed, scratch.size()), scratch);
    const unsigned long long size = ZSTD_getFrameContentSize(head.data(), head.size());
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR) return std::nullopt;
    return size;
}

bool unpacks(const ByteSource& file, BlockFormat format, const CompressedBlock& block) {
    ByteBuffer room(block.packed), unpacked(block.size);
    const auto packed = file.read(block.at, block.packed, room);
    return packed && unpack_block(format, block, *packed, unpacked);
}

// One size that is wrong moves everything behind it. Blocks are of one size but for the last; what is
// not must be proved. (The index of xz has a checksum.)
bool sizes_hold(const ByteSource& file, const BlockIndex& index) {
    const CompressedBlock &first = index.blocks.front(), &last = index.blocks.back();
    return std::all_of(index.blocks.begin(), index.blocks.end(), [&](const CompressedBlock& block) {
        const bool is_end = &block == &first || &block == &last;
        if (block.size == first.size && !is_end) return true;
        if (index.format == BlockFormat::Zstd)
            if (const auto told = told_size(file, block)) return *told == block.size;
        return is_end && unpacks(file, index.format, block);
    });
}

std::optional<BlockIndex> checked(const ByteSource& file, std::optional<BlockIndex> index) {
    return index && sizes_hold(file, *index) ? std::move(index) : std::nullopt;
}

bool unpack_zstd(Bytes packed, MutableBytes out) {
    const std::size_t size = ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size());
    if (ZSTD_getErrorCode(size) == ZSTD_error_memory_allocation) tell_of_no_memory();
    return size == out.size();
}

}  // namespace

std::optional<BlockIndex> find_block_index(const ByteSource& file) {
    std::array<std::byte, 6> head;
    if (!file.skim(0, head)) return std::nullopt;
    const std::string_view start = as_text(head);
    if (start.starts_with("\x1f\x8b")) return checked(file, bgzf_index(file));
    if (start == std::string_view("\xfd\x37\x7a\x58\x5a\x00", 6)) return xz_index(file);
    return checked(file, zstd_index(file));
}

bool unpack_block(BlockFormat format, const CompressedBlock& block, Bytes packed, MutableBytes out) {
    switch (format) {
        case BlockFormat::Zstd: return unpack_zstd(packed, out);
        case BlockFormat::Xz: return unpack_xz(block, packed, out);
        case BlockFormat::Bgzf: return unpack_gzip(packed, out);
    }
    return false;
}

}  // namespace postmortem
