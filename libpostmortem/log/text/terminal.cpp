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

}  // namespace postmortem
