// A file that appears under its name only when it is complete.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace postmortem {

/// Writes to a temporary file beside the target; commit() renames it, and without commit() it is removed.
/// (remove_unfinished_files() does that where a signal ends the process.)
/// After the first failure every further call does nothing, and commit() tells of it.
class OutputFile {
  public:
    /// Memory of a crashed machine is for its owner alone. Other files are as the process's umask says, or as
    /// the one that is replaced.
    enum class Readers : bool { OwnerOnly, AsUsual };

    static Result<OutputFile> create(const std::filesystem::path& target,
                                     Readers readers = Readers::OwnerOnly);

    OutputFile(OutputFile&& other) noexcept;
    OutputFile& operator=(OutputFile&&) = delete;
    ~OutputFile();

    void write_at(std::uint64_t offset, Bytes bytes);
    /// Makes the file at least so long; what was never written reads as zero.
    void extend_to(std::uint64_t size);
    bool failed() const { return error_ != 0; }
    Result<void> commit();

  private:
    OutputFile(int fd, std::filesystem::path target, std::unique_ptr<std::string> temporary);
    void remove_temporary();

    int fd_;
    int error_ = 0;
    std::filesystem::path target_;
    std::unique_ptr<std::string> temporary_;  // stays where it is: a signal's handler may read it
};

}  // namespace postmortem
