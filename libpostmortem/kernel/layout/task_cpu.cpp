// Where a task runs or ran last: what is the CPU's number for each that runs, for each idle task, and for the
// kernel threads that are bound to a CPU and named for it. In the task since 4.9, before in its thread_info.
#include <algorithm>
#include <charconv>
#include <map>
#include <set>

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

/// The CPUs of the tasks that point into a CPU's runqueue: those of the root's task group keep its address,
/// and the kernel sets it together with the number (set_task_rq(), 2.6.24).
std::map<std::uint64_t, std::uint32_t> cpus_by_runqueue(const TaskFacts& facts, const Survey& tasks) {
    std::map<std::uint64_t, std::uint32_t> queues, cpus;
    for (const auto& [cpu, idle] : facts.idle)
        if (const auto queue = per_cpu_address(facts.kernel, "runqueues", cpu)) queues.emplace(*queue, cpu);
    const std::uint64_t bytes = runqueue_size(facts.kernel);
    for (const StructImage& task : tasks.images) {
        std::set<std::uint32_t> pointed;
        for (std::uint64_t offset = 0; offset + facts.word <= tasks.size; offset += facts.word) {
            const auto pointer = task.word(offset);
            const auto after = pointer ? queues.upper_bound(*pointer) : queues.begin();
            if (after == queues.begin()) continue;
            const auto& [queue, cpu] = *std::prev(after);
            if (*pointer - queue < bytes) pointed.insert(cpu);
        }
        if (pointed.size() == 1) cpus.emplace(task.address(), *pointed.begin());
    }
    return cpus;
}

/// Of places that hold the right number in the tasks whose CPU is certain, those that agree with the
/// runqueues.
std::vector<Placement> by_runqueue(const TaskFacts& facts, const Survey& tasks,
                                   const std::vector<Placement>& places) {
    const auto cpus = cpus_by_runqueue(facts, tasks);
    std::vector<Placement> agreeing;
    for (const Placement& place : places)
        if (std::none_of(tasks.images.begin(), tasks.images.end(), [&](const StructImage& task) {
                const auto cpu = cpus.find(task.address());
                const auto number = task.number(place.offset);
                return cpu != cpus.end() && number && *number != cpu->second;
            }))
            agreeing.push_back(place);
    return agreeing.empty() ? places : agreeing;
}

}  // namespace

void infer_cpu(TaskFacts& facts) {
    const auto limit = cpu_limit(facts.kernel);
    if (!limit || *limit < 2) return;
    const Judge in_task = [&](const StructImage& task, std::uint64_t offset) {
        return judge_cpu(facts, task.address(), task.number(offset), *limit);
    };
    const Survey tasks = facts.survey();
    if (auto places = search(tasks, 4, 2, in_task); !places.empty()) {
        if (places.size() > 1) places = by_runqueue(facts, tasks, places);
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
