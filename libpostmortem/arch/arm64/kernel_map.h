// Where the page tables of an arm64 kernel lie, and what it maps one to one, by VMCOREINFO
// (arch/arm64/kernel/vmcore_info.c, machine_kexec.c before 6.9).
#pragma once

#include "arch/arch.h"

namespace postmortem::arm64 {

KernelMapping map_kernel(const PhysicalMemory& physical, const VmcoreInfo& info);

Result<std::unique_ptr<PageTableWalker>> map_user(const PhysicalMemory& physical, const VmcoreInfo& info,
                                                  std::uint64_t root);

Result<std::uint64_t> vmalloc_bytes(const PhysicalMemory& physical, const VmcoreInfo& info,
                                    std::span<const std::uint64_t> values);

/// The bits of a return address that hold its signature (KERNELPACMASK, 5.7).
std::uint64_t signature_bits(const VmcoreInfo& info);
/// Bit 55 tells which half an address is of, signed or not.
std::uint64_t strip_signature(std::uint64_t word, std::uint64_t bits);

bool recognises(const VmcoreInfo& info);

}  // namespace postmortem::arm64
