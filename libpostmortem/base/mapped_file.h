// A file as bytes: mapped read-only, so that opening a dump of any size costs nothing until a page is
// touched.
#pragma once

#include <filesystem>
#include <string>

#include "base/bytes.h"

namespace postmortem {

/// A read-only mapping of a whole file. Moving it keeps the bytes where they are.
class MappedFile {
  public:
    /// Fails with Io (and the system's own words) when the path cannot be opened, is not a regular file or is
    /// empty: an empty file gives a mapping of no bytes.
    static Result<MappedFile> open(const std::filesystem::path& path);

    MappedFile() = default;
    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&& other) noexcept;
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    ~MappedFile();

    Bytes bytes() const { return bytes_; }
    const std::string& path() const { return path_; }

  private:
    MappedFile(Bytes bytes, std::string path) : bytes_(bytes), path_(std::move(path)) {}

    Bytes bytes_;
    std::string path_;
};

}  // namespace postmortem
