// Addresses as symbols: "init_task+8", "ext4_readdir [ext4]" is left to those who print.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kernel/symbol_finder.h"

namespace postmortem {

/// Names addresses of the kernel's image and of modules; others have no name, whatever symbol precedes them.
class SymbolicNames {
  public:
    explicit SymbolicNames(const Kernel& kernel);

    /// "init_task", "init_task+2192"; empty where the address is in no image, or so far behind the last
    /// symbol that it lies in what has none, as string literals do. Characters of read-only data are such.
    std::string of(std::uint64_t address, bool of_characters = false) const;
    /// The same in two parts; nothing where of() is empty.
    std::optional<SymbolHit> named(std::uint64_t address, bool of_characters = false) const;
    /// Nothing where the address is in no image.
    std::optional<SymbolHit> hit(std::uint64_t address) const;
    /// What could not be read of the symbols since the last call.
    std::optional<Error> take_damage() const { return symbols_.take_damage(); }

  private:
    const Kernel& kernel_;
    SymbolFinder symbols_;
    std::uint64_t first_ = 0, end_ = 0;  ///< of the kernel's image; both 0 where its symbols do not tell
};

}  // namespace postmortem
