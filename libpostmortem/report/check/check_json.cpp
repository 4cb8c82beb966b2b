// `check` as JSON.
#include <postmortem/render.h>

#include "output/json.h"

namespace postmortem {
namespace {

Json entry_of(const KnownCrash& entry) {
    Json json{{"file", json_text(entry.file)}, {"line", entry.line}, {"verdict", to_string(entry.verdict)}};
    json["link"] = json_text_or_null(entry.link);
    json["note"] = json_text_or_null(entry.note);
    return json;
}

Json entry_of(const CheckResult& result, const KnownCrashes& known) {
    Json json{{"source", json_text(result.source)}, {"outcome", to_string(result.outcome)}};
    json["kernel"] = json_text_or_null(result.analysis.kernel);
    json["events"] = Json::array();
    for (const CheckedEvent& checked : result.events) {
        Json event = json_summary(result.analysis.events[checked.event]);
        event["outcome"] = to_string(checked.outcome);
        event["known_as"] = checked.entry ? entry_of(known.entries()[*checked.entry]) : Json(nullptr);
        event["is_cause"] = result.analysis.cause == checked.event;
        json["events"].push_back(std::move(event));
    }
    Problems problems = result.analysis.problems;
    if (result.error && problems.empty()) problems.push_back(*result.error);
    json["problems"] = json_problems(problems);
    return json;
}

}  // namespace

std::string to_json(std::span<const CheckResult> results, const KnownCrashes& known) {
    Json document;
    CheckOutcome worst = CheckOutcome::NoCrash;
    document["results"] = Json::array();
    for (const CheckResult& result : results) {
        worst = std::max(worst, result.outcome);
        document["results"].push_back(entry_of(result, known));
    }
    document["outcome"] = to_string(worst);
    return json_document(document);
}

}  // namespace postmortem
