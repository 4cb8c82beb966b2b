#include "dump/hypervisor/vmware_state.h"

#include <doctest/doctest.h>
#include <elf.h>

#include "support/byte_writer.h"
#include "support/check_dump.h"
#include "support/temp_dir.h"

namespace vmware_state_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

constexpr unsigned block = 0x3f, compressed_block = 0x3e;

struct VmwareShape {
    std::uint32_t magic = 0xbed2bed2;
    bool memory_within = true, compressed = false;
    bool registers_in_blocks = false;
    std::uint32_t cpus = 2;
    std::uint64_t hole_at = 0, hole = 0;  // frames; where the second region begins, and what lies before it
};

class TagWriter {
  public:
    TagWriter() : out(Endian::Little) {}
    void value(std::string_view name, std::vector<std::uint32_t> index, std::uint64_t number, unsigned size) {
        begin(name, index, size);
        for (unsigned i = 0; i < size; ++i) out.put(static_cast<std::uint8_t>(number >> 8 * i));
    }
    void bytes(std::string_view name, std::vector<std::uint32_t> index, Bytes content,
               unsigned kind = block) {
        begin(name, index, kind);
        out.put<std::uint64_t>(content.size())
            .put<std::uint64_t>(content.size())
            .put<std::uint16_t>(5)
            .zeros(5);
        out.put(content);
    }
    void end() { out.put<std::uint16_t>(0); }
    ByteWriter out;

  private:
    void begin(std::string_view name, const std::vector<std::uint32_t>& index, unsigned size) {
        out.put(static_cast<std::uint16_t>(name.size() << 8 | index.size() << 6 | size)).put(name);
        for (const std::uint32_t i : index) out.put(i);
    }
};

std::uint64_t vmware_register(std::uint32_t cpu, std::size_t number) {
    return 0x77000 + number * 16 + cpu;
}

Buffer cpu_group(const VmwareShape& shape) {
    constexpr const char* names[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8",
                                     "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "rip"};
    TagWriter tags;
    tags.value("cpu:numVCPUs", {}, shape.cpus, 4);
    for (std::uint32_t cpu = 0; cpu < shape.cpus; ++cpu) {
        if (shape.registers_in_blocks) {
            ByteWriter general(Endian::Little), control(Endian::Little);
            for (const std::size_t number : {0, 1, 2, 3, 5, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
                general.put(vmware_register(cpu, number));
            for (std::size_t i = 0; i < 9; ++i) control.put<std::uint64_t>(0xc000 + i);
            tags.bytes("gpregs", {cpu}, general.bytes);
            tags.bytes("CR64", {cpu}, control.bytes);
            tags.value("rip", {cpu}, vmware_register(cpu, 16), 8);
        } else {
            for (std::size_t i = 0; i < std::size(names); ++i)
                tags.value(names[i], {cpu}, vmware_register(cpu, i), 8);
            for (std::uint32_t i = 0; i < 5; ++i) tags.value("CR64", {cpu, i}, 0xc000 + i, 8);
        }
        tags.value("eflags", {cpu}, 0x246, 4);
        for (std::uint32_t i = 0; i < 8; ++i) tags.value("S", {cpu, i}, 0x10 + i, 4);
        tags.value("S.base64", {cpu, 5}, 0xffff888000000000 + cpu, 8);
        tags.bytes("something else", {cpu}, Buffer(100));
    }
    tags.end();
    return tags.out.bytes;
}

Buffer flat_memory(const FakeMemory& memory) {
    Buffer bytes(memory.max_pfn * 4096);
    for (const auto& [pfn, page] : memory.pages)
        std::copy(page.begin(), page.end(), bytes.begin() + static_cast<std::ptrdiff_t>(pfn * 4096));
    return bytes;
}

Buffer memory_group(const FakeMemory& memory, const VmwareShape& shape) {
    TagWriter tags;
    tags.value("align_mask", {0}, 0xfff, 4);
    tags.value("regionsCount", {}, shape.hole == 0 ? 0 : 2, 4);
    if (shape.hole != 0) {
        const auto region = [&](std::uint32_t i, std::uint64_t in_file, std::uint64_t pfn,
                                std::uint64_t count) {
            tags.value("regionPageNum", {i}, in_file, 4);
            tags.value("regionPPN", {i}, pfn, 4);
            tags.value("regionSize", {i}, count, 4);
        };
        region(0, 0, 0, shape.hole_at);
        region(1, shape.hole_at, shape.hole_at + shape.hole, memory.max_pfn - shape.hole_at);
    }
    if (shape.memory_within)
        tags.bytes("Memory", {0, 0}, flat_memory(memory), shape.compressed ? compressed_block : block);
    tags.end();
    return tags.out.bytes;
}

Buffer make_vmware(const FakeMemory& memory, const VmwareShape& shape) {
    const std::vector<std::pair<std::string, Buffer>> groups = {
        {"Checkpoint", Buffer(40)}, {"cpu", cpu_group(shape)}, {"memory", memory_group(memory, shape)}};
    ByteWriter out(Endian::Little);
    out.put(shape.magic).put<std::uint32_t>(8).put(static_cast<std::uint32_t>(groups.size()));
    std::uint64_t at = 12 + 80 * groups.size();
    for (const auto& [name, bytes] : groups) {
        out.put_text(name, 64).put(at).put<std::uint64_t>(bytes.size());
        at += bytes.size();
    }
    for (const auto& [name, bytes] : groups) out.put(Bytes(bytes));
    return out.bytes;
}

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
