#include "log/events/context.h"

#include "log/text/cursor.h"

namespace postmortem {
namespace {

// "Oct12 19:00" is what dmesg -H says where the minute is another one; other lines say what has passed since.
bool is_minute(std::string_view time) {
    return (time.size() == 10 || time.size() == 11) && time[time.size() - 3] == ':' && is_digit(time[3]);
}

}  // namespace

std::string context_of(const LogRecord& record) {
    if (!record.caller.empty()) return std::string(record.caller);
    return record.seconds || record.delta || is_minute(record.time) ? "console" : "";
}

bool LostPrefix::joins(const LogRecord& record, const OpenReport& last, std::size_t distance, bool is_part) {
    constexpr std::size_t soon = 5;
    if (context_) {
        const std::string context = context_of(record);
        if (*context_ == context) return true;
        // What a mailer broke has no prefix either: the report goes on behind it.
        if (context.empty() && last.context.empty()) return false;
        forget();
    }
    if (!is_part || last.lines_in_context > 1 || distance > soon) return false;
    std::string context = context_of(record);
    const bool is_lost = last.context != context && (last.context.empty() || context.empty());
    if (is_lost) context_ = std::move(context);
    return is_lost;
}

}  // namespace postmortem
