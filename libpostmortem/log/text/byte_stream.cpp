#include "log/text/byte_stream.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace postmortem {
namespace {

class MemorySource final : public ByteStream {
  public:
    explicit MemorySource(Bytes bytes) : rest_(bytes) {}

    Result<std::size_t> read(MutableBytes into) override {
        const std::size_t length = std::min(into.size(), rest_.size());
        if (length != 0) std::memcpy(into.data(), rest_.data(), length);
        rest_ = rest_.subspan(length);
        return length;
    }

  private:
    Bytes rest_;
};

class FileSource final : public ByteStream {
  public:
    FileSource(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
    ~FileSource() override {
        if (fd_ > STDIN_FILENO) ::close(fd_);
    }

    Result<std::size_t> read(MutableBytes into) override {
        while (true) {
            const ssize_t length = ::read(fd_, into.data(), into.size());
            if (length >= 0) return static_cast<std::size_t>(length);
            if (errno != EINTR) return fail(ErrorCode::Io, path_ + ": " + std::strerror(errno));
        }
    }

  private:
    int fd_;
    std::string path_;
};

}  // namespace

std::unique_ptr<ByteStream> byte_stream_of(Bytes bytes) {
    return std::make_unique<MemorySource>(bytes);
}

Result<std::unique_ptr<ByteStream>> open_byte_stream(const std::filesystem::path& path) {
    if (path == "-") return std::make_unique<FileSource>(STDIN_FILENO, "standard input");
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fail(ErrorCode::Io, path.string() + ": " + std::strerror(errno));
    auto source = std::make_unique<FileSource>(fd, path.string());
    struct stat info {};
    if (::fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
        return fail(ErrorCode::Io, path.string() + ": is a directory");
    }
    return source;
}

}  // namespace postmortem
