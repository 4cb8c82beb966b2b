#include "dump/format/lkcd.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "base/checked.h"
#include "base/per_thread.h"
#include "dump/machine.h"
#include "dump/pages/codec.h"
#include "dump/pages/page_index.h"

namespace postmortem {
namespace {

constexpr std::string_view lkcd_little("\xed\x23\x8f\x61\x73\x01\x19\xa8", 8);
constexpr std::string_view lkcd_big("\xa8\x19\x01\x73\x61\x8f\x23\xed", 8);

// The part of the header that is the same in every version.
struct LkcdAt {
    static constexpr std::uint64_t version = 8, level = 16, page_size = 20, memory_size = 24;
    static constexpr std::uint64_t panic_length = 256;
};
// Of the rest, where the words are the same on every machine since version 8, and a word of the machine
// before; version 1 has two more words before the panic text.
struct LkcdLayout {
    std::uint64_t panic_text, seconds, utsname, compression, buffer_size;
    std::uint32_t word;
};
constexpr std::uint64_t utsname_bytes = 6 * 65;
constexpr LkcdLayout lkcd_v8 = {52, 308, 324, 324 + utsname_bytes + 8, 324 + utsname_bytes + 20, 8};
constexpr LkcdLayout lkcd_v2_32 = {52, 308, 316, 316 + utsname_bytes + 2 + 4, 0, 4};
constexpr LkcdLayout lkcd_v2_64 = {52, 312, 328, 328 + utsname_bytes + 2 + 8, 0, 8};
constexpr LkcdLayout lkcd_v1_32 = {60, 316, 324, 0, 0, 4};
constexpr LkcdLayout lkcd_v1_64 = {60, 320, 336, 0, 0, 8};
constexpr std::uint64_t lkcd_header_size = 1024;                       // more than any of them
constexpr std::uint32_t lkcd_newest = 10, lkcd_modified = 0xc0000000;  // bits that Mission Critical Linux set
constexpr std::uint64_t lkcd_first_page = 65536;

struct LkcdPage {
    static constexpr std::uint64_t header_size = 16;  // u64 address, u32 size, u32 flags
    static constexpr std::uint32_t raw = 1, compressed = 2, end = 4;
    std::uint64_t address = 0;
    std::uint32_t size = 0, flags = 0;
};

enum class LkcdCompression : std::uint32_t { None, RunLength, Zlib };

// A byte stands for itself, but for zero: a count follows, and what is to be repeated; a count of zero is a
// zero.
bool unpack_run_length(Bytes packed, MutableBytes page) {
    std::size_t filled = 0;
    for (std::size_t i = 0; i < packed.size(); ++i) {
        std::size_t count = 1;
        std::byte value = packed[i];
        if (value == std::byte{0}) {
            if (++i == packed.size()) return false;
            if (packed[i] != std::byte{0}) {
                count = std::to_integer<std::size_t>(packed[i]);
                if (++i == packed.size()) return false;
                value = packed[i];
            }
        }
        if (count > page.size() - filled) return false;
        std::fill_n(page.begin() + static_cast<std::ptrdiff_t>(filled), count, value);
        filled += count;
    }
    return filled == page.size();
}

class LkcdDump final : public DumpFile {
  public:
    LkcdDump(std::unique_ptr<ByteSource> source, ByteReader header)
        : source_(std::move(source)), endian_(header.endian()) {
        problems_ = source_->origin().problems;
        read_header(header);
    }

    Result<void> read_pages() {
        source_->expect_skimming(true);
        for (std::uint64_t at = first_page_;;) {
            const auto page = page_header(at);
            if (!page) {
                tell_cut_off();
                break;
            }
            if ((page->flags & LkcdPage::end) != 0) break;
            if (page->size == 0 || page->size > 2ull * info_page_size_) {
                problems_.emplace_back(ErrorCode::Corrupt,
                                       fmt::format("the header of a page at byte {} is damaged; what follows "
                                                   "is not read",
                                                   at));
                break;
            }
            index_.add(page->address / info_page_size_, at);
            at += LkcdPage::header_size + page->size;
        }
        source_->expect_skimming(false);
        index_.seal();
        info_.max_pfn = std::max(index_.end_pfn(), info_.max_pfn);
        return {};
    }

    const DumpInfo& info() const override { return info_; }
    std::uint32_t page_size() const override { return info_page_size_; }
    Endian endian() const override { return endian_; }
    std::uint16_t machine() const override { return elf_machine_of(info_.utsname.machine); }
    std::string_view vmcoreinfo() const override { return {}; }
    const std::vector<Note>& notes() const override { return notes_; }
    const std::vector<Error>& problems() const override { return problems_; }
    void add_problem(Error problem) override { problems_.push_back(std::move(problem)); }

    Result<PageBytes> page(std::uint64_t paddr, MutableBytes scratch) const override {
        if (scratch.size() < info_page_size_)
            return fail(ErrorCode::InvalidArgument, "the buffer for a page is smaller than a page", paddr);
        const StoredPage* stored = index_.find(paddr / info_page_size_);
        if (!stored) return absent(paddr);
        const auto header = page_header(stored->at);
        if (!header) return cut_off_page(paddr);
        const MutableBytes page = scratch.first(info_page_size_);
        const std::uint64_t at = stored->at + LkcdPage::header_size;
        if ((header->flags & LkcdPage::compressed) == 0) {
            if (header->size != page.size())
                return fail(ErrorCode::Corrupt, "the page's header is damaged", paddr);
            const auto bytes = source_->read(at, page.size(), page);
            return bytes ? Result<PageBytes>(PageBytes{*bytes, 0}) : cut_off_page(paddr);
        }
        static PerThread<std::vector<std::byte>> rooms;
        std::vector<std::byte>& room = rooms.own();
        room.resize(header->size);
        const auto packed = source_->read(at, header->size, room);
        if (!packed) return cut_off_page(paddr);
        return unpacked(*packed, page, paddr);
    }

    std::optional<std::uint64_t> next_frame(std::uint64_t pfn) const override { return index_.next(pfn); }
    void existing_frames(std::uint64_t first_pfn, MutableBytes bits) const override {
        index_.mark(first_pfn, bits);
    }

  private:
    void read_header(ByteReader header) {
        const std::uint32_t version = header.u32(LkcdAt::version).value_or(0) & ~lkcd_modified;
        const LkcdLayout& at = layout_of(header, version);
        info_page_size_ = header.u32(LkcdAt::page_size).value_or(0);
        compression_ = at.compression == 0 || (version < 5)
                           ? LkcdCompression::RunLength
                           : LkcdCompression(header.u32(at.compression).value_or(0));
        first_page_ = version >= 9 ? header.u64(at.buffer_size).value_or(0) : lkcd_first_page;
        const std::uint64_t seconds =
            at.word == 8 ? header.u64(at.seconds).value_or(0) : header.u32(at.seconds).value_or(0);
        info_.file = source_->origin().file;
        info_.files = {info_.file};
        info_.format = fmt::format("{}LKCD v{}", source_->origin().wrapping, version);
        if (seconds != 0) info_.timestamp = static_cast<std::int64_t>(seconds);
        info_.utsname = utsname_at(header, at.utsname);
        const auto panic = header.slice(at.panic_text, LkcdAt::panic_length);
        constexpr const char* methods[] = {"none", "run lengths", "zlib"};
        const auto method = static_cast<std::size_t>(compression_);
        info_.header = {
            {"panic text", panic ? std::string(until_nul(as_text(*panic))) : ""},
            {"compression", method < std::size(methods) ? methods[method] : fmt::format("{}", method)},
            {"page headers", fmt::format("{}", header.u32(at.panic_text - 4).value_or(0))},
            {"memory", fmt::format("{} bytes", header.u64(LkcdAt::memory_size).value_or(0))}};
    }

    // Which words the machine had is told by where its name makes sense.
    static const LkcdLayout& layout_of(ByteReader header, std::uint32_t version) {
        if (version >= 8) return lkcd_v8;
        const LkcdLayout& narrow = version == 1 ? lkcd_v1_32 : lkcd_v2_32;
        const LkcdLayout& wide = version == 1 ? lkcd_v1_64 : lkcd_v2_64;
        return utsname_at(header, wide.utsname).sysname == "Linux" ? wide : narrow;
    }

    static Utsname utsname_at(ByteReader header, std::uint64_t at) {
        const auto field = [&](unsigned index) {
            const auto bytes = header.slice(at + index * 65ull, 65);
            return bytes ? std::string(until_nul(as_text(*bytes))) : std::string();
        };
        return {field(0), field(1), field(2), field(3), field(4), field(5)};
    }

    std::optional<LkcdPage> page_header(std::uint64_t at) const {
        std::array<std::byte, LkcdPage::header_size> raw;
        if (at > source_->size() || !source_->skim(at, raw)) return std::nullopt;
        return LkcdPage{load<std::uint64_t>(raw.data(), endian_),
                        load<std::uint32_t>(raw.data() + 8, endian_),
                        load<std::uint32_t>(raw.data() + 12, endian_)};
    }

    void tell_cut_off() {
        cut_off_ = true;
        problems_.emplace_back(
            ErrorCode::PageMissing,
            fmt::format("the file is truncated: it ends at byte {} without its end mark", source_->size()));
    }

    // The format does not tell what was left out from what never was.
    tl::unexpected<Error> absent(std::uint64_t paddr) const {
        if (cut_off_) return cut_off_page(paddr);
        return fail(ErrorCode::PageExcluded, "the page is not in the dump", paddr);
    }
    static tl::unexpected<Error> cut_off_page(std::uint64_t paddr) {
        return fail(ErrorCode::PageMissing, "the file is truncated before the page's data", paddr);
    }

    Result<PageBytes> unpacked(Bytes packed, MutableBytes page, std::uint64_t paddr) const {
        if (compression_ == LkcdCompression::Zlib) {
            if (auto done = decompress(Codec::Zlib, packed, page); !done) {
                done.error().address = paddr;
                return fail(std::move(done.error()));
            }
            return PageBytes{page, 0};
        }
        if (compression_ != LkcdCompression::RunLength)
            return fail(ErrorCode::Unsupported, "the page is compressed by a method that is not known",
                        paddr);
        if (!unpack_run_length(packed, page))
            return fail(ErrorCode::Corrupt, "the page's run lengths do not fill it", paddr);
        return PageBytes{page, 0};
    }

    std::unique_ptr<ByteSource> source_;
    Endian endian_;
    std::uint32_t info_page_size_ = 0;
    LkcdCompression compression_ = LkcdCompression::None;
    std::uint64_t first_page_ = 0;
    bool cut_off_ = false;
    PageIndex index_;
    DumpInfo info_;
    std::vector<Note> notes_;
    std::vector<Error> problems_;
};

}  // namespace

bool looks_like_lkcd(Bytes head) {
    return as_text(head).starts_with(lkcd_little) || as_text(head).starts_with(lkcd_big);
}

Result<std::unique_ptr<DumpFile>> open_lkcd(std::unique_ptr<ByteSource> source) {
    std::array<std::byte, lkcd_header_size> scratch;
    const auto bytes = source->read(0, scratch.size(), scratch);
    if (!bytes)
        return fail(ErrorCode::Corrupt,
                    fmt::format("the LKCD dump ends after {} bytes, within its header", source->size()));
    const ByteReader header(*bytes, as_text(*bytes).starts_with(lkcd_big) ? Endian::Big : Endian::Little);
    const std::uint32_t version = *header.u32(LkcdAt::version) & ~lkcd_modified;
    if (version == 0 || version > lkcd_newest)
        return fail(ErrorCode::Unsupported,
                    fmt::format("LKCD version {}; 1 to {} are known", version, lkcd_newest));
    const std::uint32_t page_size = *header.u32(LkcdAt::page_size);
    if (!is_power_of_two(page_size) || page_size < 4096 || page_size > 256 * 1024)
        return fail(ErrorCode::Corrupt,
                    fmt::format("the LKCD header gives the page size as {}, which cannot be", page_size));
    auto dump = std::make_unique<LkcdDump>(std::move(source), header);
    if (auto read = dump->read_pages(); !read) return fail(read.error());
    return dump;
}

}  // namespace postmortem
