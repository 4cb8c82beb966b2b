// Address spaces: those of processes are shared by their threads, and repeated in active_mm; threads of the
// kernel have none, are kthreadd's children, and bear a flag that says what they are.
#include <algorithm>

#include "kernel/layout/task_facts.h"

namespace postmortem {
namespace {

constexpr std::uint32_t pf_forknoexec = 0x00000040;  // of all that were not made by exec
constexpr std::size_t fewest_of_a_kind = 4;

bool is_kthreadd(const TaskFacts& facts, std::uint64_t task) {
    return facts.number(task, facts.pid) == 2u;
}

bool is_idle(const TaskFacts& facts, std::uint64_t task) {
    return facts.number(task, facts.pid) == 0u;
}

bool of_kernel(const TaskFacts& facts, std::uint64_t task) {
    const auto parent = facts.pointer(task, facts.parent);
    return is_idle(facts, task) || is_kthreadd(facts, task) || (parent && is_kthreadd(facts, *parent));
}

bool has_died(const TaskFacts& facts, std::uint64_t task) {
    return facts.pointer(task, facts.stack) == std::uint64_t{0};
}

// A kernel thread borrows a process' mm now and then; a helper that the kernel starts is kthreadd's child,
// too.
Says judge_mm(const TaskFacts& facts, const StructImage& task, std::uint64_t offset) {
    const auto mm = task.word(offset), active = task.word(offset + facts.word);
    if (!mm || !active) return Says::Nothing;
    if (*mm == 0) {
        if (*active != 0 && !facts.is_pointer(*active)) return Says::No;
        return *active == 0 || facts.is_running(task.address()) || is_idle(facts, task.address())
                   ? Says::Yes
                   : Says::Nothing;
    }
    if (!facts.is_pointer(*mm) || *mm != *active || is_idle(facts, task.address())) return Says::No;
    const auto leader = facts.pointer(task.address(), facts.leader);
    const auto shared = leader ? facts.pointer(*leader, offset) : std::nullopt;
    return !shared || *shared == 0 || *shared == *mm ? Says::Yes : Says::No;
}

// Nearly no kernel thread has one, and most other tasks do.
bool tells_kinds_apart(const TaskFacts& facts, const Survey& survey, std::uint64_t offset) {
    std::size_t kernel_with = 0, kernel_without = 0, user_with = 0, user_without = 0;
    for (const StructImage& task : survey.images) {
        const auto mm = task.word(offset);
        if (!mm) continue;
        if (of_kernel(facts, task.address())) {
            ++(*mm != 0 ? kernel_with : kernel_without);
        } else {
            ++(*mm != 0 ? user_with : user_without);
        }
    }
    return kernel_without >= fewest_of_a_kind && kernel_without > 4 * kernel_with &&
           user_with >= fewest_of_a_kind && user_with > user_without;
}

Says judge_flags(const TaskFacts& facts, const StructImage& task, std::uint64_t offset) {
    const auto flags = task.number(offset);
    if (!flags) return Says::Nothing;
    if ((*flags >> 24) == 0xff) return Says::No;  // half of a pointer
    const bool kernel = of_kernel(facts, task.address());
    if ((*flags & kernel_thread_flag) != 0) {
        const bool made_by_exec = (*flags & pf_forknoexec) == 0 && !is_idle(facts, task.address());
        return kernel && !made_by_exec ? Says::Yes : Says::No;
    }
    if (!kernel) return Says::Yes;
    const auto mm = facts.pointer(task.address(), facts.mm);
    if (!mm || *mm != 0 || has_died(facts, task.address())) return Says::Nothing;
    return Says::No;
}

// Addresses of 32 bits may have the flag's bit in those of kernel threads alone.
bool points_always(const TaskFacts& facts, const Survey& survey, std::uint64_t offset) {
    return facts.word == 4 &&
           std::all_of(survey.images.begin(), survey.images.end(), [&](const StructImage& task) {
               const auto value = task.number(offset);
               return !value || (facts.is_pointer(*value) && facts.memory.translate(*value));
           });
}

}  // namespace

void infer_address_spaces(TaskFacts& facts) {
    if (!facts.parent) {
        facts.findings.refuse("task_struct", "mm", "who is kthreadd's child is not known");
        return;
    }
    const Survey survey = facts.survey();
    const Judge mm = [&](const StructImage& task, std::uint64_t offset) {
        return judge_mm(facts, task, offset);
    };
    auto spaces = search(survey, facts.word, 0, mm);
    std::erase_if(spaces, [&](const Placement& candidate) {
        return !tells_kinds_apart(facts, survey, candidate.offset);
    });
    facts.mm = facts.findings.settle({"task_struct", "mm", 0, MemberShape::pointer("mm_struct")}, spaces,
                                     facts.memory, facts.tasks, mm);
    if (!facts.mm) return;
    facts.findings.add_with_last("task_struct", "active_mm", *facts.mm + facts.word,
                                 MemberShape::pointer("mm_struct"));

    const Judge flags = [&](const StructImage& task, std::uint64_t offset) {
        return judge_flags(facts, task, offset);
    };
    auto places = search(survey, 4, fewest_of_a_kind, flags);
    std::erase_if(places, [&](const Placement& place) { return points_always(facts, survey, place.offset); });
    facts.flags = facts.findings.settle({"task_struct", "flags", 0, MemberShape::number(4)}, places,
                                        facts.memory, facts.tasks, flags);
}

}  // namespace postmortem
