// Files among which a dump is to be found: those of a directory, or the members of an archive.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dump/byte_source.h"

namespace postmortem {

struct FolderEntry {
    using Open = std::function<Result<std::unique_ptr<ByteSource>>()>;

    std::string name;          ///< as it is told to people
    std::string folder;        ///< parts of one dump lie in one folder
    std::int64_t written = 0;  ///< the larger the later
    Open open;
    /// Where opening unpacks all of it: the same, and only as much is unpacked as is read.
    Open look = nullptr;
};

bool has_name_of_dump(const std::string& name);
bool has_name_of_kernel(const std::string& name);

/// Takes the files in turn, of a list that may be made to be endless: behind the first 100,000 only those
/// that are named as a dump or its kernel are.
class EntryList {
  public:
    /// To be asked before an entry is made. What is empty is wanted only where its name promises a dump.
    bool wants(const std::string& name, std::uint64_t size);
    void add(FolderEntry entry) { entries_.push_back(std::move(entry)); }
    std::vector<FolderEntry> take() { return std::move(entries_); }

    std::uint64_t seen() const { return seen_; }
    /// Files that were not taken, as a sentence about `place`; nothing where there are none.
    std::optional<Error> left_out(const std::string& place) const;

  private:
    std::vector<FolderEntry> entries_;
    std::uint64_t seen_ = 0, left_out_ = 0;
    std::size_t taken_ = 0, named_ = 0;
};

}  // namespace postmortem
