#include "dump/format/s390_dump.h"

#include <doctest/doctest.h>
#include <elf.h>

#include "support/check_dump.h"
#include "support/fake_s390.h"

namespace s390_dump_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

// Memory is stored as it is, holes and all.
FakeMemory without_holes(std::uint64_t frames) {
    FakeMemory memory = make_memory(frames);
    memory.excluded.clear();
    for (std::uint64_t pfn = 0; pfn < frames; ++pfn)
        if (!memory.pages.contains(pfn)) memory.pages[pfn] = Buffer(4096, std::byte(pfn));
    return memory;
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

TEST_CASE("what the CPUs stored of themselves in their own pages, where their prefix stands beside it") {
    FakeMemory memory = without_holes(60);
    const auto store_status = [&](std::uint64_t at, std::uint32_t prefix) {
        Buffer& page = memory.pages.at(at / 4096 + 1);
        for (std::uint64_t i = 0; i < 16; ++i) store(page.data() + 0x280 + 8 * i, at + i, Endian::Big);
        store(page.data() + 0x300, std::uint64_t{0x0704c00180000000}, Endian::Big);
        store(page.data() + 0x308, std::uint64_t{0x3ffe0001234}, Endian::Big);
        store(page.data() + 0x318, prefix, Endian::Big);
    };
    store_status(0x10000, 0x10000);
    store_status(0x20000, 0x10000);  // of another
    store_status(0x30000, 0x30000);
    S390Shape shape;
    shape.prefixes = {0x10000, 0x20000, 0x30000, 0x10000};
    const auto dump = open_bytes(make_s390(memory, shape));
    REQUIRE_MESSAGE(dump, dump.error().message);
    const auto& notes = (*dump)->notes();
    REQUIRE(notes.size() == 4);
    for (const std::size_t first : {0u, 2u}) {
        const ByteReader status(notes[first].desc, Endian::Big), prefix(notes[first + 1].desc, Endian::Big);
        const std::uint64_t place = first == 0 ? 0x10000 : 0x30000;
        CHECK(notes[first].name == "CORE");
        CHECK(notes[first].type == NT_PRSTATUS);
        CHECK(notes[first + 1].type == NT_S390_PREFIX);
        CHECK(status.u64(112) == 0x0704c00180000000);
        CHECK(status.u64(120) == 0x3ffe0001234);
        CHECK(status.u64(128) == place);
        CHECK(status.u64(128 + 15 * 8) == place + 15);
        CHECK(prefix.u32(0) == place);
    }
}

TEST_CASE("a CPU whose pages the dump lacks stored nothing") {
    S390Shape shape;
    shape.prefixes = {0x7fff0000, 0, 0xffffe000};
    const auto dump = open_bytes(make_s390(without_holes(20), shape));
    REQUIRE(dump);
    CHECK((*dump)->notes().empty());
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
