// Parents and children. Two pointers side by side lead from every task to a task: real_parent, and parent,
// which is another one while the task is traced. The list of children (include/linux/sched.h) follows the
// first.
#include <algorithm>

#include <fmt/format.h>

#include "kernel/layout/task_facts.h"

namespace postmortem {
namespace {

constexpr std::size_t fewest_sons = 8;

Says judge_parent(const TaskFacts& facts, const StructImage& task, std::uint64_t offset) {
    const auto parent = task.word(offset);
    if (!parent) return Says::Nothing;
    // Where the list of processes broke, not all tasks are known.
    if (!facts.is_known(*parent))
        return facts.ring.closed || !facts.is_pointer(*parent) ? Says::No : Says::Nothing;
    // init_task is its own parent, and that of init and kthreadd; no other task is its own.
    const bool is_init = task.address() == facts.ring.processes.front();
    const bool is_idle = facts.number(task.address(), facts.pid) == 0u;
    if (is_init != (*parent == task.address()) && !is_idle) return Says::No;
    return Says::Yes;
}

/// Where siblings hang together, and where on their parent.
struct FamilyLinks {
    std::uint64_t sibling = 0, children = 0;
    std::size_t agree = 0;
};

// The next node is a sibling's, of the same parent, or the parent's list head; and it points back.
bool fits(const TaskFacts& facts, std::uint64_t task, std::uint64_t parent_offset, FamilyLinks& links,
          bool& head_known) {
    const auto next = facts.memory.word(task + links.sibling);
    const auto parent = facts.pointer(task, parent_offset);
    if (!next || !parent) return true;
    if (!facts.is_pointer(*next)) return false;
    const auto back = facts.memory.word(*next + facts.word);
    if (back && *back != task + links.sibling) return false;
    const std::uint64_t other = *next - links.sibling;
    if (facts.is_known(other) && other != *parent) {
        if (other == task || facts.pointer(other, parent_offset).value_or(*parent) != *parent) return false;
    } else {
        const std::uint64_t head = *next - *parent;
        if (head >= facts.ring.size || (head_known && head != links.children)) return false;
        links.children = head;
        head_known = true;
    }
    ++links.agree;
    return true;
}

std::vector<FamilyLinks> family_links(const TaskFacts& facts, std::uint64_t parent_offset) {
    std::vector<FamilyLinks> found;
    for (std::uint64_t at = 0; at + 2 * facts.word <= facts.ring.size; at += facts.word) {
        FamilyLinks links{at};
        bool head_known = false;
        const auto& processes = facts.ring.processes;
        const bool all = std::all_of(processes.begin() + 1, processes.end(), [&](std::uint64_t task) {
            return fits(facts, task, parent_offset, links, head_known);
        });
        if (all && head_known && links.children != at && links.agree >= fewest_sons) found.push_back(links);
    }
    return found;
}

void add_member(TaskFacts& facts, std::string_view member, std::uint64_t offset, const MemberShape& shape,
                std::size_t agree) {
    facts.findings.add({"task_struct", member, offset, shape, agree, facts.tasks.size()});
}

}  // namespace

void infer_family(TaskFacts& facts) {
    const Judge judge = [&](const StructImage& task, std::uint64_t offset) {
        return judge_parent(facts, task, offset);
    };
    auto pairs = search(facts.survey(), facts.word, fewest_sons, judge);
    std::erase_if(
        pairs, [&](const Placement& candidate) { return facts.leader && candidate.offset == *facts.leader; });
    // Whom a task woke last (last_wakee, since 3.12) is a task, too, but stands alone.
    const auto all = pairs;
    std::erase_if(pairs, [&](const Placement& candidate) {
        return std::none_of(all.begin(), all.end(), [&](const Placement& other) {
            return other.offset == candidate.offset + facts.word ||
                   candidate.offset == other.offset + facts.word;
        });
    });
    if (pairs.size() != 2 || pairs[1].offset != pairs[0].offset + facts.word) {
        facts.findings.refuse("task_struct", "parent", "not exactly two pointers lead from task to task");
        return;
    }
    const auto first = family_links(facts, pairs[0].offset), second = family_links(facts, pairs[1].offset);
    // Where nothing is traced both are the same, and so is what follows them.
    if (first.size() != 1 || (!second.empty() && second.front().sibling != first.front().sibling)) {
        facts.findings.refuse(
            "task_struct", "parent",
            fmt::format("{} and {} lists of children fit the parents", first.size(), second.size()));
        return;
    }
    const std::vector<Placement> parents{pairs[1]}, real_parents{pairs[0]};
    const MemberShape shape = MemberShape::pointer("task_struct");
    facts.findings.settle({"task_struct", "real_parent", 0, shape}, real_parents, facts.memory, facts.tasks,
                          judge);
    facts.parent =
        facts.findings.settle({"task_struct", "parent", 0, shape}, parents, facts.memory, facts.tasks, judge);
    const MemberShape list = MemberShape::embedded("list_head");
    add_member(facts, "children", first.front().children, list, first.front().agree);
    add_member(facts, "sibling", first.front().sibling, list, first.front().agree);
}

}  // namespace postmortem
