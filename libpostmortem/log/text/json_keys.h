// What the keys of a JSON line mean, by the names that loggers and collectors give them.
#pragma once

#include <string_view>

namespace postmortem {

enum class JsonRole { Message, Host, Program, Transport, Time, Level, Facility, Monotonic };

struct JsonKey {
    std::string_view name;
    JsonRole role;
    int rank = 0;  ///< of several keys of one role the lowest counts
};

/// nullptr for a key that tells nothing.
const JsonKey* find_json_key(std::string_view name);

/// Whether a line goes on like JSON of collectors.
bool opens_object(std::string_view text);

}  // namespace postmortem
