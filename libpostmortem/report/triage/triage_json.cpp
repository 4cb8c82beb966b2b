// `triage` as JSON: the groups, with their files.
#include <postmortem/render.h>

#include "output/json.h"

namespace postmortem {
namespace {

Json names(const std::set<std::string>& set) {
    Json list = Json::array();
    for (const std::string& name : set) list.push_back(json_text(name));
    return list;
}

Json entry_of(const TriageCase& one) {
    Json entry{{"source", json_text(one.source)}, {"is_dump", one.is_dump}};
    entry["seen"] = json_optional(one.seen);
    entry["seen_is_file_time"] = one.seen_is_file_time;
    entry["kernel"] = json_text_or_null(one.kernel);
    entry["host"] = json_text_or_null(one.host);
    entry["error"] = one.error ? json_text(one.error->message) : Json(nullptr);
    return entry;
}

}  // namespace

std::string to_json(const Triage& triage) {
    Json document;
    document["groups"] = Json::array();
    for (const TriageGroup& group : triage.groups) {
        Json entry{
            {"id", group.id}, {"title", json_text(group.title)}, {"class", to_string(group.event_class)}};
        entry["count"] = group.cases.size();
        entry["first_seen"] = json_optional(group.first_seen);
        entry["last_seen"] = json_optional(group.last_seen);
        entry["kernels"] = names(group.kernels);
        entry["hosts"] = names(group.hosts);
        entry["cases"] = Json::array();
        for (const std::size_t index : group.cases) entry["cases"].push_back(entry_of(triage.cases[index]));
        document["groups"].push_back(std::move(entry));
    }
    document["without_crash"] = Json::array();
    document["unusable"] = Json::array();
    for (const TriageCase& one : triage.cases)
        if (!one.cause) document[one.error ? "unusable" : "without_crash"].push_back(entry_of(one));
    document["files"] = triage.cases.size();
    document["problems"] = json_problems(triage.problems);
    return json_document(document);
}

}  // namespace postmortem
