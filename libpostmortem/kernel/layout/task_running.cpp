// Which task each CPU was running, which the kernel keeps twice: in a per-CPU variable, which needs no types,
// and in the CPU's struct rq; and the idle task of each CPU, which is in no list.
#include <algorithm>

#include <fmt/format.h>

#include "arch/registry.h"
#include "kernel/cpus.h"
#include "kernel/layout/task_facts.h"
#include "kernel/percpu.h"

namespace postmortem {
namespace {

constexpr std::uint64_t largest_runqueue = 16 * 1024;
constexpr std::uint64_t usual_runqueue = 4096;

// As kernel/cpus.h's read_running_cpus(), without what needs types.
std::vector<std::uint32_t> cpus_that_ran(const Kernel& kernel) {
    auto cpus = read_cpu_mask(kernel, "online").value_or(std::vector<std::uint32_t>());
    if (const auto active = read_cpu_mask(kernel, "active"))
        cpus.insert(cpus.end(), active->begin(), active->end());
    std::sort(cpus.begin(), cpus.end());
    cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
    return cpus;
}

bool is_idle_task(const TaskFacts& facts, std::uint64_t task, std::uint32_t cpu) {
    if (!facts.is_pointer(task) || facts.number(task, facts.pid) != 0u) return false;
    const auto name = StructImage(facts.memory, task, 0).text(facts.ring.comm, task_name_bytes);
    // Until 3.2 (and without CONFIG_SMP) they bear no number.
    return name && (*name == fmt::format("swapper/{}", cpu) || *name == "swapper");
}

std::optional<std::uint64_t> running_task(const TaskFacts& facts, std::uint32_t cpu) {
    for (const char* variable : layout_clues(facts.kernel.arch()).current_task) {
        const auto place = per_cpu_address(facts.kernel, variable, cpu);
        const auto task = place ? facts.memory.word(*place) : fail(place.error());
        if (task && (is_idle_task(facts, *task, cpu) || facts.is_known(*task))) return *task;
    }
    return std::nullopt;
}

/// The runqueues of the CPUs, by address.
struct Runqueues {
    std::map<std::uint64_t, std::uint32_t> cpus;
    std::map<std::uint64_t, std::uint64_t> running;
    std::vector<std::uint64_t> all;
    Survey survey;
};

Runqueues read_runqueues(TaskFacts& facts) {
    Runqueues found;
    for (const std::uint32_t cpu : cpus_that_ran(facts.kernel)) {
        const auto place = per_cpu_address(facts.kernel, "runqueues", cpu);
        if (!place) continue;
        found.cpus.emplace(*place, cpu);
        found.all.push_back(*place);
        if (const auto task = running_task(facts, cpu)) {
            found.running.emplace(*place, *task);
            facts.running.emplace(*task, cpu);
        }
    }
    found.survey = Survey::of(facts.memory, found.all, runqueue_size(facts.kernel));
    return found;
}

}  // namespace

std::uint64_t runqueue_size(const Kernel& kernel) {
    const auto symbols = kernel.symbols();
    const auto base = kernel.symbol("runqueues");
    const auto hit =
        symbols && base ? (*symbols)->containing(*base) : fail(ErrorCode::NotFound, "no such symbol");
    return hit && hit->size >= 512 ? std::min(hit->size, largest_runqueue) : usual_runqueue;
}

void infer_runqueue(TaskFacts& facts) {
    const Runqueues queues = read_runqueues(facts);
    if (queues.all.empty() || queues.running.size() != queues.all.size()) {
        facts.findings.refuse("rq", "curr", "which task each CPU ran is not known");
        return;
    }
    const std::size_t least = (queues.survey.images.size() + 1) / 2;
    const auto current = [&](const StructImage& queue, std::uint64_t offset) {
        const auto task = queue.word(offset);
        if (!task) return Says::Nothing;
        return *task == queues.running.at(queue.address()) ? Says::Yes : Says::No;
    };
    const auto idle = [&](const StructImage& queue, std::uint64_t offset) {
        const auto task = queue.word(offset);
        if (!task) return Says::Nothing;
        return is_idle_task(facts, *task, queues.cpus.at(queue.address())) ? Says::Yes : Says::No;
    };
    const MemberShape to_task = MemberShape::pointer("task_struct");
    facts.findings.settle({"rq", "curr", 0, to_task}, search(queues.survey, facts.word, least, current),
                          facts.memory, queues.all, current);
    const auto place =
        facts.findings.settle({"rq", "idle", 0, to_task}, search(queues.survey, facts.word, least, idle),
                              facts.memory, queues.all, idle);
    for (const auto& [queue, cpu] : queues.cpus) {
        const auto task = place ? facts.memory.word(queue + *place) : fail(ErrorCode::NotFound, "");
        if (!task) continue;
        facts.idle.emplace(cpu, *task);
        facts.add_task(*task);
    }
}

}  // namespace postmortem
