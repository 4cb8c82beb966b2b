// The stacks of a CPU. The end of its interrupt stack, where that is kept in a struct, is the last word of
// the memory that the kernel set aside for the stack, mapped once more. Its exception stacks are members of a
// struct, and end where the hardware is told that they do.
#include <algorithm>

#include "arch/registry.h"
#include "kernel/layout/task_facts.h"
#include "kernel/percpu.h"

namespace postmortem {
namespace {

constexpr std::uint64_t largest_holder = 256;  // of the struct: a cache line or two
constexpr std::uint64_t stack_page = 4096;
constexpr std::uint64_t largest_exception_stack = 64 * 1024;

void infer_stack_mapping(TaskFacts& facts, const StackMapping& stack) {
    const Kernel& kernel = facts.kernel;
    const std::uint64_t bytes = kernel.arch().stacks.default_size;
    std::map<std::uint64_t, std::uint64_t> memory;  // of each CPU's struct: where the stack's last word lies
    std::vector<std::uint64_t> holders;
    for (const auto& [cpu, idle] : facts.idle) {
        const auto holder = per_cpu_address(kernel, stack.variable, cpu),
                   base = per_cpu_address(kernel, stack.memory, cpu);
        const auto last = base ? facts.memory.translate(*base + bytes - facts.word) : base;
        if (!holder || !last) return;
        memory.emplace(*holder, *last);
        holders.push_back(*holder);
    }
    const Judge judge = [&](const StructImage& holder, std::uint64_t offset) {
        const auto end = holder.word(offset);
        if (!end) return Says::Nothing;
        if (!facts.is_pointer(*end) || (*end + facts.word) % stack_page != 0) return Says::No;
        const auto physical = facts.memory.translate(*end);
        return physical && *physical == memory.at(holder.address()) ? Says::Yes : Says::No;
    };
    facts.findings.settle({stack.type, stack.member, 0, MemberShape::pointer()},
                          search(Survey::of(facts.memory, holders, largest_holder), facts.word, 1, judge),
                          facts.memory, holders, judge);
}

/// Where each of the stacks of one CPU ends, counted from the struct that they are members of.
std::optional<std::vector<std::uint64_t>> ends_of_cpu(const TaskFacts& facts, const MappedStacks& stacks,
                                                      std::uint32_t cpu) {
    const auto pointer = per_cpu_address(facts.kernel, stacks.pointer, cpu),
               array = per_cpu_address(facts.kernel, stacks.ends, cpu);
    const auto base = pointer ? facts.memory.word(*pointer) : pointer;
    if (!base || !array) return std::nullopt;
    std::vector<std::uint64_t> ends;
    for (std::size_t i = 0; i < stacks.members.size(); ++i) {
        const auto end = facts.memory.word(*array + stacks.ends_at + i * facts.word);
        if (!end) return std::nullopt;
        if (*end == 0) break;
        const std::uint64_t before = ends.empty() ? 0 : ends.back();
        if (*end <= *base + before || *end - *base - before > largest_exception_stack) return std::nullopt;
        ends.push_back(*end - *base);
    }
    return ends;
}

// They are all of one size (EXCEPTION_STKSZ), with a guard page below each. Further apart are those with
// others between them that the hardware is not told of: until 5.8 two more for debug exceptions
// (2a594d4ccf3f).
std::optional<std::uint64_t> size_of_each(const std::vector<std::uint64_t>& ends, std::uint64_t guard) {
    std::optional<std::uint64_t> size;
    std::uint64_t before = 0;
    for (const std::uint64_t end : ends) {
        if (end <= before + guard) return std::nullopt;
        size = std::min(size.value_or(end), end - before - guard);
        before = end;
    }
    return size;
}

// The struct is the same for every CPU, so the distances have to be.
void infer_exception_stacks(TaskFacts& facts, const MappedStacks& stacks) {
    std::optional<std::vector<std::uint64_t>> ends;
    for (const auto& [cpu, idle] : facts.idle) {
        auto of_cpu = ends_of_cpu(facts, stacks, cpu);
        if (!of_cpu || of_cpu->empty() || (ends && *ends != *of_cpu))
            return facts.findings.refuse(stacks.type, stacks.members.front(), "the CPUs do not agree");
        ends = std::move(of_cpu);
    }
    if (!ends) return;
    const auto size = size_of_each(*ends, stacks.guard);
    for (std::size_t i = 0; size && i < ends->size(); ++i)
        facts.findings.add({stacks.type, stacks.members[i], (*ends)[i] - *size, MemberShape::text(*size),
                            facts.idle.size(), facts.idle.size()});
}

}  // namespace

void infer_cpu_stacks(TaskFacts& facts) {
    const LayoutClues& clues = layout_clues(facts.kernel.arch());
    for (const StackMapping& stack : clues.stacks)
        if (facts.kernel.symbol(stack.variable) && facts.kernel.symbol(stack.memory))
            infer_stack_mapping(facts, stack);
    if (const MappedStacks* stacks = clues.exception_stacks; stacks && facts.kernel.symbol(stacks->pointer))
        infer_exception_stacks(facts, *stacks);
}

}  // namespace postmortem
