// Small dumps of every format, machine and codec, written the way the producers write them but by code of
// their own: the struct layouts come from the C rules of alignment, not from the reader's tables.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "dump/pages/codec.h"

namespace postmortem::test {

using Buffer = std::vector<std::byte>;

/// The memory of a machine, as much of it as a test needs.
struct FakeMemory {
    std::uint32_t page_size = 4096;
    std::uint64_t max_pfn = 0;
    std::map<std::uint64_t, Buffer> pages;  ///< by page frame number
    std::set<std::uint64_t> excluded;       ///< frames that exist and are not in the dump
    std::set<std::uint64_t> lost;           ///< frames in `pages` that the writer could not write
};

/// `pfns` frames of varied content (text-like, random, zero), with holes and excluded frames in between.
FakeMemory make_memory(std::uint64_t pfns, std::uint32_t page_size = 4096);

/// The machine that writes a dump.
struct FakeMachine {
    std::string name;        ///< as uname -m prints it
    std::uint16_t elf = 0;   ///< e_machine
    std::uint32_t word = 8;  ///< bytes in a long
    std::uint32_t max_align = 8;
    Endian endian = Endian::Little;
};

/// One of each ABI: x86_64, s390x, i386, ARM and 32-bit PowerPC.
const std::vector<FakeMachine>& fake_machines();

struct FakeNote {
    std::string name;
    std::uint32_t type;
    Buffer desc;
};

Buffer make_notes(const std::vector<FakeNote>& notes, Endian endian);

struct KdumpShape {
    FakeMachine machine = fake_machines().front();
    std::string signature = "KDUMP   ";
    std::int32_t version = 6;
    Codec codec = Codec::Zlib;
    bool mixed_codecs = false;  ///< each page by the next codec, in place of `codec`
    std::string vmcoreinfo = "OSRELEASE=6.1.0-test\nPAGESIZE=4096\n";
    std::vector<FakeNote> notes = {};
    std::uint32_t status = 0;
    std::uint32_t dump_level = 31;
    std::uint64_t phys_base = 0x1000000;
    bool split = false;
    std::uint64_t start_pfn = 0, end_pfn = 0;
    bool one_bitmap = false;       ///< diskdump without filtering
    bool zero_page_first = false;  ///< as makedumpfile and QEMU have it, also where no page is of zeros
    std::uint64_t max_mapnr = 0;   ///< what the header claims; 0 for the truth
};

Buffer make_kdump(const FakeMemory& memory, const KdumpShape& shape);

struct FakeSegment {
    std::uint64_t paddr = 0;
    Buffer bytes;             ///< filesz
    std::uint64_t memsz = 0;  ///< 0: as long as `bytes`
    std::uint64_t vaddr = 0;
};

struct ElfShape {
    FakeMachine machine = fake_machines().front();
    std::vector<FakeNote> notes = {};
    bool extended_numbering = false;  ///< PN_XNUM
    bool incomplete = false;          ///< makedumpfile's flag
    bool page_aligned = false;        ///< as the kernel lays segments
};

Buffer make_elf(const std::vector<FakeSegment>& segments, const ElfShape& shape);

/// What ELF makes of a memory: one segment for each stretch of frames, excluded frames as memsz > filesz.
std::vector<FakeSegment> segments_of(const FakeMemory& memory);

struct FlatRecord {
    std::uint64_t offset = 0;
    Buffer bytes;
};

Buffer make_flattened(const std::vector<FlatRecord>& records, bool with_end_mark = true);

/// Records of `record_size` bytes that make `file`, in order.
std::vector<FlatRecord> flat_records(Bytes file, std::size_t record_size);

}  // namespace postmortem::test
