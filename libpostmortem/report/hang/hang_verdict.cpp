#include "report/hang/hang_verdict.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "report/hang/hang_limits.h"

namespace postmortem {
namespace {

bool contains_function(const HangTask& task, std::string_view part) {
    return std::any_of(task.functions.begin(), task.functions.end(),
                       [&](const auto& name) { return contains(name, part); });
}

// A program that waits for its own vfork() child, a frozen process and a sleep by the clock are as they
// should be.
bool waits_for_long(const HangTask& task) {
    if (!task.uninterruptible || task.timed || contains_function(task, "refrigerator")) return false;
    if (task.wait && task.wait->by_choice) return false;
    return task.seconds.value_or(0) >= long_seconds;
}

// Where a signal ends the wait and nothing is known of it, nobody can say whether it should have ended.
bool is_unexplained(const HangTask& task) {
    return waits_for_long(task) && task.killable && (!task.wait || task.wait->blockers.empty());
}

bool should_have_ended(const HangTask& task) {
    return waits_for_long(task) && !is_unexplained(task);
}

std::string duration(const std::optional<double>& seconds) {
    return seconds ? fmt::format("{:.0f} s", *seconds) : "an unknown time";
}

class Judge {
  public:
    Judge(const HangReport& report, const std::vector<WaitTree>& trees) : report_(report), trees_(trees) {}

    std::optional<HangVerdict> run() {
        if (auto verdict = by_ring()) return verdict;
        if (auto verdict = by_cpu()) return verdict;
        return by_wait();
    }

  private:
    std::optional<HangVerdict> by_ring() const {
        for (const WaitTree& tree : trees_) {
            if (!tree.shown.deadlock) continue;
            const bool lasting = std::all_of(tree.ring.begin(), tree.ring.end(), [&](std::size_t one) {
                return report_.tasks[one].seconds.value_or(0) >= ring_seconds;
            });
            if (lasting) return ring_verdict(tree);
        }
        return std::nullopt;
    }

    HangVerdict ring_verdict(const WaitTree& tree) const {
        HangVerdict verdict{"deadlock", {}, {}};
        const HangTask& first = report_.tasks[tree.ring.front()];
        if (tree.ring.size() == 1) {
            verdict.sentence = fmt::format("deadlock: {} waits for itself: for {}", name_in_words(first.task),
                                           wait_object_in_words(*first.wait));
        } else {
            verdict.sentence = "deadlock: ";
            for (std::size_t i = 0; i < tree.ring.size(); ++i)
                verdict.sentence += fmt::format("{}{}",
                                                i == 0                      ? ""
                                                : i + 1 == tree.ring.size() ? " and "
                                                                            : ", ",
                                                name_in_words(report_.tasks[tree.ring[i]].task));
            verdict.sentence +=
                tree.ring.size() == 2 ? " wait for each other" : " wait for each other in a ring";
        }
        if (!tree.members.empty())
            verdict.sentence += fmt::format("; {} more wait behind them", tree.members.size());
        for (const std::size_t one : tree.ring) verdict.because.push_back(fact(report_.tasks[one]));
        return verdict;
    }

    static std::string fact(const HangTask& task) {
        std::string text = fmt::format("{} {}", name_in_words(task.task),
                                       task.wait ? wait_in_words(task) : state_in_words(task));
        if (task.seconds) text += fmt::format(", for {} at most ({})", duration(task.seconds), task.rests_on);
        if (task.wait && !task.wait->proof.empty()) text += fmt::format("; {}", task.wait->proof);
        if (task.wait)
            for (const HangBlocker& blocker : task.wait->blockers)
                if (!blocker.proof.empty()) text += fmt::format("; {}", blocker.proof);
        return text;
    }

    std::optional<HangVerdict> by_cpu() const {
        if (report_.cpus.empty()) return std::nullopt;
        const HangCpu& cpu = *std::max_element(
            report_.cpus.begin(), report_.cpus.end(),
            [](const HangCpu& a, const HangCpu& b) { return a.seconds.value_or(0) < b.seconds.value_or(0); });
        HangVerdict verdict{cpu.trouble == "real-time task" ? "starvation" : "stuck CPU", {}, cpu.because};
        const std::string who = cpu.task ? name_in_words(*cpu.task) : "the task on it";
        if (cpu.trouble == "real-time task")
            verdict.sentence = fmt::format(
                "the real-time task {} keeps CPU {} for itself: {} has waited for it for {}", who, cpu.cpu,
                cpu.waiting ? name_in_words(*cpu.waiting) : "another task", duration(cpu.waiting_seconds));
        else
            verdict.sentence = fmt::format(
                "CPU {} {} for {}: {} is in {}", cpu.cpu,
                cpu.trouble == "takes no interrupts" ? "has taken no interrupts" : "has not scheduled",
                duration(cpu.seconds), who, place_in_words(cpu.functions));
        if (const std::size_t behind = waiting_behind(cpu); behind > 0)
            verdict.sentence += fmt::format("; {} tasks wait behind it", behind);
        if (report_.cpus.size() > 1)
            verdict.sentence += fmt::format("; {} more CPUs are stuck", report_.cpus.size() - 1);
        return verdict;
    }

    std::size_t waiting_behind(const HangCpu& cpu) const {
        for (const WaitTree& tree : trees_)
            if (cpu.task && tree.root && report_.tasks[*tree.root].task.task == cpu.task->task)
                return tree.members.size();
        return 0;
    }

    std::vector<std::size_t> victims_of(const WaitTree& tree) const {
        std::vector<std::size_t> all = tree.members, victims;
        // A disk whose requests are young works, and is slow at most.
        if (!tree.thing.empty() && !tree.certain) return victims;
        if (tree.root) all.push_back(*tree.root);
        all.insert(all.end(), tree.ring.begin(), tree.ring.end());
        std::copy_if(all.begin(), all.end(), std::back_inserter(victims),
                     [&](std::size_t one) { return should_have_ended(report_.tasks[one]); });
        return victims;
    }

    // Where a lock does not name who holds it, each that waits for it is a root of its own.
    std::size_t waiting_beside(const WaitTree& tree) const {
        if (!tree.root) return 0;
        const HangTask& root = report_.tasks[*tree.root];
        const auto waits_for_the_same = [&](const HangTask& task) {
            return task.task.task != root.task.task && should_have_ended(task) && task.wait &&
                   task.wait->address == root.wait->address && task.wait->blockers.empty();
        };
        if (!root.wait || root.wait->address == 0 || !root.wait->blockers.empty()) return 0;
        return static_cast<std::size_t>(
            std::count_if(report_.tasks.begin(), report_.tasks.end(), waits_for_the_same));
    }

    std::optional<HangVerdict> by_wait() const {
        const WaitTree* worst = nullptr;
        std::size_t most = 0;
        for (const WaitTree& tree : trees_) {
            const std::size_t count = victims_of(tree).size() + waiting_beside(tree);
            if (count > most) worst = &tree, most = count;
        }
        if (!worst) return std::nullopt;
        return wait_verdict(*worst, victims_of(*worst));
    }

    HangVerdict wait_verdict(const WaitTree& tree, const std::vector<std::size_t>& victims) const {
        HangVerdict verdict{tree.thing.empty()                  ? "stuck task"
                            : tree.thing.starts_with("server ") ? "silent server"
                                                                : "stuck device",
                            {},
                            {}};
        const HangTask& longest =
            report_.tasks[*std::max_element(victims.begin(), victims.end(), [&](auto a, auto b) {
                return report_.tasks[a].seconds.value_or(0) < report_.tasks[b].seconds.value_or(0);
            })];
        if (!tree.thing.empty()) {
            verdict.sentence =
                fmt::format("{} {}: {}", tree.thing, tree.thing_role, waiters_in_words(victims, longest));
            verdict.because.push_back(fact(longest));
            return verdict;
        }
        const HangTask& root = report_.tasks[tree.root ? *tree.root : tree.ring.front()];
        const std::string state = root.wait ? wait_in_words(root) : state_in_words(root);
        const bool root_waits = std::any_of(victims.begin(), victims.end(), [&](std::size_t one) {
            return report_.tasks[one].task.task == root.task.task;
        });
        if (root_waits) {
            verdict.sentence = fmt::format("{} has waited for {}: it {}", name_in_words(root.task),
                                           duration(root.seconds), state);
            if (victims.size() > 1)
                verdict.sentence += fmt::format("; {} more wait behind it", victims.size() - 1);
            if (const std::size_t others = waiting_beside(tree))
                verdict.sentence += fmt::format("; {} more wait for the same", others);
            verdict.because.push_back(fact(root));
            if (victims.size() > 1 && longest.task.task != root.task.task)
                verdict.because.push_back(fact(longest));
            return verdict;
        }
        const HangTask& nearest = report_.tasks[nearest_to(root, victims)];
        verdict.sentence = fmt::format("{}; {} {}", waiters_in_words(victims, longest),
                                       name_in_words(root.task), role_of(root, nearest));
        verdict.sentence += fmt::format(" and {}", state);
        verdict.because.push_back(fact(root));
        verdict.because.push_back(fact(nearest));
        return verdict;
    }

    static const HangBlocker* link_to(const HangTask& root, const HangTask& task) {
        if (!task.wait) return nullptr;
        for (const HangBlocker& blocker : task.wait->blockers)
            if (blocker.task && blocker.task->task == root.task.task) return &blocker;
        return nullptr;
    }

    std::size_t nearest_to(const HangTask& root, const std::vector<std::size_t>& victims) const {
        for (const std::size_t one : victims)
            if (link_to(root, report_.tasks[one])) return one;
        return victims.front();
    }

    static std::string role_of(const HangTask& root, const HangTask& nearest) {
        const HangBlocker* link = link_to(root, nearest);
        if (!link) return "is at the root of it";
        return link->role + (link->certain ? "" : ", which does not prove that it holds it,");
    }

    static std::string waiters_in_words(const std::vector<std::size_t>& victims, const HangTask& longest) {
        const std::string what =
            longest.wait ? fmt::format(" for {}", wait_object_in_words(*longest.wait)) : "";
        const std::string more =
            victims.size() > 1 ? fmt::format("; {} more wait behind it", victims.size() - 1) : "";
        return fmt::format("{} has waited {}{}{}", name_in_words(longest.task), duration(longest.seconds),
                           what, more);
    }

    const HangReport& report_;
    const std::vector<WaitTree>& trees_;
};

}  // namespace

std::size_t count_unexplained(const std::vector<HangTask>& tasks) {
    return static_cast<std::size_t>(std::count_if(tasks.begin(), tasks.end(), is_unexplained));
}

std::optional<HangVerdict> judge_hang(const HangReport& report, const std::vector<WaitTree>& trees) {
    return Judge(report, trees).run();
}

}  // namespace postmortem
