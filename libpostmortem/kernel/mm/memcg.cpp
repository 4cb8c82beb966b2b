#include "kernel/mm/memcg.h"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "base/parallel.h"
#include "kernel/lists.h"
#include "kernel/mm/memcg_stats.h"

namespace postmortem {
namespace {

constexpr std::size_t most_groups = 1u << 20;
constexpr std::size_t groups_per_piece = 16;
constexpr std::uint64_t css_online = 0x2;  // include/linux/cgroup-defs.h: CSS_ONLINE

struct EventName {
    const char* enumerator;  // of enum memcg_memory_event
    const char* name;
};
constexpr EventName event_names[] = {
    {"MEMCG_LOW", "low"},
    {"MEMCG_HIGH", "high"},
    {"MEMCG_MAX", "max"},
    {"MEMCG_OOM", "oom"},
    {"MEMCG_OOM_KILL", "oom_kill"},
    {"MEMCG_OOM_GROUP_KILL", "oom_group_kill"},
    {"MEMCG_SWAP_HIGH", "swap.high"},
    {"MEMCG_SWAP_MAX", "swap.max"},
    {"MEMCG_SWAP_FAIL", "swap.fail"},
    {"MEMCG_SOCK_THROTTLED", "sock_throttled"},
};

class MemcgReader {
  public:
    MemcgReader(const Kernel& kernel, const MemoryController& controller, ProblemCollector& problems)
        : kernel_(kernel),
          memory_(kernel.memory()),
          controller_(controller),
          problems_(problems),
          paths_(kernel),
          stats_(kernel) {
        tree_.v2 = controller.v2;
        tree_.page_size = kernel.dump().page_size();
        // PAGE_COUNTER_MAX (include/linux/page_counter.h): LONG_MAX, with 64 bits LONG_MAX / PAGE_SIZE
        unlimited_ = memory_.word_size() == 4 ? INT32_MAX
                                              : static_cast<std::uint64_t>(INT64_MAX) /
                                                    std::max<std::uint64_t>(tree_.page_size, 1);
        find_fields();
    }

    Result<CgroupTree> run() {
        if (missing_) return fail(ErrorCode::MissingDebugInfo, missing_->message);
        walk();
        read_statistics();
        return std::move(tree_);
    }

  private:
    void find_fields() {
        const auto find = [&](std::string_view type, std::initializer_list<std::string_view> paths,
                              bool needed = false) {
            auto field = Field::find(kernel_.types(), type, paths);
            if (!field && needed && !missing_) missing_ = field.error();
            return field.value_or(Field());
        };
        css_ = find("mem_cgroup", {"css"}, true);
        cgroup_ = find("cgroup_subsys_state", {"cgroup"}, true);
        children_ = find("cgroup_subsys_state", {"children"});
        sibling_ = find("cgroup_subsys_state", {"sibling"});
        // Until 3.16 (d5c419b68e36) groups are a tree for all controllers.
        by_cgroup_ = !children_.present() && !sibling_.present();
        if (by_cgroup_) states_ = find("cgroup", {"subsys"}, true);
        const char* in_tree = by_cgroup_ ? "cgroup" : "cgroup_subsys_state";
        children_ = find(in_tree, {"children"}, true);
        sibling_ = find(in_tree, {"sibling"}, true);
        css_flags_ = find("cgroup_subsys_state", {"flags"});
        flag_is_removal_ = kernel_.symbol("mem_cgroup_create").has_value();
        // Until 3.18 (3e32cb2e0a12) counted in bytes, by a res_counter.
        in_bytes_ = !find("mem_cgroup", {"memory"}).present() && find("mem_cgroup", {"res"}).present();
        memory_counter_ = find("mem_cgroup", {in_bytes_ ? "res" : "memory"}, true);
        swap_counter_ = find("mem_cgroup", {"swap"});
        memsw_counter_ = find("mem_cgroup", {"memsw"});
        kernel_counter_ = find("mem_cgroup", {"kmem"});
        const char* counter = in_bytes_ ? "res_counter" : "page_counter";
        // page_counter.count and limit until 4.17 (bbec2e15170a)
        usage_ = find(counter, {"usage", "count"}, true);
        max_ = find(counter, {"max", "limit"}, true);
        min_ = find("page_counter", {"min"});
        low_ = find("page_counter", {"low"});
        high_ = find("page_counter", {"high"});         // since 5.9
        high_of_group_ = find("mem_cgroup", {"high"});  // before
        peak_ = find(counter, {"watermark", "max_usage"});
        failcnt_ = find(counter, {"failcnt"});
        soft_limit_ = find("mem_cgroup", {"soft_limit", "res.soft_limit"});
        swappiness_ = find("mem_cgroup", {"swappiness"});
        oom_group_ = find("mem_cgroup", {"oom_group"});
        oom_kill_disable_ = find("mem_cgroup", {"oom_kill_disable"});
        under_oom_ = find("mem_cgroup", {"under_oom"});
        use_hierarchy_ = find("mem_cgroup", {"use_hierarchy"});  // until 5.11 (bef8620cd8e0)
        events_ = find("mem_cgroup", {"memory_events"});
        local_events_ = find("mem_cgroup", {"memory_events_local"});
        // On version 2 every group has that of the machine.
        if (const auto all = kernel_.number<std::int32_t>("vm_swappiness")) vm_swappiness_ = *all;
    }

    struct Found {
        std::uint64_t memcg = 0;
        std::optional<std::size_t> parent;
    };

    void walk() {
        std::vector<Found> waiting = {{controller_.root_memcg, std::nullopt}};
        std::unordered_set<std::uint64_t> seen;
        while (!waiting.empty()) {
            const Found next = waiting.back();
            waiting.pop_back();
            if (!seen.insert(next.memcg).second) {
                problems_.add({ErrorCode::Corrupt, "a control group is in its own tree twice", next.memcg});
                continue;
            }
            if (tree_.groups.size() >= most_groups) {
                problems_.add({ErrorCode::Corrupt, fmt::format("more than {} control groups", most_groups)});
                return;
            }
            const std::size_t index = tree_.groups.size();
            tree_.groups.push_back(read_group(next));
            const std::size_t first = waiting.size();
            if (const auto walked = find_below(next.memcg, index, waiting); !walked)
                problems_.add("the groups below", tree_.groups[index].path, walked.error());
            std::reverse(waiting.begin() + static_cast<std::ptrdiff_t>(first), waiting.end());
        }
    }

    Result<void> find_below(std::uint64_t memcg, std::size_t index, std::vector<Found>& waiting) const {
        std::uint64_t place = css_.address_in(memcg);
        if (by_cgroup_) {
            const auto cgroup = cgroup_.u64(memory_, place);
            if (!cgroup) return fail(cgroup.error());
            place = *cgroup;
        }
        std::optional<Error> lost;
        auto walked = for_each_list_node(
            memory_, children_.address_in(place),
            [&](std::uint64_t node) {
                auto css = Result<std::uint64_t>(node - sibling_.offset());
                if (by_cgroup_)
                    css = memory_.word(states_.address_in(*css) + controller_.id * memory_.word_size());
                if (!css)
                    lost = css.error();
                else if (*css != 0)  // a group that is being made
                    waiting.push_back({*css - css_.offset(), index});
                return waiting.size() < most_groups;
            },
            most_groups);
        return walked && lost ? fail(*lost) : std::move(walked);
    }

    // Bit 1 of the flags said removed before it said online (CSS_REMOVED of mem_cgroup_create() and its like
    // until 3.7, 92fb97487a7e).
    bool is_online(std::uint64_t css) const {
        const std::uint64_t unknown = flag_is_removal_ ? 0 : css_online;
        return ((css_flags_.u64_or(memory_, css, unknown) & css_online) != 0) != flag_is_removal_;
    }

    CgroupNode read_group(const Found& found) {
        CgroupNode group;
        group.memcg = found.memcg;
        group.parent = found.parent;
        if (found.parent) group.depth = tree_.groups[*found.parent].depth + 1;
        const std::uint64_t css = css_.address_in(found.memcg);
        const auto cgroup = cgroup_.u64(memory_, css);
        auto path = cgroup ? paths_.of(*cgroup) : Result<std::string>(fail(cgroup.error()));
        if (path)
            group.path = std::move(*path);
        else {
            group.path = fmt::format("{:#x}", found.memcg);
            problems_.add("the name of a control group", group.path, path.error());
        }
        group.online = is_online(css);
        read_counters(group);
        group.oom_group = oom_group_.u64_or(memory_, found.memcg, 0) != 0;
        group.oom_kill_disabled = oom_kill_disable_.u64_or(memory_, found.memcg, 0) != 0;
        group.under_oom = under_oom_.u64_or(memory_, found.memcg, 0) != 0;
        group.counts_below = use_hierarchy_.u64_or(memory_, found.memcg, 1) != 0;
        read_events(group);
        return group;
    }

    void read_counters(CgroupNode& group) {
        // Nothing is charged to the root; what cgroupfs shows for it is the machine's.
        if (!group.parent) return;
        const auto counter = [&](const Field& field) -> std::optional<CgroupCounter> {
            if (!field.present()) return std::nullopt;
            auto read = read_counter(field.address_in(group.memcg));
            if (read) return *read;
            problems_.add("the counters of a control group", group.path, read.error());
            return std::nullopt;
        };
        group.memory = counter(memory_counter_);
        if (group.memory && !high_.present() && high_of_group_.present())
            group.memory->high_pages = limit(high_of_group_.u64_or(memory_, group.memcg, unlimited_));
        if (tree_.v2) {
            group.swap = counter(swap_counter_);
        } else {
            group.memory_and_swap = counter(memsw_counter_);
            group.kernel_memory = counter(kernel_counter_);
            group.soft_limit_pages = pages_of_limit(soft_limit_, group.memcg);
        }
        if (const auto own = swappiness_.i64(memory_, group.memcg); own && !tree_.v2)
            group.swappiness = static_cast<std::int32_t>(*own);
        else
            group.swappiness = vm_swappiness_;
    }

    std::optional<std::uint64_t> limit(std::uint64_t pages) const {
        return pages >= unlimited_ ? std::nullopt : std::optional(pages);
    }
    std::optional<std::uint64_t> pages_of_limit(const Field& field, std::uint64_t place) const {
        const auto value = field.u64(memory_, place);
        return value ? limit(to_pages(*value)) : std::nullopt;
    }
    std::uint64_t to_pages(std::uint64_t value) const {
        return in_bytes_ ? value / std::max<std::uint64_t>(tree_.page_size, 1) : value;
    }

    Result<CgroupCounter> read_counter(std::uint64_t place) const {
        const auto usage = usage_.i64(memory_, place);
        const auto max = max_.u64(memory_, place);
        if (!usage) return fail(usage.error());
        if (!max) return fail(max.error());
        CgroupCounter counter;
        counter.usage_pages = to_pages(static_cast<std::uint64_t>(std::max<std::int64_t>(*usage, 0)));
        counter.max_pages = limit(to_pages(*max));
        counter.min_pages = min_.u64_or(memory_, place, 0);
        counter.low_pages = low_.u64_or(memory_, place, 0);
        counter.high_pages = limit(high_.u64_or(memory_, place, unlimited_));
        counter.peak_pages = to_pages(peak_.u64_or(memory_, place, 0));
        counter.failcnt = failcnt_.u64_or(memory_, place, 0);
        return counter;
    }

    void read_events(CgroupNode& group) {
        if (!events_.present()) return;
        for (const EventName& known : event_names) {
            const auto index = kernel_.types().enumerator("memcg_memory_event", known.enumerator);
            if (!index || *index < 0) continue;
            const auto at = static_cast<std::uint64_t>(*index) * memory_.word_size();
            const auto count = memory_.word(events_.address_in(group.memcg) + at);
            if (!count) return problems_.add("the events of a control group", group.path, count.error());
            CgroupEvent event{known.name, *count, 0};
            if (local_events_.present())
                event.local = memory_.word(local_events_.address_in(group.memcg) + at).value_or(0);
            group.events.push_back(std::move(event));
        }
    }

    void read_statistics() {
        if (stats_.missing()) return problems_.add("the statistics of control groups", *stats_.missing());
        std::vector<Result<MemcgStatReader::Numbers>> numbers(tree_.groups.size(), fail(Error()));
        parallel_for(numbers.size(), groups_per_piece, [&](std::size_t first, std::size_t last) {
            for (std::size_t i = first; i < last; ++i) numbers[i] = stats_.read(tree_.groups[i].memcg);
        });
        // Children come behind their parents: from the end, each hands up what waits in it.
        for (std::size_t i = numbers.size(); i-- > 0;) {
            CgroupNode& group = tree_.groups[i];
            if (!numbers[i]) {
                problems_.add("the statistics of a control group", group.path, numbers[i].error());
                continue;
            }
            group.stats = stats_.lines(*numbers[i]);
            if (const auto above = counted_in(group); above && numbers[*above])
                stats_.hand_up(*numbers[i], *numbers[*above]);
        }
    }

    // mem_cgroup_iter(), parent_mem_cgroup(): a parent that counts nothing below it has none above it that
    // does, but for the root, where the kernel adds up all groups when it is asked.
    std::optional<std::size_t> counted_in(const CgroupNode& group) const {
        if (!group.parent || tree_.groups[*group.parent].counts_below) return group.parent;
        return stats_.are_added_up_when_asked() ? std::optional<std::size_t>(0) : std::nullopt;
    }

    const Kernel& kernel_;
    const AddressSpace& memory_;
    MemoryController controller_;
    ProblemCollector& problems_;
    CgroupPaths paths_;
    MemcgStatReader stats_;
    CgroupTree tree_;
    std::uint64_t unlimited_ = 0;
    bool by_cgroup_ = false, in_bytes_ = false, flag_is_removal_ = false;
    std::optional<Error> missing_;
    std::optional<std::int32_t> vm_swappiness_;
    Field css_, children_, sibling_, cgroup_, css_flags_, states_;
    Field memory_counter_, swap_counter_, memsw_counter_, kernel_counter_;
    Field usage_, max_, min_, low_, high_, high_of_group_, peak_, failcnt_, soft_limit_, swappiness_;
    Field oom_group_, oom_kill_disable_, under_oom_, use_hierarchy_, events_, local_events_;
};

}  // namespace

Result<CgroupTree> read_memcg_tree(const Kernel& kernel, ProblemCollector& problems) {
    const auto controller = read_memory_controller(kernel);
    if (!controller) return fail(controller.error());
    return MemcgReader(kernel, *controller, problems).run();
}

std::optional<std::uint64_t> memcg_total_pages(const CgroupTree& tree, const CgroupNode& group,
                                               std::uint64_t total_swap_pages) {
    if (!group.memory || !group.memory->max_pages) return std::nullopt;
    const std::uint64_t memory = *group.memory->max_pages;
    if (group.swappiness == 0) return memory;
    const std::optional<CgroupCounter>& counter = tree.v2 ? group.swap : group.memory_and_swap;
    if (!counter) return memory;
    std::uint64_t swap = total_swap_pages;
    if (counter->max_pages)
        swap = std::min(swap, tree.v2 ? *counter->max_pages
                                      : *counter->max_pages - std::min(*counter->max_pages, memory));
    return memory + swap;
}

}  // namespace postmortem
