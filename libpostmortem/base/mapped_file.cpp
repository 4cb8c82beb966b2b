#include "base/mapped_file.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mapped_places.h"
#include "base/per_thread.h"

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
    return fail(ErrorCode::Io, fmt::format("{}: {}{}", path, std::strerror(error), advice_on_limits(error)));
}

ssize_t read_some(int fd, std::uint64_t offset, MutableBytes out) {
    ssize_t got = -1;
    do got = ::pread(fd, out.data(), out.size(), static_cast<off_t>(offset));
    while (got < 0 && errno == EINTR);
    return got;
}

// Bytes of a file that are at hand.
class Fetched {
  public:
    bool hold(std::uint64_t file, std::uint64_t offset, std::uint64_t length) const {
        return file == file_ && offset >= start_ && ByteReader(bytes_).holds(offset - start_, length);
    }
    Bytes at(std::uint64_t offset, std::uint64_t length) const {
        return Bytes(bytes_).subspan(offset - start_, length);
    }
    bool are_followed_by(std::uint64_t file, std::uint64_t offset) const {
        return file == file_ && offset > start_ && offset <= start_ + bytes_.size();
    }
    void fetch(std::uint64_t file, int fd, std::uint64_t offset, std::size_t length) {
        file_ = file;
        start_ = offset;
        bytes_.resize(length);
        const ssize_t got = read_some(fd, offset, bytes_);
        bytes_.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    }

  private:
    std::uint64_t file_ = 0, start_ = 0;
    std::vector<std::byte> bytes_;
};

// How a thread goes through a file: read after read where the one before ended, and in between again and
// again what many pages share.
class ReadAhead {
  public:
    std::optional<Bytes> read(std::uint64_t file, int fd, std::uint64_t offset, std::size_t length) {
        if (!ahead_.hold(file, offset, length) && !shared_.hold(file, offset, length))
            fetch(file, fd, offset, length);
        for (const Fetched* fetched : {&ahead_, &shared_})
            if (fetched->hold(file, offset, length)) return fetched->at(offset, length);
        return std::nullopt;
    }

  private:
    struct Place {
        std::uint64_t file = 0, offset = 0;
        bool operator==(const Place&) const = default;
    };

    void fetch(std::uint64_t file, int fd, std::uint64_t offset, std::size_t length) {
        const bool in_a_row = end_of_last_ == Place{file, offset};
        reads_in_a_row_ = in_a_row ? reads_in_a_row_ + 1 : 0;
        if (ahead_.are_followed_by(file, offset) || reads_in_a_row_ >= few) {
            ahead_.fetch(file, fd, offset, bytes_ahead);
        } else if (last_ == Place{file, offset} && length <= bytes_ahead) {
            shared_.fetch(file, fd, offset, length);
        }
        last_ = {file, offset};
        end_of_last_ = {file, offset + length};
    }

    static constexpr std::size_t bytes_ahead = 64 << 10;
    static constexpr unsigned few = 3;

    Fetched ahead_, shared_;
    Place last_, end_of_last_;
    unsigned reads_in_a_row_ = 0;
};

ReadAhead& own_read_ahead() {
    static PerThread<ReadAhead> of_threads;
    return of_threads.own();
}

std::uint64_t next_number() {
    static std::atomic<std::uint64_t> opened = 0;
    return ++opened;
}

std::string_view why_not(mode_t mode) {
    if (S_ISBLK(mode)) return "it is a device; copy what is on it into a file first (dd)";
    if (S_ISCHR(mode)) return "it is a device and not a file";
    return "it is a pipe or a socket, which is read once from end to end; write it into a file first (cat)";
}

}  // namespace

std::string_view advice_on_limits(int error) {
    switch (error) {
        case EMFILE: return "; let the program have more files open (ulimit -n)";
        case ENFILE: return "; the system has as many files open as it can (sysctl fs.file-max)";
        case ENOMEM: return "; let the program have more address space (ulimit -v)";
        default: return {};
    }
}

std::uint64_t end_of_file_hole(int fd, std::uint64_t offset, std::uint64_t file_size) {
    if (fd < 0 || offset >= file_size) return offset;
    const off_t data = ::lseek(fd, static_cast<off_t>(offset), SEEK_DATA);
    if (data < 0) return errno == ENXIO ? file_size : offset;  // ENXIO: nothing but a hole follows
    return std::min(static_cast<std::uint64_t>(data), file_size);
}

bool copy_from_file(int fd, std::uint64_t offset, MutableBytes out) {
    while (!out.empty()) {
        const ssize_t got = read_some(fd, offset, out);
        if (got <= 0) return false;
        offset += static_cast<std::uint64_t>(got);
        out = out.subspan(static_cast<std::size_t>(got));
    }
    return true;
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
    : bytes_(bytes), fd_(fd), opened_as_(next_number()), path_(std::move(path)) {
    struct stat info {};
    if (!bytes_.empty() && ::fstat(fd_, &info) == 0) note_mapping(bytes_, path_, info);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})),
      fd_(std::exchange(other.fd_, -1)),
      opened_as_(std::exchange(other.opened_as_, 0)),
      path_(std::move(other.path_)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(fd_, other.fd_);
    std::swap(opened_as_, other.opened_as_);
    std::swap(path_, other.path_);
    return *this;
}

MappedFile::~MappedFile() {
    if (!bytes_.empty()) forget_mapping(bytes_);
    if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
    if (fd_ >= 0) ::close(fd_);
}

bool MappedFile::copy_at(std::uint64_t offset, MutableBytes out) const {
    return ByteReader(bytes_).holds(offset, out.size()) && copy_from_file(fd_, offset, out);
}

bool MappedFile::read_on(std::uint64_t offset, MutableBytes out) const {
    if (!ByteReader(bytes_).holds(offset, out.size())) return false;
    const auto at_hand = own_read_ahead().read(opened_as_, fd_, offset, out.size());
    if (!at_hand) return copy_at(offset, out);
    if (!out.empty()) std::memcpy(out.data(), at_hand->data(), out.size());
    return true;
}

void MappedFile::expect_skipping(bool skipping) const {
    if (fd_ >= 0) ::posix_fadvise(fd_, 0, 0, skipping ? POSIX_FADV_RANDOM : POSIX_FADV_NORMAL);
}

}  // namespace postmortem
