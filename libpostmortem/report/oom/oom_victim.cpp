// Was the right one killed? Weighs the rows of the task table as the kernel does (mm/oom_kill.c: oom_badness)
// and says why a smaller process died, where the table shows it.
#include <algorithm>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include "log/oom/oom_gfp.h"
#include "report/oom/oom_verdict.h"

namespace postmortem::oom {
namespace {

std::string task_text(const OomTask& task) {
    return fmt::format("{} (pid {})", task.name, task.pid);
}

// What oom_score_adj = 1000 weighs: the memory that the killer had to consider.
std::uint64_t scale_pages(const OomEvent& event, PageSize page) {
    if (event.scope == OomScope::Memcg) {
        const OomMemcgUsage* const memory = event.memcg.find_usage("memory");
        if (memory != nullptr && memory->limit_kib && !memory->unlimited())
            return *memory->limit_kib / page.kib;
    }
    const auto ram = event.memory.ram_pages();
    if (!ram) return 0;
    return *ram - std::min(*ram, event.memory.reserved_pages().value_or(0)) +
           event.memory.swap.total_kib.value_or(0) / page.kib;
}

struct Weighed {
    const OomTask* task = nullptr;
    std::uint64_t pages = 0;
    std::int64_t points = 0;
};

class VictimCheck {
  public:
    VictimCheck(const OomEvent& event, OomVerdict& verdict)
        : event_(event), verdict_(verdict), page_(page_size(event)), scale_(scale_pages(event, page_)) {}

    void explain() {
        outcome();
        if (event_.victims.empty()) return;
        if (event_.allocating_task) {
            add(OomFindingKind::VictimIsTrigger,
                "vm.oom_kill_allocating_task is set: the task that asked for memory was to die, whatever its "
                "size",
                {});
        }
        if (event_.killed_other_than_selected() && event_.selected->score && !selected_thread()) child();
        if (!event_.allocating_task) compare();
        for (const OomVictim& victim : event_.victims) {
            if (!victim.unable_to_reap) continue;
            add(OomFindingKind::NotReaped,
                fmt::format("the OOM reaper could not free the memory of {} (pid {}): a task of it held the "
                            "lock of its "
                            "address space",
                            victim.comm, victim.pid),
                {});
        }
    }

  private:
    void add(OomFindingKind kind, std::string text, std::initializer_list<OomEvidence> numbers) {
        verdict_.who.push_back(finding(kind, std::move(text), numbers));
    }

    void outcome() {
        if (event_.panic && !event_.no_killable_process)
            add(OomFindingKind::Panic,
                fmt::format("nobody was killed: the kernel panicked as it was told to ({})", *event_.panic),
                {});
        if (event_.no_killable_process) nobody_left();
        if (event_.victims.size() > 1 && event_.memcg.group_path)
            add(OomFindingKind::GroupKill,
                fmt::format("{} processes were killed together: memory.oom.group is set on {}",
                            event_.victims.size(), *event_.memcg.group_path),
                {evidence("victims", event_.victims.size(), "")});
    }

    // Exempt are oom_score_adj -1000, init and kernel threads; the kernel also passes over what it reaped
    // before.
    void nobody_left() {
        std::string text = "no process could be killed";
        if (event_.panic) text += fmt::format(", and the kernel panicked ({})", *event_.panic);
        const Weighed none;
        Weighed largest = none;
        std::size_t candidates = 0;
        for (const OomTask& task : event_.task_table.tasks) {
            if (adjustment(task) <= exempt || task.pid == 1) continue;
            ++candidates;
            const Weighed weighed = weigh(task);
            if (largest.task == nullptr || weighed.pages > largest.pages) largest = weighed;
        }
        if (largest.task != nullptr)
            text += fmt::format(
                "; the table still lists {} that are not exempt, the largest {} with {}: the kernel passes "
                "over processes that are dying or that it has reaped before",
                candidates, task_text(*largest.task), weight_text(largest));
        else if (!event_.task_table.tasks.empty())
            text += ": every process in the table is exempt";
        else if (event_.has_task_table && event_.task_table.torn_rows == 0)
            text += event_.scope == OomScope::Memcg
                        ? ": the table is empty, no process is left in the cgroup, and what is charged to it "
                          "belongs to none (tmpfs, page cache, kernel memory)"
                        : ": the table is empty";
        verdict_.who.push_back(finding(OomFindingKind::NoVictim, std::move(text), {}));
    }

    // The table lists processes; in a memory cgroup the choice may fall on a thread that is not its process's
    // first (mm/memcontrol.c, mem_cgroup_out_of_memory() up to 4.8), and the kernel kills the process.
    bool selected_thread() const {
        const OomTaskTable& table = event_.task_table;
        const bool is_whole = !table.tasks.empty() && table.torn_rows == 0;
        return is_whole && !table.find(*event_.selected->pid) && table.find(event_.victims.front().pid);
    }

    void child() {
        add(OomFindingKind::VictimIsChild,
            fmt::format("{} (pid {}) was chosen, and its child {} (pid {}) killed in its stead, as kernels "
                        "before 5.1 do",
                        event_.selected->comm, *event_.selected->pid, event_.victims.front().comm,
                        event_.victims.front().pid),
            {});
    }

    // The row of the process that the choice fell on, which is not always the one that died.
    const OomTask* chosen_row() const {
        if (event_.selected && event_.selected->pid) {
            if (const OomTask* const row = event_.task_table.find(*event_.selected->pid)) return row;
        }
        return event_.task_table.find(event_.victims.front().pid);
    }

    Weighed weigh(const OomTask& task) const {
        Weighed weighed{&task, weighed_pages(task, page_), 0};
        const std::int64_t adjusted =
            adjustment(task) * static_cast<std::int64_t>(std::min<std::uint64_t>(scale_, 1ULL << 50)) / 1000;
        weighed.points = static_cast<std::int64_t>(weighed.pages) + adjusted;
        return weighed;
    }

    void compare() {
        if (event_.task_table.tasks.empty()) return;
        const OomTask* const row = chosen_row();
        if (row == nullptr) {
            verdict_.unknown.emplace_back("whether the victim was the largest: it is not in the task table");
            return;
        }
        std::vector<Weighed> all;
        for (const OomTask& task : event_.task_table.tasks) all.push_back(weigh(task));
        const Weighed chosen = weigh(*row);
        const Weighed largest = *std::max_element(
            all.begin(), all.end(), [](const Weighed& a, const Weighed& b) { return a.pages < b.pages; });
        if (largest.pages <= chosen.pages) return largest_died(chosen);
        smaller_died(chosen, largest);
    }

    std::string weight_text(const Weighed& weighed) const {
        const std::string size = size_text(weighed.pages * page_.kib);
        return weighs_by_total_vm(event_.task_table) ? size + " of address space" : size;
    }

    void largest_died(const Weighed& chosen) {
        add(OomFindingKind::VictimLargest,
            fmt::format("{} was the largest of {} processes in the table, with {}", task_text(*chosen.task),
                        event_.task_table.tasks.size(), weight_text(chosen)),
            {evidence("victim", chosen.pages, "pages")});
    }

    void smaller_died(const Weighed& chosen, const Weighed& largest) {
        OomFinding found =
            finding(OomFindingKind::VictimNotLargest,
                    fmt::format("{} was not the largest: it had {}, {} had {}", task_text(*chosen.task),
                                weight_text(chosen), task_text(*largest.task), weight_text(largest)),
                    {evidence("victim", chosen.pages, "pages"), evidence("largest", largest.pages, "pages")});
        found.text += reason(chosen, largest, found);
        verdict_.who.push_back(std::move(found));
    }

    std::string reason(const Weighed& chosen, const Weighed& largest, OomFinding& found) const {
        const std::int64_t own = adjustment(*chosen.task);
        const std::int64_t other = adjustment(*largest.task);
        if (own > other && (other <= exempt || scale_ == 0 || chosen.points >= largest.points)) {
            found.numbers.push_back({"victim oom_score_adj", own, ""});
            found.numbers.push_back({"largest oom_score_adj", other, ""});
            if (other <= exempt) return fmt::format("; that one is exempt (oom_score_adj {})", other);
            if (scale_ == 0) return fmt::format("; its oom_score_adj was {} against {}", own, other);
            const auto difference = static_cast<std::uint64_t>(own - other);
            return fmt::format("; the victim's oom_score_adj of {} against {} weighs {} more", own, other,
                               size_text(difference * scale_ / 1000 * page_.kib));
        }
        if (event_.constraint == OomConstraint::MemoryPolicy || event_.constraint == OomConstraint::Cpuset)
            return "; only processes that may use the same nodes came into question";
        if (!chosen.task->swap_pages && event_.memory.swap.total_kib.value_or(0) > 0)
            return swapped_out(chosen, own);
        if (has_root_bonus(*largest.task)) return "; that one runs as root, which this kernel favours by 3 %";
        return "; the report does not show why";
    }

    // Tables before 3.10 have no column for swap, but the score counts it: per mille of memory and swap.
    std::string swapped_out(const Weighed& chosen, std::int64_t own) const {
        std::string text = "; this kernel's table does not show swapped-out memory, which counts as well";
        const bool same =
            event_.selected && event_.selected->pid == chosen.task->pid && event_.selected->score;
        if (!same || own != 0 || scale_ == 0 || *event_.selected->score <= 0 ||
            *event_.selected->score > 1000)
            return text;
        const std::uint64_t pages = static_cast<std::uint64_t>(*event_.selected->score) * scale_ / 1000;
        return text + fmt::format(" (its score of {} per mille stands for about {})", *event_.selected->score,
                                  size_text(pages * page_.kib));
    }

    // CAP_SYS_ADMIN until 4.17 (d46078b28889); the table only shows the user.
    bool has_root_bonus(const OomTask& task) const {
        if (task.uid != 0 || !event_.trigger.kernel_release) return false;
        const auto version = parse_release(*event_.trigger.kernel_release);
        return version && *version < KernelVersion{4, 17, 0};
    }

    const OomEvent& event_;
    OomVerdict& verdict_;
    PageSize page_;
    std::uint64_t scale_;
};

}  // namespace

const OomTask* predicted_victim(const OomEvent& event) {
    if (weighs_by_total_vm(event.task_table) || event.task_table.columns.empty()) return nullptr;
    const PageSize page = page_size(event);
    const auto scale =
        static_cast<std::int64_t>(std::min<std::uint64_t>(scale_pages(event, page), 1ULL << 50));
    // Of equals the last one since 5.3 (f168a9a54ec3), the first one before.
    const auto version =
        event.trigger.kernel_release ? parse_release(*event.trigger.kernel_release) : std::nullopt;
    const bool first_of_equals = !version || *version < KernelVersion{5, 3, 0};
    const OomTask* chosen = nullptr;
    std::int64_t most = 0;
    for (const OomTask& task : event.task_table.tasks) {
        if (adjustment(task) <= exempt || task.pid == 1) continue;
        const std::int64_t points =
            static_cast<std::int64_t>(weighed_pages(task, page)) + adjustment(task) * (scale / 1000);
        if (chosen != nullptr && (points < most || (points == most && first_of_equals))) continue;
        chosen = &task;
        most = points;
    }
    return chosen;
}

void explain_victim(const OomEvent& event, OomVerdict& verdict) {
    VictimCheck(event, verdict).explain();
}

}  // namespace postmortem::oom
