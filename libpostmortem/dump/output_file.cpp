#include "dump/output_file.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace postmortem {

OutputFile::OutputFile(int fd, std::filesystem::path target, std::string temporary)
    : fd_(fd), target_(std::move(target)), temporary_(std::move(temporary)) {}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      error_(other.error_),
      target_(std::move(other.target_)),
      temporary_(std::move(other.temporary_)) {}

Result<OutputFile> OutputFile::create(const std::filesystem::path& wanted) {
    namespace fs = std::filesystem;
    std::error_code unknown;
    const fs::file_status there = fs::status(wanted, unknown);
    if (fs::is_directory(there))
        return fail(ErrorCode::Io, fmt::format("{}: {}", wanted.string(), std::strerror(EISDIR)));
    // What is renamed onto a device or a pipe would take its place.
    if (fs::exists(there) && !fs::is_regular_file(there))
        return fail(ErrorCode::Io, fmt::format("{}: it is there and no regular file", wanted.string()));
    const fs::path target = fs::exists(there) ? fs::canonical(wanted, unknown) : wanted;
    std::string temporary =
        (target.parent_path() / fmt::format(".{}.XXXXXX", target.filename().string())).string();
    const int fd = ::mkostemp(temporary.data(), O_CLOEXEC);
    if (fd < 0) return fail(ErrorCode::Io, fmt::format("{}: {}", target.string(), std::strerror(errno)));
    return OutputFile(fd, target, std::move(temporary));
}

OutputFile::~OutputFile() {
    if (fd_ < 0) return;
    ::close(fd_);
    ::unlink(temporary_.c_str());
}

void OutputFile::write_at(std::uint64_t offset, Bytes bytes) {
    while (!bytes.empty() && error_ == 0) {
        const ssize_t written = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0) {
            if (errno != EINTR) error_ = errno;
            continue;
        }
        offset += static_cast<std::uint64_t>(written);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

void OutputFile::extend_to(std::uint64_t size) {
    struct stat info {};
    if (error_ != 0 || ::fstat(fd_, &info) != 0 || static_cast<std::uint64_t>(info.st_size) >= size) return;
    if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) error_ = errno;
}

Result<void> OutputFile::commit() {
    if (error_ == 0 && ::close(std::exchange(fd_, -1)) != 0) error_ = errno;
    if (error_ == 0 && ::rename(temporary_.c_str(), target_.c_str()) != 0) error_ = errno;
    if (error_ == 0) return {};
    ::unlink(temporary_.c_str());
    return fail(ErrorCode::Io, fmt::format("{}: {}", target_.string(), std::strerror(error_)));
}

}  // namespace postmortem
