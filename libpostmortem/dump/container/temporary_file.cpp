#include "dump/container/temporary_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mapped_places.h"

namespace postmortem {
namespace {

constexpr std::size_t hole_size = 4096;

bool is_zero(Bytes bytes) {
    return bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

int open_nameless(const std::filesystem::path& folder) {
    const int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)) return fd;
    // A file system that cannot do it; the name is there for a moment only.
    std::string name = (folder / "postmortem-XXXXXX").string();
    const int named = ::mkostemp(name.data(), O_CLOEXEC);
    if (named >= 0) ::unlink(name.c_str());
    return named;
}

}  // namespace

// Unpacked dumps are large, and /tmp is memory on many machines.
std::filesystem::path TemporaryFile::default_folder() {
    const char* by_user = std::getenv("TMPDIR");
    return by_user && *by_user ? by_user : "/var/tmp";
}

Result<TemporaryFile> TemporaryFile::create(std::filesystem::path folder, std::uint64_t max_bytes) {
    if (folder.empty()) folder = default_folder();
    const int fd = open_nameless(folder);
    if (fd < 0)
        return fail(ErrorCode::Io,
                    fmt::format("a compressed dump is unpacked into a temporary file, and in {} "
                                "none can be made: {} (--tmpdir names another folder)",
                                folder.string(), std::strerror(errno)));
    return TemporaryFile(fd, std::move(folder), max_bytes);
}

TemporaryFile::TemporaryFile(TemporaryFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      folder_(std::move(other.folder_)),
      max_bytes_(other.max_bytes_),
      written_(other.written_),
      mapped_(std::exchange(other.mapped_, {})) {}

TemporaryFile::~TemporaryFile() {
    if (!mapped_.empty()) {
        forget_mapping(mapped_);
        ::munmap(const_cast<std::byte*>(mapped_.data()), mapped_.size());
    }
    if (fd_ >= 0) ::close(fd_);
}

Result<void> TemporaryFile::write_at(std::uint64_t offset, Bytes bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        std::size_t end = done;
        while (end < bytes.size()) {
            const std::size_t length = std::min(hole_size, bytes.size() - end);
            if (is_zero(bytes.subspan(end, length))) break;
            end += length;
        }
        if (end > done) {
            if (auto written = write_block(offset + done, bytes.subspan(done, end - done)); !written)
                return written;
        }
        done = std::min(bytes.size(), end + hole_size);  // past the zero block that ended the stretch
    }
    return {};
}

Result<void> TemporaryFile::write_block(std::uint64_t offset, Bytes bytes) {
    if (bytes.size() > max_bytes_ - std::min(written_, max_bytes_))
        return fail(ErrorCode::Io,
                    fmt::format("the unpacked dump needs more than {} bytes of temporary space, which is the "
                                "limit that was set",
                                max_bytes_));
    while (!bytes.empty()) {
        const ssize_t done = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0)
            return fail(ErrorCode::Io,
                        fmt::format("the dump cannot be unpacked into a temporary file in {}: {} (--tmpdir "
                                    "names another folder)",
                                    folder_.string(), std::strerror(done < 0 ? errno : ENOSPC)));
        offset += static_cast<std::uint64_t>(done);
        written_ += static_cast<std::uint64_t>(done);
        bytes = bytes.subspan(static_cast<std::size_t>(done));
    }
    return {};
}

std::filesystem::path TemporaryFile::path() const {
    return fmt::format("/proc/self/fd/{}", fd_);
}

Result<void> TemporaryFile::map(std::uint64_t size) {
    if (size == 0) return {};
    void* address = MAP_FAILED;
    struct stat info {};
    if (::ftruncate(fd_, static_cast<off_t>(size)) == 0 && ::fstat(fd_, &info) == 0)
        address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd_, 0);
    if (address == MAP_FAILED)
        return fail(ErrorCode::Io, fmt::format("a temporary file of {} bytes in {}: {}", size,
                                               folder_.string(), std::strerror(errno)));
    mapped_ = {static_cast<const std::byte*>(address), size};
    note_mapping(mapped_, fmt::format("the temporary file in {}", folder_.string()), info);
    return {};
}

std::optional<Bytes> TemporaryFile::view(std::uint64_t offset, std::uint64_t length) const {
    const auto bytes = ByteReader(mapped_).slice(offset, length);
    if (!bytes || bytes->empty()) return bytes;
    const auto begin = static_cast<off_t>(offset), end = static_cast<off_t>(offset + length);
    if (::lseek(fd_, begin, SEEK_DATA) != begin || ::lseek(fd_, begin, SEEK_HOLE) < end) return std::nullopt;
    return bytes;
}

bool TemporaryFile::copy_at(std::uint64_t offset, MutableBytes out) const {
    return ByteReader(mapped_).holds(offset, out.size()) && copy_from_file(fd_, offset, out);
}

}  // namespace postmortem
