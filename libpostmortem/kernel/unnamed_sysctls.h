// Variables that /proc/sys shows, where the kernel's own symbols do not name them: its tables have the name
// of each file beside a pointer to the variable (include/linux/sysctl.h, struct ctl_table).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "kernel/unnamed_data.h"
#include "memory/address_space.h"

namespace postmortem {

/// Borrows nothing beyond its construction, which reads all of those bounds.
class UnnamedSysctls {
  public:
    UnnamedSysctls(const AddressSpace& memory, const ImageBounds& image);

    /// Whether there is a file that shows it, on kernels that have the variable.
    static bool shows(std::string_view variable);

    /// Nothing where this kernel has no such file; whether it has may be unknown. Errors: NotFound where no
    /// file shows the variable, or nothing tells where it lies.
    Result<std::optional<std::uint64_t>> address_of(std::string_view variable) const;

  private:
    using Strings = std::map<std::uint64_t, std::string_view>;  // names of files by where they lie

    Strings find_names(const AddressSpace& memory, const ImageBounds& image);
    void find_entries(const AddressSpace& memory, const ImageBounds& image, const Strings& names);

    bool all_names_read_ = true;
    std::map<std::string_view, std::vector<std::uint64_t>> variables_;  // by the name of the file
};

}  // namespace postmortem
