// What every JSON printer shares: addresses are "0x…" strings (JSON numbers lose bits above 2^53), absent
// values are null, text from the dump is escaped so that it is valid UTF-8, and each answer ends with its
// problems.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <postmortem/backtrace.h>
#include <postmortem/kernel_log.h>
#include <postmortem/log_analysis.h>
#include <postmortem/problem.h>
#include <postmortem/system_info.h>
#include <postmortem/task_list.h>

namespace postmortem {

using Json = nlohmann::ordered_json;

Json json_address(std::uint64_t address);
Json json_text(std::string_view text);
Json json_text_or_null(std::string_view text);  ///< null where it is empty
Json json_problems(const Problems& problems);

/// The value, or null.
template <class T>
Json json_optional(const std::optional<T>& value) {
    return value ? Json(*value) : Json(nullptr);
}

/// The parts that documents share; each is defined beside the printer of its own document.
Json json_entry(const TaskInfo& task);
Json json_entry(const Backtrace& trace);
Json json_entry(const PrintkRecord& record);
Json json_entry(const SystemInfo& info);  ///< without its problems
Json json_entry(const LogEvent& event);
Json json_entry(const TaintFlag& flag);
Json json_summary(const LogEvent& event);  ///< what `signature` and `check` tell of it

/// Pretty-printed, with a final newline. Never fails on odd bytes.
std::string json_document(const Json& document);

}  // namespace postmortem
