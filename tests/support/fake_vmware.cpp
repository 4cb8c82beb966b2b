#include "support/fake_vmware.h"

#include <algorithm>

#include "support/byte_writer.h"

namespace postmortem::test {
namespace {

constexpr unsigned block = 0x3f, compressed_block = 0x3e;

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

}  // namespace

std::uint64_t vmware_register(std::uint32_t cpu, std::size_t number) {
    return 0x77000 + number * 16 + cpu;
}

Buffer flat_memory(const FakeMemory& memory) {
    Buffer bytes(memory.max_pfn * 4096);
    for (const auto& [pfn, page] : memory.pages)
        std::copy(page.begin(), page.end(), bytes.begin() + static_cast<std::ptrdiff_t>(pfn * 4096));
    return bytes;
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

}  // namespace postmortem::test
