#include "log/naming.h"

#include <algorithm>

#include "base/text.h"
#include "log/frame.h"
#include "log/function_name.h"
#include "log/guilty.h"
#include "log/stack_lines.h"
#include "log/title.h"

namespace postmortem {
namespace {

using Lines = std::vector<std::string_view>;

// The lines a rule looks at: those of the report itself, without leftovers of the stack.
Lines own_lines(const Report& report) {
    Lines lines;
    for (std::size_t i = 0; i < report.named_lines; ++i) {
        if (!report.lines[i].questionable) lines.push_back(report.lines[i].text);
    }
    return lines;
}

// Follows a rule's steps down the report and gathers the functions they pass, one list for each stack.
class StepWalker {
  public:
    StepWalker(const Lines& lines, const NameSet& skip) : lines_(lines), skip_(skip) {}

    bool walk(const std::vector<CompiledStep>& steps, Choice choice) {
        next_ = 0;
        bool whole = true;
        int stacks = 0;
        std::vector<Candidate> candidates;
        for (std::size_t step = 0;; ++step) {
            const bool at_end = step == steps.size();
            if (at_end || (steps[step].kind == CompiledStep::Kind::Stack && stacks > 0)) {
                const auto guilty = choose_guilty(candidates, choice);
                whole = whole && guilty.has_value();
                found.push_back({std::move(candidates), guilty});
                candidates.clear();
            }
            if (at_end) return whole;
            if (steps[step].kind == CompiledStep::Kind::Stack) {
                ++stacks;
                const CompiledStep* following = step + 1 < steps.size() ? &steps[step + 1] : nullptr;
                bool took_following = false;
                whole = read_stack(following, candidates, took_following) && whole;
                if (took_following) ++step;
            } else {
                whole = find_step(steps[step], candidates) && whole;
            }
        }
    }

    struct Found {
        std::vector<Candidate> candidates;
        std::optional<Guilty> guilty;
    };
    std::vector<Found> found;

  private:
    // False where the stack is mixed with one of an injected fault.
    bool read_stack(const CompiledStep* following, std::vector<Candidate>& candidates, bool& took_following) {
        while (next_ < lines_.size()) {
            const std::string_view line = lines_[next_++];
            if (is_injected_fault(line)) return false;
            if (opens_stack(line)) return true;
            if (following && take_step(*following, line, candidates)) {
                took_following = true;
                return true;
            }
            if (const auto frame = stack_frame(line)) {
                add(*frame, candidates);
            } else if (const auto arm = parse_frame(line);
                       arm && line.find(" from ") != std::string_view::npos) {
                add_arm_frame(line, candidates);
            }
        }
        return true;
    }

    bool find_step(const CompiledStep& step, std::vector<Candidate>& candidates) {
        while (next_ < lines_.size()) {
            const std::string_view line = lines_[next_++];
            if (is_injected_fault(line)) return false;
            if (take_step(step, line, candidates)) return true;
        }
        return true;
    }

    bool take_step(const CompiledStep& step, std::string_view line, std::vector<Candidate>& candidates) {
        using Kind = CompiledStep::Kind;
        switch (step.kind) {
            case Kind::TraceStart: return opens_call_trace(line);
            case Kind::WarningPlace: {
                static const Pattern interrupt("--- interrupt: {num_} at {func}");
                if (const auto match = interrupt.find(line)) {
                    add(match->function, candidates);
                    return true;
                }
                [[fallthrough]];
            }
            case Kind::InstructionPointer: {
                const auto text = instruction_pointer_text(line);
                if (text && !text->empty()) add(*text, candidates);
                return text.has_value();
            }
            case Kind::Match: {
                const auto match = step.pattern.find(line);
                if (match && !match->function.empty()) {
                    add(line.substr(static_cast<std::size_t>(match->function.data() - line.data())),
                        candidates);
                }
                return match.has_value();
            }
            case Kind::Stack: return false;
        }
        return false;
    }

    // arm names callee and caller in one line; the topmost callee is in no other.
    void add_arm_frame(std::string_view line, std::vector<Candidate>& candidates) {
        const auto callee = parse_frame(line);
        if (callee) add_function(callee->function, callee->module, candidates);
        const std::size_t from = line.find(" from ");
        const auto caller = parse_frame(line.substr(from + 5));
        if (caller) add_function(caller->function, caller->module, candidates);
    }

    void add(std::string_view text, std::vector<Candidate>& candidates) {
        if (const auto frame = parse_location(text)) {
            add_function(frame->function, frame->module, candidates);
        } else {
            add_function(demangled(without_compiler_suffix(text.substr(0, text.find_first_of("+ ")))), {},
                         candidates);
        }
    }

    void add_function(const std::string& function, const std::string& module,
                      std::vector<Candidate>& candidates) {
        if (is_uninformative(function) || skip_.matches(function)) return;
        candidates.push_back({function, module});
    }

    const Lines& lines_;
    const NameSet& skip_;
    std::size_t next_ = 0;
};

// The captures of head and detail; nothing where the headline is another one or its details are missing.
std::optional<std::vector<std::string>> match_rule(const CompiledRule& rule, const Lines& lines) {
    const auto head = rule.head.find(lines.front());
    if (!head) return std::nullopt;
    std::vector<std::string> captures;
    const auto keep = [&](const PatternMatch& match) {
        for (std::size_t i = 0; i < match.capture_count; ++i) captures.emplace_back(match.captures[i]);
    };
    keep(*head);
    std::size_t next = 1;
    for (const Pattern& detail : rule.detail) {
        std::optional<PatternMatch> match;
        while (next < lines.size() && !match) match = detail.find(lines[next++]);
        if (!match) return std::nullopt;
        keep(*match);
    }
    return captures;
}

void add_unique(std::vector<std::string>& all, std::string one, const std::string& title) {
    one = stable_title(one);
    if (one != title && std::find(all.begin(), all.end(), one) == all.end()) all.push_back(std::move(one));
}

void apply_rule(const CompiledRule& rule, const Lines& lines, std::vector<std::string> captures,
                Naming& naming) {
    naming.event_class = rule.rule->event_class;
    std::vector<std::string> frames, raw_frames;
    if (!rule.steps.empty()) {
        StepWalker walker(lines, rule.skip);
        bool whole = walker.walk(rule.steps, rule.rule->choice);
        if (!whole && !rule.other_steps.empty()) {
            walker.found.clear();
            whole = walker.walk(rule.other_steps, rule.rule->choice);
        }
        for (const auto& found : walker.found) {
            frames.push_back(found.guilty ? found.guilty->function : "corrupted");
            raw_frames.push_back(found.guilty ? found.candidates[found.guilty->index].function : "corrupted");
        }
        naming.candidates = std::move(walker.found.front().candidates);
        if (walker.found.front().guilty) naming.blamed = walker.found.front().guilty->index;
        if (!whole) naming.corruption = "no function to blame in the stack trace";
    }
    naming.title = stable_title(fill_title(rule.rule->title, captures, frames));
    add_unique(naming.alternatives, fill_title(rule.rule->title, captures, raw_frames), naming.title);
    if (!rule.rule->alternative.empty()) {
        add_unique(naming.alternatives, fill_title(rule.rule->alternative, captures, frames), naming.title);
        add_unique(naming.alternatives, fill_title(rule.rule->alternative, captures, raw_frames),
                   naming.title);
    }
    naming.captures = std::move(captures);
    if (naming.corruption.empty() && rule.rule->is_torn) naming.corruption = "the headline's report is lost";
}

// Every stack that a report announces must have at least one frame.
std::string missing_stack(const Report& report) {
    std::vector<std::string_view> lines;
    for (const ReportLine& line : report.lines) {
        if (!line.questionable) lines.push_back(line.text);
    }
    // arm needs no word in front of its frames
    const auto is_arm_frame = [](std::string_view line) {
        return line.find(" from ") != std::string_view::npos && parse_frame(line).has_value();
    };
    const auto is_frame = [&](std::string_view line) {
        return stack_frame(line).has_value() || is_arm_frame(line) ||
               line.find("(stack is not available)") != std::string_view::npos;
    };
    bool any = false;
    std::vector<std::string_view> seen;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (!opens_stack(lines[i])) continue;
        // Of each kind only the first counts: later ones may be another report's.
        const std::string_view kind = stack_kind(lines[i]);
        if (std::find(seen.begin(), seen.end(), kind) != seen.end()) continue;
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

}  // namespace

Naming name_report(const Report& report) {
    const Lines lines = own_lines(report);
    Naming naming;
    bool known_head = false;
    const CompiledRule* applied = nullptr;
    for (const CompiledRule& rule : report.trigger->rules) {
        if (!rule.head.find(lines.front())) continue;
        known_head = true;
        auto captures = match_rule(rule, lines);
        if (!captures) {
            naming.event_class = rule.rule->event_class;
            continue;
        }
        applied = &rule;
        apply_rule(rule, lines, std::move(*captures), naming);
        break;
    }
    if (!applied) {
        if (!known_head) naming.event_class = report.trigger->otherwise.value_or(EventClass::OtherBug);
        const std::size_t at = lines.front().find(report.trigger->literal);
        naming.title = stable_title(lines.front().substr(at == std::string_view::npos ? 0 : at));
        if (known_head) naming.corruption = "the report lacks what its headline promises";
        if (report.glued_headline) naming.corruption = "another message runs through the headline";
        return naming;
    }
    const bool quotes_headline = applied->rule->title.find("{frame") == std::string_view::npos;
    if (naming.corruption.empty() && report.glued_headline && quotes_headline) {
        naming.corruption = "another message runs through the headline";
    }
    if (naming.corruption.empty() && !applied->rule->has_no_trace && !applied->rule->one_line) {
        naming.corruption = missing_stack(report);
    }
    return naming;
}

}  // namespace postmortem
