#include "report/hang/wait_trees.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include <fmt/format.h>

namespace postmortem {
namespace {

constexpr std::size_t most_functions_in_words = 4;
constexpr unsigned deepest = 1000;

using Index = std::size_t;

class TreeMaker {
  public:
    explicit TreeMaker(const std::vector<HangTask>& tasks) : tasks_(tasks), looked_at_(tasks.size(), 0) {
        for (Index i = 0; i < tasks.size(); ++i) places_[tasks[i].task.task] = i;
        for (Index i = 0; i < tasks.size(); ++i) next_.push_back(followed_blocker(tasks[i]));
        for (Index i = 0; i < tasks.size(); ++i)
            if (next_[i]) behind_[*next_[i]].push_back(i);
    }

    std::vector<WaitTree> run() {
        std::vector<char> in_ring(tasks_.size(), 0);
        for (Index i = 0; i < tasks_.size(); ++i) find_ring(i, in_ring);
        std::map<std::string, Index> things;
        for (Index i = 0; i < tasks_.size(); ++i) {
            if (next_[i] || in_ring[i]) continue;
            const HangBlocker* thing = thing_of(tasks_[i]);
            if (thing)
                add_to_thing(*thing, i, things);
            else if (behind_.contains(i) || tasks_[i].uninterruptible)
                add_root(i);
        }
        for (WaitTree& tree : trees_) show(tree);
        std::stable_sort(trees_.begin(), trees_.end(), [](const WaitTree& a, const WaitTree& b) {
            if (a.ring.empty() != b.ring.empty()) return !a.ring.empty();
            return a.members.size() > b.members.size();
        });
        return std::move(trees_);
    }

  private:
    // Of several blockers the one that waits itself goes first, and before all the task itself.
    std::optional<Index> followed_blocker(const HangTask& task) const {
        if (!task.wait) return std::nullopt;
        std::optional<Index> best;
        for (const HangBlocker& blocker : task.wait->blockers) {
            const auto found = blocker.task ? places_.find(blocker.task->task) : places_.end();
            if (found == places_.end()) continue;
            const Index index = found->second;
            if (index == places_.at(task.task.task)) return index;
            if (!best || (tasks_[index].uninterruptible && !tasks_[*best].uninterruptible)) best = index;
        }
        return best;
    }

    static const HangBlocker* thing_of(const HangTask& task) {
        if (!task.wait) return nullptr;
        for (const HangBlocker& blocker : task.wait->blockers)
            if (!blocker.task) return &blocker;
        return nullptr;
    }

    // Each task follows one other at most: whoever is met again on the way is on a ring.
    void find_ring(Index start, std::vector<char>& in_ring) {
        std::vector<Index> way;
        for (std::optional<Index> at = start; at; at = next_[*at]) {
            if (looked_at_[*at] == start + 1) {
                const auto first = std::find(way.begin(), way.end(), *at);
                WaitTree tree;
                tree.ring.assign(first, way.end());
                for (const Index one : tree.ring) {
                    in_ring[one] = 1;
                    tree.certain = tree.certain && link_is_certain(one);
                }
                for (const Index one : tree.ring) collect(one, tree, in_ring);
                trees_.push_back(std::move(tree));
                return;
            }
            if (looked_at_[*at] != 0) return;
            looked_at_[*at] = start + 1;
            way.push_back(*at);
        }
    }

    bool link_is_certain(Index one) const {
        const HangTask& task = tasks_[one];
        const auto& blockers = task.wait->blockers;
        const std::uint64_t next = tasks_[*next_[one]].task.task;
        return !task.timed && std::all_of(blockers.begin(), blockers.end(), [&](const HangBlocker& blocker) {
            return !blocker.task || blocker.task->task != next || blocker.certain;
        });
    }

    void collect(Index of, WaitTree& tree, const std::vector<char>& in_ring) {
        std::vector<Index> open{of};
        while (!open.empty()) {
            const Index at = open.back();
            open.pop_back();
            const auto found = behind_.find(at);
            if (found == behind_.end()) continue;
            for (const Index one : found->second) {
                if (!in_ring.empty() && in_ring[one]) continue;
                tree.members.push_back(one);
                open.push_back(one);
            }
        }
    }

    void add_root(Index root) {
        WaitTree tree;
        tree.root = root;
        collect(root, tree, {});
        trees_.push_back(std::move(tree));
    }

    void add_to_thing(const HangBlocker& thing, Index task, std::map<std::string, Index>& things) {
        const auto [place, is_new] = things.try_emplace(thing.thing, trees_.size());
        if (is_new) {
            WaitTree& fresh = trees_.emplace_back();
            fresh.thing = thing.thing;
            fresh.thing_role = thing.role;
            fresh.certain = false;
        }
        WaitTree& tree = trees_[place->second];
        tree.certain = tree.certain || thing.certain;
        tree.members.push_back(task);
        first_of_thing_[place->second].push_back(task);
        collect(task, tree, {});
    }

    void show(WaitTree& tree) {
        tree.shown.deadlock = !tree.ring.empty() && tree.certain;
        tree.shown.waiting = static_cast<unsigned>(tree.members.size());
        if (tree.root) show_from(*tree.root, 0, tree);
        for (const Index one : tree.ring) show_from(one, 0, tree);
        if (tree.thing.empty()) return;
        HangRow& row = tree.shown.rows.emplace_back();
        row.thing = tree.thing;
        row.text = tree.thing_role;
        for (const Index one : first_of_thing_[static_cast<Index>(&tree - trees_.data())])
            show_from(one, 1, tree);
    }

    void show_from(Index task, unsigned depth, WaitTree& tree) {
        std::vector<std::pair<Index, unsigned>> open{{task, depth}};
        while (!open.empty()) {
            const auto [at, level] = open.back();
            open.pop_back();
            const HangTask& one = tasks_[at];
            tree.shown.rows.push_back(
                {level, one.task, {}, one.wait ? wait_in_words(one) : state_in_words(one), one.seconds});
            const auto found = behind_.find(at);
            if (found == behind_.end() || level == deepest) continue;
            for (auto behind = found->second.rbegin(); behind != found->second.rend(); ++behind)
                if (std::find(tree.ring.begin(), tree.ring.end(), *behind) == tree.ring.end())
                    open.emplace_back(*behind, level + 1);
        }
    }

    const std::vector<HangTask>& tasks_;
    std::unordered_map<std::uint64_t, Index> places_;  // by the address of the task
    std::vector<Index> looked_at_;                     // 0, or one more than from where
    std::vector<std::optional<Index>> next_;
    std::unordered_map<Index, std::vector<Index>> behind_;
    std::unordered_map<Index, std::vector<Index>> first_of_thing_;
    std::vector<WaitTree> trees_;
};

}  // namespace

std::vector<WaitTree> make_wait_trees(const std::vector<HangTask>& tasks) {
    return TreeMaker(tasks).run();
}

std::string name_in_words(const TaskMention& task) {
    return fmt::format("{} (pid {})", task.comm, task.pid);
}

std::string wait_object_in_words(const HangWait& wait) {
    std::string words = wait.kind;
    if (!wait.symbol.empty())
        words += " " + wait.symbol;
    else if (wait.address != 0)
        words += fmt::format(" {:x}", wait.address);
    if (!wait.detail.empty()) words += fmt::format(" ({})", wait.detail);
    return words;
}

std::string wait_in_words(const HangTask& task) {
    const HangWait& wait = *task.wait;
    std::string words = "waits for " + wait_object_in_words(wait);
    std::string_view before = ": ";
    for (const HangBlocker& blocker : wait.blockers) {
        words += fmt::format("{}{} {}", before, blocker.task ? name_in_words(*blocker.task) : blocker.thing,
                             blocker.role);
        before = ", ";
    }
    if (wait.blockers.empty() && !wait.unknown.empty()) words += "; by whom: " + wait.unknown;
    if (task.timed) words += "; a timer will wake it up";
    return words;
}

std::string place_in_words(const std::vector<std::string>& functions) {
    std::string where;
    for (std::size_t i = 0; i < functions.size() && i < most_functions_in_words; ++i)
        where += (i == 0 ? "" : " < ") + functions[i];
    return where.empty() ? "user space" : where;
}

std::string state_in_words(const HangTask& task) {
    const std::string where = place_in_words(task.functions);
    if (task.running)
        return fmt::format("runs{}, in {}", task.task.cpu ? fmt::format(" on CPU {}", *task.task.cpu) : "",
                           where);
    if (task.queued)
        return fmt::format("is ready to run and waits for CPU {}, in {}",
                           task.task.cpu ? fmt::format("{}", *task.task.cpu) : "?", where);
    if (task.state.starts_with("TASK_STOPPED")) return fmt::format("is stopped by a signal, in {}", where);
    if (task.state.starts_with("TASK_TRACED"))
        return fmt::format("is stopped by whoever traces it, in {}", where);
    if (task.state.starts_with("EXIT_")) return fmt::format("has ended ({})", task.state);
    return fmt::format("sleeps ({}{}), in {}", task.state, task.timed ? ", until a timer wakes it up" : "",
                       where);
}

}  // namespace postmortem
