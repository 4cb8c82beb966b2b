// Where the page tables of a ppc64 kernel lie, and what it maps one to one, by VMCOREINFO
// (arch/powerpc/kexec/vmcore_info.c).
#pragma once

#include "arch/arch.h"

namespace postmortem::ppc64 {

KernelMapping map_kernel(const PhysicalMemory& physical, const VmcoreInfo& info);

Result<std::unique_ptr<PageTableWalker>> map_user(const PhysicalMemory& physical, const VmcoreInfo& info,
                                                  std::uint64_t root);

/// By the name of the machine in init_uts_ns: "ppc64le" or "ppc64".
std::optional<Endian> byte_order(const PhysicalMemory& physical, const VmcoreInfo& info);

Result<std::uint64_t> vmalloc_bytes(const PhysicalMemory& physical, const VmcoreInfo& info,
                                    std::span<const std::uint64_t> values);

std::optional<std::uint64_t> page_structs(const VmcoreInfo& info, std::optional<std::uint64_t> first,
                                          std::uint64_t size);

bool recognises(const VmcoreInfo& info);

}  // namespace postmortem::ppc64
