#include "base/mapped_file.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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

  private:
    int fd_;
};

tl::unexpected<Error> refused(const std::string& path, int error) {
    return fail(ErrorCode::Io, fmt::format("{}: {}", path, std::strerror(error)));
}

}  // namespace

Result<MappedFile> MappedFile::open(const std::filesystem::path& file) {
    std::string path = file.string();
    // O_NONBLOCK: opening a FIFO by mistake must not hang.
    const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (fd.get() < 0) return refused(path, errno);

    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return refused(path, errno);
    if (S_ISDIR(info.st_mode)) return refused(path, EISDIR);
    if (!S_ISREG(info.st_mode)) return fail(ErrorCode::Io, path + ": not a regular file");
    if (info.st_size == 0) return MappedFile({}, std::move(path));

    const auto size = static_cast<std::size_t>(info.st_size);
    void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
    if (address == MAP_FAILED) return refused(path, errno);
    return MappedFile({static_cast<const std::byte*>(address), size}, std::move(path));
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})), path_(std::move(other.path_)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(path_, other.path_);
    return *this;
}

MappedFile::~MappedFile() {
    if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace postmortem
