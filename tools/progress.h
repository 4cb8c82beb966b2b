// How far a long command is: one line on standard error that is written over, and only where that is a
// terminal.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace tool {

class Progress {
  public:
    explicit Progress(std::string what);
    ~Progress() { clear(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void show(std::size_t done, std::size_t all);
    void clear();

  private:
    using Clock = std::chrono::steady_clock;

    std::string what_;
    bool on_terminal_;
    bool shown_ = false;
    Clock::time_point next_;
};

}  // namespace tool
