#include <postmortem/render.h>

#include "output/json.h"

namespace postmortem {

std::string to_json(const CrashReport& report) {
    Json document;
    document["system"] = json_entry(report.system);
    document["cause"] = report.cause ? json_summary(*report.cause) : Json(nullptr);
    document["panic_task"] = report.panic_task ? json_entry(*report.panic_task) : Json(nullptr);
    document["panic_backtrace"] =
        report.panic_backtrace ? json_entry(*report.panic_backtrace) : Json(nullptr);
    document["other_cpus"] = Json::array();
    for (const Backtrace& trace : report.other_cpus) document["other_cpus"].push_back(json_entry(trace));
    document["last_records"] = Json::array();
    for (const PrintkRecord& record : report.last_records)
        document["last_records"].push_back(json_entry(record));
    document["problems"] = json_problems(report.problems);
    return json_document(document);
}

}  // namespace postmortem
