// Gathers the structs that a walk meets.
#pragma once

#include <unordered_set>
#include <utility>

#include <postmortem/struct_walk.h>

#include "report/struct_view/instance_reader.h"

namespace postmortem {

/// "task_struct.tasks", or a number of bytes; 0 where nothing is said.
Result<std::uint64_t> link_offset(const TypeFinder& types, const std::string& words);

class WalkedEntries {
  public:
    /// NotFound where the type or its members are not there.
    static Result<WalkedEntries> open(const Kernel& kernel, const std::string& type);

    /// False where there are too many.
    bool add(std::uint64_t address, std::optional<std::uint64_t> index = std::nullopt,
             std::string position = {});
    /// The same, of a range of numbers.
    bool add_range(std::uint64_t address, std::uint64_t index, std::string position,
                   std::pair<std::uint64_t, std::uint64_t> range);
    /// The structs begin so far in front of the addresses that are added.
    void begin_in_front(std::uint64_t bytes) { before_ = bytes; }
    void trouble(Error error) { walked_.problems.push_back(std::move(error)); }
    bool empty() const { return walked_.entries.empty(); }

    WalkedStructs finish();

  private:
    WalkedStructs walked_;
    std::optional<InstanceReader> reader_;
    std::uint64_t before_ = 0;
};

}  // namespace postmortem
