#include "kernel/layout/infer_layout.h"

#include <fmt/format.h>

#include "arch/registry.h"
#include "kernel/layout/module_facts.h"
#include "kernel/layout/task_facts.h"

namespace postmortem {
namespace {

Result<void> infer_tasks(TaskFacts& facts) {
    auto ring = find_process_ring(facts.kernel);
    if (!ring) return fail(std::move(ring.error()));
    facts.ring = std::move(*ring);
    const std::size_t processes = facts.ring.processes.size();
    facts.findings.add(
        {"task_struct", "tasks", facts.ring.tasks, MemberShape::embedded("list_head"), processes, processes});
    facts.findings.add_with_last("task_struct", "comm", facts.ring.comm, MemberShape::text(task_name_bytes));
    if (!infer_identity(facts)) return {};
    infer_threads(facts);
    infer_runqueue(facts);
    infer_family(facts);
    infer_stacks(facts);
    infer_cpu_stacks(facts);
    infer_address_spaces(facts);
    infer_cpu(facts);
    infer_states(facts);
    return {};
}

// "; not inferred: task_struct.cpu (3 places could be it)". Where nothing has died there is no exit_state to
// be missed.
std::string refusals_in_words(const Findings& findings) {
    std::string words;
    for (const Refusal& refusal : findings.refused())
        if (refusal.member != "exit_state")
            words += fmt::format("{}{}.{} ({})", words.empty() ? "; not inferred: " : ", ", refusal.type,
                                 refusal.member, refusal.why);
    return words;
}

// Without these no line of a list of tasks would be true.
Result<void> has_essentials(const Findings& findings) {
    for (const std::string_view member : {"pid", "state", "flags"}) {
        if (findings.has("task_struct", member)) continue;
        std::string why = "what it stands on is not known";
        for (const Refusal& refusal : findings.refused())
            if (refusal.type == "task_struct" && refusal.member == member) why = refusal.why;
        return fail(ErrorCode::NotFound, fmt::format("where tasks keep their {}: {}{}", member, why,
                                                     refusals_in_words(findings)));
    }
    return {};
}

void infer_uts(const Kernel& kernel, Findings& findings) {
    constexpr std::uint64_t searched = 64;
    const auto names = kernel.symbol("init_uts_ns");
    if (!names) return;
    const Judge judge = [](const StructImage& uts, std::uint64_t offset) {
        const auto name = uts.text(offset, 8);
        if (!name) return Says::Nothing;
        return *name == "Linux" ? Says::Yes : Says::No;
    };
    const std::vector<std::uint64_t> one{*names};
    findings.settle({"uts_namespace", "name", 0, MemberShape::embedded("new_utsname")},
                    search(Survey::of(kernel.memory(), one, searched), 4, 1, judge), kernel.memory(), one,
                    judge);
}

std::unique_ptr<ListedTypes> types_of(const Kernel& kernel, const InferredLayout& layout, const Error& why) {
    const std::uint32_t word = kernel.memory().word_size();
    std::string agreement = fmt::format("layout inferred ({} of {} tasks agree)", layout.tasks, layout.tasks);
    Error summary(ErrorCode::MissingDebugInfo,
                  fmt::format("{}{}: {}", agreement, refusals_in_words(layout.findings), why.message));
    auto types = std::make_unique<ListedTypes>(word, std::move(agreement), std::move(summary));
    types->add("list_head", "next", 0, MemberShape::pointer());
    types->add("list_head", "prev", word, MemberShape::pointer());
    for (const FixedMember& fixed : layout_clues(kernel.arch()).fixed)
        types->add(fixed.type, fixed.member, fixed.offset, MemberShape::number(word));
    for (const Finding& finding : layout.findings.found())
        types->add(finding.type, finding.member, finding.offset, finding.shape);
    for (const SizeFinding& size : layout.findings.sizes()) types->set_size(size.kind, size.type, size.bytes);
    return types;
}

}  // namespace

Result<InferredLayout> infer_layout(const Kernel& kernel) {
    // Without a word on the task that a CPU runs nothing tells one saved register from the other.
    if (layout_clues(kernel.arch()).current_task.empty())
        return fail(ErrorCode::Unsupported,
                    fmt::format("the layout of {} kernels is not inferred", kernel.arch().name));
    TaskFacts facts(kernel);
    if (auto done = infer_tasks(facts); !done) return fail(std::move(done.error()));
    if (auto done = has_essentials(facts.findings); !done) return fail(std::move(done.error()));
    infer_modules(kernel, facts.findings);
    infer_uts(kernel, facts.findings);
    return InferredLayout{std::move(facts.findings), facts.tasks.size()};
}

Result<std::unique_ptr<TypeFinder>> infer_types(const Kernel& kernel, const Error& why) {
    const auto layout = infer_layout(kernel);
    if (!layout) return fail(layout.error());
    return types_of(kernel, *layout, why);
}

}  // namespace postmortem
