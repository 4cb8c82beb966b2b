// Which frames of a trace are the interrupt's own, and where the code that it interrupted begins.
#pragma once

#include <span>
#include <string_view>

#include <postmortem/log_analysis.h>

namespace postmortem {

/// Remembers the first "<IRQ>" and "<NMI>" of a trace's lines, and whether a frame stands between them and
/// their ends.
class InterruptTags {
  public:
    /// Whether the frame on this line is the interrupt's; old kernels write the tags in front of a frame.
    bool read(std::string_view line);

  private:
    bool inside_ = false, left_ = false;
};

/// Follows a report's lines: whether one tells of what an interrupt has interrupted, whose registers x86
/// prints behind the interrupt's frames.
class InterruptedPart {
  public:
    bool read(std::string_view line);

  private:
    bool inside_ = false;
};

/// Whether what an interrupt or a fault found stands behind this line of a trace: the registers that arm and
/// powerpc print there.
bool opens_interrupted(std::string_view line);

/// Index of the first frame of the interrupted code; 0 where nothing tells of an interrupt.
std::size_t first_interrupted(std::span<const LogFrame> frames);

/// Functions of the watchdogs and of the interrupt that ran them: who reports, not who is stuck.
bool is_stall_reporter(std::string_view function);

/// Functions in which a CPU waits for an interrupt: who is found there has nothing to do, and is not to blame
/// for what an interrupt did or saw.
bool is_idle_loop(std::string_view function);

}  // namespace postmortem
