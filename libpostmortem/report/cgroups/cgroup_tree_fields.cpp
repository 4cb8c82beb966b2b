// The tree in cgroupfs's own words: bytes, and null for "max".
#include <postmortem/render.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {
namespace {

struct CounterView {
    const CgroupCounter* counter;
    std::uint64_t page_size;
};

struct GroupView {
    const CgroupNode* group;
    std::uint64_t page_size;
    bool v2;
};

std::vector<GroupView> groups(const CgroupTree& tree) {
    std::vector<GroupView> list;
    for (const CgroupNode& group : tree.groups) list.push_back({&group, tree.page_size, tree.v2});
    return list;
}

template <std::optional<CgroupCounter> CgroupNode::*Counter>
std::optional<CounterView> counter(const GroupView& view) {
    const auto& counter = view.group->*Counter;
    return counter ? std::optional(CounterView{&*counter, view.page_size}) : std::nullopt;
}

template <auto Pages>
auto bytes(const CounterView& view) {
    const auto& pages = view.counter->*Pages;
    if constexpr (requires { pages.has_value(); })
        return pages ? std::optional(*pages * view.page_size) : std::nullopt;
    else
        return pages * view.page_size;
}

using Numbers = std::vector<std::pair<std::string, std::uint64_t>>;

template <std::uint64_t CgroupEvent::*Count>
Numbers events(const GroupView& view) {
    Numbers numbers;
    for (const CgroupEvent& event : view.group->events) numbers.emplace_back(event.name, event.*Count);
    return numbers;
}

std::optional<std::uint64_t> soft_limit(const GroupView& view) {
    const auto& pages = view.group->soft_limit_pages;
    return pages ? std::optional(*pages * view.page_size) : std::nullopt;
}

bool is_v1(const GroupView& view) {
    return !view.v2;
}

template <auto Member>
const auto& own_of_group(const GroupView& view) {
    return view.group->*Member;
}

}  // namespace

void describe(Describer<CounterView>& counter) {
    counter.is("counter of a control group", "As cgroupfs shows it, in bytes");
    counter.add("current", bytes<&CgroupCounter::usage_pages>, "used");
    counter.add("min", bytes<&CgroupCounter::min_pages>, "protected at any rate; version 2");
    counter.add("low", bytes<&CgroupCounter::low_pages>, "protected as far as possible; version 2");
    counter.add("high", bytes<&CgroupCounter::high_pages>, "throttled above it; null: no limit");
    counter.add("max", bytes<&CgroupCounter::max_pages>, "the limit; null: none");
    counter.add("peak", bytes<&CgroupCounter::peak_pages>, "highest use so far");
    counter.add(
        "failcnt", [](const CounterView& c) { return c.counter->failcnt; },
        "how often the limit was hit; version 1, and version 2 until 6.16");
}

void describe(Describer<GroupView>& group) {
    group.is("control group", "As /sys/fs/cgroup shows it");
    group.add("path", own_of_group<&CgroupNode::path>, "below the mount point");
    group.add("owner", own_of_group<&CgroupNode::owner>, "pod, container, unit, as the path tells").or_null();
    group.add("depth", own_of_group<&CgroupNode::depth>, "0 for the root");
    group.add("memcg", own_of_group<&CgroupNode::memcg>, "its struct mem_cgroup").address();
    group.add("online", own_of_group<&CgroupNode::online>,
              "false: removed, and still charged for what is left behind");
    group.add("memory", counter<&CgroupNode::memory>, "the root group has no numbers of its own");
    group.add("swap", counter<&CgroupNode::swap>, "version 2").left_out_unless([](const GroupView& g) {
        return g.v2;
    });
    const auto only_v1 = [](const GroupView& view) { return is_v1(view); };
    group.add("memory_and_swap", counter<&CgroupNode::memory_and_swap>, "version 1").left_out_unless(only_v1);
    group.add("kernel_memory", counter<&CgroupNode::kernel_memory>, "version 1").left_out_unless(only_v1);
    group.add("soft_limit", soft_limit, "version 1: bytes; null: none").left_out_unless(only_v1);
    group
        .add("oom_kill_disabled", own_of_group<&CgroupNode::oom_kill_disabled>,
             "version 1: tasks wait instead")
        .left_out_unless(only_v1);
    group.add("under_oom", own_of_group<&CgroupNode::under_oom>, "version 1").left_out_unless(only_v1);
    group
        .add("counts_below", own_of_group<&CgroupNode::counts_below>,
             "version 1: false where memory.use_hierarchy is 0: the groups below are not charged to it")
        .left_out_unless(only_v1);
    group.add("swappiness", own_of_group<&CgroupNode::swappiness>, "version 1");
    group.add("oom_group", own_of_group<&CgroupNode::oom_group>, "memory.oom.group: all die together");
    group.map("events", events<&CgroupEvent::count>,
              "as memory.events and memory.swap.events, the groups below included");
    group.map("events_local", events<&CgroupEvent::local>, "as memory.events.local");
    group.map("stat", own_of_group<&CgroupNode::stats>,
              "names as in memory.stat; bytes or counts, what CPUs have not yet handed in included");
    group.add("pids", own_of_group<&CgroupNode::pids>, "processes in the group itself, ascending");
    group.add("tasks", own_of_group<&CgroupNode::tasks>, "their threads");
    group.add("tasks_below", own_of_group<&CgroupNode::tasks_below>, "threads in the group and below");
}

void describe(Describer<CgroupTree>& tree) {
    tree.is("control groups", "The control groups that memory is charged to").is_document();
    tree.add(
        "version", [](const CgroupTree& t) { return t.v2 ? 2 : 1; }, "of the control groups: 1 or 2");
    tree.add("groups", groups, "each behind its parent; children in the kernel's order").answer();
    add_problems(tree);
}

std::string to_json(const CgroupTree& tree) {
    return json_document(tree);
}

}  // namespace postmortem
