// Where a task runs or ran last: what is the CPU's number for each that runs, for each idle task, and for the
// kernel threads that are bound to a CPU and named for it. In the task since 4.9, before in its thread_info.
#include <algorithm>
#include <charconv>

#include "kernel/layout/task_facts.h"
#include "kernel/percpu.h"

namespace postmortem {
namespace {

constexpr std::uint64_t thread_info_bytes = 128;
constexpr std::string_view bound_threads[] = {"migration/", "ksoftirqd/", "cpuhp/"};

/// The CPU on which a task must be, as far as that is known.
std::optional<std::uint32_t> certain_cpu(const TaskFacts& facts, std::uint64_t task) {
    if (const auto running = facts.running.find(task); running != facts.running.end()) return running->second;
    for (const auto& [cpu, idle] : facts.idle)
        if (idle == task) return cpu;
    const auto name = StructImage(facts.memory, task, 0).text(facts.ring.comm, task_name_bytes);
    for (const std::string_view start : bound_threads) {
        if (!name || !name->starts_with(start)) continue;
        std::uint32_t cpu = 0;
        const char* end = name->data() + name->size();
        if (std::from_chars(name->data() + start.size(), end, cpu).ptr == end && facts.idle.contains(cpu) &&
            facts.flags && (facts.number(task, facts.flags).value_or(0) & kernel_thread_flag) != 0)
            return cpu;
    }
    return std::nullopt;
}

Says judge_cpu(const TaskFacts& facts, std::uint64_t task, std::optional<std::uint32_t> cpu,
               std::uint32_t limit) {
    if (!cpu) return Says::Nothing;
    if (*cpu >= limit) return Says::No;
    const auto certain = certain_cpu(facts, task);
    if (!certain) return Says::Nothing;
    return *cpu == *certain ? Says::Yes : Says::No;
}

}  // namespace

void infer_cpu(TaskFacts& facts) {
    const auto limit = cpu_limit(facts.kernel);
    if (!limit || *limit < 2) return;
    const Judge in_task = [&](const StructImage& task, std::uint64_t offset) {
        return judge_cpu(facts, task.address(), task.number(offset), *limit);
    };
    const auto places = search(facts.survey(), 4, 2, in_task);
    if (!places.empty()) {
        facts.cpu = facts.findings.settle({"task_struct", "cpu", 0, MemberShape::number(4)}, places,
                                          facts.memory, facts.tasks, in_task);
        return;
    }
    std::vector<std::uint64_t> infos;
    std::map<std::uint64_t, std::uint64_t> owner;
    for (const std::uint64_t task : facts.tasks) {
        const auto stack = facts.pointer(task, facts.stack);
        if (!stack || facts.pointer(*stack, 0) != task) continue;
        infos.push_back(*stack);
        owner.emplace(*stack, task);
    }
    const Judge on_stack = [&](const StructImage& info, std::uint64_t offset) {
        return judge_cpu(facts, owner.at(info.address()), info.number(offset), *limit);
    };
    const Survey survey = Survey::of(facts.memory, infos, thread_info_bytes);
    if (facts.findings.settle({"thread_info", "cpu", 0, MemberShape::number(4)},
                              search(survey, 4, 2, on_stack), facts.memory, infos, on_stack))
        facts.findings.add(
            {"thread_info", "task", 0, MemberShape::pointer("task_struct"), infos.size(), infos.size()});
}

}  // namespace postmortem
