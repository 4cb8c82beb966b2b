// Where the parts of the kernel's address space begin.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "kernel/kernel.h"

namespace postmortem {

/// Of the addresses where a kernel without the variable maps all memory, the one where it is found to be mapped.
std::optional<std::uint64_t> mapped_at(const AddressSpace& memory, const KernelBase& base);

/// Errors: those of the variable that holds it; NotFound where no address that is known for it is mapped.
Result<std::uint64_t> address_of(const Kernel& kernel, const KernelBase& base);

/// The same by crash's title. Unsupported where the architecture tells nothing of it.
Result<std::uint64_t> base_address(const Kernel& kernel, std::string_view title);

}  // namespace postmortem
