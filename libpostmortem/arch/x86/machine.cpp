#include "arch/x86/machine.h"

#include <fmt/format.h>

namespace postmortem::x86 {
namespace {

// Below this the kernel itself speaks of a NULL pointer: PAGE_SIZE, arch/x86/mm/fault.c.
constexpr std::uint64_t null_page = 4096;

std::string page_fault(std::optional<std::uint64_t> address) {
    if (!address) return "BUG: unable to handle page fault";
    if (*address < null_page)
        return fmt::format("BUG: kernel NULL pointer dereference, address: {:016x}", *address);
    return fmt::format("BUG: unable to handle page fault for address: {:016x}", *address);
}

constexpr const char* general_protection = "general protection fault: 0000 [#1]";
constexpr const char* divide_error = "divide error: 0000 [#1]";
constexpr const char* double_fault = "double fault: 0000 [#1]";
constexpr const char* stack_segment = "stack segment: 0000 [#1]";
constexpr const char* invalid_opcode = "kernel BUG at (the log is lost)!";

constexpr FaultEntry fault_entries[] = {
    {"exc_page_fault"},
    {"asm_exc_page_fault"},
    {"page_fault"},
    {"exc_general_protection", general_protection},
    {"general_protection", general_protection},
    {"exc_divide_error", divide_error},
    {"divide_error", divide_error},
    {"exc_double_fault", double_fault},
    {"double_fault", double_fault},
    {"exc_stack_segment", stack_segment},
    {"exc_invalid_op", invalid_opcode},
    {"invalid_op", invalid_opcode},
};

// enum x86_hypervisor_type: part of the kernel since 4.15 (03b2a320b19f), never renumbered.
constexpr std::string_view hypervisor_names[] = {"none", "VMware",    "Hyper-V", "Xen PV", "Xen HVM",
                                                 "KVM",  "Jailhouse", "ACRN",    "bhyve"};

constexpr const char* resting[] = {"machine_kexec", "crash_nmi_callback"};

}  // namespace

std::uint64_t gate_handler(Bytes gate, Endian endian) {
    const ByteReader reader(gate, endian);
    const std::uint64_t low = reader.u16(0).value_or(0), middle = reader.u16(6).value_or(0);
    const std::uint64_t high = reader.u32(8).value_or(0);
    return high << 32 | middle << 16 | low;
}

FaultWords fault_words(std::string_view interrupted_at) {
    return {.entries = fault_entries,
            .page_fault = page_fault,
            .interrupted_at = interrupted_at,
            .fault_address = "thread.cr2"};
}

const HardwareFacts hardware = {
    .cpu_model = {"boot_cpu_data", "cpuinfo_x86", "x86_model_id"},
    .cpu_khz = "cpu_khz",
    .hypervisor = "x86_hyper_type",
    .hypervisors = hypervisor_names,
    .cpu_features = {"boot_cpu_data", "cpuinfo_x86", "x86_capability"},
    // X86_FEATURE_HYPERVISOR: CPUID 1, ECX bit 31; word 4 on every release.
    .virtual_word = 4,
    .virtual_bit = 31,
};

const std::span<const char* const> resting_functions = resting;

}  // namespace postmortem::x86
