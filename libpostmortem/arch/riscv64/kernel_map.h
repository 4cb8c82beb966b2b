// Where the page tables of a riscv64 kernel lie, and what it maps one to one, by VMCOREINFO
// (arch/riscv/kernel/vmcore_info.c, crash_core.c before 6.9).
#pragma once

#include "arch/arch.h"

namespace postmortem::riscv64 {

KernelMapping map_kernel(const PhysicalMemory& physical, const VmcoreInfo& info);

Result<std::unique_ptr<PageTableWalker>> map_user(const PhysicalMemory& physical, const VmcoreInfo& info,
                                                  std::uint64_t root);

Result<std::uint64_t> vmalloc_bytes(const PhysicalMemory& physical, const VmcoreInfo& info,
                                    std::span<const std::uint64_t> values);

std::optional<std::uint64_t> page_structs(const VmcoreInfo& info, std::optional<std::uint64_t> first,
                                          std::uint64_t size);

bool recognises(const VmcoreInfo& info);

}  // namespace postmortem::riscv64
