#include "log/events/naming.h"

#include <algorithm>

#include "log/events/guilty.h"
#include "log/events/interrupted.h"
#include "log/events/stack_lines.h"
#include "log/events/step_walker.h"
#include "log/events/title.h"

namespace postmortem {
namespace {

using Lines = std::vector<std::string_view>;

// Without leftovers of the stack, which name functions that had returned long before.
Lines reliable_lines(const Report& report, std::size_t count) {
    Lines lines;
    for (std::size_t i = 0; i < count; ++i) {
        if (!report.lines[i].questionable) lines.push_back(report.lines[i].named());
    }
    return lines;
}

struct RuleMatch {
    std::vector<std::string> captures;
    std::optional<Candidate> function;  // the last that a pattern named
};

// What head and detail held; nothing where the headline is another one or its details are missing.
std::optional<RuleMatch> match_rule(const CompiledRule& rule, const Lines& lines) {
    RuleMatch found;
    const auto keep = [&](std::string_view line, const PatternMatch& match) {
        for (std::size_t i = 0; i < match.capture_count; ++i) found.captures.emplace_back(match.captures[i]);
        if (match.function.empty()) return;
        found.function =
            candidate_at(line.substr(static_cast<std::size_t>(match.function.data() - line.data())));
    };
    const auto head = rule.head.find(lines.front());
    if (!head) return std::nullopt;
    keep(lines.front(), *head);
    std::size_t next = 1;
    for (const Pattern& detail : rule.detail) {
        std::optional<PatternMatch> match;
        while (next < lines.size() && !match) match = detail.find(lines[next++]);
        if (!match) return std::nullopt;
        keep(lines[next - 1], *match);
    }
    return found;
}

// Follows the rule's steps; gives the functions for the title, as it shows them and as they were printed.
std::vector<Guilty> find_guilty(const CompiledRule& rule, const Lines& lines, Naming& naming) {
    std::vector<Guilty> guilty;
    if (rule.steps.empty()) return guilty;
    StepWalker walker(lines, rule.skip);
    const bool whole = std::any_of(rule.steps.begin(), rule.steps.end(),
                                   [&](const auto& steps) { return walker.walk(steps, rule.rule->choice); });
    if (!whole) naming.corruption = "no function to blame in the stack trace";
    for (const auto& found : walker.found) guilty.push_back(found.guilty.value_or(Guilty{0, "corrupted"}));
    naming.blames_nobody = !walker.found.front().guilty;
    naming.candidates = std::move(walker.found.front().candidates);
    naming.blamed = guilty.front().index;
    naming.blames_entry = rule.rule->choice == Choice::Stall;
    return guilty;
}

void write_titles(const EventRule& rule, const std::vector<std::string>& captures,
                  const std::vector<Guilty>& guilty, Naming& naming) {
    std::vector<std::string> functions, as_printed;
    for (const Guilty& one : guilty) functions.push_back(one.function);
    as_printed = functions;
    if (naming.blamed < naming.candidates.size() && !as_printed.empty()) {
        as_printed.front() = naming.candidates[naming.blamed].function;
    }
    naming.title = stable_title(fill_title(rule.title, captures, functions));
    for (const std::string_view form : {rule.title, rule.alternative}) {
        for (const auto& names : {functions, as_printed}) {
            std::string title = stable_title(fill_title(form, captures, names));
            const bool known = title == naming.title ||
                               std::find(naming.alternatives.begin(), naming.alternatives.end(), title) !=
                                   naming.alternatives.end();
            if (!title.empty() && !known) naming.alternatives.push_back(std::move(title));
        }
    }
}

void apply_rule(const CompiledRule& rule, const Lines& lines, RuleMatch match, Naming& naming) {
    naming.event_class = rule.rule->event_class;
    naming.rule = &rule;
    naming.captures = match.captures;
    naming.named = match.function;
    std::vector<Guilty> guilty = find_guilty(rule, lines, naming);
    // The registers of the report are lost, and those below are what an interrupt has found.
    if (!guilty.empty() && match.function && is_idle_loop(guilty.front().function)) {
        guilty.front() = Guilty{0, match.function->function};
        naming.candidates.assign(1, *match.function);
        naming.blamed = 0;
    }
    if (guilty.empty() && match.function) naming.candidates.push_back(std::move(*match.function));
    if (naming.event_class == EventClass::Kcsan)
        for (std::string& capture : match.captures) capture = without_modules(capture);
    write_titles(*rule.rule, match.captures, guilty, naming);
    if (naming.corruption.empty() && rule.rule->is_torn) naming.corruption = "the headline's report is lost";
}

// Every stack that a report announces must have at least one frame.
std::string missing_stack(const Lines& lines) {
    const auto is_frame = [&](std::string_view line) {
        return stack_frame(line).has_value() || is_arm_frame(line) ||
               line.find("(stack is not available)") != std::string_view::npos;
    };
    bool any = false;
    Lines seen;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        // A program's backtrace below it is not the kernel's.
        if (any && lines[i].find("---[ end trace") != std::string_view::npos) break;
        const std::string_view kind = stack_kind(lines[i]);
        // Of each kind only the first counts: later ones may be another report's.
        if (kind.empty() || std::find(seen.begin(), seen.end(), kind) != seen.end()) continue;
        seen.push_back(kind);
        if (lines.size() - i < 3) return "the call trace is missing";
        bool found = false;
        for (std::size_t j = i + 1; j < lines.size() && j <= i + 15 && !found; ++j) {
            if (opens_stack(lines[j])) break;
            found = is_frame(lines[j]);
        }
        any = any || found;
        if (!found && !is_riscv_status(lines[i])) return "a call trace without frames";
    }
    any = any || std::any_of(lines.begin(), lines.end(), is_arm_frame);
    return any ? "" : "no call trace in the report";
}

// No rule took the report: its headline is the title.
void name_after_headline(const Report& report, bool known_head, Naming& naming) {
    const std::string headline(report.lines.front().named());
    const std::size_t at = headline.find(report.trigger->literal);
    naming.title = stable_title(std::string_view(headline).substr(at == std::string::npos ? 0 : at));
    if (known_head) {
        naming.corruption = "the report lacks what its headline promises";
    } else {
        naming.event_class = report.trigger->otherwise.value_or(EventClass::OtherBug);
    }
    if (report.glued_headline) naming.corruption = "another message runs through the headline";
}

}  // namespace

Naming name_report(const Report& report) {
    const Lines lines = reliable_lines(report, report.named_lines);
    Naming naming;
    bool known_head = false;
    for (const CompiledRule& rule : report.trigger->rules) {
        if (!rule.head.find(lines.front())) continue;
        known_head = true;
        naming.event_class = rule.rule->event_class;
        auto match = match_rule(rule, lines);
        if (!match) continue;
        apply_rule(rule, lines, std::move(*match), naming);
        const bool quotes_headline = rule.rule->title.find("{frame") == std::string_view::npos;
        if (naming.corruption.empty() && report.glued_headline && quotes_headline) {
            naming.corruption = "another message runs through the headline";
        }
        if (naming.corruption.empty() && !rule.rule->has_no_trace && !rule.rule->one_line) {
            naming.corruption = missing_stack(reliable_lines(report, report.lines.size()));
        }
        return naming;
    }
    name_after_headline(report, known_head, naming);
    return naming;
}

}  // namespace postmortem
