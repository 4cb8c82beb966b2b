#include "dump/format/s390_dump.h"

#include <algorithm>
#include <array>
#include <deque>

#include <elf.h>
#include <fmt/format.h>

#include "base/checked.h"
#include "dump/pages/extent_dump.h"

namespace postmortem {
namespace {

constexpr std::string_view s390_magic("\xa8\x19\x01\x73\x61\x8f\x23\xfd", 8);
constexpr std::string_view s390_extended_magic("\xa8\x19\x01\x73\x61\x8f\x23\xfe", 8);
constexpr std::string_view s390_end_mark("DUMP_END");

// Of the header; big endian.
struct S390At {
    static constexpr std::uint64_t version = 8, header_size = 12, page_size = 20, memory_size = 24;
    static constexpr std::uint64_t written = 56, architecture = 72, volume = 76, volumes = 92, cpus = 93;
    static constexpr std::uint64_t prefixes = 0x800;  ///< of as many CPUs, since version 5
    static constexpr std::size_t most_cpus = 512;
};

// What a CPU stores of itself in its own pages when it is stopped (z/Architecture Principles of Operation,
// "Assigned Storage Locations"); the prefix says that it did.
struct StoredStatus {
    static constexpr std::uint64_t general = 0x1280, psw = 0x1300, prefix = 0x1318, end = 0x1320;
    static constexpr std::size_t general_size = 16 * 8, psw_size = 16;
};
constexpr std::uint32_t s390_64_bit = 2;

// The extended form: where the stretch begins, its length, whether it is the last; its size where it is
// compressed.
struct S390Stretch {
    static constexpr std::uint64_t header_size = 4096, max_count = 1u << 20;
    std::uint64_t begin = 0, size = 0, is_last = 0;
    std::uint32_t compressed_blocks = 0;
};

// The clock counts from 1900; bit 51 is a microsecond.
std::int64_t seconds_since_1970(std::uint64_t clock) {
    constexpr std::int64_t from_1900 = 2208988800;
    return static_cast<std::int64_t>((clock >> 12) / 1000000) - from_1900;
}

class S390Dump final : public ExtentDump {
  public:
    S390Dump(std::unique_ptr<ByteSource> source, ByteReader header)
        : ExtentDump(std::move(source), {}),
          header_(header),
          is_64_bit_(header.u32(S390At::architecture) == s390_64_bit) {
        problems_ = source_->origin().problems;
    }

    /// To be called last: notes as QEMU and zgetdump make them of the CPUs' stored status.
    void add_notes() {
        constexpr std::uint32_t first_with_prefixes = 5;
        if (!is_64_bit_ || header_.u32(S390At::version).value_or(0) < first_with_prefixes) return;
        const std::size_t cpus = std::min<std::size_t>(info_.cpu_count.value_or(0), S390At::most_cpus);
        for (std::size_t cpu = 0; cpu < cpus; ++cpu)
            if (const auto prefix = header_.u32(S390At::prefixes + 4 * cpu)) add_notes_of(*prefix);
        for (const StoredNotes& stored : stored_) {
            notes_.push_back({"CORE", NT_PRSTATUS, stored.registers});
            notes_.push_back({"LINUX", NT_S390_PREFIX, stored.prefix});
        }
    }

    void add_memory() {
        const std::uint64_t start = header_.u32(S390At::header_size).value_or(0);
        const std::uint64_t size = header_.u64(S390At::memory_size).value_or(0);
        memory_.add(0, size, size, start);
        finish("s390 standalone dump", checked_add(start, size));
    }

    // What lies between the stretches was zero and is left out.
    Result<void> add_stretches() {
        std::uint64_t at = S390Stretch::header_size, covered = 0;
        const std::uint64_t all = header_.u64(S390At::memory_size).value_or(0);
        bool is_last = false;
        for (std::uint64_t count = 0; !is_last && count < S390Stretch::max_count; ++count) {
            const auto stretch = stretch_at(at);
            if (!stretch) break;
            if (stretch->compressed_blocks != 0)
                return fail(ErrorCode::Unsupported,
                            "it is a compressed s390 standalone dump, which is not read; "
                            "convert it first (zgetdump -f elf)");
            if (stretch->begin < covered || stretch->size == 0 || stretch->begin >= all ||
                stretch->size > all - stretch->begin) {
                problems_.emplace_back(
                    ErrorCode::Corrupt,
                    fmt::format(
                        "the header of a stretch of memory at byte {} is damaged; what follows is not read",
                        at));
                break;
            }
            memory_.add(covered, 0, stretch->begin - covered, 0);
            at += S390Stretch::header_size;
            memory_.add(stretch->begin, stretch->size, stretch->size, at);
            covered = stretch->begin + stretch->size;
            at += stretch->size;
            is_last = stretch->is_last != 0;
        }
        if (is_last) memory_.add(covered, 0, all - covered, 0);
        finish("s390 standalone dump, extended", is_last ? std::optional(at) : std::nullopt);
        return {};
    }

    Endian endian() const override { return Endian::Big; }
    std::uint16_t machine() const override { return EM_S390; }
    std::string_view vmcoreinfo() const override { return {}; }

  private:
    std::optional<S390Stretch> stretch_at(std::uint64_t at) const {
        std::array<std::byte, 28> raw;
        if (at > source_->size() || !source_->skim(at, raw)) return std::nullopt;
        const auto word = [&](std::size_t from) {
            return load<std::uint64_t>(raw.data() + from, Endian::Big);
        };
        return S390Stretch{word(0), word(8), word(16), load<std::uint32_t>(raw.data() + 24, Endian::Big)};
    }

    void finish(const std::string& format, std::optional<std::uint64_t> end) {
        seal(format);
        std::array<std::byte, 8> mark;
        const bool ended = end && *end < source_->size() && source_->skim(*end, mark) &&
                           as_text(Bytes(mark)) == s390_end_mark;
        if (!ended && memory_.cut_off_bytes() == 0)
            problems_.emplace_back(ErrorCode::PageMissing,
                                   "the dump has no end mark: its writer did not get to the end");
        info_.utsname.machine = is_64_bit_ ? "s390x" : "s390";
        info_.cpu_count = header_.u16(S390At::cpus);
        info_.timestamp = seconds_since_1970(header_.u64(S390At::written).value_or(0));
        info_.header = {{"header version", fmt::format("{}", header_.u32(S390At::version).value_or(0))},
                        {"memory", fmt::format("{} bytes", header_.u64(S390At::memory_size).value_or(0))},
                        {"volume", fmt::format("{}", header_.u32(S390At::volume).value_or(0))}};
    }

    struct StoredNotes {
        std::array<std::byte, 336> registers{};  ///< struct elf_prstatus
        std::array<std::byte, 4> prefix{};
    };

    void add_notes_of(std::uint32_t prefix) {
        constexpr std::size_t registers_at = 112;
        std::array<std::byte, StoredStatus::end - StoredStatus::general> raw;
        if (prefix == 0 || !read(std::uint64_t{prefix} + StoredStatus::general, raw)) return;
        const auto part = [&](std::uint64_t at, std::size_t size) {
            return Bytes(raw).subspan(at - StoredStatus::general, size);
        };
        if (load<std::uint32_t>(part(StoredStatus::prefix, 4).data(), Endian::Big) != prefix) return;
        StoredNotes& made = stored_.emplace_back();
        const auto put = [&](Bytes bytes, std::size_t at) {
            std::copy(bytes.begin(), bytes.end(), made.registers.begin() + static_cast<std::ptrdiff_t>(at));
        };
        put(part(StoredStatus::psw, StoredStatus::psw_size), registers_at);
        put(part(StoredStatus::general, StoredStatus::general_size), registers_at + StoredStatus::psw_size);
        store(made.prefix.data(), prefix, Endian::Big);
    }

    // Of one page.
    bool read(std::uint64_t paddr, MutableBytes out) const {
        std::vector<std::byte> room(memory_.page_size());
        const auto found = page(paddr - paddr % room.size(), room);
        const std::size_t from = paddr % room.size();
        if (!found || found->offset != 0 || found->bytes.size() < from + out.size()) return false;
        std::copy_n(found->bytes.begin() + static_cast<std::ptrdiff_t>(from), out.size(), out.begin());
        return true;
    }

    std::deque<StoredNotes> stored_;
    ByteReader header_;  // only while the dump is opened
    bool is_64_bit_;
};

}  // namespace

bool looks_like_s390_dump(Bytes head) {
    return as_text(head).starts_with(s390_magic) || as_text(head).starts_with(s390_extended_magic);
}

Result<std::unique_ptr<DumpFile>> open_s390_dump(std::unique_ptr<ByteSource> source) {
    std::array<std::byte, 4096> scratch;
    const auto bytes = source->read(0, scratch.size(), scratch);
    if (!bytes)
        return fail(ErrorCode::Corrupt,
                    fmt::format("the s390 dump ends after {} bytes, within its header", source->size()));
    const ByteReader header(*bytes, Endian::Big);
    if (header.u8(S390At::volumes).value_or(0) != 0)
        return fail(ErrorCode::Unsupported,
                    "it is one volume of an s390 dump of several; convert it first (zgetdump -f elf)");
    const std::uint32_t header_size = *header.u32(S390At::header_size);
    if (*header.u32(S390At::page_size) != 4096 || header_size < 4096 || header_size > 65536)
        return fail(ErrorCode::Corrupt, "the header of the s390 dump is damaged");
    const bool extended = as_text(*bytes).starts_with(s390_extended_magic);
    auto dump = std::make_unique<S390Dump>(std::move(source), header);
    if (!extended) {
        dump->add_memory();
    } else if (auto added = dump->add_stretches(); !added) {
        return fail(added.error());
    }
    dump->add_notes();
    return dump;
}

}  // namespace postmortem
