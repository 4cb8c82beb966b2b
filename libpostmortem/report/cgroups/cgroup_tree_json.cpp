// The tree in cgroupfs's own words: bytes, and null for "max".
#include <postmortem/render.h>

#include "output/json.h"

namespace postmortem {
namespace {

Json entry(const std::optional<CgroupCounter>& counter, std::uint64_t page_size) {
    if (!counter) return nullptr;
    const auto limit = [&](const std::optional<std::uint64_t>& pages) {
        return pages ? Json(*pages * page_size) : Json(nullptr);
    };
    return {{"current", counter->usage_pages * page_size},
            {"min", counter->min_pages * page_size},
            {"low", counter->low_pages * page_size},
            {"high", limit(counter->high_pages)},
            {"max", limit(counter->max_pages)},
            {"peak", counter->peak_pages * page_size},
            {"failcnt", counter->failcnt}};
}

Json entry(const CgroupTree& tree, const CgroupNode& group) {
    Json json{{"path", json_text(group.path)}};
    json["owner"] = group.owner.empty() ? Json(nullptr) : json_text(group.owner);
    json["depth"] = group.depth;
    json["memcg"] = json_address(group.memcg);
    json["online"] = group.online;
    json["memory"] = entry(group.memory, tree.page_size);
    if (tree.v2) {
        json["swap"] = entry(group.swap, tree.page_size);
    } else {
        json["memory_and_swap"] = entry(group.memory_and_swap, tree.page_size);
        json["kernel_memory"] = entry(group.kernel_memory, tree.page_size);
        json["soft_limit"] =
            group.soft_limit_pages ? Json(*group.soft_limit_pages * tree.page_size) : Json(nullptr);
        json["oom_kill_disabled"] = group.oom_kill_disabled;
        json["under_oom"] = group.under_oom;
    }
    json["swappiness"] = json_optional(group.swappiness);
    json["oom_group"] = group.oom_group;
    Json events = Json::object(), local = Json::object(), stats = Json::object();
    for (const CgroupEvent& event : group.events) {
        events[event.name] = event.count;
        local[event.name] = event.local;
    }
    // The names come from the dump's own table.
    for (const CgroupStat& stat : group.stats) stats[json_text(stat.name).get<std::string>()] = stat.value;
    json["events"] = std::move(events);
    json["events_local"] = std::move(local);
    json["stat"] = std::move(stats);
    json["pids"] = group.pids;
    json["tasks"] = group.tasks;
    json["tasks_below"] = group.tasks_below;
    return json;
}

}  // namespace

std::string to_json(const CgroupTree& tree) {
    Json groups = Json::array();
    for (const CgroupNode& group : tree.groups) groups.push_back(entry(tree, group));
    return json_document({{"version", tree.v2 ? 2 : 1},
                          {"groups", std::move(groups)},
                          {"problems", json_problems(tree.problems)}});
}

}  // namespace postmortem
