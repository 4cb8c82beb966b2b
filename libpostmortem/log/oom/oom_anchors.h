// The cheap question put to every byte of a log: may an OOM report be near? Wu and Manber's search for
// several words at once, which looks at about every seventh byte.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postmortem::oom {

class Anchors {
  public:
    /// The one search object; building its tables takes some microseconds, once.
    static const Anchors& get();

    /// Where the first anchor begins in `text`, npos where there is none.
    std::size_t find(std::string_view text) const;

  private:
    Anchors();

    // Each is part of a line that only the OOM killer prints, or hardly anybody else.
    static constexpr std::array<std::string_view, 12> words = {
        "oom-kill",  // invoked oom-killer, oom-kill:constraint=
        "oom_reap",  // oom_reaper: reaped process
        "t of mem",  // Out of memory, Memory cgroup out of memory
        "t of Mem",  // Out of Memory (2.6.18)
        "ll proce",  // Kill process ... score ...
        "Killed p",  // Killed process
        "lt of li",  // killed as a result of limit of
        "y: usage",  // memory: usage
        "ed on me",  // System is deadlocked on memory
        "total_vm",  // the task table's header
        "oom.grou",  // due to memory.oom.group set
        "Manual O",  // Manual OOM execution
    };
    static constexpr std::size_t length = 8;

    std::array<std::uint8_t, 1 << 16> shift_;
    std::array<std::uint64_t, words.size()> numbers_;
};

}  // namespace postmortem::oom
