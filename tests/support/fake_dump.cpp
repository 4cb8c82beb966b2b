#include "support/fake_dump.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <stdexcept>

#include <elf.h>

#include "support/pack_page.h"

namespace postmortem::test {
namespace {

// Writes fields one behind the other as a C compiler lays out a struct.
class StructWriter {
  public:
    explicit StructWriter(const FakeMachine& machine) : machine_(machine) {}

    template <std::integral T>
    StructWriter& put(T value) {
        const std::size_t alignment = std::min<std::size_t>(sizeof(T), machine_.max_align);
        bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment + sizeof(T));
        store(bytes_.data() + bytes_.size() - sizeof(T), value, machine_.endian);
        return *this;
    }
    StructWriter& put_long(std::uint64_t value) {
        return machine_.word == 8 ? put(value) : put(static_cast<std::uint32_t>(value));
    }
    StructWriter& put_text(std::string_view text, std::size_t size) {
        const std::size_t at = bytes_.size();
        bytes_.resize(at + size);
        std::memcpy(bytes_.data() + at, text.data(), std::min(text.size(), size));
        return *this;
    }
    Buffer take() { return std::move(bytes_); }

  private:
    const FakeMachine& machine_;
    Buffer bytes_;
};

void put_at(Buffer& file, std::uint64_t offset, Bytes bytes) {
    if (file.size() < offset + bytes.size()) file.resize(offset + bytes.size());
    if (!bytes.empty()) std::memcpy(file.data() + offset, bytes.data(), bytes.size());
}

Buffer page_content(std::uint64_t pfn, std::uint32_t size) {
    Buffer page(size);
    std::mt19937_64 random(pfn);
    const unsigned kind = static_cast<unsigned>(pfn % 4);
    for (std::size_t i = 0; i + 8 <= page.size(); i += 8) {
        if (kind == 0) break;  // zero
        const std::uint64_t value = kind == 1   ? random()
                                    : kind == 2 ? pfn * 0x0101010101010101
                                                : random() % 4 + i / 64;
        store(page.data() + i, value, Endian::Little);
    }
    return page;
}

Buffer bitmap_of(const FakeMemory& memory, bool with_excluded, std::size_t bytes) {
    Buffer bitmap(bytes);
    const auto set = [&](std::uint64_t pfn) { bitmap[pfn / 8] |= std::byte{1} << (pfn % 8); };
    for (const auto& [pfn, page] : memory.pages) set(pfn);
    if (with_excluded) std::for_each(memory.excluded.begin(), memory.excluded.end(), set);
    return bitmap;
}

struct Tables {
    std::uint64_t vmcoreinfo = 0, notes = 0;
    Buffer note_area;
};

Buffer kdump_sub_header(const FakeMemory& memory, const KdumpShape& shape, const Tables& tables) {
    StructWriter sub(shape.machine);
    sub.put_long(shape.phys_base);
    if (shape.version >= 1) sub.put<std::uint32_t>(shape.dump_level);
    if (shape.version >= 2)
        sub.put<std::uint32_t>(shape.split).put_long(shape.start_pfn).put_long(shape.end_pfn);
    if (shape.version >= 3) sub.put<std::uint64_t>(tables.vmcoreinfo).put_long(shape.vmcoreinfo.size());
    if (shape.version >= 4) sub.put<std::uint64_t>(tables.notes).put_long(tables.note_area.size());
    if (shape.version >= 5) sub.put<std::uint64_t>(0).put_long(0);
    if (shape.version >= 6) {
        const std::uint64_t max_mapnr = shape.max_mapnr ? shape.max_mapnr : memory.max_pfn;
        sub.put<std::uint64_t>(shape.start_pfn)
            .put<std::uint64_t>(shape.end_pfn)
            .put<std::uint64_t>(max_mapnr);
    }
    return sub.take();
}

Buffer kdump_header(const FakeMemory& memory, const KdumpShape& shape, std::uint32_t sub_blocks,
                    std::uint32_t bitmap_blocks) {
    StructWriter header(shape.machine);
    header.put_text(shape.signature, 8).put<std::int32_t>(shape.version);
    for (const std::string_view field : {"Linux", "node", "6.1.0-test", "#1 SMP"}) header.put_text(field, 65);
    header.put_text(shape.machine.name, 65).put_text("(none)", 65);
    header.put_long(1700000000).put_long(500000);  // struct timeval
    header.put<std::uint32_t>(shape.status).put<std::int32_t>(static_cast<std::int32_t>(memory.page_size));
    header.put<std::int32_t>(static_cast<std::int32_t>(sub_blocks)).put<std::uint32_t>(bitmap_blocks);
    header.put<std::uint32_t>(static_cast<std::uint32_t>(shape.max_mapnr ? shape.max_mapnr : memory.max_pfn));
    header.put<std::uint32_t>(0).put<std::uint32_t>(0).put<std::uint32_t>(
        0);                                                         // total_ram, device, written blocks
    header.put<std::uint32_t>(1).put<std::int32_t>(4).put_long(0);  // current_cpu, nr_cpus, tasks
    return header.take();
}

Codec next_codec(std::uint64_t pfn) {
    constexpr std::array codecs = {Codec::Raw, Codec::Zlib, Codec::Lzo, Codec::Snappy, Codec::Zstd};
    const Codec codec = codecs[pfn / 4 % codecs.size()];  // for each kind of page content
    return can_pack(codec) ? codec : Codec::Zlib;
}

void put_pages(Buffer& file, const FakeMemory& memory, const KdumpShape& shape, std::uint64_t descriptors) {
    const auto in_part = [&](std::uint64_t pfn) {
        return !shape.split || (pfn >= shape.start_pfn && pfn < shape.end_pfn);
    };
    // In a part of a split dump, too, makedumpfile leaves room for the descriptors of all parts.
    std::uint64_t at = descriptors + memory.pages.size() * 24;
    std::uint64_t zero_page_at = 0;
    if (shape.zero_page_first) {
        zero_page_at = at;
        put_at(file, at, Buffer(memory.page_size));
        at += memory.page_size;
    }
    for (const auto& [pfn, page] : memory.pages) {
        if (!in_part(pfn)) continue;
        const bool zero =
            std::all_of(page.begin(), page.end(), [](std::byte b) { return b == std::byte{0}; });
        // All zero pages share one.
        const Codec codec = shape.mixed_codecs && !zero ? next_codec(pfn) : shape.codec;
        Buffer packed = pack_page(codec, page);
        auto flags = static_cast<std::uint32_t>(codec);
        if (packed.size() >= page.size()) {
            packed = page;
            flags = 0;
        }
        if (zero && shape.zero_page_first) {
            packed = page;
            flags = 0;
        }
        const std::uint64_t offset = memory.lost.contains(pfn) ? 0 : zero && zero_page_at ? zero_page_at : at;
        Buffer desc = StructWriter(shape.machine)
                          .put(offset)
                          .put<std::uint32_t>(static_cast<std::uint32_t>(packed.size()))
                          .put<std::uint32_t>(flags)
                          .put<std::uint64_t>(0)
                          .take();
        put_at(file, descriptors, desc);
        descriptors += desc.size();
        if (offset != at) continue;
        put_at(file, at, packed);
        if (zero) zero_page_at = at;
        at += packed.size();
    }
}

}  // namespace

FakeMemory make_memory(std::uint64_t pfns, std::uint32_t page_size) {
    FakeMemory memory;
    memory.page_size = page_size;
    memory.max_pfn = pfns;
    for (std::uint64_t pfn = 0; pfn < pfns; ++pfn) {
        if (pfn % 11 == 5) continue;  // no memory here
        if (pfn % 7 == 3) {
            memory.excluded.insert(pfn);
        } else {
            memory.pages[pfn] = page_content(pfn, page_size);
        }
    }
    return memory;
}

const std::vector<FakeMachine>& fake_machines() {
    static const std::vector<FakeMachine> machines = {{"x86_64", EM_X86_64, 8, 8, Endian::Little},
                                                      {"s390x", EM_S390, 8, 8, Endian::Big},
                                                      {"i686", EM_386, 4, 4, Endian::Little},
                                                      {"armv7l", EM_ARM, 4, 8, Endian::Little},
                                                      {"ppc", EM_PPC, 4, 8, Endian::Big}};
    return machines;
}

Buffer make_notes(const std::vector<FakeNote>& notes, Endian endian) {
    Buffer area;
    const auto pad = [&] { area.resize((area.size() + 3) / 4 * 4); };
    for (const FakeNote& note : notes) {
        const std::size_t at = area.size();
        area.resize(at + 12);
        store(area.data() + at, static_cast<std::uint32_t>(note.name.size() + 1), endian);
        store(area.data() + at + 4, static_cast<std::uint32_t>(note.desc.size()), endian);
        store(area.data() + at + 8, note.type, endian);
        put_at(area, area.size(), as_bytes(note.name));
        area.push_back(std::byte{0});
        pad();
        put_at(area, area.size(), note.desc);
        pad();
    }
    return area;
}

Buffer make_kdump(const FakeMemory& memory, const KdumpShape& shape) {
    const std::uint64_t block = memory.page_size;
    const auto blocks = [&](std::uint64_t bytes) {
        return static_cast<std::uint32_t>((bytes + block - 1) / block);
    };
    Tables tables;
    tables.note_area = make_notes(shape.notes, shape.machine.endian);
    tables.notes = block + 128;
    tables.vmcoreinfo = tables.notes + tables.note_area.size();
    const std::uint32_t sub_blocks = blocks(tables.vmcoreinfo + shape.vmcoreinfo.size() - block);
    const std::uint32_t one_bitmap = blocks((memory.max_pfn + 7) / 8);

    Buffer file;
    put_at(file, 0, kdump_header(memory, shape, sub_blocks, shape.one_bitmap ? one_bitmap : 2 * one_bitmap));
    put_at(file, block, kdump_sub_header(memory, shape, tables));
    put_at(file, tables.notes, tables.note_area);
    put_at(file, tables.vmcoreinfo, as_bytes(shape.vmcoreinfo));
    std::uint64_t at = (1 + sub_blocks) * block;
    if (!shape.one_bitmap) {
        put_at(file, at, bitmap_of(memory, true, one_bitmap * block));
        at += one_bitmap * block;
    }
    put_at(file, at, bitmap_of(memory, false, one_bitmap * block));
    put_pages(file, memory, shape, at + one_bitmap * block);
    return file;
}

Buffer make_elf(const std::vector<FakeSegment>& segments, const ElfShape& shape) {
    const FakeMachine& machine = shape.machine;
    const Buffer notes = make_notes(shape.notes, machine.endian);
    const bool wide = machine.word == 8;
    const std::uint64_t ehdr = wide ? 64 : 52, phdr = wide ? 56 : 32, shdr = wide ? 64 : 40;
    const std::uint64_t count = segments.size() + 1;
    const std::uint64_t sections = shape.extended_numbering ? ehdr + count * phdr : 0;
    std::uint64_t data = ehdr + count * phdr + (shape.extended_numbering ? shdr : 0);

    StructWriter header(machine);
    header.put_text(ELFMAG, 4).put<std::uint8_t>(wide ? ELFCLASS64 : ELFCLASS32);
    header.put<std::uint8_t>(machine.endian == Endian::Little ? ELFDATA2LSB : ELFDATA2MSB)
        .put<std::uint8_t>(EV_CURRENT);
    header.put_text("", 9)
        .put<std::uint16_t>(ET_CORE)
        .put<std::uint16_t>(machine.elf)
        .put<std::uint32_t>(EV_CURRENT);
    header.put_long(0).put_long(ehdr).put_long(sections).put<std::uint32_t>(shape.incomplete ? 1 : 0);
    header.put<std::uint16_t>(static_cast<std::uint16_t>(ehdr))
        .put<std::uint16_t>(static_cast<std::uint16_t>(phdr));
    header.put<std::uint16_t>(static_cast<std::uint16_t>(shape.extended_numbering ? PN_XNUM : count));
    header.put<std::uint16_t>(static_cast<std::uint16_t>(shape.extended_numbering ? shdr : 0));
    header.put<std::uint16_t>(shape.extended_numbering ? 1 : 0).put<std::uint16_t>(0);
    Buffer file = header.take();

    std::uint64_t at = ehdr;
    const auto append = [&](std::uint32_t type, const FakeSegment& segment) {
        const std::uint64_t memsz = segment.memsz ? segment.memsz : segment.bytes.size();
        if (shape.page_aligned) data = (data + 4095) / 4096 * 4096;
        StructWriter p(machine);
        p.put(type);
        if (wide) p.put<std::uint32_t>(7);
        p.put_long(data)
            .put_long(segment.vaddr)
            .put_long(segment.paddr)
            .put_long(segment.bytes.size())
            .put_long(memsz);
        if (!wide) p.put<std::uint32_t>(7);
        p.put_long(0);
        put_at(file, at, p.take());
        at += phdr;
        put_at(file, data, segment.bytes);
        data += segment.bytes.size();
    };
    append(PT_NOTE, {0, notes, 0, 0});
    for (const FakeSegment& segment : segments) append(PT_LOAD, segment);
    if (shape.extended_numbering) {
        Buffer section(shdr);
        store(section.data() + (wide ? 44 : 28), static_cast<std::uint32_t>(count), machine.endian);
        put_at(file, sections, section);
    }
    return file;
}

std::vector<FakeSegment> segments_of(const FakeMemory& memory) {
    std::vector<FakeSegment> segments;
    std::uint64_t next = ~0ull;
    for (std::uint64_t pfn = 0; pfn < memory.max_pfn; ++pfn) {
        const auto page = memory.pages.find(pfn);
        const bool excluded = memory.excluded.contains(pfn);
        if (page == memory.pages.end() && !excluded) continue;
        const bool after_left_out = !segments.empty() && segments.back().memsz > segments.back().bytes.size();
        if (segments.empty() || pfn != next || (page != memory.pages.end() && after_left_out)) {
            segments.push_back({pfn * memory.page_size, {}, 0, 0});
        }
        FakeSegment& segment = segments.back();
        if (page != memory.pages.end())
            segment.bytes.insert(segment.bytes.end(), page->second.begin(), page->second.end());
        segment.memsz += memory.page_size;
        next = pfn + 1;
    }
    return segments;
}

Buffer make_flattened(const std::vector<FlatRecord>& records, bool with_end_mark) {
    const FakeMachine big{"", 0, 8, 8, Endian::Big};
    Buffer file =
        StructWriter(big).put_text("makedumpfile", 16).put<std::uint64_t>(1).put<std::uint64_t>(1).take();
    file.resize(4096);
    for (const FlatRecord& record : records) {
        put_at(file, file.size(),
               StructWriter(big).put(record.offset).put<std::uint64_t>(record.bytes.size()).take());
        put_at(file, file.size(), record.bytes);
    }
    if (with_end_mark)
        put_at(file, file.size(),
               StructWriter(big).put<std::uint64_t>(~0ull).put<std::uint64_t>(~0ull).take());
    return file;
}

std::vector<FlatRecord> flat_records(Bytes file, std::size_t record_size) {
    std::vector<FlatRecord> records;
    for (std::size_t at = 0; at < file.size(); at += record_size) {
        const Bytes piece = file.subspan(at, std::min(record_size, file.size() - at));
        records.push_back({at, Buffer(piece.begin(), piece.end())});
    }
    return records;
}

}  // namespace postmortem::test
