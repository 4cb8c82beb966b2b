// What a task waits in: a number that is 0 for those that run and for the idle tasks, and for the others one
// of the kernel's states; and the number beside it that says that a task has died.
#include <algorithm>
#include <bit>
#include <span>

#include "kernel/layout/task_facts.h"

namespace postmortem {
namespace {

constexpr std::size_t fewest_sleepers = 8;
constexpr std::uint32_t every_state = 0x3ffff;  // TASK_STATE_MAX has been lower on every release
constexpr int most_bits = 4;  // of a combination: TASK_KILLABLE | TASK_NOLOAD | TASK_FREEZABLE
constexpr std::uint32_t task_dead[] = {0x40, 0x80};    // TASK_DEAD until 4.13, and since (8ef9925b02c2)
constexpr std::uint32_t exit_states[] = {0x10, 0x20};  // EXIT_DEAD and EXIT_ZOMBIE, in either order

bool is_one_of(std::uint32_t value, std::span<const std::uint32_t> values) {
    return std::find(values.begin(), values.end(), value) != values.end();
}

bool may_be_state(std::uint32_t value) {
    return (value & ~every_state) == 0 && std::popcount(value) <= most_bits;
}

bool stack_is_gone(const TaskFacts& facts, std::uint64_t task) {
    return facts.pointer(task, facts.stack) == std::uint64_t{0};
}

Says judge_state(const TaskFacts& facts, const StructImage& task, std::uint64_t offset) {
    const auto state = task.number(offset);
    if (!state) return Says::Nothing;
    if (!may_be_state(*state)) return Says::No;
    if (stack_is_gone(facts, task.address())) return is_one_of(*state, task_dead) ? Says::Yes : Says::No;
    if (facts.number(task.address(), facts.pid) == 0u) return *state == 0 ? Says::Yes : Says::No;
    // One may have been about to sleep when its CPU stopped.
    if (facts.is_running(task.address())) return *state == 0 ? Says::Yes : Says::Nothing;
    return *state != 0 ? Says::Yes : Says::Nothing;  // 0: it waits for a CPU
}

// One that runs says 0, at least, and some of those that do not run sleep.
bool tells_sleep(const TaskFacts& facts, std::uint64_t offset) {
    std::size_t running = 0, asleep = 0;
    for (const std::uint64_t task : facts.tasks) {
        const auto state = facts.number(task, offset);
        if (!state || facts.number(task, facts.pid) == 0u) continue;
        if (facts.is_running(task)) {
            running += *state == 0;
        } else {
            asleep += *state != 0;
        }
    }
    const bool all_idle = std::all_of(facts.running.begin(), facts.running.end(), [&](const auto& task) {
        return facts.number(task.first, facts.pid) == 0u;
    });
    return (running > 0 || all_idle) && asleep >= fewest_sleepers;
}

// What TASK_DEAD was once is TASK_PARKED now, in which only threads of the kernel are.
bool is_dead(const TaskFacts& facts, std::uint64_t task, std::uint32_t state) {
    const bool kernel = (facts.number(task, facts.flags).value_or(0) & kernel_thread_flag) != 0;
    return is_one_of(state, task_dead) && (state != task_dead[0] || !kernel);
}

Says judge_exit(const TaskFacts& facts, const StructImage& task, std::uint64_t offset) {
    const auto exited = task.number(offset), state = facts.number(task.address(), facts.state);
    if (!exited || !state) return Says::Nothing;
    if (!is_dead(facts, task.address(), *state)) return *exited == 0 ? Says::Nothing : Says::No;
    return is_one_of(*exited, exit_states) ? Says::Yes : Says::No;
}

// Nothing but the dead tell it apart from the many other numbers that are 0.
void infer_exit_state(TaskFacts& facts) {
    std::vector<std::uint64_t> dead;
    for (const std::uint64_t task : facts.tasks)
        if (is_dead(facts, task, facts.number(task, facts.state).value_or(0))) dead.push_back(task);
    if (dead.empty()) return facts.findings.refuse("task_struct", "exit_state", "nothing has died");
    const Judge judge = [&](const StructImage& task, std::uint64_t offset) {
        return judge_exit(facts, task, offset);
    };
    const Survey survey = Survey::of(facts.memory, dead, facts.ring.size);
    facts.findings.settle({"task_struct", "exit_state", 0, MemberShape::number(4)},
                          search(survey, 4, 1, judge), facts.memory, facts.tasks, judge);
}

}  // namespace

void infer_states(TaskFacts& facts) {
    // It has been in front of the stack ever since, behind a thread_info (include/linux/sched.h).
    if (!facts.stack) return facts.findings.refuse("task_struct", "state", "the stack is not known");
    Survey survey = facts.survey();
    survey.size = *facts.stack;
    const Judge state = [&](const StructImage& task, std::uint64_t offset) {
        return judge_state(facts, task, offset);
    };
    auto places = search(survey, 4, fewest_sleepers, state);
    std::erase_if(places, [&](const Placement& candidate) {
        return candidate.offset == facts.cpu || !tells_sleep(facts, candidate.offset);
    });
    facts.state = facts.findings.settle({"task_struct", "state", 0, MemberShape::number(4)}, places,
                                        facts.memory, facts.tasks, state);
    if (facts.state) infer_exit_state(facts);
}

}  // namespace postmortem
