#include "log/text/json_keys.h"

#include <algorithm>

namespace postmortem {
namespace {

using enum JsonRole;

// journald, docker, fluentd and fluent-bit, logstash and ECS, rsyslog, syslog-ng, vector, GELF, Splunk, the
// clouds
constexpr JsonKey keys[] = {
    {"MESSAGE", Message, 0},
    {"log", Message, 1},
    {"message", Message, 1},
    {"msg", Message, 1},
    {"full_message", Message, 1},
    {"short_message", Message, 2},
    {"_raw", Message, 2},
    {"textPayload", Message, 2},
    {"line", Message, 3},
    {"Message", Message, 3},
    {"text", Message, 4},
    {"content", Message, 4},
    {"body", Message, 5},
    {"original", Message, 6},
    {"_HOSTNAME", Host},
    {"HOST", Host},
    {"hostname", Host},
    {"host", Host},
    {"SYSLOG_IDENTIFIER", Program},
    {"PROGRAM", Program},
    {"programname", Program},
    {"appname", Program},
    {"app_name", Program},
    {"ident", Program},
    {"program", Program},
    {"syslogtag", Program},
    {"_TRANSPORT", Transport},
    {"__REALTIME_TIMESTAMP", Time},
    {"time", Time},
    {"timestamp", Time},
    {"@timestamp", Time},
    {"ts", Time},
    {"DATE", Time},
    {"timereported", Time},
    {"PRIORITY", Level},
    {"priority", Level},
    {"level", Level},
    {"facility", Facility},
    {"SYSLOG_FACILITY", Facility},
    {"_SOURCE_MONOTONIC_TIMESTAMP", Monotonic, 0},
    {"__MONOTONIC_TIMESTAMP", Monotonic, 1},
};

}  // namespace

const JsonKey* find_json_key(std::string_view name) {
    const auto* const found =
        std::find_if(std::begin(keys), std::end(keys), [&](const JsonKey& key) { return key.name == name; });
    return found == std::end(keys) ? nullptr : found;
}

bool opens_object(std::string_view text) {
    if (text.empty() || (text.front() != '{' && text.front() != '[')) return false;
    return text.starts_with("{\"") || text.starts_with("{ \"") || text.starts_with("[{\"");
}

}  // namespace postmortem
