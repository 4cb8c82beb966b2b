// Names addresses for an answer and remembers what could not be named because the symbols could not be read:
// a name that is missing for that reason is a problem of the answer, not an address without a name.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/problem_collector.h"
#include "kernel/kernel.h"

namespace postmortem {

/// Thread-safe. Copies remember together. Borrows the kernel.
class SymbolFinder {
  public:
    explicit SymbolFinder(const Kernel& kernel);

    /// Nothing where no symbol covers the address, or none can be read.
    std::optional<SymbolHit> at(std::uint64_t address) const;

    /// What could not be read since the last call; nothing where all could.
    std::optional<Error> take_damage() const;
    void tell(ProblemCollector& problems) const;

  private:
    struct Unread;

    const Kernel& kernel_;
    std::shared_ptr<Unread> unread_;
};

}  // namespace postmortem
