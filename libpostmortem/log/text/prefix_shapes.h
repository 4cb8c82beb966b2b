// The table of everything that stands in front of a kernel message. A new logger is one row here and one line
// in the test.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace postmortem {

/// What was taken off the line before: a shape says behind what it may stand.
namespace behind {
constexpr std::uint8_t nothing = 1;
constexpr std::uint8_t date = 2;     ///< one with the name of a month, as syslog has it
constexpr std::uint8_t numeric = 4;  ///< a date of numbers alone
constexpr std::uint8_t tag = 8;      ///< "kernel:"
constexpr std::uint8_t clock = 16;   ///< printk's own time
constexpr std::uint8_t dates = date | numeric;
constexpr std::uint8_t outside = nothing | dates | tag;
}  // namespace behind

struct PrefixShape {
    std::string_view name;  ///< as `--json` tells it; rows of one name are one shape
    /// Literal text; a blank stands for one or more blanks, '_' for one, '~' for any number of them. Holes:
    ///   {seconds} {delta} {usec}  printk's clock     {date}       any row of date_shapes
    ///   {host} {program}          words              {tag}        "kernel:", "systemd[1]:"
    ///   {kernel} {strict tag}     "kernel:", and "systemd[1]:" where a bare word would be the message's
    ///   {priority}                syslog's number    {level}      its name in any logger's spelling
    ///   {facility}                "kern", "user"     {letter}     Android's I, W, E
    ///   {cpu} {pid} {task}        who was running    {caller}     "T1", "C0"
    ///   {log tag}                 logcat's           {word} {num} {flags} {structured} nothing of interest
    ///   {path}                   of a log, as grep says it   {object}   JSON comes next
    ///   {!} {;}                   no byte in hexadecimal comes next; a blank, a bracket or the end does
    std::string_view pattern;
    std::uint8_t after = behind::nothing;
};

std::span<const PrefixShape> prefix_shapes();

/// Dates: {yyyy} {mm} {dd}, {month} in any language, {word} for a weekday, {clock} "12:34:56.789+02:00",
/// {epoch}.
std::span<const std::string_view> date_shapes();

}  // namespace postmortem
