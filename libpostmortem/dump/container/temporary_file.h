// A file without a name for what a compressed dump unpacks to: it is gone when the program ends, however it
// ends. Blocks of zeros take no room in it.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/mapped_file.h"

namespace postmortem {

/// The room that all temporary files of one dump share.
class TemporarySpace {
  public:
    /// In `folder`, or where that is empty in the default one.
    TemporarySpace(std::filesystem::path folder, std::uint64_t max_bytes);

    const std::filesystem::path& folder() const { return folder_; }
    std::uint64_t max_bytes() const { return max_bytes_; }

    /// False, and nothing is taken, where there is not as much left.
    bool take(std::uint64_t bytes);
    void give_back(std::uint64_t bytes) { taken_ -= bytes; }

  private:
    std::filesystem::path folder_;
    std::uint64_t max_bytes_;
    std::atomic<std::uint64_t> taken_ = 0;
};

class TemporaryFile {
  public:
    /// $TMPDIR, or /var/tmp.
    static std::filesystem::path default_folder();
    /// Errors: Io.
    static Result<TemporaryFile> create(std::shared_ptr<TemporarySpace> space);

    TemporaryFile(TemporaryFile&& other) noexcept;
    TemporaryFile& operator=(TemporaryFile&&) = delete;
    ~TemporaryFile();

    /// Errors: Io, which says that the folder is full, or that the limit is reached, and what to do.
    Result<void> write_at(std::uint64_t offset, Bytes bytes);

    /// Gives the file its length; to be called once, before the file is read.
    Result<void> map(std::uint64_t size);
    std::uint64_t size() const { return mapped_.size(); }

    /// Bytes that were written, in place, where they stay as long as the file lives. Nothing where some of
    /// them were zeros and took no room: looking at such would take it after all where the folder is in
    /// memory, and end in a SIGBUS where that is full.
    std::optional<Bytes> view(std::uint64_t offset, std::uint64_t length) const;
    /// The same bytes, with those zeros; false where the file has not all of them, or the disk fails.
    bool copy_at(std::uint64_t offset, MutableBytes out) const;

    /// As end_of_file_hole().
    std::uint64_t end_of_hole(std::uint64_t offset) const {
        return end_of_file_hole(fd_, offset, mapped_.size());
    }

    /// By which this process can open it.
    std::filesystem::path path() const;

  private:
    TemporaryFile(int fd, std::shared_ptr<TemporarySpace> space);
    Result<void> write_block(std::uint64_t offset, Bytes bytes);

    int fd_;
    std::shared_ptr<TemporarySpace> space_;
    std::uint64_t written_ = 0;  // and taken of that space
    std::uint64_t number_;       // never that of another file, as descriptors are
    Bytes mapped_;
};

}  // namespace postmortem
