#include "dump/s390_dump.h"

#include <doctest/doctest.h>
#include <elf.h>

#include "support/byte_writer.h"
#include "support/check_dump.h"

namespace s390_dump_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

struct S390Shape {
    bool extended = false, several_volumes = false, compressed = false, with_end = true;
};

// struct df_s390_hdr
Buffer s390_header(const FakeMemory& memory, const S390Shape& shape) {
    const std::uint64_t size = memory.max_pfn * 4096;
    ByteWriter out(Endian::Big);
    out.put<std::uint64_t>(shape.extended ? 0xa8190173618f23fe : 0xa8190173618f23fd);
    out.put<std::uint32_t>(5).put<std::uint32_t>(4096).put<std::uint32_t>(4).put<std::uint32_t>(4096);
    out.put(size).put<std::uint64_t>(0).put(size).put(static_cast<std::uint32_t>(memory.max_pfn)).zeros(4);
    // Microseconds since 1900 in the upper 52 bits
    out.put<std::uint64_t>((2208988800ull + 1700000000ull) * 1000000 << 12);
    out.put<std::uint64_t>(0).put<std::uint32_t>(2).put<std::uint32_t>(0).put<std::uint32_t>(2).put(size);
    out.put<std::uint8_t>(shape.several_volumes).put<std::uint16_t>(3).put<std::uint16_t>(3);
    return out.fill_to(4096).bytes;
}

// Memory is stored as it is, holes and all.
FakeMemory without_holes(std::uint64_t frames) {
    FakeMemory memory = make_memory(frames);
    memory.excluded.clear();
    for (std::uint64_t pfn = 0; pfn < frames; ++pfn)
        if (!memory.pages.contains(pfn)) memory.pages[pfn] = Buffer(4096, std::byte(pfn));
    return memory;
}

Buffer make_s390(const FakeMemory& memory, const S390Shape& shape) {
    ByteWriter out(Endian::Big);
    out.bytes = s390_header(memory, shape);
    if (!shape.extended)
        for (const auto& [pfn, page] : memory.pages) out.put(Bytes(page));
    const std::vector<FakeSegment> segments = segments_of(memory);
    for (std::size_t i = 0; shape.extended && i < segments.size(); ++i) {
        const std::size_t start = out.bytes.size();
        out.put(segments[i].paddr).put<std::uint64_t>(segments[i].bytes.size());
        out.put<std::uint64_t>(i + 1 == segments.size()).put<std::uint32_t>(shape.compressed ? 7 : 0);
        out.fill_to(start + 4096).put(Bytes(segments[i].bytes));
    }
    if (shape.with_end) out.put("DUMP_END").put<std::uint64_t>(~0ull);
    return out.bytes;
}

}  // namespace

TEST_CASE("an s390 standalone dump reads back") {
    const FakeMemory memory = without_holes(60);
    const auto dump = open_bytes(make_s390(memory, {}));
    REQUIRE_MESSAGE(dump, dump.error().message);
    CHECK((*dump)->problems().empty());
    CHECK((*dump)->machine() == EM_S390);
    CHECK((*dump)->endian() == Endian::Big);
    CHECK((*dump)->info().timestamp == 1700000000);
    CHECK((*dump)->info().cpu_count == 3);
    CHECK(compare(**dump, memory) == undamaged(memory));
}

TEST_CASE("an extended one has stretches of memory, and what lies between was zero and is left out") {
    FakeMemory memory = make_memory(60);
    memory.excluded.clear();
    const auto dump = open_bytes(make_s390(memory, {true}));
    REQUIRE_MESSAGE(dump, dump.error().message);
    CHECK((*dump)->problems().empty());
    Comparison expected;
    expected.right = memory.pages.size();
    expected.excluded = memory.max_pfn - memory.pages.size();
    CHECK(compare(**dump, memory) == expected);
}

TEST_CASE("s390 dumps of several volumes and compressed ones are refused with the tool that converts them") {
    const FakeMemory memory = without_holes(20);
    for (const S390Shape& shape : {S390Shape{false, true}, S390Shape{true, false, true}}) {
        const auto dump = open_bytes(make_s390(memory, shape));
        REQUIRE_FALSE(dump);
        CHECK(dump.error().code == ErrorCode::Unsupported);
        CHECK(dump.error().message.find("zgetdump") != std::string::npos);
    }
}

TEST_CASE("an s390 dump that is cut off or damaged gives no wrong page") {
    const FakeMemory memory = without_holes(40);
    check_cut_anywhere(make_s390(memory, {}), memory);
    FakeMemory with_holes = make_memory(40);
    with_holes.excluded.clear();
    check_cut_anywhere(make_s390(with_holes, {true}), with_holes);
    for (const bool extended : {false, true})
        check_changed_bytes(make_s390(without_holes(6), {extended}), 200);
    S390Shape unfinished;
    unfinished.with_end = false;
    const auto dump = open_bytes(make_s390(memory, unfinished));
    REQUIRE(dump);
    CHECK((*dump)->problems().size() == 1);
}

}  // namespace s390_dump_test
