#include "log/text/terminal.h"

namespace postmortem {

void without_terminal_sequences(std::string_view line, std::string& out) {
    out.clear();
    while (!line.empty()) {
        const std::size_t escape = line.find('\x1b');
        out.append(line.substr(0, escape));
        if (escape == std::string_view::npos) return;
        line.remove_prefix(escape + 1);
        std::size_t length = line.empty() ? 0 : 1;
        if (line.starts_with('[')) {
            while (length < line.size() && (line[length] < 0x40 || line[length] > 0x7e)) ++length;
            if (length < line.size()) ++length;
        } else if (line.starts_with(']')) {
            while (length < line.size() && line[length] != '\a' && line[length] != '\x1b') ++length;
            if (length < line.size() && line[length] == '\a') ++length;
        }
        line.remove_prefix(length);
    }
}

std::string_view without_shown_return(std::string_view line) {
    for (const std::string_view shown : {"^M", "#015"})
        while (line.ends_with(shown)) line.remove_suffix(shown.size());
    return line;
}

bool without_shown_controls(std::string_view line, std::string& out) {
    const std::string_view whole = line;
    line = without_shown_return(line);
    if (line.find("^[") == std::string_view::npos) {
        if (line.size() != whole.size()) out.assign(line);
        return line.size() != whole.size();
    }
    std::string escaped;
    for (std::size_t at = 0; at < line.size(); ++at) {
        const bool is_escape = line.substr(at).starts_with("^[[") || line.substr(at).starts_with("^[]");
        escaped.push_back(is_escape ? '\x1b' : line[at]);
        at += is_escape;
    }
    without_terminal_sequences(escaped, out);
    return true;
}

}  // namespace postmortem
