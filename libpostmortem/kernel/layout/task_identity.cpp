// Who a task is: numbers that repeat sensibly, and pointers that lead back.
#include <algorithm>
#include <unordered_set>

#include "kernel/layout/task_facts.h"

namespace postmortem {
namespace {

constexpr std::uint32_t largest_pid = 4 * 1024 * 1024;  // PID_MAX_LIMIT
constexpr std::size_t fewest_witnesses = 8;

// A process' pid is its thread group's: two ints, one behind the other. The first processes are init and
// kthreadd.
Says judge_pid(const TaskFacts& facts, const StructImage& task, std::uint64_t offset) {
    const auto pid = task.number(offset), tgid = task.number(offset + 4);
    if (!pid || !tgid) return Says::Nothing;
    const auto& processes = facts.ring.processes;
    if (*pid != *tgid || *pid > largest_pid) return Says::No;
    if ((task.address() == processes.front()) != (*pid == 0)) return Says::No;
    for (std::uint32_t i = 1; facts.ring.closed && i <= 2; ++i)
        if ((task.address() == processes[i]) != (*pid == i)) return Says::No;
    return Says::Yes;
}

bool all_differ(const TaskFacts& facts, std::uint64_t offset) {
    std::unordered_set<std::uint32_t> seen;
    for (const std::uint64_t process : facts.ring.processes) {
        const auto pid = facts.number(process, offset);
        if (pid && !seen.insert(*pid).second) return false;
    }
    return true;
}

Says judge_leader(const StructImage& process, std::uint64_t offset) {
    const auto leader = process.word(offset);
    if (!leader) return Says::Nothing;
    return *leader == process.address() ? Says::Yes : Says::No;
}

}  // namespace

bool infer_identity(TaskFacts& facts) {
    const auto& processes = facts.ring.processes;
    for (const std::uint64_t process : processes) facts.add_task(process);
    const Survey survey = facts.survey();
    const auto pid = [&](const StructImage& task, std::uint64_t offset) {
        return judge_pid(facts, task, offset);
    };
    auto pids = search(survey, 4, fewest_witnesses, pid);
    std::erase_if(pids, [&](const Placement& candidate) { return !all_differ(facts, candidate.offset); });
    facts.pid = facts.findings.settle({"task_struct", "pid", 0, MemberShape::signed_number(4)}, pids,
                                      facts.memory, processes, pid);
    if (!facts.pid) return false;
    facts.tgid = *facts.pid + 4;
    facts.findings.add_with_last("task_struct", "tgid", *facts.tgid, MemberShape::signed_number(4));

    facts.leader = facts.findings.settle(
        {"task_struct", "group_leader", 0, MemberShape::pointer("task_struct")},
        search(survey, facts.word, fewest_witnesses, judge_leader), facts.memory, processes, judge_leader);
    return true;
}

}  // namespace postmortem
