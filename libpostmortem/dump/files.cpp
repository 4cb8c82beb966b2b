#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <postmortem/files.h>

#include "dump/output_file.h"

namespace postmortem {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> failed(const fs::path& path, int error) {
    return fail(ErrorCode::Io, fmt::format("{}: {}", path.string(), std::strerror(error)));
}

// An error number; 0 where all was written.
int write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return written < 0 ? errno : ENOSPC;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

int close_after(int fd, int error) {
    const bool closed = ::close(fd) == 0;
    return error != 0 || closed ? error : errno;
}

}  // namespace

Result<void> write_file(const fs::path& path, std::string_view text) {
    std::error_code unknown;
    const fs::file_status there = fs::status(path, unknown);
    if (fs::exists(there) && !fs::is_regular_file(there) && !fs::is_directory(there)) {
        const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
        if (fd < 0) return failed(path, errno);
        if (const int error = close_after(fd, write_all(fd, text))) return failed(path, error);
        return {};
    }
    auto file = OutputFile::create(path, OutputFile::Readers::AsUsual);
    if (!file) return fail(std::move(file.error()));
    file->write_at(0, as_bytes(text));
    return file->commit();
}

Result<void> append_to_file(const fs::path& path, std::string_view text) {
    constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC;
    int fd = ::open(path.c_str(), flags | O_EXCL, 0666);
    const bool is_new = fd >= 0;
    if (!is_new) fd = ::open(path.c_str(), flags, 0666);
    struct stat before {};
    if (fd < 0 || ::fstat(fd, &before) != 0) return failed(path, errno);
    int error = write_all(fd, text);
    if (error != 0 && S_ISREG(before.st_mode) && ::ftruncate(fd, before.st_size) != 0)
        return failed(path, close_after(fd, errno));
    error = close_after(fd, error);
    if (error == 0) return {};
    if (is_new) ::unlink(path.c_str());
    return failed(path, error);
}

}  // namespace postmortem
