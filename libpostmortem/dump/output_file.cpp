#include "dump/output_file.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <postmortem/files.h>

#include "base/mapped_places.h"

namespace postmortem {
namespace {

// Names of files that are not finished. More at a time than there is room for are removed by their owners
// alone.
std::array<std::atomic<const char*>, 8> unfinished;
static_assert(std::atomic<const char*>::is_always_lock_free);

void note_unfinished(const char* name) {
    for (auto& slot : unfinished) {
        const char* none = nullptr;
        if (slot.compare_exchange_strong(none, name)) return;
    }
}

void note_finished(const char* name) {
    for (auto& slot : unfinished) {
        const char* noted = name;
        if (slot.compare_exchange_strong(noted, nullptr)) return;
    }
}

// Between a file's making and its being noted no signal may end this thread.
class SignalsHeld {
  public:
    SignalsHeld() {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    SignalsHeld(const SignalsHeld&) = delete;
    SignalsHeld& operator=(const SignalsHeld&) = delete;
    ~SignalsHeld() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  private:
    sigset_t before_{};
};

// As a file that is made without further ado, or as the one that is replaced.
mode_t usual_mode(const std::filesystem::path& target) {
    struct stat there {};
    if (::stat(target.c_str(), &there) == 0) return there.st_mode & 07777;
    const mode_t mask = ::umask(077);
    ::umask(mask);
    return 0666 & ~mask;
}

}  // namespace

void remove_unfinished_files() noexcept {
    for (const auto& slot : unfinished)
        if (const char* name = slot.load()) ::unlink(name);
}

OutputFile::OutputFile(int fd, std::filesystem::path target, std::unique_ptr<std::string> temporary)
    : fd_(fd), target_(std::move(target)), temporary_(std::move(temporary)) {
    note_unfinished(temporary_->c_str());
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      error_(other.error_),
      target_(std::move(other.target_)),
      temporary_(std::move(other.temporary_)) {}

Result<OutputFile> OutputFile::create(const std::filesystem::path& wanted, Readers readers) {
    namespace fs = std::filesystem;
    std::error_code unknown;
    const fs::file_status there = fs::status(wanted, unknown);
    if (fs::is_directory(there))
        return fail(ErrorCode::Io, fmt::format("{}: {}", wanted.string(), std::strerror(EISDIR)));
    // What is renamed onto a device or a pipe would take its place.
    if (fs::exists(there) && !fs::is_regular_file(there))
        return fail(ErrorCode::Io, fmt::format("{}: it is there and no regular file", wanted.string()));
    struct stat replaced {};
    if (::stat(wanted.c_str(), &replaced) == 0 && is_mapped(replaced))
        return fail(ErrorCode::InvalidArgument,
                    fmt::format("{}: this file is being read; name another one to write", wanted.string()));
    const fs::path target = fs::exists(there) ? fs::canonical(wanted, unknown) : wanted;
    auto temporary = std::make_unique<std::string>(
        (target.parent_path() / fmt::format(".{}.XXXXXX", target.filename().string())).string());
    const SignalsHeld held;
    const int fd = ::mkostemp(temporary->data(), O_CLOEXEC);
    if (fd < 0) return fail(ErrorCode::Io, fmt::format("{}: {}", target.string(), std::strerror(errno)));
    OutputFile file(fd, target, std::move(temporary));
    if (readers == Readers::AsUsual && ::fchmod(fd, usual_mode(target)) != 0) file.error_ = errno;
    return file;
}

OutputFile::~OutputFile() {
    if (fd_ >= 0) ::close(fd_);
    remove_temporary();
}

void OutputFile::remove_temporary() {
    if (!temporary_) return;
    ::unlink(temporary_->c_str());
    note_finished(temporary_->c_str());
    temporary_.reset();
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
    if (error_ == 0 && ::rename(temporary_->c_str(), target_.c_str()) != 0) error_ = errno;
    if (error_ != 0) {
        remove_temporary();
        return fail(ErrorCode::Io, fmt::format("{}: {}", target_.string(), std::strerror(error_)));
    }
    note_finished(temporary_->c_str());
    temporary_.reset();
    return {};
}

}  // namespace postmortem
