#include "dump/format/sadump.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <elf.h>
#include <fmt/format.h>

#include "base/checked.h"
#include "dump/pages/page_bitmap.h"

namespace postmortem {
namespace {

// Of the partition's header, and of the dump's behind it; little endian throughout.
constexpr std::string_view sadump_magic("sadump\0\0", 8);
constexpr std::uint64_t sadump_default_block = 4096;

// struct sadump_part_header
struct SadumpPartitionAt {
    static constexpr std::uint64_t system = 88, set = 104, volume = 120, written = 136, disk = 152,
                                   used = 160;
    static constexpr std::uint64_t magic_numbers = 168, size = 4096;
};
// struct sadump_header
struct SadumpHeaderAt {
    static constexpr std::uint64_t version = 8, written = 16, block_size = 40, cpu_blocks = 48,
                                   bitmap_blocks = 52;
    static constexpr std::uint64_t dumpable_blocks = 56, frames = 60, cpus = 80, frames_64 = 88;
};
constexpr std::uint64_t sadump_max_frames = 1ull << 36;

using Guid = std::array<std::byte, 16>;

struct SadumpPartition {
    std::uint64_t at = 0;  ///< of its header
    Guid system{}, set{};
    std::uint32_t disk = 0;  ///< 0: alone
    std::uint64_t used = 0;  ///< bytes
    std::uint64_t block = 0;
};

// Numbers, each made of the one before, fill the rest of the header's block: so long is a block.
std::optional<std::uint64_t> block_size_by_numbers(ByteReader reader, std::uint64_t at) {
    std::uint64_t end = at + SadumpPartitionAt::magic_numbers + 4;
    auto last = reader.u32(end - 4);
    if (!last) return std::nullopt;
    for (auto next = reader.u32(end); next && *next == (*last + 7) * 11; next = reader.u32(end)) {
        last = next;
        end += 4;
    }
    const std::uint64_t size = end - at;
    return is_power_of_two(size) && size >= sadump_default_block ? std::optional(size) : std::nullopt;
}

Guid guid_at(ByteReader reader, std::uint64_t at) {
    Guid guid{};
    if (const auto bytes = reader.slice(at, guid.size()))
        std::copy(bytes->begin(), bytes->end(), guid.begin());
    return guid;
}

std::optional<SadumpPartition> read_partition(const ByteSource& source, bool with_numbers) {
    std::vector<std::byte> scratch(with_numbers ? 256 * 1024 : 2 * sadump_default_block);
    const Bytes head = source.read_what_is_there(0, scratch.size(), scratch);
    const ByteReader reader(head, Endian::Little);
    for (const std::uint64_t at : {std::uint64_t{0}, sadump_default_block}) {
        const auto magic = reader.slice(at, sadump_magic.size());
        if (!magic || as_text(*magic) != sadump_magic) continue;
        SadumpPartition partition;
        partition.at = at;
        partition.system = guid_at(reader, at + SadumpPartitionAt::system);
        partition.set = guid_at(reader, at + SadumpPartitionAt::set);
        // What was copied to a medium is whole.
        partition.disk = at == 0 ? reader.u32(SadumpPartitionAt::disk).value_or(0) : 0;
        partition.used = reader.u64(at + SadumpPartitionAt::used).value_or(0);
        partition.block = block_size_by_numbers(reader, at).value_or(0);
        return partition;
    }
    return std::nullopt;
}

std::int64_t seconds_of(ByteReader time) {  // an EFI_TIME, as if in UTC
    const std::int64_t year = time.u16(0).value_or(0), month = time.u8(2).value_or(0),
                       day = time.u8(3).value_or(0);
    const std::int64_t shifted = (month + 9) % 12, years = year - (month <= 2 ? 1 : 0);
    const std::int64_t days =
        365 * years + years / 4 - years / 100 + years / 400 + (shifted * 306 + 5) / 10 + day - 1 - 719468;
    return days * 86400 + time.u8(4).value_or(0) * 3600 + time.u8(5).value_or(0) * 60 +
           time.u8(6).value_or(0);
}

// The bitmaps count from the highest bit of a byte; whoever reads them here, from the lowest.
class ReversedBits final : public ByteSource {
  public:
    ReversedBits(const ByteSource& source, std::uint64_t begin, std::uint64_t bytes)
        : ByteSource({}), source_(source), begin_(begin), size_(std::min(bytes, rest(source, begin))) {}

    std::uint64_t size() const override { return size_; }
    std::optional<Bytes> view(std::uint64_t, std::uint64_t) const override { return std::nullopt; }
    std::optional<Bytes> read(std::uint64_t offset, std::uint64_t length,
                              MutableBytes scratch) const override {
        if (offset > size_ || length > size_ - offset || scratch.size() < length) return std::nullopt;
        const MutableBytes out = scratch.first(length);
        const auto bytes = source_.read(begin_ + offset, length, out);
        if (!bytes) return std::nullopt;
        std::transform(bytes->begin(), bytes->end(), out.begin(), reversed);
        return out;
    }

  private:
    static std::uint64_t rest(const ByteSource& source, std::uint64_t begin) {
        return source.size() - std::min(source.size(), begin);
    }
    static std::byte reversed(std::byte byte) {
        auto bits = std::to_integer<unsigned>(byte);
        bits = (bits & 0x55) << 1 | (bits & 0xaa) >> 1;
        bits = (bits & 0x33) << 2 | (bits & 0xcc) >> 2;
        return std::byte((bits & 0x0f) << 4 | (bits & 0xf0) >> 4);
    }

    const ByteSource& source_;
    std::uint64_t begin_, size_;
};

struct SadumpDisk {
    std::unique_ptr<ByteSource> source;
    std::uint64_t pages_at = 0, page_bytes = 0;  ///< where its share of the pages lies
};

struct SadumpShape {
    std::uint64_t block = 0, frames = 0;
    std::uint64_t bitmap_at = 0, bitmap_bytes = 0, dumpable_at = 0, dumpable_bytes = 0;
    std::uint32_t cpus = 0, version = 0;
    std::int64_t written = 0;

    std::uint64_t pages_at() const { return dumpable_at + dumpable_bytes; }
};

Result<SadumpShape> read_shape(const ByteSource& source, const SadumpPartition& partition) {
    const std::uint64_t block = partition.block;
    if (block == 0) return fail(ErrorCode::Corrupt, "the partition header of the SADUMP dump is damaged");
    std::uint64_t at = partition.at + block;
    std::array<std::byte, 128> scratch;
    if (partition.disk != 0) {  // how long the header of the set is, in blocks
        if (!source.skim(at, MutableBytes(scratch).first(4)))
            return fail(ErrorCode::Corrupt, "the SADUMP dump ends within its headers");
        at += std::min<std::uint64_t>(load<std::uint32_t>(scratch.data(), Endian::Little), 1024) * block;
    }
    if (!source.skim(at, scratch)) return fail(ErrorCode::Corrupt, "the SADUMP dump ends within its headers");
    const ByteReader header(Bytes(scratch), Endian::Little);
    if (!as_text(Bytes(scratch)).starts_with(sadump_magic))
        return fail(ErrorCode::Corrupt,
                    "the header of the SADUMP dump is damaged, or the firmware has not "
                    "written one");
    if (header.u32(SadumpHeaderAt::block_size) != block)
        return fail(ErrorCode::Corrupt,
                    "the headers of the SADUMP dump contradict each other about its blocks");
    const auto blocks = [&](std::uint64_t member) { return *header.u32(member) * block; };
    SadumpShape shape;
    shape.block = block;
    shape.version = *header.u32(SadumpHeaderAt::version);
    const std::uint64_t frames =
        shape.version == 0 ? *header.u32(SadumpHeaderAt::frames) : *header.u64(SadumpHeaderAt::frames_64);
    shape.cpus = *header.u32(SadumpHeaderAt::cpus);
    shape.written = seconds_of(ByteReader(Bytes(scratch).subspan(SadumpHeaderAt::written), Endian::Little));
    // The state of the processors, in between, does not say which is which.
    shape.bitmap_at = at + block + blocks(SadumpHeaderAt::cpu_blocks);
    shape.bitmap_bytes = blocks(SadumpHeaderAt::bitmap_blocks);
    shape.dumpable_at = shape.bitmap_at + shape.bitmap_bytes;
    shape.dumpable_bytes = blocks(SadumpHeaderAt::dumpable_blocks);
    shape.frames = std::min({frames, shape.bitmap_bytes * 8, shape.dumpable_bytes * 8, sadump_max_frames});
    return shape;
}

class Sadump final : public DumpFile {
  public:
    Sadump(std::vector<SadumpDisk> disks, const SadumpShape& shape, std::vector<Error> problems)
        : disks_(std::move(disks)),
          shape_(shape),
          ram_bits_(*disks_.front().source, shape.bitmap_at, shape.bitmap_bytes),
          dumpable_bits_(*disks_.front().source, shape.dumpable_at, shape.dumpable_bytes),
          ram_(ram_bits_, 0, shape.frames),
          dumped_(dumpable_bits_, 0, shape.frames),
          problems_(std::move(problems)) {
        describe();
    }

    const DumpInfo& info() const override { return info_; }
    std::uint32_t page_size() const override { return static_cast<std::uint32_t>(shape_.block); }
    Endian endian() const override { return Endian::Little; }
    std::uint16_t machine() const override { return EM_X86_64; }
    std::string_view vmcoreinfo() const override { return {}; }
    const std::vector<Note>& notes() const override { return notes_; }
    const std::vector<Error>& problems() const override { return problems_; }
    void add_problem(Error problem) override { problems_.push_back(std::move(problem)); }

    Result<PageBytes> page(std::uint64_t paddr, MutableBytes scratch) const override {
        if (scratch.size() < shape_.block)
            return fail(ErrorCode::InvalidArgument, "the buffer for a page is smaller than a page", paddr);
        const std::uint64_t pfn = paddr / shape_.block;
        const auto dumped = dumped_.test(pfn), exists = ram_.test(pfn);
        if (!dumped || !exists)
            return fail(ErrorCode::PageMissing, "the file is truncated within its bitmaps", paddr);
        if (!*dumped)
            return *exists
                       ? fail(ErrorCode::PageExcluded, "the firmware left the page out", paddr)
                       : fail(ErrorCode::NoSuchMemory, "the machine had no memory at this address", paddr);
        const auto index = dumped_.rank(pfn);
        if (!index) return fail(ErrorCode::PageMissing, "the file is truncated within its bitmaps", paddr);
        return stored(*index * shape_.block, paddr, scratch);
    }

    std::optional<std::uint64_t> next_frame(std::uint64_t pfn) const override {
        return dumped_.next_set(pfn);
    }
    void existing_frames(std::uint64_t first_pfn, MutableBytes bits) const override {
        ram_.copy(first_pfn, bits);
    }

    void each_promised_run(const FrameRunVisitor& visit) const override {
        FrameRuns runs(visit);
        dumped_.each_run(0, dumped_.bits(), runs);
    }
    void each_existing_run(const FrameRunVisitor& visit) const override {
        FrameRuns runs(visit);
        ram_.each_run(0, ram_.bits(), runs);
    }

  private:
    // The pages go on from one disk to the next.
    Result<PageBytes> stored(std::uint64_t offset, std::uint64_t paddr, MutableBytes scratch) const {
        for (const SadumpDisk& disk : disks_) {
            if (offset >= disk.page_bytes) {
                offset -= disk.page_bytes;
                continue;
            }
            if (!disk.source)
                return fail(ErrorCode::PageMissing, "the disk with the page is not there", paddr);
            const auto bytes = disk.source->read(disk.pages_at + offset, shape_.block, scratch);
            if (!bytes)
                return fail(ErrorCode::PageMissing, "the file is truncated before the page's data", paddr);
            return PageBytes{*bytes, 0};
        }
        return fail(ErrorCode::PageMissing, "the page is on a disk that is not there", paddr);
    }

    void describe() {
        const ByteSource& first = *disks_.front().source;
        info_.file = first.origin().file;
        for (const SadumpDisk& disk : disks_) info_.files.push_back(disk.source->origin().file);
        info_.format = fmt::format("{}SADUMP v{}", first.origin().wrapping, shape_.version);
        if (disks_.size() > 1) info_.format += fmt::format(" on {} disks", disks_.size());
        info_.max_pfn = shape_.frames;
        info_.cpu_count = shape_.cpus;
        info_.timestamp = shape_.written;
        info_.utsname.machine = "x86_64";
    }

    std::vector<SadumpDisk> disks_;
    SadumpShape shape_;
    ReversedBits ram_bits_, dumpable_bits_;
    PageBitmap ram_;
    RankedBitmap dumped_;
    DumpInfo info_;
    std::vector<Note> notes_;
    std::vector<Error> problems_;
};

}  // namespace

bool looks_like_sadump(Bytes head) {
    // A medium that the dump was copied to has a header of its own before it.
    const std::string_view text = as_text(head);
    return text.starts_with(sadump_magic) || (text.size() > sadump_default_block &&
                                              text.substr(sadump_default_block).starts_with(sadump_magic));
}

bool is_sadump_disk(const ByteSource& source) {
    const auto partition = read_partition(source, false);
    return partition && partition->disk != 0;
}

Result<std::unique_ptr<DumpFile>> open_sadump(std::unique_ptr<ByteSource> source) {
    std::vector<std::unique_ptr<ByteSource>> alone;
    alone.push_back(std::move(source));
    return open_sadump_disks(std::move(alone));
}

Result<std::unique_ptr<DumpFile>> open_sadump_disks(std::vector<std::unique_ptr<ByteSource>> sources) {
    struct Found {
        SadumpPartition partition;
        std::unique_ptr<ByteSource> source;
    };
    std::vector<Found> found;
    for (auto& source : sources)
        if (auto partition = read_partition(*source, true)) found.push_back({*partition, std::move(source)});
    if (found.empty()) return fail(ErrorCode::Corrupt, "the partition header of the SADUMP dump is damaged");
    const Guid set = found.front().partition.set, system = found.front().partition.system;
    std::erase_if(found, [&](const Found& disk) {
        return disk.partition.set != set || disk.partition.system != system;
    });
    std::stable_sort(found.begin(), found.end(),
                     [](const Found& a, const Found& b) { return a.partition.disk < b.partition.disk; });
    if (found.front().partition.disk > 1)
        return fail(
            ErrorCode::NotFound,
            fmt::format("it is disk {} of a SADUMP dump on several; the first, which tells where its pages "
                        "are, is not there",
                        found.front().partition.disk));
    auto shape = read_shape(*found.front().source, found.front().partition);
    if (!shape) return fail(shape.error());
    std::vector<Error> problems = found.front().source->origin().problems;
    std::vector<SadumpDisk> disks;
    for (Found& disk : found) {
        const std::uint32_t expected = static_cast<std::uint32_t>(disks.size()) + 1;
        if (disk.partition.disk > expected) {  // where the next begins is not known without it
            problems.emplace_back(
                ErrorCode::PageMissing,
                fmt::format("disk {} of the SADUMP dump is not there, and with it the pages from "
                            "there on",
                            expected));
            break;
        }
        if (disk.partition.disk != 0 && disk.partition.disk < expected) continue;  // the same again
        const std::uint64_t pages_at = disks.empty() ? shape->pages_at() : shape->block;
        const std::uint64_t used = disk.partition.disk == 0 ? ~0ull : disk.partition.used;
        disks.push_back({std::move(disk.source), pages_at, used - std::min(used, pages_at)});
    }
    return std::make_unique<Sadump>(std::move(disks), *shape, std::move(problems));
}

}  // namespace postmortem
