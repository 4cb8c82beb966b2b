#include "dump/kdump/kdump.h"

#include <doctest/doctest.h>
#include <elf.h>

#include "dump/open/open_source.h"
#include "dump/open/split_dump.h"
#include "support/check_dump.h"
#include "support/kdump_matrix.h"
#include "support/memory_source.h"
#include "support/pack_page.h"

namespace kdump_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

constexpr Codec codecs[] = {Codec::Raw, Codec::Zlib, Codec::Lzo, Codec::Snappy, Codec::Zstd};

constexpr std::uint64_t descriptors_of(const FakeMemory& memory) {
    return 4ull * memory.page_size;  // header, sub-header, one block for each bitmap
}

}  // namespace

TEST_CASE("every version, machine and codec reads back") {
    const FakeMemory memory = make_memory(100);
    for (const FakeMachine& machine : fake_machines()) {
        for (std::int32_t version = 0; version <= 6; ++version) {
            for (const Codec codec : codecs) {
                if (!can_pack(codec)) continue;
                CAPTURE(machine.name);
                CAPTURE(version);
                CAPTURE(to_string(codec));
                KdumpShape shape;
                shape.machine = machine;
                shape.version = version;
                shape.codec = codec;
                shape.notes = {{"CORE", NT_PRSTATUS, Buffer(148)}};
                const Buffer file = make_kdump(memory, shape);
                const auto dump = open_bytes(file);
                REQUIRE(dump);
                CHECK((*dump)->problems().empty());
                CHECK(compare(**dump, memory) == undamaged(memory));
                CHECK((*dump)->page_size() == 4096);
                CHECK((*dump)->endian() == machine.endian);
                CHECK((*dump)->machine() == machine.elf);
                const DumpInfo& info = (*dump)->info();
                CHECK(info.format == "kdump-compressed v" + std::to_string(version));
                CHECK(info.max_pfn == 100);
                CHECK(info.phys_base == shape.phys_base);
                CHECK(info.dump_level.has_value() == (version >= 1));
                CHECK(info.dump_level.value_or(31) == 31);
                CHECK(info.timestamp == 1700000000);
                CHECK(info.cpu_count == 4);
                CHECK_FALSE(info.crashed_cpu);
                CHECK_FALSE(info.incomplete);
                CHECK(info.utsname.release == "6.1.0-test");
                CHECK(info.utsname.machine == machine.name);
                CHECK((*dump)->vmcoreinfo() == (version >= 3 ? shape.vmcoreinfo : ""));
                CHECK((*dump)->notes().size() == (version >= 4 ? 1 : 0));
            }
        }
    }
}

TEST_CASE("page sizes up to 256 KiB read back") {
    for (const std::uint32_t size : {8192u, 16384u, 65536u, 262144u}) {
        const FakeMemory memory = make_memory(30, size);
        const auto dump = open_bytes(make_kdump(memory, {}));
        REQUIRE(dump);
        CHECK((*dump)->page_size() == size);
        CHECK(compare(**dump, memory) == undamaged(memory));
    }
}

TEST_CASE("a machine whose name is not known is told by plausibility") {
    const FakeMemory memory = make_memory(40);
    for (FakeMachine machine : fake_machines()) {
        CAPTURE(machine.name);
        machine.name = "";
        KdumpShape shape;
        shape.machine = machine;
        const auto dump = open_bytes(make_kdump(memory, shape));
        REQUIRE(dump);
        CHECK((*dump)->machine() == 0);
        CHECK((*dump)->vmcoreinfo() == shape.vmcoreinfo);
        CHECK(compare(**dump, memory) == undamaged(memory));
    }
}

TEST_CASE("VMCOREINFO is taken from the notes where the sub-header has none") {
    KdumpShape shape;
    shape.vmcoreinfo = "";
    const std::string text = "OSRELEASE=from the note\n";
    const Bytes bytes = as_bytes(text);
    shape.notes = {{"CORE", NT_PRSTATUS, Buffer(336)}, {"VMCOREINFO", 0, Buffer(bytes.begin(), bytes.end())}};
    const auto dump = open_bytes(make_kdump(make_memory(20), shape));
    REQUIRE(dump);
    CHECK((*dump)->vmcoreinfo() == text);
    CHECK((*dump)->notes().size() == 2);
}

TEST_CASE("diskdump with one bitmap or two reads back") {
    FakeMemory memory = make_memory(50);
    KdumpShape shape;
    shape.signature = "DISKDUMP";
    shape.version = 1;
    shape.codec = Codec::Raw;
    auto dump = open_bytes(make_kdump(memory, shape));
    REQUIRE(dump);
    CHECK((*dump)->info().format == "diskdump v1");
    CHECK((*dump)->info().crashed_cpu == 1);
    CHECK(compare(**dump, memory) == undamaged(memory));

    memory.excluded.clear();
    shape.one_bitmap = true;
    dump = open_bytes(make_kdump(memory, shape));
    REQUIRE(dump);
    CHECK(compare(**dump, memory) == undamaged(memory));
}

TEST_CASE("a part of a split dump gives its own pages and says which others are elsewhere") {
    const FakeMemory memory = make_memory(100);
    for (const auto& [start, end] : {std::pair{0, 33}, {33, 77}, {77, 100}, {100, 100}, {50, 50}}) {
        KdumpShape shape;
        shape.split = true;
        shape.start_pfn = static_cast<std::uint64_t>(start);
        shape.end_pfn = static_cast<std::uint64_t>(end);
        const auto dump = open_bytes(make_kdump(memory, shape));
        REQUIRE(dump);
        CHECK((*dump)->problems().size() == 1);
        Comparison expected = undamaged(memory);
        for (const auto& [pfn, page] : memory.pages) {
            if (pfn >= shape.start_pfn && pfn < shape.end_pfn) continue;
            --expected.right;
            ++expected.missing;
        }
        CHECK(compare(**dump, memory) == expected);
    }
}

TEST_CASE("a lost page is missing, never zero") {
    FakeMemory memory = make_memory(40);
    memory.lost = {8, 9};  // a zero page and another
    const auto dump = open_bytes(make_kdump(memory, {}));
    REQUIRE(dump);
    CHECK(compare(**dump, memory) == undamaged(memory));
    Buffer scratch(4096);
    const auto page = (*dump)->page(9 * 4096 + 123, scratch);
    REQUIRE_FALSE(page);
    CHECK(page.error().code == ErrorCode::PageMissing);
    CHECK(page.error().address == 9u * 4096 + 123);
}

TEST_CASE("the writer's incomplete flag is reported") {
    KdumpShape shape;
    shape.status = 8;
    const auto dump = open_bytes(make_kdump(make_memory(20), shape));
    REQUIRE(dump);
    CHECK((*dump)->info().incomplete);
    CHECK((*dump)->problems().size() == 1);
}

TEST_CASE("a damaged page descriptor costs its page and no other") {
    const FakeMemory memory = make_memory(40);
    const Buffer file = make_kdump(memory, {});
    const auto second = descriptors_of(memory) + 24;  // of frame 1: random bytes, stored raw
    struct Damage {
        std::uint64_t at;
        std::uint32_t value;
        ErrorCode expected;
    };
    for (const Damage& damage : {Damage{12, 0x40, ErrorCode::Corrupt},           // unknown codec
                                 Damage{12, 3, ErrorCode::Corrupt},              // two codecs at once
                                 Damage{12, 1, ErrorCode::Corrupt},              // zlib of random bytes
                                 Damage{12, 2, ErrorCode::Corrupt},              // lzo of random bytes
                                 Damage{12, 4, ErrorCode::Corrupt},              // snappy of random bytes
                                 Damage{12, 0x20, ErrorCode::Corrupt},           // zstd of random bytes
                                 Damage{8, 4095, ErrorCode::Corrupt},            // raw, and not a page
                                 Damage{8, 0xffffffff, ErrorCode::Corrupt},      //
                                 Damage{8, 0, ErrorCode::Corrupt},               //
                                 Damage{0, 100, ErrorCode::Corrupt},             // data within the headers
                                 Damage{0, 0, ErrorCode::PageMissing},           //
                                 Damage{4, 0x7fffffff, ErrorCode::PageMissing},  // far past the end
                                 Damage{4, 0xffffffff, ErrorCode::PageMissing}}) {
        Buffer broken = file;
        store(broken.data() + second + damage.at, damage.value, Endian::Little);
        const auto dump = open_bytes(broken);
        REQUIRE(dump);
        CAPTURE(damage.at);
        CAPTURE(damage.value);
        Buffer scratch(4096);
        const auto page = (*dump)->page(4096, scratch);
        REQUIRE_FALSE(page);
        CHECK(page.error().code == damage.expected);
        const Comparison seen = compare(**dump, memory);
        CHECK(seen.wrong == 0);
        CHECK(seen.right == memory.pages.size() - 1);
    }
}

TEST_CASE("a claim of more frames than the bitmap holds is a problem, and the frames are not made up") {
    const FakeMemory memory = make_memory(40);
    for (const std::uint64_t claim : {1ull << 31, 1ull << 40, ~0ull}) {
        KdumpShape shape;
        shape.max_mapnr = claim;
        const auto dump = open_bytes(make_kdump(memory, shape));
        REQUIRE(dump);
        CHECK((*dump)->problems().size() == 1);
        CHECK(compare(**dump, memory) == undamaged(memory));
        Buffer scratch(4096);
        CHECK((*dump)->page(1ull << 42, scratch).error().code == ErrorCode::Corrupt);
    }
}

TEST_CASE("absurd sizes in the headers neither crash nor cost memory") {
    const FakeMemory memory = make_memory(40);
    const Buffer file = make_kdump(memory, {});
    struct Damage {
        std::uint64_t at;
        std::uint32_t value;
    };
    for (const Damage& damage : {Damage{428, 0},
                                 {428, 4095},
                                 {428, 1u << 31},
                                 {432, 0},
                                 {432, ~0u},
                                 {436, 0},
                                 {436, ~0u},
                                 {436, 1},
                                 {440, 0},
                                 {8, ~0u},
                                 {8, 7},
                                 {4096 + 40, ~0u},
                                 {4096 + 44, ~0u},
                                 {4096 + 36, ~0u},
                                 {4096 + 52, ~0u},
                                 {4096 + 60, ~0u}}) {
        CAPTURE(damage.at);
        CAPTURE(damage.value);
        Buffer broken = file;
        store(broken.data() + damage.at, damage.value, Endian::Little);
        const auto dump = open_bytes(broken);
        if (!dump) {
            CHECK(dump.error().code == ErrorCode::Corrupt);
            continue;
        }
        CHECK(compare(**dump, memory).wrong == 0);
    }
}

TEST_CASE("notes and VMCOREINFO out of range leave the pages readable") {
    const FakeMemory memory = make_memory(40);
    const Buffer file = make_kdump(memory, {});
    for (const std::uint64_t at : {4096 + 32, 4096 + 40}) {
        Buffer broken = file;
        store<std::uint64_t>(broken.data() + at, 1ull << 62, Endian::Little);
        const auto dump = open_bytes(broken);
        REQUIRE(dump);
        CHECK((*dump)->problems().size() == 1);
        CHECK(compare(**dump, memory) == undamaged(memory));
    }
}

TEST_CASE("a page buffer that is too small is the caller's error") {
    const auto dump = open_bytes(make_kdump(make_memory(10), {}));
    REQUIRE(dump);
    Buffer scratch(4095);
    CHECK((*dump)->page(0, scratch).error().code == ErrorCode::InvalidArgument);
}

namespace {

std::unique_ptr<DumpFile> opened(const std::vector<Buffer>& files) {
    std::vector<std::unique_ptr<DumpFile>> parts;
    for (const Buffer& file : files) {
        auto part = open_part(std::make_unique<MemorySource>(file), {DumpOptions()});
        if (!part) return nullptr;
        parts.push_back(std::move(*part));
    }
    return parts.size() == 1 ? std::move(parts.front()) : join_parts(std::move(parts));
}

}  // namespace

TEST_CASE("the matrix: versions, signatures, codecs, machines, page sizes, flat or not, whole or split") {
    for (const auto& [frames, page_size] : {std::pair{40u, 4096u}, {10u, 65536u}}) {
        const FakeMemory memory = make_memory(frames, page_size);
        for (const KdumpWay& way : kdump_matrix(memory)) {
            CAPTURE(page_size);
            CAPTURE(way.name());
            const std::vector<Buffer> files = write_kdump_way(memory, way);
            const auto dump = opened(files);
            REQUIRE(dump);
            CHECK(dump->problems().empty());
            CHECK(compare(*dump, memory) == undamaged(memory));
        }
    }
}

TEST_CASE("one file may hold pages of every codec") {
    FakeMemory memory = make_memory(60);
    for (const FakeMachine& machine : fake_machines()) {
        KdumpShape shape;
        shape.machine = machine;
        shape.mixed_codecs = true;
        const auto dump = open_bytes(make_kdump(memory, shape));
        REQUIRE(dump);
        CHECK(compare(**dump, memory) == undamaged(memory));
    }
}

}  // namespace kdump_test
