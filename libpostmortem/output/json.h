// What every JSON printer shares: addresses are "0x…" strings (JSON numbers lose bits above 2^53), absent
// values are null, text from the dump is escaped so that it is valid UTF-8, and each answer ends with its
// problems.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <postmortem/problem.h>

namespace postmortem {

using Json = nlohmann::ordered_json;

Json json_address(std::uint64_t address);
Json json_text(std::string_view text);
Json json_problems(const Problems& problems);

/// The value, or null.
template <class T>
Json json_optional(const std::optional<T>& value) {
    return value ? Json(*value) : Json(nullptr);
}

/// Pretty-printed, with a final newline. Never fails on odd bytes.
std::string json_document(const Json& document);

}  // namespace postmortem
