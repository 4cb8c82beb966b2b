#include "dump/hypervisor/vmware_state.h"

#include <doctest/doctest.h>
#include <elf.h>

#include "support/check_dump.h"
#include "support/fake_vmware.h"
#include "support/temp_dir.h"

namespace vmware_state_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

// Memory is stored as it is; nothing is left out.
FakeMemory whole_memory(std::uint64_t frames) {
    FakeMemory memory = make_memory(frames);
    memory.excluded.clear();
    for (std::uint64_t pfn = 0; pfn < frames; ++pfn)
        if (!memory.pages.contains(pfn)) memory.pages[pfn] = Buffer(4096);
    return memory;
}

}  // namespace

TEST_CASE("a VMware machine state with its memory within reads back") {
    const FakeMemory memory = whole_memory(50);
    for (const std::uint32_t magic : {0xbed2bed2, 0xbed3bed3, 0xbad1bad1, 0xbad2bad2}) {
        VmwareShape shape;
        shape.magic = magic;
        const auto dump = open_bytes(make_vmware(memory, shape));
        REQUIRE_MESSAGE(dump, dump.error().message);
        CHECK((*dump)->problems().empty());
        CHECK((*dump)->machine() == EM_X86_64);
        CHECK(compare(**dump, memory) == undamaged(memory));
    }
}

TEST_CASE("the hole below 4 GiB is where the regions say") {
    const FakeMemory memory = whole_memory(50);
    VmwareShape shape;
    shape.hole_at = 30;
    shape.hole = 1000;
    const auto dump = open_bytes(make_vmware(memory, shape));
    REQUIRE(dump);
    CHECK((*dump)->info().max_pfn == 1050);
    Buffer scratch(4096);
    const auto low = (*dump)->page(29 * 4096, scratch);
    REQUIRE(low);
    CHECK(std::equal(low->bytes.begin(), low->bytes.end(), memory.pages.at(29).begin()));
    CHECK((*dump)->page(30 * 4096, scratch).error().code == ErrorCode::NoSuchMemory);
    const auto high = (*dump)->page(1030 * 4096, scratch);
    REQUIRE(high);
    CHECK(std::equal(high->bytes.begin(), high->bytes.end(), memory.pages.at(30).begin()));
}

TEST_CASE("the memory beside a VMware machine state is found, by either name") {
    const FakeMemory memory = whole_memory(50);
    VmwareShape shape;
    shape.memory_within = false;
    const TempDir dir;
    const auto state = dir.write("guest.vmsn", make_vmware(memory, shape));
    const auto lonely = open_dump(state);
    REQUIRE_FALSE(lonely);
    CHECK(lonely.error().message.find("guest.vmem") != std::string::npos);
    const auto beside = dir.write("guest.vmem", flat_memory(memory));
    for (const auto& named : {state, beside}) {
        const auto dump = open_dump(named);
        REQUIRE_MESSAGE(dump, dump.error().message);
        CHECK((*dump)->info().files.size() == 2);
        CHECK(compare(**dump, memory) == undamaged(memory));
    }
}

TEST_CASE("the processors of a VMware machine state are read, as values and in blocks") {
    for (const bool in_blocks : {false, true}) {
        CAPTURE(in_blocks);
        VmwareShape shape;
        shape.registers_in_blocks = in_blocks;
        const auto dump = open_bytes(make_vmware(whole_memory(4), shape));
        REQUIRE(dump);
        REQUIRE((*dump)->notes().size() == 2);
        const ByteReader note((*dump)->notes()[1].desc, Endian::Little);
        constexpr std::size_t order[] = {0, 3, 1, 2, 6, 7, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16};
        for (std::size_t i = 0; i < std::size(order); ++i)
            CHECK(note.u64(8 + i * 8) == vmware_register(1, order[i]));
        CHECK(note.u64(8 + 17 * 8) == 0x246);
        CHECK(note.u32(152) == 0x11);                              // cs
        CHECK(note.u64(152 + 4 * 24 + 16) == 0xffff888000000001);  // of gs
        CHECK(note.u64(392 + 3 * 8) == 0xc003);
    }
}

TEST_CASE("what VMware packs or wrote long ago is refused with the tool that converts it") {
    for (const bool old : {false, true}) {
        VmwareShape shape;
        shape.compressed = !old;
        if (old) shape.magic = 0xbed0bed0;
        const auto dump = open_bytes(make_vmware(whole_memory(4), shape));
        REQUIRE_FALSE(dump);
        CHECK(dump.error().code == ErrorCode::Unsupported);
        CHECK(dump.error().message.find("vmss2core") != std::string::npos);
    }
}

TEST_CASE("a VMware machine state that is cut off or damaged gives no wrong page") {
    const FakeMemory memory = whole_memory(40);
    const Buffer file = make_vmware(memory, {});
    for (std::size_t i = 1; i < 200; ++i) {
        const auto dump = open_bytes(Bytes(file).first(file.size() * i / 200));
        if (!dump) continue;
        CHECK(compare(**dump, memory).wrong == 0);
        CHECK_FALSE((*dump)->problems().empty());
    }
    check_changed_bytes(make_vmware(whole_memory(5), {}), 2500);
}

}  // namespace vmware_state_test
