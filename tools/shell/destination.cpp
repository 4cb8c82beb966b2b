#include "shell/destination.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tool::shell {
namespace {

void restore_signals() {
    for (const int number : {SIGINT, SIGPIPE, SIGXFSZ}) ::signal(number, SIG_DFL);
}

// With `input` as its standard input where that is a descriptor.
pid_t spawn(const std::string& command, int input) {
    const pid_t process = ::fork();
    if (process != 0) return process;
    restore_signals();
    if (input >= 0) ::dup2(input, STDIN_FILENO);
    ::execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
}

int exit_code_of(pid_t process) {
    int status = 0;
    while (::waitpid(process, &status, 0) < 0)
        if (errno != EINTR) return 127;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Destination Destination::terminal(const Pager& pager) {
    Destination destination;
    destination.pager_ = pager;
    destination.descriptor_ = STDOUT_FILENO;
    return destination;
}

Destination Destination::program(const std::string& command) {
    Destination destination;
    destination.start(command);
    return destination;
}

Destination Destination::file(const std::string& path, bool append) {
    Destination destination;
    const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC);
    destination.descriptor_ = ::open(path.c_str(), flags, 0666);
    destination.file_ = path;
    if (destination.descriptor_ < 0) destination.wrong_ = fmt::format("{}: {}", path, std::strerror(errno));
    return destination;
}

Destination Destination::refused(std::string sentence) {
    Destination destination;
    destination.wrong_ = std::move(sentence);
    return destination;
}

Destination::Destination(Destination&& other) noexcept
    : pager_(std::move(other.pager_)),
      held_back_(std::move(other.held_back_)),
      lines_(other.lines_),
      descriptor_(std::exchange(other.descriptor_, -1)),
      program_(std::exchange(other.program_, -1)),
      failed_(other.failed_),
      file_(std::move(other.file_)),
      wrong_(std::move(other.wrong_)) {}

bool Destination::start(const std::string& command) {
    std::array<int, 2> ends;
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        wrong_ = fmt::format("no program can be started: {}", std::strerror(errno));
        return false;
    }
    program_ = spawn(command, ends[0]);
    ::close(ends[0]);
    descriptor_ = ends[1];
    return program_ > 0;
}

bool Destination::write(std::string_view piece) {
    if (pager_.program.empty() || program_ > 0) return pass_on(piece);
    held_back_ += piece;
    lines_ += static_cast<std::size_t>(std::count(piece.begin(), piece.end(), '\n'));
    if (lines_ < pager_.rows) return true;
    start(pager_.program);
    return pass_on(std::exchange(held_back_, {}));
}

bool Destination::pass_on(std::string_view piece) {
    while (!piece.empty() && !failed_) {
        const ssize_t written = ::write(descriptor_, piece.data(), piece.size());
        if (written < 0 && errno == EINTR) continue;
        failed_ = written <= 0;
        if (failed_ && !file_.empty()) wrong_ = fmt::format("{}: {}", file_, std::strerror(errno));
        if (!failed_) piece.remove_prefix(static_cast<std::size_t>(written));
    }
    return !failed_;
}

void Destination::finish() {
    pass_on(std::exchange(held_back_, {}));
    const bool closed = descriptor_ <= STDERR_FILENO || ::close(descriptor_) == 0;
    if (!closed && !file_.empty() && wrong_.empty())
        wrong_ = fmt::format("{}: {}", file_, std::strerror(errno));
    descriptor_ = -1;
    if (program_ > 0) exit_code_of(std::exchange(program_, -1));
}

int run_program(const std::string& command) {
    const pid_t process = spawn(command, -1);
    return process > 0 ? exit_code_of(process) : 127;
}

}  // namespace tool::shell
