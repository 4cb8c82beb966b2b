// A file that appears under its name only when it is complete.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace postmortem {

/// Writes to a temporary file beside the target; commit() renames it, and without commit() it is removed.
/// After the first failure every further call does nothing, and commit() tells of it.
class OutputFile {
  public:
    static Result<OutputFile> create(const std::filesystem::path& target);

    OutputFile(OutputFile&& other) noexcept;
    OutputFile& operator=(OutputFile&&) = delete;
    ~OutputFile();

    void write_at(std::uint64_t offset, Bytes bytes);
    /// Makes the file at least so long; what was never written reads as zero.
    void extend_to(std::uint64_t size);
    bool failed() const { return error_ != 0; }
    Result<void> commit();

  private:
    OutputFile(int fd, std::filesystem::path target, std::string temporary);

    int fd_;
    int error_ = 0;
    std::filesystem::path target_;
    std::string temporary_;
};

}  // namespace postmortem
