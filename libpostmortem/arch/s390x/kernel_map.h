// Where the page tables of an s390x kernel lie, and what it maps one to one, by VMCOREINFO
// (arch/s390/kernel/machine_kexec.c, arch_crash_save_vmcoreinfo()).
#pragma once

#include "arch/arch.h"

namespace postmortem::s390x {

KernelMapping map_kernel(const PhysicalMemory& physical, const VmcoreInfo& info);

Result<std::unique_ptr<PageTableWalker>> map_user(const PhysicalMemory& physical, const VmcoreInfo& info,
                                                  std::uint64_t root);

Result<std::uint64_t> vmalloc_bytes(const PhysicalMemory& physical, const VmcoreInfo& info,
                                    std::span<const std::uint64_t> values);

std::optional<std::uint64_t> page_structs(const VmcoreInfo& info, std::optional<std::uint64_t> first,
                                          std::uint64_t size);

bool recognises(const VmcoreInfo& info);

}  // namespace postmortem::s390x
