// Where a task's kernel stack begins, and how far it was used when the task went to sleep. Each task has one
// of its own; it bears a mark at its end, or begins with a thread_info that leads back to the task
// (before 4.9).
#include <algorithm>
#include <bit>
#include <unordered_set>
#include <utility>
#include <vector>

#include "arch/registry.h"
#include "base/checked.h"
#include "kernel/layout/task_facts.h"

namespace postmortem {
namespace {

constexpr std::uint64_t page_bytes_of_stack = 4096;
constexpr std::uint64_t largest_stack = 128 * 1024;
constexpr std::size_t fewest_stacks = 8;
constexpr std::uint64_t stack_end_magic = 0x57ac6e9d;  // STACK_END_MAGIC, include/uapi/linux/magic.h

// A task that has died has none any more.
Says judge_stack(const TaskFacts& facts, const StructImage& task, std::uint64_t offset) {
    const auto stack = task.word(offset);
    if (!stack || *stack == 0) return Says::Nothing;
    if (!facts.is_pointer(*stack) || *stack % page_bytes_of_stack != 0) return Says::No;
    const auto end = facts.memory.word(*stack);
    if (!end) return end.error().code == ErrorCode::NotMapped ? Says::No : Says::Nothing;
    return *end == stack_end_magic || *end == task.address() ? Says::Yes : Says::No;
}

bool most_have_one(const Survey& survey, std::uint64_t offset) {
    const auto having =
        std::count_if(survey.images.begin(), survey.images.end(),
                      [&](const StructImage& task) { return task.word(offset).value_or(0) != 0; });
    return static_cast<std::size_t>(having) > survey.images.size() / 2;
}

bool all_have_their_own(const TaskFacts& facts, std::uint64_t offset) {
    std::unordered_set<std::uint64_t> seen;
    for (const std::uint64_t task : facts.tasks) {
        const auto stack = facts.pointer(task, offset);
        if (stack && *stack != 0 && !seen.insert(*stack).second) return false;
    }
    return true;
}

/// The highest place at which a stack pointer was left, counted from the stack's start.
struct Reach {
    std::uint64_t farthest = 0, nearest = largest_stack;
};

Says judge_sp(const TaskFacts& facts, const StructImage& task, std::uint64_t offset) {
    if (facts.is_running(task.address())) return Says::Nothing;
    const auto stack = facts.pointer(task.address(), facts.stack);
    const auto sp = task.word(offset);
    if (!stack || *stack == 0 || !sp) return Says::Nothing;
    if (*sp <= *stack || *sp - *stack >= largest_stack || *sp % facts.word != 0) return Says::No;
    const auto reads = facts.memory.word(*sp);
    if (!reads && reads.error().code == ErrorCode::NotMapped) return Says::No;
    return Says::Yes;
}

Reach reach_of(const TaskFacts& facts, std::uint64_t sp_offset) {
    Reach reach;
    for (const std::uint64_t task : facts.tasks) {
        const auto stack = facts.pointer(task, facts.stack), sp = facts.pointer(task, sp_offset);
        if (facts.is_running(task) || !stack || *stack == 0 || !sp || *sp <= *stack) continue;
        reach.farthest = std::max(reach.farthest, *sp - *stack);
        reach.nearest = std::min(reach.nearest, *sp - *stack);
    }
    return reach;
}

// In each task at least as high on its stack as the other, and higher in one.
bool lies_above(const TaskFacts& facts, std::uint64_t offset, std::uint64_t other) {
    bool above = false;
    for (const std::uint64_t task : facts.tasks) {
        const auto one = facts.pointer(task, offset), two = facts.pointer(task, other);
        if (facts.is_running(task) || !one || !two) continue;
        if (*one < *two) return false;
        above = above || *one > *two;
    }
    return above;
}

// Tasks sleep near the top of their stacks. thread.sp0, which old kernels keep beside it, is the top itself,
// or a little below (i386, but for init_task's).
void infer_saved_sp(TaskFacts& facts) {
    const Judge judge = [&](const StructImage& task, std::uint64_t offset) {
        return judge_sp(facts, task, offset);
    };
    auto places = search(facts.survey(), facts.word, fewest_stacks, judge);
    std::erase_if(places, [&](const Placement& candidate) {
        const Reach reach = reach_of(facts, candidate.offset);
        return reach.farthest == reach.nearest;
    });
    const auto all = places;
    std::erase_if(places, [&](const Placement& candidate) {
        return std::any_of(all.begin(), all.end(), [&](const Placement& other) {
            return lies_above(facts, candidate.offset, other.offset);
        });
    });
    const auto sp = facts.findings.settle({"task_struct", facts.kernel.arch().saved_sp, 0,
                                           MemberShape::number(static_cast<std::uint32_t>(facts.word))},
                                          places, facts.memory, facts.tasks, judge);
    if (!sp) return;
    const Reach reach = reach_of(facts, *sp);
    const std::uint64_t size = std::bit_ceil(std::max(reach.farthest + facts.word, page_bytes_of_stack));
    facts.findings.add(SizeFinding{TypeKind::Union, "thread_union", size});
}

void infer_saved_ip(TaskFacts& facts) {
    const SavedIp& clue = layout_clues(facts.kernel.arch()).saved_ip;
    if (!clue.member || facts.kernel.symbol(clue.replaced_by)) return;
    const auto symbols = facts.kernel.symbols();
    if (!symbols) return;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> functions;  // first address, bytes
    for (const char* name : clue.functions) {
        const auto start = (*symbols)->address_of(name);
        if (const auto hit = start ? (*symbols)->containing(*start) : fail(start.error()))
            functions.emplace_back(*start, hit->size);
    }
    const Judge judge = [&](const StructImage& task, std::uint64_t offset) {
        if (facts.is_running(task.address())) return Says::Nothing;
        const auto ip = task.word(offset);
        if (!ip) return Says::Nothing;
        const bool inside = std::any_of(functions.begin(), functions.end(), [&](const auto& function) {
            return *ip >= function.first && *ip - function.first < function.second;
        });
        return inside ? Says::Yes : Says::No;
    };
    facts.findings.settle(
        {"task_struct", clue.member, 0, MemberShape::number(static_cast<std::uint32_t>(facts.word))},
        search(facts.survey(), facts.word, fewest_stacks, judge), facts.memory, facts.tasks, judge);
}

}  // namespace

void infer_stacks(TaskFacts& facts) {
    const Judge judge = [&](const StructImage& task, std::uint64_t offset) {
        return judge_stack(facts, task, offset);
    };
    const Survey survey = facts.survey();
    auto places = search(survey, facts.word, 0, judge);
    std::erase_if(places, [&](const Placement& candidate) {
        return !most_have_one(survey, candidate.offset) || !all_have_their_own(facts, candidate.offset);
    });
    facts.stack = facts.findings.settle({"task_struct", "stack", 0, MemberShape::pointer()}, places,
                                        facts.memory, facts.tasks, judge);
    if (!facts.stack) return;
    infer_saved_sp(facts);
    infer_saved_ip(facts);
}

}  // namespace postmortem
