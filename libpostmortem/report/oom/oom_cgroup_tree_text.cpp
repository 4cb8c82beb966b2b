// The cgroups of a log's OOM events, indented by their depth; groups without an event of their own only lead
// on.
#include <fmt/format.h>

#include <postmortem/render_oom.h>

#include "base/text.h"
#include "output/sizes.h"

namespace postmortem {
namespace {

std::string counts(const OomCgroup& group) {
    std::string text;
    const auto add = [&](std::string part) { text += (text.empty() ? "" : ", ") + std::move(part); };
    if (group.limits_met != 0) add(fmt::format("limit met {}x", group.limits_met));
    if (group.memory && group.memory->usage_kib && group.memory->limit_kib && !group.memory->unlimited())
        add(fmt::format("{} of {}", size_text(*group.memory->usage_kib),
                        size_text(*group.memory->limit_kib)));
    if (group.kills != 0) add(fmt::format("{} killed", group.kills));
    return text;
}

}  // namespace

std::string to_text(const OomCgroupTree& tree) {
    std::string out;
    for (const OomCgroup& group : tree.groups) {
        const std::string what = counts(group);
        out += fmt::format("{:{}}{}", "", 2 * group.depth, escaped(group.name));
        if (!what.empty()) out += "  " + what;
        const std::string description = group.owner.description();
        if (!what.empty() && !description.empty()) out += fmt::format("  [{}]", escaped(description));
        out += '\n';
    }
    if (tree.events_without_cgroup != 0)
        out += fmt::format("events that name no cgroup: {}\n", tree.events_without_cgroup);
    if (tree.groups_left_out != 0) out += fmt::format("groups left out: {}\n", tree.groups_left_out);
    return out;
}

}  // namespace postmortem
