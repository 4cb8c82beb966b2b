#include "dump/kdump/kdump_writer.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

#include <elf.h>
#include <fmt/format.h>

#include "base/checked.h"
#include "dump/kdump/kdump_layout.h"
#include "dump/machine.h"
#include "dump/output_file.h"
#include "dump/pages/page_packer.h"
#include "dump/vmcoreinfo.h"

namespace postmortem {
namespace {

using kdump::HeaderLayout;
using kdump::SubHeaderLayout;
using Buffer = std::vector<std::byte>;

// A bitmap of so many frames takes 8 GiB: no machine has as many, whatever a dump claims.
constexpr std::uint64_t max_frames_written = 1ull << 36;
// Of frames that a source claims without a byte of theirs, as many as four levels of x86_64's page tables
// reach: 64 TiB.
constexpr std::uint64_t max_frames_claimed = 1ull << 34;
// So many of them are written down one by one: 256 MiB, for 8 TiB of memory.
constexpr std::uint64_t max_frames_noted = 1ull << 31;

// The source's notes, encoded anew, and where in them the VMCOREINFO text lies.
struct NoteArea {
    Buffer bytes;
    std::uint64_t vmcoreinfo_at = 0;
    std::uint64_t vmcoreinfo_size = 0;
    std::uint32_t cpus = 0;
};

void append_padded(Buffer& area, Bytes bytes) {
    area.insert(area.end(), bytes.begin(), bytes.end());
    area.resize(align_up<std::size_t>(area.size(), 4));
}

void append_note(NoteArea& area, std::string_view name, std::uint32_t type, Bytes desc, Endian endian) {
    std::array<std::byte, 12> header;
    store(header.data(), static_cast<std::uint32_t>(name.size() + 1), endian);
    store(header.data() + 4, static_cast<std::uint32_t>(desc.size()), endian);
    store(header.data() + 8, type, endian);
    area.bytes.insert(area.bytes.end(), header.begin(), header.end());
    append_padded(area.bytes, as_bytes(std::string(name) + '\0'));
    if (name == "VMCOREINFO") {
        area.vmcoreinfo_at = area.bytes.size();
        area.vmcoreinfo_size = desc.size();
    }
    append_padded(area.bytes, desc);
}

NoteArea make_note_area(const KdumpContent& content, std::string_view vmcoreinfo) {
    NoteArea area;
    const Endian endian = content.source.endian();
    const auto& more = content.more_notes;
    for (const Note& note : content.source.notes()) {
        const auto replaces = [&](const Note& other) {
            return other.name == note.name && other.type == note.type;
        };
        if (note.name == "VMCOREINFO" || std::any_of(more.begin(), more.end(), replaces)) continue;
        append_note(area, note.name, note.type, note.desc, endian);
        if (note.name == "CORE" && note.type == NT_PRSTATUS) ++area.cpus;
    }
    for (const Note& note : more) append_note(area, note.name, note.type, note.desc, endian);
    if (!vmcoreinfo.empty()) append_note(area, "VMCOREINFO", 0, as_bytes(vmcoreinfo), endian);
    return area;
}

// Integers by their place in a header of the crashed machine's own layout.
class HeaderBlock {
  public:
    HeaderBlock(std::size_t size, Endian endian, std::uint32_t word)
        : bytes_(size), endian_(endian), word_(word) {}

    void u32(std::uint32_t at, std::uint64_t value) {
        store(&bytes_[at], static_cast<std::uint32_t>(value), endian_);
    }
    void u64(std::uint32_t at, std::uint64_t value) { store(&bytes_[at], value, endian_); }
    void word(std::uint32_t at, std::uint64_t value) { word_ == 8 ? u64(at, value) : u32(at, value); }
    void text(std::uint32_t at, std::string_view value, std::size_t room) {
        std::memcpy(&bytes_[at], value.data(), std::min(value.size(), room));
    }
    Bytes bytes() const { return bytes_; }

  private:
    Buffer bytes_;
    Endian endian_;
    std::uint32_t word_;
};

class KdumpWriter {
  public:
    KdumpWriter(const KdumpContent& content, OutputFile file, PagePacker packer)
        : content_(content),
          file_(std::move(file)),
          packer_(std::move(packer)),
          vmcoreinfo_(content.vmcoreinfo.value_or(content.source.vmcoreinfo())),
          notes_(make_note_area(content, vmcoreinfo_)),
          utsname_(chosen_utsname()),
          word_(word_size_of(utsname_.machine) == 4 ? 4 : 8),
          block_(content.source.page_size()) {
        const std::uint64_t wanted_end = content_.pfns.empty() ? 0 : content_.pfns.back() + 1;
        const std::uint64_t known_end = std::min({content_.source.info().max_pfn, max_frames_claimed,
                                                  content_.frames.value_or(max_frames_claimed)});
        max_mapnr_ = std::max(wanted_end, known_end);
        sub_header_blocks_ = blocks(sub_layout().size + notes_.bytes.size());
        bitmap_blocks_ = blocks(max_mapnr_ / 8 + (max_mapnr_ % 8 != 0));
    }

    Result<KdumpWritten> write() {
        write_pages();
        write_bitmaps();
        write_header();
        write_sub_header();
        if (auto done = file_.commit(); !done) return fail(done.error());
        return written_;
    }

  private:
    std::uint64_t blocks(std::uint64_t bytes) const { return (bytes + block_ - 1) / block_; }
    std::uint64_t bitmap_offset() const { return (1 + sub_header_blocks_) * block_; }
    std::uint64_t descriptors_offset() const {
        return (1 + sub_header_blocks_ + 2 * bitmap_blocks_) * block_;
    }
    const SubHeaderLayout& sub_layout() const {
        if (word_ == 8) return kdump::sub_header64;
        return is_i386(utsname_.machine) ? kdump::sub_header32_packed : kdump::sub_header32_padded;
    }

    Utsname chosen_utsname() const {
        Utsname name = content_.utsname.value_or(content_.source.info().utsname);
        if (name.sysname.empty()) name.sysname = "Linux";
        if (name.release.empty()) name.release = VmcoreInfo(vmcoreinfo_).string("OSRELEASE").value_or("");
        if (name.machine.empty())
            name.machine = uname_machine_of(content_.source.machine(), content_.source.endian());
        return name;
    }

    // Pages and their descriptors grow side by side, so both are collected into large writes.
    struct Stream {
        OutputFile& file;
        std::uint64_t at;
        Buffer pending = {};

        void append(Bytes bytes) {
            pending.insert(pending.end(), bytes.begin(), bytes.end());
            if (pending.size() >= 1u << 20) flush();
        }
        void flush() {
            file.write_at(at, pending);
            at += pending.size();
            pending.clear();
        }
        std::uint64_t end() const { return at + pending.size(); }
    };

    void write_pages() {
        Stream descriptors{file_, descriptors_offset()};
        Stream data{file_, descriptors_offset() + content_.pfns.size() * kdump::page_desc::bytes};
        Buffer scratch(block_);
        for (const std::uint64_t pfn : content_.pfns) {
            if (file_.failed()) return;
            const auto page = content_.page ? content_.page(pfn, scratch) : whole_page(pfn, scratch);
            if (page && page->size() == block_) {
                append_page(*page, descriptors, data);
            } else if (!page && is_left_out(page.error().code)) {
                left_out_.push_back(pfn);
            } else {
                append_descriptor(descriptors, 0, 0, Codec::Raw);
                ++written_.lost;
            }
        }
        descriptors.flush();
        data.flush();
        written_.left_out = left_out_.size();
        written_.bytes = data.end();
    }

    static bool is_left_out(ErrorCode code) {
        return code == ErrorCode::PageExcluded || code == ErrorCode::NoSuchMemory;
    }

    Result<Bytes> whole_page(std::uint64_t pfn, MutableBytes scratch) const {
        const auto page = content_.source.page(pfn * block_, scratch);
        if (!page) return fail(page.error());
        return page->bytes;
    }

    void append_page(Bytes page, Stream& descriptors, Stream& data) {
        ++written_.pages;
        const bool zero =
            std::all_of(page.begin(), page.end(), [](std::byte b) { return b == std::byte{0}; });
        if (zero) {
            ++written_.zero_pages;
            if (zero_page_at_ == 0) {
                zero_page_at_ = data.end();
                data.append(page);
            }
            append_descriptor(descriptors, zero_page_at_, block_, Codec::Raw);
            return;
        }
        const Bytes packed = packer_.pack(page);
        append_descriptor(descriptors, data.end(), packed.size(),
                          packed.size() == block_ ? Codec::Raw : packer_.codec());
        data.append(packed);
    }

    void append_descriptor(Stream& descriptors, std::uint64_t offset, std::uint64_t size, Codec codec) {
        std::array<std::byte, kdump::page_desc::bytes> desc{};
        const Endian endian = content_.source.endian();
        store(&desc[kdump::page_desc::offset], offset, endian);
        store(&desc[kdump::page_desc::size], static_cast<std::uint32_t>(size), endian);
        store(&desc[kdump::page_desc::flags], static_cast<std::uint32_t>(codec), endian);
        descriptors.append(desc);
    }

    // Stretches of the bitmaps without a bit stay holes in the file, and those far up without a page of ours.
    void write_bitmaps() {
        constexpr std::uint64_t chunk_bytes = 1u << 16;
        const std::uint64_t bytes = bitmap_blocks_ * block_;
        auto next = content_.pfns.begin();
        auto left_out = left_out_.begin();
        for (std::uint64_t at = 0; at < bytes; at += chunk_bytes) {
            const std::uint64_t length = std::min(chunk_bytes, bytes - at);
            const bool kept_here = next != content_.pfns.end() && *next < (at + length) * 8;
            if (at * 8 >= max_frames_noted) {
                written_.noted_in_part = max_frames_noted;
                if (!kept_here) continue;
            }
            Buffer existing(length), dumped(length);
            content_.source.existing_frames(at * 8, existing);
            for (; next != content_.pfns.end() && *next < (at + length) * 8; ++next) {
                if (left_out != left_out_.end() && *left_out == *next) {
                    ++left_out;
                    continue;
                }
                const std::uint64_t bit = *next - at * 8;
                dumped[bit / 8] |= std::byte{1} << bit % 8;
                existing[bit / 8] |= std::byte{1} << bit % 8;
            }
            write_unless_zero(bitmap_offset() + at, existing);
            write_unless_zero(bitmap_offset() + bytes + at, dumped);
        }
        file_.extend_to(descriptors_offset());
        written_.bytes = std::max(written_.bytes, descriptors_offset());
    }

    void write_unless_zero(std::uint64_t at, Bytes bytes) {
        if (std::any_of(bytes.begin(), bytes.end(), [](std::byte b) { return b != std::byte{0}; }))
            file_.write_at(at, bytes);
    }

    void write_header() {
        const HeaderLayout& at = word_ == 8 ? kdump::header64 : kdump::header32;
        const DumpInfo& info = content_.source.info();
        HeaderBlock header(at.size, content_.source.endian(), word_);
        header.text(0, kdump::signature, 8);
        header.u32(kdump::header_version_at, kdump::newest_version);
        std::uint32_t field = kdump::utsname_at;
        for (const std::string* value : {&utsname_.sysname, &utsname_.nodename, &utsname_.release,
                                         &utsname_.version, &utsname_.machine, &utsname_.domainname}) {
            header.text(field, *value, kdump::utsname_field_size - 1);
            field += kdump::utsname_field_size;
        }
        const auto crash_time = VmcoreInfo(vmcoreinfo_).decimal("CRASHTIME").value_or(0);
        header.word(at.timestamp, static_cast<std::uint64_t>(
                                      info.timestamp.value_or(static_cast<std::int64_t>(crash_time))));
        header.u32(at.status, static_cast<std::uint32_t>(packer_.codec()));
        header.u32(at.block_size, block_);
        header.u32(at.sub_header_size, sub_header_blocks_);
        header.u32(at.bitmap_blocks, 2 * bitmap_blocks_);
        constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
        header.u32(at.max_mapnr, std::min(max_mapnr_, most));  // the true one is in the sub-header
        header.u32(at.cpu_count, info.cpu_count.value_or(notes_.cpus));
        file_.write_at(0, header.bytes());
    }

    void write_sub_header() {
        const SubHeaderLayout& at = sub_layout();
        const std::uint64_t notes_at = block_ + at.size;
        HeaderBlock sub(at.size, content_.source.endian(), word_);
        const auto phys_base = VmcoreInfo(vmcoreinfo_).number("phys_base");
        sub.word(0, phys_base ? static_cast<std::uint64_t>(*phys_base)
                              : content_.source.info().phys_base.value_or(0));
        sub.u32(at.dump_level, content_.dump_level);
        if (notes_.vmcoreinfo_size != 0) {
            sub.u64(at.offset_vmcoreinfo, notes_at + notes_.vmcoreinfo_at);
            sub.word(at.size_vmcoreinfo, notes_.vmcoreinfo_size);
        }
        if (!notes_.bytes.empty()) {
            sub.u64(at.offset_note, notes_at);
            sub.word(at.size_note, notes_.bytes.size());
        }
        sub.u64(at.max_mapnr_64, max_mapnr_);
        file_.write_at(block_, sub.bytes());
        file_.write_at(notes_at, notes_.bytes);
    }

    const KdumpContent& content_;
    OutputFile file_;
    PagePacker packer_;
    std::string_view vmcoreinfo_;
    NoteArea notes_;
    Utsname utsname_;
    std::uint32_t word_;
    std::uint64_t block_;
    std::uint64_t max_mapnr_ = 0, sub_header_blocks_ = 0, bitmap_blocks_ = 0;
    std::uint64_t zero_page_at_ = 0;
    std::vector<std::uint64_t> left_out_;
    KdumpWritten written_;
};

Result<void> check(const KdumpContent& content) {
    const auto not_ascending = [](std::uint64_t a, std::uint64_t b) { return a >= b; };
    if (std::adjacent_find(content.pfns.begin(), content.pfns.end(), not_ascending) != content.pfns.end()) {
        return fail(ErrorCode::InvalidArgument, "the page frames to write are not in ascending order");
    }
    if (!content.pfns.empty() && content.pfns.back() >= max_frames_written) {
        return fail(ErrorCode::InvalidArgument,
                    fmt::format("page frame {:#x} is beyond any machine's memory", content.pfns.back()));
    }
    return {};
}

}  // namespace

Result<KdumpWritten> write_kdump(const std::filesystem::path& target, const KdumpContent& content,
                                 const KdumpOptions& options) {
    if (auto sound = check(content); !sound) return fail(sound.error());
    auto packer = PagePacker::make(options.codec, options.level);
    if (!packer) return fail(packer.error());
    auto file = OutputFile::create(target);
    if (!file) return fail(file.error());
    return KdumpWriter(content, std::move(*file), std::move(*packer)).write();
}

}  // namespace postmortem
