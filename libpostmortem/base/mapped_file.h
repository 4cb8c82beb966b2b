// A file as bytes: mapped read-only, so that opening a dump of any size costs nothing until a page is
// touched.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace postmortem {

/// Where a hole of the open file that begins at `offset` ends: what lies in it is zero. `offset` where there
/// is none, or the file system does not tell.
std::uint64_t end_of_file_hole(int fd, std::uint64_t offset, std::uint64_t file_size);

/// What to do about an errno that tells of a limit of the system, with "; " in front; empty of others.
std::string_view advice_on_limits(int error);

/// All of `out`, by system calls alone; false where the file ends before, or the disk fails.
bool copy_from_file(int fd, std::uint64_t offset, MutableBytes out);

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

    /// Copies the bytes at `offset` by a system call. For a few bytes in each of many places: touching the
    /// mapping there would map sixteen pages around each. False where the file does not hold them all.
    bool copy_at(std::uint64_t offset, MutableBytes out) const;
    /// The same where one read may go on where the one before ended, as those of compressed pages do: what
    /// follows is then fetched at once, one system call for many of them.
    bool read_on(std::uint64_t offset, MutableBytes out) const;
    std::uint64_t end_of_hole(std::uint64_t offset) const {
        return end_of_file_hole(fd_, offset, bytes_.size());
    }
    /// Tells the system that copy_at() will skip through the file, so that it does not read ahead; or no
    /// longer.
    void expect_skipping(bool skipping) const;

    const std::string& path() const { return path_; }

  private:
    MappedFile(Bytes bytes, int fd, std::string path);

    Bytes bytes_;
    int fd_ = -1;
    std::uint64_t opened_as_ = 0;  // never that of another file, as descriptors are
    std::string path_;
};

}  // namespace postmortem
