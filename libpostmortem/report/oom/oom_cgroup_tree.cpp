// The cgroups of a log's OOM events as a tree: whose limits were met, where processes died, who owns them.
#include <algorithm>
#include <map>

#include <postmortem/oom.h>

namespace postmortem {
namespace {

constexpr std::size_t max_groups = 20'000;
constexpr std::size_t max_path = 1024;

std::string_view parent_of(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos || slash == 0 ? "/" : path.substr(0, slash);
}

std::size_t depth_of(std::string_view path) {
    return path == "/" ? 0 : static_cast<std::size_t>(std::count(path.begin(), path.end(), '/'));
}

}  // namespace

struct OomCgroupTreeBuilder::State {
    // "/a/b" sorts before "/a-b": a group's children stand right behind it.
    struct ByComponent {
        bool operator()(const std::string& a, const std::string& b) const {
            return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                                [](char x, char y) { return rank(x) < rank(y); });
        }
        static int rank(char c) { return c == '/' ? -1 : static_cast<unsigned char>(c); }
    };

    std::map<std::string, OomCgroup, ByComponent> groups;
    std::size_t without = 0;
    std::size_t left_out = 0;

    // The group, with all groups on the way to it; null beyond the bound.
    OomCgroup* group(std::string_view path) {
        if (path.empty() || path.front() != '/' || path.size() > max_path) path = "/";
        while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
        const std::string key(path);
        if (const auto found = groups.find(key); found != groups.end()) return &found->second;
        if (groups.size() >= max_groups) {
            ++left_out;
            return nullptr;
        }
        if (path != "/" && group(parent_of(path)) == nullptr) return nullptr;
        OomCgroup& added = groups[key];
        added.path = key;
        added.name = path == "/" ? "/" : key.substr(key.rfind('/') + 1);
        added.depth = depth_of(path);
        added.owner = name_cgroup(key);
        return &added;
    }
};

OomCgroupTreeBuilder::OomCgroupTreeBuilder() : state_(std::make_unique<State>()) {}
OomCgroupTreeBuilder::~OomCgroupTreeBuilder() = default;
OomCgroupTreeBuilder::OomCgroupTreeBuilder(OomCgroupTreeBuilder&&) noexcept = default;
OomCgroupTreeBuilder& OomCgroupTreeBuilder::operator=(OomCgroupTreeBuilder&&) noexcept = default;

void OomCgroupTreeBuilder::add(const OomEvent& event) {
    const OomMemcg& memcg = event.memcg;
    if (!memcg.oom_path && !memcg.task_path) ++state_->without;
    if (memcg.oom_path) {
        if (OomCgroup* const group = state_->group(*memcg.oom_path)) {
            ++group->limits_met;
            if (const OomMemcgUsage* const usage = memcg.find_usage("memory")) group->memory = *usage;
        }
    }
    if (memcg.task_path) {
        if (OomCgroup* const group = state_->group(*memcg.task_path)) group->kills += event.victims.size();
    }
}

OomCgroupTree OomCgroupTreeBuilder::finish() const {
    OomCgroupTree tree;
    for (const auto& [path, group] : state_->groups) tree.groups.push_back(group);
    tree.events_without_cgroup = state_->without;
    tree.groups_left_out = state_->left_out;
    return tree;
}

}  // namespace postmortem
