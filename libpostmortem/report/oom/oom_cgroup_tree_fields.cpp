// The control groups of a log's OOM events.
#include <postmortem/render_oom.h>

#include "output/json.h"

namespace postmortem {

void describe(Describer<OomCgroup>& group) {
    group.add("path", &OomCgroup::path, "`/` is the root");
    group.add("depth", &OomCgroup::depth, "0 for the root");
    group.add("limits_met", &OomCgroup::limits_met, "events that its own limit caused");
    group.add("kills", &OomCgroup::kills, "processes that died in it; groups below it not counted");
    group.add(
        "usage_kib", [](const OomCgroup& g) { return g.memory ? g.memory->usage_kib : std::nullopt; },
        "as the last event printed it");
    group.add(
        "limit_kib",
        [](const OomCgroup& g) {
            return g.memory && !g.memory->unlimited() ? g.memory->limit_kib : std::nullopt;
        },
        "as the last event printed it; null: none, or not said");
    group
        .add(
            "description", [](const OomCgroup& g) { return g.owner.description(); }, "who it belongs to")
        .or_null();
}

void describe(Describer<OomCgroupTree>& tree) {
    tree.is_document();
    tree.add("groups", &OomCgroupTree::groups, "parents before their children, siblings by name").answer();
    tree.add("events_without_cgroup", &OomCgroupTree::events_without_cgroup,
             "events that name no control group");
    tree.add("groups_left_out", &OomCgroupTree::groups_left_out, "beyond the bound of 20,000");
}

std::string to_json(const OomCgroupTree& tree) {
    return json_document(tree);
}

}  // namespace postmortem
