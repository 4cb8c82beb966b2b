// What stands in front of a kernel message: printk's own time and caller, levels, syslog, the journal's short
// formats, dmesg's dates, /dev/kmsg, consoles and mail. The shapes nest, and are taken off one by one.
#pragma once

#include <string_view>

#include "log/text/record.h"

namespace postmortem {

/// Takes every prefix off `line` (one line, no line end) and fills the record's fields, `text` included.
void strip_prefix(std::string_view line, LogRecord& record);

/// Where printk's "[   12.345678]" begins inside `text`, npos where it does not: consoles glue lines
/// together.
std::size_t find_timestamp(std::string_view text);

}  // namespace postmortem
