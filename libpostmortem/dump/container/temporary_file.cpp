#include "dump/container/temporary_file.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <type_traits>
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

// Stretches without a hole that a thread has seen last: what was written stays, and need not be asked for
// again.
class Stretches {
  public:
    struct Stretch {
        std::uint64_t file = 0, begin = 0, end = 0;
    };

    bool hold(std::uint64_t file, std::uint64_t begin, std::uint64_t end) const {
        return std::any_of(seen_.begin(), seen_.end(), [&](const Stretch& stretch) {
            return stretch.file == file && stretch.begin <= begin && end <= stretch.end;
        });
    }
    void add(Stretch stretch) { seen_[next_++ % seen_.size()] = stretch; }

  private:
    std::array<Stretch, 8> seen_;
    std::size_t next_ = 0;
};

thread_local Stretches stretches;
static_assert(std::is_trivially_destructible_v<decltype(stretches)>);

std::string_view advice(int error) {
    const std::string_view on_limits = advice_on_limits(error);
    return on_limits.empty() ? " (--tmpdir names another folder)" : on_limits;
}

}  // namespace

TemporarySpace::TemporarySpace(std::filesystem::path folder, std::uint64_t max_bytes)
    : folder_(folder.empty() ? TemporaryFile::default_folder() : std::move(folder)), max_bytes_(max_bytes) {}

bool TemporarySpace::take(std::uint64_t bytes) {
    std::uint64_t taken = taken_;
    do {
        if (bytes > max_bytes_ - taken) return false;
    } while (!taken_.compare_exchange_weak(taken, taken + bytes));
    return true;
}

// Unpacked dumps are large, and /tmp is memory on many machines.
std::filesystem::path TemporaryFile::default_folder() {
    const char* by_user = std::getenv("TMPDIR");
    return by_user && *by_user ? by_user : "/var/tmp";
}

Result<TemporaryFile> TemporaryFile::create(std::shared_ptr<TemporarySpace> space) {
    const int fd = open_nameless(space->folder());
    if (fd < 0)
        return fail(ErrorCode::Io,
                    fmt::format("a compressed dump is unpacked into a temporary file, and in {} "
                                "none can be made: {}{}",
                                space->folder().string(), std::strerror(errno), advice(errno)));
    return TemporaryFile(fd, std::move(space));
}

TemporaryFile::TemporaryFile(int fd, std::shared_ptr<TemporarySpace> space)
    : fd_(fd), space_(std::move(space)) {
    static std::atomic<std::uint64_t> opened = 0;
    number_ = ++opened;
}

TemporaryFile::TemporaryFile(TemporaryFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      space_(std::move(other.space_)),
      written_(std::exchange(other.written_, 0)),
      number_(other.number_),
      mapped_(std::exchange(other.mapped_, {})) {}

TemporaryFile::~TemporaryFile() {
    if (!mapped_.empty()) {
        forget_mapping(mapped_);
        ::munmap(const_cast<std::byte*>(mapped_.data()), mapped_.size());
    }
    if (fd_ >= 0) ::close(fd_);
    if (space_) space_->give_back(written_);
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
    if (!space_->take(bytes.size()))
        return fail(ErrorCode::Io,
                    fmt::format("the unpacked dump needs more than {} bytes of temporary space, which is the "
                                "limit that was set (--max-tmp)",
                                space_->max_bytes()));
    written_ += bytes.size();
    while (!bytes.empty()) {
        const ssize_t done = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0)
            return fail(ErrorCode::Io,
                        fmt::format("the dump cannot be unpacked into a temporary file in {}: {} (--tmpdir "
                                    "names another folder)",
                                    space_->folder().string(), std::strerror(done < 0 ? errno : ENOSPC)));
        offset += static_cast<std::uint64_t>(done);
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
        return fail(ErrorCode::Io,
                    fmt::format("a temporary file of {} bytes in {}: {}{}", size, space_->folder().string(),
                                std::strerror(errno), advice_on_limits(errno)));
    mapped_ = {static_cast<const std::byte*>(address), size};
    note_mapping(mapped_, fmt::format("the temporary file in {}", space_->folder().string()), info);
    return {};
}

std::optional<Bytes> TemporaryFile::view(std::uint64_t offset, std::uint64_t length) const {
    const auto bytes = ByteReader(mapped_).slice(offset, length);
    if (!bytes || bytes->empty()) return bytes;
    if (!stretches.hold(number_, offset, offset + length)) {
        const auto begin = static_cast<off_t>(offset);
        if (::lseek(fd_, begin, SEEK_DATA) != begin) return std::nullopt;
        const off_t end = ::lseek(fd_, begin, SEEK_HOLE);
        if (end < static_cast<off_t>(offset + length)) return std::nullopt;
        stretches.add({number_, offset, static_cast<std::uint64_t>(end)});
    }
    return bytes;
}

bool TemporaryFile::copy_at(std::uint64_t offset, MutableBytes out) const {
    return ByteReader(mapped_).holds(offset, out.size()) && copy_from_file(fd_, offset, out);
}

}  // namespace postmortem
