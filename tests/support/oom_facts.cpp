#include "support/oom_facts.h"

#include <postmortem/oom.h>
#include <postmortem/render_oom.h>

namespace postmortem::test {
namespace {

using Json = nlohmann::json;

void forget_places(Json& json) {
    if (json.is_object()) {
        for (const char* const name : {"line", "last_line", "seconds", "time", "host"}) json.erase(name);
    }
    if (json.is_structured()) {
        for (auto& part : json) forget_places(part);
    }
}

}  // namespace

Json oom_facts(const std::string& log) {
    Json all = Json::array();
    for (const OomEvent& event : find_oom_events(log)) {
        Json json = Json::parse(to_json(event, explain(event)));
        forget_places(json);
        all.push_back(std::move(json));
    }
    return all;
}

}  // namespace postmortem::test
