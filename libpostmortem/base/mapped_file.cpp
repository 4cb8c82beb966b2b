#include "base/mapped_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mapped_places.h"

namespace postmortem {
namespace {

class FileDescriptor {
  public:
    explicit FileDescriptor(int fd) : fd_(fd) {}
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    ~FileDescriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }

  private:
    int fd_;
};

tl::unexpected<Error> refused(const std::string& path, int error) {
    return fail(ErrorCode::Io, fmt::format("{}: {}", path, std::strerror(error)));
}

std::string_view why_not(mode_t mode) {
    if (S_ISBLK(mode)) return "it is a device; copy what is on it into a file first (dd)";
    if (S_ISCHR(mode)) return "it is a device and not a file";
    return "it is a pipe or a socket, which is read once from end to end; write it into a file first (cat)";
}

}  // namespace

std::uint64_t end_of_file_hole(int fd, std::uint64_t offset, std::uint64_t file_size) {
    if (fd < 0 || offset >= file_size) return offset;
    const off_t data = ::lseek(fd, static_cast<off_t>(offset), SEEK_DATA);
    if (data < 0) return errno == ENXIO ? file_size : offset;  // ENXIO: nothing but a hole follows
    return std::min(static_cast<std::uint64_t>(data), file_size);
}

Result<MappedFile> MappedFile::open(const std::filesystem::path& file) {
    std::string path = file.string();
    // O_NONBLOCK: opening a FIFO by mistake must not hang.
    FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (fd.get() < 0) return refused(path, errno);

    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return refused(path, errno);
    if (S_ISDIR(info.st_mode)) return refused(path, EISDIR);
    if (!S_ISREG(info.st_mode))
        return fail(ErrorCode::Io, fmt::format("{}: not a regular file: {}", path, why_not(info.st_mode)));
    if (info.st_size == 0) return MappedFile({}, -1, std::move(path));

    const auto size = static_cast<std::size_t>(info.st_size);
    void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
    if (address == MAP_FAILED) return refused(path, errno);
    return MappedFile({static_cast<const std::byte*>(address), size}, fd.release(), std::move(path));
}

MappedFile::MappedFile(Bytes bytes, int fd, std::string path)
    : bytes_(bytes), fd_(fd), path_(std::move(path)) {
    struct stat info {};
    if (!bytes_.empty() && ::fstat(fd_, &info) == 0) note_mapping(bytes_, path_, info);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})),
      fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(fd_, other.fd_);
    std::swap(path_, other.path_);
    return *this;
}

MappedFile::~MappedFile() {
    if (!bytes_.empty()) forget_mapping(bytes_);
    if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
    if (fd_ >= 0) ::close(fd_);
}

bool MappedFile::copy_at(std::uint64_t offset, MutableBytes out) const {
    if (!ByteReader(bytes_).holds(offset, out.size())) return false;
    while (!out.empty()) {
        const ssize_t got = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        offset += static_cast<std::uint64_t>(got);
        out = out.subspan(static_cast<std::size_t>(got));
    }
    return true;
}

void MappedFile::expect_skipping(bool skipping) const {
    if (fd_ >= 0) ::posix_fadvise(fd_, 0, 0, skipping ? POSIX_FADV_RANDOM : POSIX_FADV_NORMAL);
}

}  // namespace postmortem
