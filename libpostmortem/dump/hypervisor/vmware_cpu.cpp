#include "dump/hypervisor/vmware_cpu.h"

#include <algorithm>

#include "base/text.h"

namespace postmortem {
namespace {

constexpr std::uint32_t vmware_max_cpus = 8192;

// As newer versions write them: one value for each register.
constexpr std::array<std::string_view, VirtualCpu::register_count> vmware_registers = {
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8",
    "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "rip", "eflags"};
// As older ones do: all in one block, with these two the other way round.
constexpr std::array<std::uint8_t, 16> vmware_block_order = {0, 1, 2,  3,  5,  4,  6,  7,
                                                             8, 9, 10, 11, 12, 13, 14, 15};
constexpr std::uint64_t vmware_registers_bytes = 128, vmware_control_bytes = 72;

class VmwareCpus {
  public:
    explicit VmwareCpus(const ByteSource& source) : source_(source) {}

    void take(const VmwareTag& tag) {
        if (tag.name == "cpu:numVCPUs" && cpus_.empty() && tag.value <= vmware_max_cpus)
            cpus_.resize(tag.value);
        if (tag.index[0] >= cpus_.size()) return;
        VirtualCpu& cpu = cpus_[tag.index[0]];
        if (tag.is_block)
            take_block(tag, cpu);
        else
            take_value(tag, cpu);
    }

    std::vector<VirtualCpu> done() { return std::move(cpus_); }

  private:
    void take_block(const VmwareTag& tag, VirtualCpu& cpu) {
        std::array<std::byte, vmware_registers_bytes> raw;
        const bool registers = tag.name == "gpregs" && tag.bytes == vmware_registers_bytes;
        const bool control = tag.name == "CR64" && tag.bytes == vmware_control_bytes;
        if ((!registers && !control) || !source_.skim(tag.at, MutableBytes(raw).first(tag.bytes))) return;
        const auto word = [&](std::size_t i) {
            return load<std::uint64_t>(raw.data() + i * 8, Endian::Little);
        };
        for (std::size_t i = 0; registers && i < vmware_block_order.size(); ++i)
            cpu.registers[vmware_block_order[i]] = word(i);
        for (std::size_t i = 0; control && i < cpu.control.size(); ++i) cpu.control[i] = word(i);
    }

    static void take_value(const VmwareTag& tag, VirtualCpu& cpu) {
        const std::uint32_t number = tag.index[1];
        const auto named = std::find(vmware_registers.begin(), vmware_registers.end(), tag.name);
        if (named != vmware_registers.end()) {
            cpu.registers[static_cast<std::size_t>(named - vmware_registers.begin())] = tag.value;
        } else if (tag.name == "EFLAGS") {
            cpu.registers[VirtualCpu::flags] |= tag.value;
        } else if (tag.name == "CR64" && number < cpu.control.size()) {
            cpu.control[number] = tag.value;
        } else if (tag.name == "S" && number < cpu.segments.size()) {
            cpu.segments[number].selector = static_cast<std::uint32_t>(tag.value);
        } else if (tag.name == "S.base64" && number < cpu.segments.size()) {
            cpu.segments[number].base = tag.value;
        }
    }

    const ByteSource& source_;
    std::vector<VirtualCpu> cpus_;
};

}  // namespace

std::vector<VirtualCpu> read_vmware_cpus(const ByteSource& source, const std::vector<VmwareTag>& tags) {
    VmwareCpus cpus(source);
    for (const VmwareTag& tag : tags)
        if (tag.group == "cpu") cpus.take(tag);
    return cpus.done();
}

}  // namespace postmortem
