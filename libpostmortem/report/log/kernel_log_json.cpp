#include <postmortem/render.h>

#include "output/json.h"

namespace postmortem {
namespace {

const char* to_string(PrintkFormat format) {
    switch (format) {
        case PrintkFormat::Ring: return "ring";
        case PrintkFormat::Records: return "records";
        case PrintkFormat::Flat: return "flat";
        case PrintkFormat::Unknown: break;
    }
    return "unknown";
}

const char* to_string(PrintkText state) {
    switch (state) {
        case PrintkText::Present: return "present";
        case PrintkText::EmptyLine: return "empty-line";
        case PrintkText::Dropped: return "dropped";
        case PrintkText::Unreadable: break;
    }
    return "unreadable";
}

Json to_json(const PrintkCaller& caller) {
    Json entry{{"interrupt", caller.interrupt},
               {"pid", json_optional(caller.pid)},
               {"cpu", json_optional(caller.cpu)}};
    entry["comm"] = caller.comm.empty() ? Json(nullptr) : json_text(caller.comm);
    return entry;
}

}  // namespace

Json json_entry(const PrintkRecord& record) {
    Json entry{{"seq", json_optional(record.seq)},
               {"time_ns", json_optional(record.time_ns)},
               {"facility", json_optional(record.facility)},
               {"level", json_optional(record.level)}};
    entry["caller"] = record.caller ? to_json(*record.caller) : Json(nullptr);
    Json dictionary = Json::object();
    for (const auto& [key, value] : record.dictionary)
        dictionary[json_text(key).get<std::string>()] = json_text(value);
    entry["dictionary"] = std::move(dictionary);
    entry["text_state"] = to_string(record.text_state);
    entry["text"] = json_text(record.text);
    return entry;
}

std::string to_json(const KernelLog& log) {
    Json records = Json::array();
    for (const PrintkRecord& record : log.records) records.push_back(json_entry(record));
    return json_document({{"format", to_string(log.format)},
                          {"records", std::move(records)},
                          {"failed_calls", json_optional(log.failed_calls)},
                          {"unfinished_records", log.unfinished},
                          {"problems", json_problems(log.problems)}});
}

}  // namespace postmortem
