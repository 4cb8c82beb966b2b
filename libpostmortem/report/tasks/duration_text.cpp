#include "report/tasks/duration_text.h"

#include <fmt/format.h>

namespace postmortem {
namespace {

constexpr std::uint64_t ns_per_ms = 1'000'000;
constexpr std::uint64_t ms_per_second = 1000, seconds_per_day = 86400;

}  // namespace

std::string days_and_time(std::uint64_t ns) {
    const std::uint64_t ms = ns / ns_per_ms, seconds = ms / ms_per_second, today = seconds % seconds_per_day;
    return fmt::format("{} {:02}:{:02}:{:02}.{:03}", seconds / seconds_per_day, today / 3600, today / 60 % 60,
                       today % 60, ms % ms_per_second);
}

}  // namespace postmortem
