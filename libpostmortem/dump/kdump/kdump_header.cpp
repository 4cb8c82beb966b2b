#include "dump/kdump/kdump_header.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "base/checked.h"
#include "dump/kdump/kdump_layout.h"
#include "dump/machine.h"

namespace postmortem {
namespace {

using kdump::HeaderLayout;
using kdump::SubHeaderLayout;

// The machine that wrote the file, as far as it shapes the headers.
struct Abi {
    HeaderLayout layout;
    Endian endian;
};

constexpr std::array<Abi, 4> abis = {{{kdump::header64, Endian::Little},
                                      {kdump::header32, Endian::Little},
                                      {kdump::header64, Endian::Big},
                                      {kdump::header32, Endian::Big}}};

std::string utsname_field(ByteReader block, unsigned index) {
    const auto field =
        block.slice(kdump::utsname_at + index * kdump::utsname_field_size, kdump::utsname_field_size);
    return field ? std::string(until_nul(as_text(*field))) : std::string();
}

Utsname read_utsname(ByteReader block) {
    return {utsname_field(block, 0), utsname_field(block, 1), utsname_field(block, 2),
            utsname_field(block, 3), utsname_field(block, 4), utsname_field(block, 5)};
}

// Nothing in the file names the ABI, so each is tried; zero where the fields make no sense under it.
int plausibility(Bytes block, const Abi& abi, std::string_view machine) {
    const ByteReader reader(block, abi.endian);
    const std::uint32_t block_size = reader.u32(abi.layout.block_size).value_or(0);
    const std::uint32_t sub_header_blocks = reader.u32(abi.layout.sub_header_size).value_or(0);
    const std::uint32_t bitmap_blocks = reader.u32(abi.layout.bitmap_blocks).value_or(0);
    const std::uint32_t version = reader.u32(kdump::header_version_at).value_or(~0u);
    if (!is_power_of_two(block_size) || block_size < kdump::min_block_size ||
        block_size > kdump::max_block_size) {
        return 0;
    }
    if (sub_header_blocks == 0 || sub_header_blocks > (1u << 20) || bitmap_blocks == 0) return 0;
    int score = 1;
    if (version <= 64) score += 2;
    if (bitmap_blocks < (1u << 24)) score += 1;
    if (word_size_of(machine) == abi.layout.word) score += 2;
    return score;
}

const Abi* abi_of(Bytes block, std::string_view machine) {
    const Abi* best = nullptr;
    int best_score = 0;
    for (const Abi& abi : abis) {
        const int score = plausibility(block, abi, machine);
        if (score > best_score) {
            best = &abi;
            best_score = score;
        }
    }
    return best;
}

std::uint64_t sub_word_at(ByteReader reader, std::uint32_t offset, std::uint32_t word) {
    return word == 8 ? reader.u64(offset).value_or(0) : reader.u32(offset).value_or(0);
}

FileExtent extent_at(ByteReader sub, std::uint32_t offset_at, std::uint32_t size_at, std::uint32_t word) {
    return {sub.u64(offset_at).value_or(0), sub_word_at(sub, size_at, word)};
}

// Only i386 packs its 64-bit fields. Where the machine is not known, the layout under which the offsets lie
// in the file is right.
const SubHeaderLayout& sub_layout(const KdumpHeader& header, ByteReader sub, std::uint64_t file_size) {
    if (header.word == 8) return kdump::sub_header64;
    if (is_i386(header.utsname.machine)) return kdump::sub_header32_packed;
    if (word_size_of(header.utsname.machine) != 0) return kdump::sub_header32_padded;
    const SubHeaderLayout& packed = kdump::sub_header32_packed;
    const FileExtent info = extent_at(sub, packed.offset_vmcoreinfo, packed.size_vmcoreinfo, header.word);
    const bool fits = info.offset >= header.block_size && info.size != 0 && info.offset < file_size &&
                      info.size <= file_size - info.offset;
    return fits ? packed : kdump::sub_header32_padded;
}

// How much of a sub-header its version fills.
std::uint32_t sub_header_size(const KdumpHeader& header, const SubHeaderLayout& at) {
    switch (header.version) {
        case 0: return header.word;
        case 1: return at.dump_level + 4;
        case 2: return at.end_pfn + header.word;
        case 3: return at.size_vmcoreinfo + header.word;
        case 4: return at.size_note + header.word;
        case 5: return at.size_eraseinfo + header.word;
        default: return at.size;
    }
}

// The header has room for 32 bits of it, and the sub-header tells all of it. Of two that contradict each
// other the larger is taken that the bitmaps have room for: the bits that a sound one does not reach are
// clear.
void choose_max_mapnr(KdumpHeader& header, std::uint64_t wide, std::vector<Error>& problems) {
    const std::uint64_t narrow = header.max_mapnr, most = std::numeric_limits<std::uint32_t>::max();
    if (wide == 0) return;
    header.max_mapnr = wide;
    if (std::min(wide, most) == narrow || (wide & most) == narrow) return;
    const bool wide_is_right =
        narrow > header.bitmap_bytes() * 8 || (wide > narrow && wide <= header.bitmap_bytes() * 8);
    if (!wide_is_right) header.max_mapnr = narrow;
    problems.emplace_back(
        ErrorCode::Corrupt,
        fmt::format("the header speaks of {} page frames and the sub-header of {}; {} is taken", narrow, wide,
                    header.max_mapnr));
}

void read_sub_header(KdumpHeader& header, ByteReader sub, std::uint64_t file_size,
                     std::vector<Error>& problems) {
    const SubHeaderLayout& at = sub_layout(header, sub, file_size);
    const std::uint32_t word = header.word;
    if (const std::uint32_t needed = sub_header_size(header, at); sub.size() < needed) {
        const bool ends = file_size < header.block_size + needed;
        problems.emplace_back(
            ErrorCode::PageMissing,
            fmt::format(
                "the file {} its sub-header: what that tells, such as where the notes lie, is not known",
                ends ? "ends before the end of" : "lacks bytes of"));
        return;
    }
    header.phys_base = sub_word_at(sub, 0, word);
    if (header.version >= 1) header.dump_level = sub.u32(at.dump_level);
    if (header.version >= 2) {
        header.split = sub.u32(at.split).value_or(0) != 0;
        header.start_pfn = sub_word_at(sub, at.start_pfn, word);
        header.end_pfn = sub_word_at(sub, at.end_pfn, word);
    }
    if (header.version >= 3)
        header.vmcoreinfo = extent_at(sub, at.offset_vmcoreinfo, at.size_vmcoreinfo, word);
    if (header.version >= 4) header.notes = extent_at(sub, at.offset_note, at.size_note, word);
    if (header.version >= 5) header.eraseinfo = extent_at(sub, at.offset_eraseinfo, at.size_eraseinfo, word);
    if (header.version >= 6) {
        header.start_pfn = sub.u64(at.start_pfn_64).value_or(0);
        header.end_pfn = sub.u64(at.end_pfn_64).value_or(0);
        choose_max_mapnr(header, sub.u64(at.max_mapnr_64).value_or(0), problems);
    }
}

Result<void> check_version(KdumpHeader& header, std::vector<Error>& problems) {
    if (header.version >= 0 && header.version <= kdump::newest_version) return {};
    if (header.version < 0 || header.version > 64) {
        return fail(ErrorCode::Corrupt, fmt::format("the header version {} is nonsense", header.version));
    }
    problems.emplace_back(
        ErrorCode::Unsupported,
        fmt::format("header version {} is newer than {}, the newest known, and is read as that one",
                    header.version, kdump::newest_version));
    return {};
}

}  // namespace

bool KdumpHeader::has_two_bitmaps() const {
    // As crash has it: diskdump wrote a single bitmap for an unfiltered dump.
    const std::uint64_t bytes_of_one = max_mapnr / 8 + (max_mapnr % 8 != 0);
    const std::uint64_t blocks_of_one = bytes_of_one / block_size + (bytes_of_one % block_size != 0);
    return !diskdump || bitmap_blocks / 2 >= blocks_of_one;
}

std::uint64_t KdumpHeader::bitmap_bytes() const {
    return std::uint64_t{has_two_bitmaps() ? bitmap_blocks / 2 : bitmap_blocks} * block_size;
}

std::uint64_t KdumpHeader::dumped_bitmap_offset() const {
    return bitmap_offset() + (has_two_bitmaps() ? bitmap_bytes() : 0);
}

std::vector<HeaderField> header_fields(const KdumpHeader& header) {
    constexpr std::pair<std::uint32_t, std::string_view> flags[] = {
        {kdump::CompressedZlib, "zlib"},     {kdump::CompressedLzo, "lzo"},
        {kdump::CompressedSnappy, "snappy"}, {kdump::CompressedZstd, "zstd"},
        {kdump::Incomplete, "incomplete"},   {kdump::ExcludedVmemmap, "vmemmap pages excluded"}};
    std::string status = fmt::format("{:#x}", header.status);
    for (const auto& [bit, name] : flags)
        if ((header.status & bit) != 0) fmt::format_to(std::back_inserter(status), ", {}", name);
    const auto extent = [](FileExtent e) { return fmt::format("{} bytes at byte {}", e.size, e.offset); };
    std::vector<HeaderField> fields = {
        {"signature", header.diskdump ? "DISKDUMP" : "KDUMP"},
        {"header version", fmt::format("{}", header.version)},
        {"written by", fmt::format("a {}-bit {}-endian machine", header.word * 8,
                                   header.endian == Endian::Little ? "little" : "big")},
        {"status", status},
        {"block size", fmt::format("{}", header.block_size)},
        {"sub-header blocks", fmt::format("{}", header.sub_header_blocks)},
        {"bitmap blocks", fmt::format("{}", header.bitmap_blocks)},
        {"bitmaps", header.has_two_bitmaps() ? "2" : "1"},
        {"max_mapnr", fmt::format("{}", header.max_mapnr)},
        {"page descriptors", fmt::format("at byte {}", header.descriptors_offset())}};
    if (header.split)
        fields.push_back(
            {"split", fmt::format("page frames {:#x} to {:#x}", header.start_pfn, header.end_pfn)});
    if (header.vmcoreinfo.size != 0) fields.push_back({"VMCOREINFO", extent(header.vmcoreinfo)});
    if (header.notes.size != 0) fields.push_back({"notes", extent(header.notes)});
    if (header.eraseinfo.size != 0) fields.push_back({"erase info", extent(header.eraseinfo)});
    return fields;
}

Result<KdumpHeader> read_kdump_header(const ByteSource& source, std::vector<Error>& problems) {
    std::array<std::byte, kdump::header64.size> scratch;
    const Bytes block = source.read_what_is_there(0, scratch.size(), scratch);
    const auto cut_off = [&] {
        return fail(ErrorCode::Corrupt,
                    fmt::format("the file ends after {} bytes, within the dump header; it was cut "
                                "off while it was written or copied, so copy it again",
                                source.size()));
    };
    if (block.size() < kdump::header32.cpu_count) return cut_off();
    KdumpHeader header;
    header.diskdump = as_text(block).starts_with(kdump::diskdump_signature);
    header.utsname = read_utsname(ByteReader(block));
    const Abi* abi = abi_of(block, header.utsname.machine);
    if (!abi) {
        return fail(ErrorCode::Corrupt,
                    "the dump header is damaged: under no byte order and word size do its block size, "
                    "sub-header size and bitmap size make sense");
    }
    if (block.size() < abi->layout.cpu_count + sizeof(std::uint32_t)) return cut_off();
    const ByteReader reader(block, abi->endian);
    const auto field = [&](std::uint32_t offset) { return reader.u32(offset).value_or(0); };
    header.endian = abi->endian;
    header.word = abi->layout.word;
    header.version = static_cast<std::int32_t>(field(kdump::header_version_at));
    header.timestamp = static_cast<std::int64_t>(sub_word_at(reader, abi->layout.timestamp, header.word));
    header.status = field(abi->layout.status);
    header.block_size = field(abi->layout.block_size);
    header.sub_header_blocks = field(abi->layout.sub_header_size);
    header.bitmap_blocks = field(abi->layout.bitmap_blocks);
    header.max_mapnr = field(abi->layout.max_mapnr);
    header.current_cpu = field(abi->layout.current_cpu);
    header.cpu_count = field(abi->layout.cpu_count);
    if (const auto known = check_version(header, problems); !known) return fail(known.error());
    if (header.diskdump) return header;  // its sub-header holds other things

    std::array<std::byte, kdump::sub_header64.size> sub_scratch;
    const Bytes sub = source.read_what_is_there(header.block_size, sub_scratch.size(), sub_scratch);
    read_sub_header(header, ByteReader(sub, header.endian), source.size(), problems);
    return header;
}

}  // namespace postmortem
