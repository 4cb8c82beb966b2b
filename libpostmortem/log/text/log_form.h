// What a log as a whole looks like, found out from its beginning. A line alone cannot tell whether "<b>" is a
// tag of HTML or the name of a process; most lines can.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postmortem {

struct LogForm {
    bool html = true;             ///< entities and tags come out
    bool bold = false;            ///< every line stands between two "**"
    bool ticked = false;          ///< every line ends with a backtick
    bool backslashes = false;     ///< Markdown, escaped
    bool shown_controls = false;  ///< control characters are written out: "^[[0m"
    bool quoted = false;          ///< every line stands between quotation marks, as the items of a list do
    bool doubled = false;         ///< every line comes twice, as from two consoles on one line
    bool newest_first = false;    ///< its clock runs backwards
    std::optional<std::size_t> broken_at;       ///< the width at which a mailer broke lines
    bool bare_dates = false;                    ///< behind a date comes the message, and no host
    std::optional<std::size_t> message_column;  ///< of comma-separated values
    std::vector<std::string> fronts;            ///< in front of the messages, and in no table; by their looks
    std::string name;                           ///< what most lines look like: "syslog, printk"
};

LogForm form_of(std::string_view sample);

}  // namespace postmortem
