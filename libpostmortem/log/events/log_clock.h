// The kernel's clock from line to line: where it jumps, another log begins.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "log/text/record.h"

namespace postmortem {

/// Whether a clock that stood at `from` cannot show `to` later.
bool is_back(double from, double to);

/// Seconds of two lines that cannot be of one report.
bool is_jump(double from, double to);

class LogClock {
  public:
    /// `here` counts the lines that are kept. The place where another log began, a few lines after it did;
    /// nothing where none did.
    std::optional<std::size_t> read(const LogRecord& record, std::size_t here);
    /// Whether lines of this boot have told of seconds that are later by more than `skew`, as those of a
    /// console before dmesg's.
    bool stood_beyond(double seconds, double skew) const { return latest_ > seconds + skew; }
    void begin_boot() { latest_ = 0; }

  private:
    struct Jump {
        double from = 0;
        std::size_t at = 0;
        std::size_t lines = 0;  // since then
    };

    std::optional<double> last_;
    std::optional<Jump> jump_;
    std::string host_;
    double latest_ = 0;
};

}  // namespace postmortem
