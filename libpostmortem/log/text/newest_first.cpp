#include "log/text/newest_first.h"

#include <algorithm>

#include "log/text/broken_lines.h"

namespace postmortem {

// Boots of one log begin again at zero, and CPUs print late: single steps prove nothing.
void ClockDirection::read(const LogRecord& record) {
    if (record.seconds) {
        if (seconds_) {
            back_ += *record.seconds < *seconds_;
            forth_ += *record.seconds > *seconds_;
        }
        seconds_ = record.seconds;
    } else if (!record.time.empty()) {
        // Within a day, which is what stands in front of the time, the clock can be compared as it is
        // written.
        const std::size_t clock = std::min(record.time.find(':'), record.time.size());
        const std::size_t day = clock < 2 ? 0 : clock - 2;
        if (time_.size() == record.time.size() && time_.substr(0, day) == record.time.substr(0, day)) {
            back_ += record.time < time_;
            forth_ += record.time > time_;
        }
        time_ = record.time;
    }
}

bool ClockDirection::is_backwards() const {
    constexpr std::size_t enough = 12;
    return back_ >= enough && back_ >= 10 * forth_;
}

std::vector<LogPiece> oldest_first(std::string_view log, bool bare_dates) {
    std::vector<LogPiece> pieces;
    std::size_t line_number = 1;
    for (std::size_t at = 0; at < log.size(); ++line_number) {
        const std::size_t end = std::min(log.find('\n', at), log.size() - 1) + 1;
        const std::string_view line = log.substr(at, end - at);
        const bool begins = line.starts_with("{\"") || has_prefix(line, bare_dates);
        if (pieces.empty() || begins)
            pieces.push_back({line, line_number});
        else
            pieces.back().text = {pieces.back().text.data(), pieces.back().text.size() + line.size()};
        at = end;
    }
    std::reverse(pieces.begin(), pieces.end());
    return pieces;
}

}  // namespace postmortem
