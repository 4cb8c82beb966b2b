#include "dump/live_source.h"

#include <cerrno>
#include <cstring>
#include <limits>
#include <mutex>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace postmortem {
namespace {

// What is read is what memory holds at that moment; nothing is kept.
class LiveSource final : public ByteSource {
  public:
    LiveSource(const std::filesystem::path& file, int fd)
        : ByteSource({file, "running kernel's ", {}}), fd_(fd) {}
    ~LiveSource() override { ::close(fd_); }
    LiveSource(const LiveSource&) = delete;
    LiveSource& operator=(const LiveSource&) = delete;

    std::uint64_t size() const override { return std::numeric_limits<std::int64_t>::max(); }
    std::optional<Bytes> view(std::uint64_t, std::uint64_t) const override { return std::nullopt; }
    std::optional<Bytes> read(std::uint64_t offset, std::uint64_t length,
                              MutableBytes scratch) const override {
        if (scratch.size() < length || !spans(offset, length)) return std::nullopt;
        const std::lock_guard alone(reading_);
        for (std::uint64_t done = 0; done < length;) {
            const ssize_t got =
                ::pread(fd_, scratch.data() + done, length - done, static_cast<off_t>(offset + done));
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return std::nullopt;
            done += static_cast<std::uint64_t>(got);
        }
        return scratch.first(length);
    }

  private:
    int fd_;
    // The kernel gives an open /proc/kcore one buffer, which all who read it at once share (read_kcore(),
    // file->private_data): they would get each other's bytes.
    mutable std::mutex reading_;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> open_live_file(const std::filesystem::path& file) {
    struct statfs system {};
    if (::statfs(file.c_str(), &system) != 0 || system.f_type != PROC_SUPER_MAGIC)
        return fail(ErrorCode::NotFound,
                    fmt::format("{}: not a file of the proc file system", file.string()));
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return fail(ErrorCode::Io, fmt::format("{}: {}", file.string(), std::strerror(errno)));
    return std::make_unique<LiveSource>(file, fd);
}

}  // namespace postmortem
