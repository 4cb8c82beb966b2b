// The control groups as a tree, the largest first in each group.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <postmortem/render.h>

#include "base/text.h"
#include "output/sizes.h"

namespace postmortem {
namespace {

constexpr std::size_t group_bar_width = 16;
constexpr std::size_t deepest_indent = 24;

std::int64_t stat_or(const CgroupNode& group, std::string_view name, std::int64_t otherwise) {
    return group.stat(name).value_or(otherwise);
}

std::int64_t usage(const CgroupNode& group) {
    return group.memory ? static_cast<std::int64_t>(group.memory->usage_pages) : INT64_MAX;
}

struct GroupSortKey {
    std::string_view name;
    std::int64_t (*of)(const CgroupNode&);  ///< the largest comes first
};
constexpr std::array<GroupSortKey, 8> group_sort_keys = {{
    {"usage", usage},
    {"limit",
     [](const CgroupNode& g) {
         return g.memory && g.memory->max_pages ? static_cast<std::int64_t>(*g.memory->max_pages) : -1;
     }},
    {"swap",
     [](const CgroupNode& g) {
         return g.swap ? static_cast<std::int64_t>(g.swap->usage_pages) : stat_or(g, "swap", -1);
     }},
    {"anon", [](const CgroupNode& g) { return stat_or(g, "anon", -1); }},
    {"file", [](const CgroupNode& g) { return stat_or(g, "file", -1); }},
    {"slab", [](const CgroupNode& g) { return stat_or(g, "slab", -1); }},
    {"shmem", [](const CgroupNode& g) { return stat_or(g, "shmem", -1); }},
    {"tasks", [](const CgroupNode& g) { return static_cast<std::int64_t>(g.tasks_below); }},
}};

std::string last_name(const CgroupNode& group) {
    if (!group.parent) return "/";
    return group.path.substr(group.path.rfind('/') + 1);
}

class CgroupTreePrinter {
  public:
    CgroupTreePrinter(const CgroupTree& tree, const CgroupTreeStyle& style)
        : tree_(tree), style_(style), children_(tree.groups.size()) {
        for (std::size_t i = 0; i < tree.groups.size(); ++i)
            if (tree.groups[i].parent && *tree.groups[i].parent < i)
                children_[*tree.groups[i].parent].push_back(i);
        for (std::vector<std::size_t>& siblings : children_) sort(siblings);
    }

    std::string run() {
        out_ = fmt::format("{:>8} {:>8} {:>5} {:>8} {:>8} {:>8} {:>8} {:>6} {:>6}  ", "USAGE", "LIMIT", "%",
                           tree_.v2 ? "SWAP" : "MEM+SWAP", "ANON", "FILE", "SLAB", "KILLS", "TASKS");
        if (style_.bars) out_ += fmt::format("{:<{}}  ", "OF LIMIT", group_bar_width);
        out_ += "CONTROL GROUP\n";
        // The parent of each comes first, so the walk ends.
        std::vector<std::size_t> waiting;
        if (!tree_.groups.empty()) waiting.push_back(0);
        while (!waiting.empty()) {
            const std::size_t index = waiting.back();
            waiting.pop_back();
            print(tree_.groups[index]);
            waiting.insert(waiting.end(), children_[index].rbegin(), children_[index].rend());
        }
        return std::move(out_);
    }

  private:
    void sort(std::vector<std::size_t>& siblings) const {
        const auto known = std::find_if(group_sort_keys.begin(), group_sort_keys.end(),
                                        [&](const GroupSortKey& key) { return key.name == style_.sort; });
        std::stable_sort(siblings.begin(), siblings.end(), [&](std::size_t a, std::size_t b) {
            if (known == group_sort_keys.end()) return tree_.groups[a].path < tree_.groups[b].path;
            return known->of(tree_.groups[a]) > known->of(tree_.groups[b]);
        });
    }

    std::string pages(const std::optional<std::uint64_t>& count) const {
        return count ? human_size(*count * tree_.page_size) : "-";
    }
    static std::string stat(const CgroupNode& group, std::string_view name) {
        const auto value = group.stat(name);
        return value ? human_size(static_cast<std::uint64_t>(*value)) : "-";
    }

    void print(const CgroupNode& group) {
        const auto& both = tree_.v2 ? group.swap : group.memory_and_swap;
        std::optional<double> share;
        if (group.memory && group.memory->max_pages && *group.memory->max_pages > 0)
            share = static_cast<double>(group.memory->usage_pages) /
                    static_cast<double>(*group.memory->max_pages);
        std::string line = fmt::format(
            "{:>8} {:>8} {:>5} {:>8} {:>8} {:>8} {:>8} {:>6} {:>6}  ",
            group.memory ? pages(group.memory->usage_pages) : "-",
            group.memory ? (group.memory->max_pages ? pages(group.memory->max_pages) : "max") : "-",
            share ? fmt::format("{:.0f}", *share * 100) : "-", both ? pages(both->usage_pages) : "-",
            stat(group, "anon"), stat(group, "file"), stat(group, "slab"), kills(group), group.tasks_below);
        if (style_.bars)
            line += (share ? bar(*share, group_bar_width) : std::string(group_bar_width, ' ')) + "  ";
        line.append(2 * std::min(group.depth, deepest_indent), ' ');
        line += escaped(last_name(group));
        if (!group.owner.empty()) line += fmt::format("  [{}]", escaped(group.owner));
        line += notes(group);
        out_ += line + "\n";
    }

    static std::string kills(const CgroupNode& group) {
        for (const CgroupEvent& event : group.events)
            if (event.name == "oom_kill") return fmt::format("{}", event.count);
        return "-";
    }

    std::string notes(const CgroupNode& group) const {
        std::vector<std::string> words;
        if (!group.online) words.emplace_back("removed, still charged");
        if (!group.counts_below && group.parent) words.emplace_back("groups below not counted");
        if (group.oom_group) words.emplace_back("killed as a whole");
        if (group.under_oom) words.emplace_back("under OOM");
        if (group.oom_kill_disabled) words.emplace_back("OOM killer off");
        if (group.memory && group.memory->high_pages)
            words.push_back("high " + pages(group.memory->high_pages));
        if (group.memory && group.memory->min_pages > 0)
            words.push_back("min " + pages(group.memory->min_pages));
        if (group.memory && group.memory->low_pages > 0)
            words.push_back("low " + pages(group.memory->low_pages));
        return words.empty() ? "" : fmt::format("  ({})", fmt::join(words, ", "));
    }

    const CgroupTree& tree_;
    const CgroupTreeStyle& style_;
    std::vector<std::vector<std::size_t>> children_;
    std::string out_;
};

}  // namespace

std::vector<std::string_view> cgroup_sort_keys() {
    std::vector<std::string_view> names;
    for (const GroupSortKey& key : group_sort_keys) names.push_back(key.name);
    names.emplace_back("path");
    return names;
}

std::string to_text(const CgroupTree& tree, const CgroupTreeStyle& style) {
    return CgroupTreePrinter(tree, style).run();
}

std::string to_text(const CgroupTree& tree) {
    return to_text(tree, CgroupTreeStyle{});
}

}  // namespace postmortem
