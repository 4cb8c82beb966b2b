#include "support/ways.h"

#include <algorithm>

#include <yaml-cpp/yaml.h>

#include "support/places.h"

namespace postmortem::test {
namespace {

void read_into(Way& way, const YAML::Node& node) {
    const auto text = [&node](const char* key, std::string& out) {
        if (node[key]) out = node[key].as<std::string>();
    };
    text("title", way.title);
    text("class", way.event_class);
    text("function", way.function);
    text("module", way.module);
    text("blames", way.blames);
    text("same", way.same_as);
    if (node["log"]) way.log_only = node["log"].as<bool>();
    if (node["survives"]) way.survives = node["survives"].as<bool>();
}

bool dies(const YAML::Node& node, const std::string& suite) {
    if (const YAML::Node& only = node["only"]) {
        const auto suites = only.as<std::vector<std::string>>();
        return std::find(suites.begin(), suites.end(), suite) != suites.end();
    }
    return true;
}

}  // namespace

std::vector<Way> ways_of(std::string_view suite_name) {
    const std::string suite(suite_name);
    std::vector<Way> ways;
    for (const auto& entry : YAML::LoadFile(source_dir() / "testdata/lab/expected/ways.yaml")) {
        if (!dies(entry.second, suite)) continue;
        Way way;
        way.name = entry.first.as<std::string>();
        read_into(way, entry.second);
        if (const YAML::Node& except = entry.second["except"]; except && except[suite])
            read_into(way, except[suite]);
        ways.push_back(std::move(way));
    }
    return ways;
}

}  // namespace postmortem::test
