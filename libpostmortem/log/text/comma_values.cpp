#include "log/text/comma_values.h"

namespace postmortem {

bool split_comma_values(std::string_view line, std::vector<std::string>& fields) {
    fields.clear();
    if (line.size() < 5 || line.front() != '"' || line.find("\",") == std::string_view::npos) return false;
    fields.emplace_back();
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '"') {
            const bool doubled = quoted && i + 1 < line.size() && line[i + 1] == '"';
            if (doubled)
                fields.back() += line[++i];
            else
                quoted = !quoted;
        } else if (line[i] == ',' && !quoted) {
            fields.emplace_back();
        } else {
            fields.back() += line[i];
        }
    }
    return !quoted && fields.size() > 1;
}

}  // namespace postmortem
