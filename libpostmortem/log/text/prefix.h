// Takes prefixes off a line: shapes of the table nest, and come off one by one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "log/text/record.h"

namespace postmortem {

/// Takes every prefix off `line` (one line, no line end) and fills the record's fields, `text` included.
/// With `bare_dates` the message follows a date at once.
void strip_prefix(std::string_view line, LogRecord& record, bool bare_dates = false);

/// Without the quoting of mails, "> > text", "  | text".
std::string_view without_quoting(std::string_view line);

/// Where printk's "[   12.345678]" begins inside `text`, npos where it does not: consoles glue lines
/// together.
std::size_t find_timestamp(std::string_view text);

/// The names of the shapes whose bits are set, in the table's order: "syslog, printk".
std::string shape_names(std::uint64_t shapes);

}  // namespace postmortem
