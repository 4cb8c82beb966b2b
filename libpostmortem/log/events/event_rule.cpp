#include "log/events/event_rule.h"

#include <algorithm>

namespace postmortem {

const RuleBook& RuleBook::standard() {
    static const RuleBook book = [] {
        RuleBook rules;
        add_sanitizer_rules(rules);
        add_fault_rules(rules);
        add_trap_rules(rules);
        add_xmon_rules(rules);
        add_lock_rules(rules);
        add_stall_rules(rules);
        add_warning_rules(rules);
        add_memory_rules(rules);
        add_boot_and_filesystem_rules(rules);
        add_panic_rules(rules);
        add_hardware_rules(rules);
        add_spl_rules(rules);
        add_unknown_rules(rules);
        return rules;
    }();
    return book;
}

void RuleBook::add(std::string_view literal, TriggerOptions options, std::vector<EventRule> rules) {
    auto trigger = std::find_if(triggers_.begin(), triggers_.end(),
                                [&](const Trigger& other) { return other.literal == literal; });
    if (trigger == triggers_.end()) {
        trigger = triggers_.insert(triggers_.end(), Trigger{});
        trigger->literal = literal;
        trigger->meeting = options.meeting;
    }
    trigger->join_within = std::max(trigger->join_within, options.join_within);
    for (const std::string_view unless : options.unless) trigger->unless.emplace_back(unless);
    if (options.otherwise) trigger->otherwise = options.otherwise;
    rules_.push_back(std::move(rules));
    for (const EventRule& rule : rules_.back()) {
        CompiledRule compiled;
        compiled.rule = &rule;
        compiled.head = Pattern(rule.head);
        for (const std::string_view detail : rule.detail) compiled.detail.emplace_back(detail);
        for (const std::string_view name : rule.skip) compiled.skip.add(name);
        if (!rule.needs.empty()) compiled.needs = Pattern(rule.needs);
        if (!rule.proof.empty()) compiled.proof = Pattern(rule.proof);
        if (!rule.steps.empty()) compiled.steps.push_back(compile(rule.steps));
        for (const Steps& steps : rule.other_steps) compiled.steps.push_back(compile(steps));
        trigger->rules.push_back(std::move(compiled));
    }
}

std::vector<CompiledStep> RuleBook::compile(const Steps& steps) {
    std::vector<CompiledStep> compiled;
    for (const std::string_view step : steps) {
        using Kind = CompiledStep::Kind;
        if (step == "@ip") {
            compiled.push_back({Kind::InstructionPointer, {}});
        } else if (step == "@warning") {
            compiled.push_back({Kind::WarningPlace, {}});
        } else if (step == "@trace") {
            compiled.push_back({Kind::TraceStart, {}});
        } else if (step == "@stack") {
            compiled.push_back({Kind::Stack, {}});
        } else {
            compiled.push_back({Kind::Match, Pattern(step)});
        }
    }
    return compiled;
}

}  // namespace postmortem
