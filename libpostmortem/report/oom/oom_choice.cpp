#include "report/oom/oom_choice.h"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

#include "kernel/mm/memcg.h"
#include "kernel/mm/numa.h"
#include "kernel/mm/oom_badness.h"

namespace postmortem {
namespace {

constexpr std::size_t most_candidates = 10;
constexpr std::uint64_t most_mask_bytes = 1024;  // MAX_NUMNODES is 1024 bits
constexpr std::uint64_t policy_bind = 2;         // MPOL_BIND of include/uapi/linux/mempolicy.h

/// A nodemask_t: bits in longs, which lie as the machine has them.
class NodeMask {
  public:
    NodeMask() = default;
    static std::optional<NodeMask> read(const Object& mask) {
        const AddressSpace& memory = mask.memory();
        const auto place = mask.checked_address();
        if (!place || mask.size() > most_mask_bytes) return std::nullopt;
        NodeMask result;
        result.bits_ = memory.word_size() * 8;
        for (std::uint64_t at = 0; at < mask.size(); at += memory.word_size()) {
            const auto word = memory.word(*place + at);
            if (!word) return std::nullopt;
            result.words_.push_back(*word);
        }
        return result;
    }

    bool has(std::uint32_t node) const {
        return node / bits_ < words_.size() && (words_[node / bits_] >> (node % bits_) & 1) != 0;
    }
    bool intersects(const NodeMask& other) const {
        for (std::size_t i = 0; i < std::min(words_.size(), other.words_.size()); ++i)
            if ((words_[i] & other.words_[i]) != 0) return true;
        return false;
    }

  private:
    std::vector<std::uint64_t> words_;
    std::uint32_t bits_ = 64;  ///< of each
};

class Chooser {
  public:
    Chooser(const OomScene& scene, const std::vector<OomProcess>& processes, ProblemCollector& problems)
        : scene_(scene), processes_(processes), problems_(problems) {}

    OomChoice run() {
        choice_.cgroup = scene_.limit ? scene_.limit->path : "/";
        find_total();
        if (choose_allocating()) return std::move(choice_);
        select();
        find_whole_group();
        return std::move(choice_);
    }

  private:
    void find_total() {
        choice_.total_pages = scene_.total_pages;
        choice_.constraint = "none";
        if (scene_.limit) {
            choice_.constraint = "memcg";
            if (const auto total = memcg_total_pages(*scene_.cgroups, *scene_.limit, scene_.swap_pages))
                choice_.total_pages = *total;
            else
                problems_.add({ErrorCode::NotFound,
                               fmt::format("{} has no memory limit: its processes are weighed against the "
                                           "machine's memory",
                                           scene_.limit->path)});
        } else if (scene_.allocating) {
            constrain();
        }
    }

    // constrained_alloc()
    void constrain() {
        const auto nodes = read_memory_nodes(scene_.kernel);
        if (!nodes) return problems_.add("the memory nodes, for the cpuset", nodes.error());
        const Object task = scene_.kernel.object("task_struct", scene_.allocating->address);
        allowed_ = NodeMask::read(task["mems_allowed"]);
        policy_ = bound_nodes(task);
        const std::optional<NodeMask>& mask = policy_ ? policy_ : allowed_;
        if (!mask) return;
        std::uint64_t within = 0;
        bool all = true;
        for (const MemoryNode& node : *nodes) {
            if (node.present_pages == 0) continue;
            if (mask->has(node.id))
                within += node.present_pages;
            else
                all = false;
        }
        if (all) {  // whoever has any node shares it
            allowed_.reset();
            policy_.reset();
            return;
        }
        choice_.constraint = policy_ ? "mempolicy" : "cpuset";
        choice_.total_pages = within + scene_.swap_pages;
    }

    // The nodes of a policy that binds (5.14 moved them out of a union: 269fbe72cded).
    static std::optional<NodeMask> bound_nodes(const Object& task) {
        const Object policy = task["mempolicy"];
        if (policy.u64_or(0) == 0 || policy["mode"].u64_or(0) != policy_bind) return std::nullopt;
        return NodeMask::read(policy.has("nodes") ? policy["nodes"] : policy["v"]["nodes"]);
    }

    // oom_cpuset_eligible(): some thread may use the memory that is short.
    bool shares_nodes(const OomProcess& process) const {
        if (!policy_ && !allowed_) return true;
        for (const Task& thread : scene_.tasks.tasks) {
            if (thread.tgid != process.pid) continue;
            const Object task = scene_.kernel.object("task_struct", thread.address);
            if (policy_) {
                const auto own = bound_nodes(task);
                if (!own || own->intersects(*policy_)) return true;
            } else {
                const auto own = NodeMask::read(task["mems_allowed"]);
                if (!own || own->intersects(*allowed_)) return true;
            }
        }
        return false;
    }

    bool choose_allocating() {
        if (!scene_.allocating || scene_.limit) return false;
        const auto at = std::find_if(processes_.begin(), processes_.end(), [&](const OomProcess& process) {
            return process.pid == scene_.allocating->tgid;
        });
        if (at == processes_.end()) return false;
        if (scene_.kernel.number<std::int32_t>("sysctl_oom_kill_allocating_task").value_or(0) == 0)
            return false;
        if (scene_.allocating->mm == 0 || at->immunity == OomImmunity::Unknown ||
            at->immunity == OomImmunity::Init || at->immunity == OomImmunity::AdjMin || !shares_nodes(*at))
            return false;
        choice_.outcome = OomChoice::Outcome::Kills;
        choice_.allocating_task = true;
        choice_.pid = at->pid;
        choice_.badness = at->badness;
        choice_.candidates = {at->pid};
        find_whole_group();
        return true;
    }

    struct Candidate {
        const OomProcess* process;
        std::int64_t points;
    };

    // oom_evaluate_task(), one after the other.
    void select() {
        std::vector<Candidate> candidates;
        std::size_t unknown = 0;
        for (const OomProcess& process : processes_) {
            if (scene_.limit && !is_charged_to(process.cgroup, *scene_.limit)) continue;
            if (process.immunity == OomImmunity::Init) continue;
            if (!scene_.limit && scene_.allocating && !shares_nodes(process)) {
                choice_.not_allowed.push_back(process.pid);
                continue;
            }
            const bool is_victim = process.oom_victim.value_or(false);
            if (is_victim && process.reaped.value_or(false)) continue;
            if (is_victim) {
                choice_.outcome = OomChoice::Outcome::Waits;
                choice_.pid = process.pid;
                return;
            }
            if (process.kill_first.value_or(false))
                candidates.push_back({&process, INT64_MAX});
            else if (process.badness)
                candidates.push_back({&process, points_of(process)});
            else if (process.immunity == OomImmunity::None || process.immunity == OomImmunity::Unknown)
                ++unknown;
        }
        choice_.incomplete = unknown > 0 || !scene_.tasks.problems.empty();
        choice_.outcome = choice_.incomplete || processes_.empty() ? OomChoice::Outcome::Unknown
                                                                   : OomChoice::Outcome::Nobody;
        if (candidates.empty()) return;
        // Of equals the kernel keeps the last since 5.9; before, the first.
        if (scene_.rule.is_signed) std::reverse(candidates.begin(), candidates.end());
        std::stable_sort(candidates.begin(), candidates.end(),
                         [](const Candidate& a, const Candidate& b) { return a.points > b.points; });
        choice_.outcome = OomChoice::Outcome::Kills;
        choice_.pid = candidates.front().process->pid;
        choice_.badness = candidates.front().points;
        if (candidates.size() > most_candidates) candidates.resize(most_candidates);
        for (const Candidate& candidate : candidates) choice_.candidates.push_back(candidate.process->pid);
    }

    std::int64_t points_of(const OomProcess& process) const {
        return oom_points(scene_, process, choice_.total_pages);
    }

    // mem_cgroup_get_oom_group(): the highest such group between the victim and the limit.
    void find_whole_group() {
        if (choice_.outcome != OomChoice::Outcome::Kills || !scene_.cgroups || !scene_.cgroups->v2) return;
        const auto victim =
            std::find_if(processes_.begin(), processes_.end(),
                         [&](const OomProcess& process) { return process.pid == choice_.pid; });
        if (victim == processes_.end()) return;
        const std::string_view top = scene_.limit ? std::string_view(scene_.limit->path) : "/";
        for (const CgroupNode& group : scene_.cgroups->groups) {  // each behind its parent
            if (!group.oom_group || !is_below(victim->cgroup, group.path) || !is_below(group.path, top))
                continue;
            choice_.whole_group = group.path;
            return;
        }
    }

    const OomScene& scene_;
    const std::vector<OomProcess>& processes_;
    ProblemCollector& problems_;
    OomChoice choice_;
    std::optional<NodeMask> allowed_, policy_;
};

}  // namespace

OomChoice choose_oom_victim(const OomScene& scene, const std::vector<OomProcess>& processes,
                            ProblemCollector& problems) {
    return Chooser(scene, processes, problems).run();
}

std::int64_t oom_points(const OomScene& scene, const OomProcess& process, std::uint64_t total_pages) {
    const bool admin = scene.rule.root_bonus && is_admin(scene.kernel, process.task);
    return oom_badness(scene.rule, oom_weight(process, admin), total_pages, scene.page_size);
}

bool is_charged_to(std::string_view path, const CgroupNode& limit) {
    return limit.counts_below ? is_below(path, limit.path) : path == limit.path;
}

bool is_below(std::string_view path, std::string_view group) {
    if (group == "/") return true;
    return path == group || (path.starts_with(group) && path.substr(group.size()).starts_with('/'));
}

}  // namespace postmortem
