#include "dump/hypervisor/qemu_stream.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/checked.h"
#include "base/text.h"
#include "dump/hypervisor/qemu_sent_pages.h"

namespace postmortem {
namespace {

// migration/savevm.c, migration/qemu-file-types.h; numbers are big endian on every host.
struct QemuSection {
    enum : std::uint8_t {
        EndOfFile = 0,
        Start = 1,
        Part = 2,
        End = 3,
        Full = 4,
        Subsection = 5,
        Configuration = 7,
        Command = 8,
        Footer = 0x7e,
    };
};
constexpr std::uint64_t qemu_header_size = 8;  // "QEVM", version

// migration/ram.c: in the low bits of a page's address.
struct QemuPageFlag {
    enum : std::uint64_t {
        Zero = 0x02,
        MemorySize = 0x04,
        Page = 0x08,
        EndOfRound = 0x10,
        SameBlock = 0x20,
        Xbzrle = 0x40,
        Hook = 0x80,
        Compressed = 0x100,
        MultifdFlush = 0x200,
    };
};
constexpr std::uint64_t page_flag_bits = qemu_page_size - 1;
constexpr std::uint32_t ram_version = 4;  // since QEMU 1.0

constexpr std::size_t max_ram_blocks = 4096;
constexpr std::uint64_t max_ram_bytes = 1ull << 52;
constexpr std::uint64_t max_foreign_bytes = 64ull << 20;  // of a section that is not the RAM's

Error ends_early(std::uint64_t size) {
    return {ErrorCode::PageMissing,
            fmt::format("the file is truncated: it ends at byte {}, before all pages of the machine", size)};
}

// Reads on and on; past the end, everything is zero and `ended` is set.
class QemuCursor {
  public:
    QemuCursor(const ByteSource& source, std::uint64_t at) : source_(source), at_(at) {}

    std::uint64_t at() const { return at_; }
    bool ended() const { return ended_; }
    void skip(std::uint64_t bytes) {
        const std::uint64_t rest = source_.size() - std::min(source_.size(), at_);
        ended_ = ended_ || bytes > rest;
        at_ += std::min(bytes, rest);
    }
    template <std::unsigned_integral T>
    T take() {
        const T value = peek<T>();
        skip(sizeof(T));
        return value;
    }
    template <std::unsigned_integral T>
    T peek() const {
        std::array<std::byte, sizeof(T)> raw{};
        return source_.skim(at_, raw) ? load<T>(raw.data(), Endian::Big) : T{0};
    }
    /// A length of one byte, and as many characters.
    std::string take_name() {
        const std::uint8_t size = take<std::uint8_t>();
        std::array<std::byte, 255> raw{};
        const MutableBytes name = MutableBytes(raw).first(size);
        if (!source_.skim(at_, name)) ended_ = true;
        skip(size);
        return ended_ ? std::string() : std::string(as_text(Bytes(name)));
    }

  private:
    const ByteSource& source_;
    std::uint64_t at_;
    bool ended_ = false;
};

class QemuStreamReader {
  public:
    explicit QemuStreamReader(const ByteSource& source)
        : source_(source), cursor_(source, qemu_header_size) {}

    Result<QemuStream> read() {
        if (auto done = read_sections(); !done) return fail(done.error());
        if (stream_.blocks.empty())
            return fail(cursor_.ended() ? ends_early(source_.size())
                                        : Error(ErrorCode::Corrupt, "the saved machine has no RAM"));
        stream_.pages = pages_.take(stream_.problems);
        return std::move(stream_);
    }

  private:
    Result<void> read_sections() {
        for (;;) {
            const std::uint64_t at = cursor_.at();
            const auto kind = cursor_.take<std::uint8_t>();
            if (cursor_.ended()) return stop(ends_early(source_.size()));
            switch (kind) {
                case QemuSection::EndOfFile: return {};
                case QemuSection::Configuration: read_configuration(); break;
                case QemuSection::Command:
                    cursor_.skip(2);
                    cursor_.skip(cursor_.take<std::uint16_t>());
                    break;
                case QemuSection::Full: stream_.devices_at = at; return {};
                case QemuSection::Start:
                case QemuSection::Part:
                case QemuSection::End: {
                    const auto id = cursor_.take<std::uint32_t>();
                    if (kind == QemuSection::Start) {
                        const std::string name = cursor_.take_name();
                        cursor_.skip(4);
                        const auto version = cursor_.take<std::uint32_t>();
                        if (name == "ram") {
                            if (version != ram_version)
                                return fail(ErrorCode::Unsupported,
                                            fmt::format("the RAM of the saved machine is in version {} of "
                                                        "its format; only {} is known",
                                                        version, ram_version));
                            ram_id_ = id;
                        }
                    }
                    if (cursor_.ended()) return stop(ends_early(source_.size()));
                    auto went_on = id == ram_id_ ? read_ram() : skip_foreign(id);
                    if (!went_on) return fail(went_on.error());
                    if (!*went_on) return {};
                    take_footer(id);
                    break;
                }
                default:
                    pages_.take_back();
                    return stop({ErrorCode::Corrupt,
                                 fmt::format("the section at byte {} of the saved machine is of the unknown "
                                             "kind {}; what follows is not read",
                                             at, kind)});
            }
        }
    }

    // The machine ran while it was saved, if pages came again: any of them might have come once more.
    Result<void> stop(Error why) {
        if (pages_.some_again())
            why = Error(
                ErrorCode::Doubtful,
                fmt::format(
                    "{}; the machine was saved while it ran, so that pages which are there may be older "
                    "than others",
                    why.message));
        stream_.problems.push_back(std::move(why));
        return {};
    }

    // The name of the machine type, then what the machine insists on, which has no length: the next section
    // is that of the RAM.
    void read_configuration() {
        const auto size = cursor_.take<std::uint32_t>();
        std::vector<std::byte> name(std::min<std::uint32_t>(size, 255));
        if (!source_.skim(cursor_.at(), name)) return cursor_.skip(~0ull);
        stream_.machine = as_text(Bytes(name));
        cursor_.skip(size);
        if (cursor_.peek<std::uint8_t>() != QemuSection::Subsection) return;
        std::array<std::byte, 2048> scratch;
        const Bytes rest = source_.read_what_is_there(cursor_.at(), scratch.size(), scratch);
        const std::string_view text = as_text(rest);
        constexpr std::string_view ram("\x03ram\0\0\0\0\0\0\0\x04", 12);
        const std::size_t found = text.find(ram);
        const std::string_view said = text.substr(0, found);
        for (const char* wish : {"mapped-ram", "x-ignore-shared", "multifd"})
            if (said.find(wish) != said.npos) wishes_ += fmt::format(" {}", wish);
        cursor_.skip(found == text.npos || found < 5 ? ~0ull : found - 5);
    }

    void take_footer(std::uint32_t id) {
        if (cursor_.peek<std::uint8_t>() != QemuSection::Footer)
            return;  // machine types before 2.4 have none
        cursor_.skip(1);
        if (cursor_.take<std::uint32_t>() != id && !cursor_.ended())
            stream_.problems.emplace_back(ErrorCode::Corrupt,
                                          "a section of the saved machine ends as another");
    }

    // Nothing tells how long it is but the mark at its end.
    Result<bool> skip_foreign(std::uint32_t id) {
        std::array<std::byte, 5> mark;
        mark[0] = std::byte{QemuSection::Footer};
        store(mark.data() + 1, id, Endian::Big);
        std::array<std::byte, 4096> scratch;
        for (std::uint64_t gone = 0; gone < max_foreign_bytes; gone += scratch.size() - mark.size()) {
            const Bytes here = source_.read_what_is_there(cursor_.at(), scratch.size(), scratch);
            const std::size_t found = as_text(here).find(as_text(Bytes(mark)));
            if (found != npos) {
                cursor_.skip(found);
                return true;
            }
            if (here.size() < scratch.size()) break;
            cursor_.skip(scratch.size() - mark.size());
        }
        stream_.problems.emplace_back(ErrorCode::PageMissing,
                                      "a section of the saved machine has no end; what follows is not read");
        return false;
    }

    // Whether what follows can be read.
    Result<bool> read_ram() {
        for (;;) {
            const std::uint64_t at = cursor_.at();
            const auto header = cursor_.take<std::uint64_t>();
            const std::uint64_t flags = header & page_flag_bits;
            std::uint64_t address = header & ~page_flag_bits;
            if (cursor_.ended()) return stopped(ends_early(source_.size()));
            if ((flags & QemuPageFlag::EndOfRound) != 0) return true;
            if ((flags & (QemuPageFlag::Xbzrle | QemuPageFlag::Hook | QemuPageFlag::Compressed |
                          QemuPageFlag::MultifdFlush)) != 0) {
                if (!lies_in_some_block(address)) return stopped(damaged_page_header(at));
                return fail(refusal(flags));
            }
            if ((flags & QemuPageFlag::MemorySize) != 0) {
                if (auto read = read_blocks(address); !read) return fail(read.error());
                if (cursor_.ended()) return stopped(ends_early(source_.size()));
                continue;
            }
            if ((flags & (QemuPageFlag::Zero | QemuPageFlag::Page)) == 0)
                return stopped(damaged_page_header(at));
            if ((flags & QemuPageFlag::SameBlock) == 0) current_ = block_named(cursor_.take_name());
            if (cursor_.ended()) return stopped(ends_early(source_.size()));
            if (!current_) return stopped(damaged_page_header(at));
            if (address >= current_->bytes) {
                const auto mended = mended_address(address);
                if (!mended) return stopped(damaged_page_header(at));
                address = *mended;
            }
            const std::uint64_t page = current_->first_page + address / qemu_page_size;
            pages_.announce(page);
            const bool is_page = (flags & QemuPageFlag::Page) != 0;
            const std::uint64_t place = is_page ? cursor_.at() : 0;
            cursor_.skip(is_page ? qemu_page_size : 1);
            if (cursor_.ended()) return stopped(ends_early(source_.size()));
            if (!pages_.add(page, place))
                return fail(
                    ErrorCode::Unsupported,
                    fmt::format("the saved machine has more than {} runs of pages", QemuSentPages::max_runs));
        }
    }

    // An address that the block does not have, by a bit off the one that is due.
    std::optional<std::uint64_t> mended_address(std::uint64_t address) {
        const auto page = pages_.next_due();
        if (!page || *page < current_->first_page) return std::nullopt;
        const std::uint64_t due = (*page - current_->first_page) * qemu_page_size;
        if (due >= current_->bytes || !is_power_of_two(address ^ due)) return std::nullopt;
        stream_.problems.emplace_back(
            ErrorCode::Corrupt,
            fmt::format("a page of the saved machine has the damaged address {:#x}; it is taken for the "
                        "one that is missing there, {:#x}",
                        address, due));
        return due;
    }

    Result<bool> stopped(Error why) {
        if (why.code == ErrorCode::Corrupt) pages_.take_back();
        (void)stop(std::move(why));
        return false;
    }

    static Error damaged_page_header(std::uint64_t at) {
        return {ErrorCode::Corrupt, fmt::format("the header of a page at byte {} is damaged; what follows is "
                                                "not read",
                                                at)};
    }

    static Error refusal(std::uint64_t flags) {
        const std::string_view how = (flags & QemuPageFlag::Xbzrle) != 0       ? "as changes (xbzrle)"
                                     : (flags & QemuPageFlag::Compressed) != 0 ? "compressed (compress)"
                                     : (flags & QemuPageFlag::Hook) != 0       ? "by RDMA"
                                                                         : "beside the stream (multifd)";
        return {
            ErrorCode::Unsupported,
            fmt::format("the machine was saved with pages sent {}, which is not read; restore it, stop it, "
                        "and take the dump with QEMU's dump-guest-memory",
                        how)};
    }

    Result<void> read_blocks(std::uint64_t total) {
        if (!stream_.blocks.empty() || total > max_ram_bytes)
            return fail(ErrorCode::Corrupt, "the saved machine's list of RAM blocks is damaged");
        if (!wishes_.empty())
            return fail(ErrorCode::Unsupported,
                        fmt::format("the machine was saved in a way that is not read ({}); restore it, stop "
                                    "it, and take the dump with QEMU's dump-guest-memory",
                                    std::string_view(wishes_).substr(1)));
        std::uint64_t sum = 0;
        while (sum < total && !cursor_.ended()) {
            QemuRamBlock block;
            block.name = cursor_.take_name();
            block.bytes = cursor_.take<std::uint64_t>();
            block.first_page = sum / qemu_page_size;
            // With postcopy the size of its pages follows: no name is empty, no number begins with a letter.
            while (cursor_.peek<std::uint8_t>() == 0 &&
                   (cursor_.peek<std::uint64_t>() & page_flag_bits) == 0 && !cursor_.ended())
                cursor_.take<std::uint64_t>();
            if (cursor_.ended()) break;
            if (block.name.empty() || block.bytes == 0 || block.bytes % qemu_page_size != 0 ||
                block.bytes > total - sum || stream_.blocks.size() == max_ram_blocks)
                return fail(ErrorCode::Corrupt, "the saved machine's list of RAM blocks is damaged");
            sum += block.bytes;
            stream_.blocks.push_back(std::move(block));
        }
        pages_.expect(sum / qemu_page_size);
        return {};
    }

    bool lies_in_some_block(std::uint64_t address) const {
        return std::any_of(stream_.blocks.begin(), stream_.blocks.end(),
                           [&](const QemuRamBlock& block) { return address < block.bytes; });
    }

    const QemuRamBlock* block_named(const std::string& name) const {
        const auto found = std::find_if(stream_.blocks.begin(), stream_.blocks.end(),
                                        [&](const QemuRamBlock& block) { return block.name == name; });
        return found == stream_.blocks.end() ? nullptr : &*found;
    }

    const ByteSource& source_;
    QemuCursor cursor_;
    QemuStream stream_;
    QemuSentPages pages_;
    std::optional<std::uint32_t> ram_id_;
    const QemuRamBlock* current_ = nullptr;
    std::string wishes_;
};

}  // namespace

Result<QemuStream> read_qemu_stream(const ByteSource& source) {
    source.expect_skimming(true);
    auto stream = QemuStreamReader(source).read();
    source.expect_skimming(false);
    return stream;
}

}  // namespace postmortem
