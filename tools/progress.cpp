#include "progress.h"

#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

namespace tool {
namespace {

constexpr auto quiet_time = std::chrono::milliseconds(300);
constexpr auto interval = std::chrono::milliseconds(100);

}  // namespace

Progress::Progress(std::string what)
    : what_(std::move(what)), on_terminal_(::isatty(STDERR_FILENO) != 0), next_(Clock::now() + quiet_time) {}

void Progress::show(std::size_t done, std::size_t all) {
    if (!on_terminal_ || Clock::now() < next_) return;
    fmt::print(stderr, "\r{} {} of {}\x1b[K", what_, done, all);
    std::fflush(stderr);
    shown_ = true;
    next_ = Clock::now() + interval;
}

void Progress::clear() {
    if (!shown_) return;
    fmt::print(stderr, "\r\x1b[K");
    std::fflush(stderr);
    shown_ = false;
}

}  // namespace tool
