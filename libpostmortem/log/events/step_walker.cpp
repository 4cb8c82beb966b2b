#include "log/events/step_walker.h"

#include <algorithm>

#include "log/events/frame.h"
#include "log/events/function_name.h"
#include "log/events/interrupted.h"
#include "log/events/stack_lines.h"

namespace postmortem {

using Kind = CompiledStep::Kind;

Candidate candidate_at(std::string_view text) {
    if (auto frame = parse_location(text)) return {std::move(frame->function), std::move(frame->module)};
    return {demangled(without_compiler_suffix(text.substr(0, text.find_first_of("+ ")))), {}};
}

bool StepWalker::walk(const std::vector<CompiledStep>& steps, Choice choice) {
    found.clear();
    candidates_.clear();
    next_ = 0;
    bool whole = true;
    bool has_stack = false;
    for (std::size_t step = 0; step < steps.size(); ++step) {
        if (steps[step].kind != Kind::Stack) {
            whole = find_step(steps[step]) && whole;
            continue;
        }
        if (has_stack) close_stack(choice);
        has_stack = true;
        bool took_following = false;
        whole = read_stack(step + 1 < steps.size() ? &steps[step + 1] : nullptr, took_following) && whole;
        if (took_following) ++step;
    }
    close_stack(choice);
    return whole &&
           std::all_of(found.begin(), found.end(), [](const Found& one) { return one.guilty.has_value(); });
}

void StepWalker::close_stack(Choice choice) {
    auto guilty = choose_guilty(candidates_, choice);
    found.push_back({std::move(candidates_), std::move(guilty)});
    candidates_.clear();
}

// Up to where another stack opens or the following step has its line.
bool StepWalker::read_stack(const CompiledStep* following, bool& took_following) {
    while (next_ < lines_.size()) {
        const std::string_view line = lines_[next_++];
        if (is_injected_fault(line)) return false;
        if (opens_stack(line)) return true;
        if (following && take_step(*following, line)) {
            took_following = true;
            return true;
        }
        if (const auto frame = stack_frame(line)) {
            add(candidate_at(*frame));
        } else if (is_arm_frame(line)) {
            add_arm_frame(line);
        }
    }
    return true;
}

bool StepWalker::find_step(const CompiledStep& step) {
    const bool asks_place = step.kind == Kind::InstructionPointer || step.kind == Kind::WarningPlace;
    InterruptedPart interrupted;
    while (next_ < lines_.size()) {
        const std::string_view line = lines_[next_++];
        if (is_injected_fault(line)) return false;
        if (interrupted.read(line) && asks_place) continue;
        if (take_step(step, line)) return true;
    }
    return true;
}

bool StepWalker::take_step(const CompiledStep& step, std::string_view line) {
    switch (step.kind) {
        case Kind::TraceStart:
            if (!is_arm_frame(line)) return opens_call_trace(line);
            add_arm_frame(line);  // arm has no word in front of its traces
            return true;
        case Kind::WarningPlace: {
            static const Pattern interrupt("--- interrupt: {num_} at {func}");
            const auto match = interrupt.find(line);
            if (!match) return take_place(line);
            add(candidate_at(match->function));
            return true;
        }
        case Kind::InstructionPointer: return take_place(line);
        case Kind::Match: {
            const auto match = step.pattern.find(line);
            if (match && !match->function.empty()) {
                add(candidate_at(
                    line.substr(static_cast<std::size_t>(match->function.data() - line.data()))));
            }
            return match.has_value();
        }
        case Kind::Stack: return false;
    }
    return false;
}

bool StepWalker::take_place(std::string_view line) {
    const auto text = instruction_pointer_text(line);
    if (text && !text->empty()) add(candidate_at(*text));
    return text.has_value();
}

// Callee and caller are in one line; the topmost callee is in no other.
void StepWalker::add_arm_frame(std::string_view line) {
    for (const std::string_view part : {line, line.substr(line.find(" from ") + 5)}) {
        if (const auto frame = parse_frame(part)) add({frame->function, frame->module});
    }
}

void StepWalker::add(Candidate candidate) {
    if (!is_uninformative(candidate.function) && !skip_.matches(candidate.function)) {
        candidates_.push_back(std::move(candidate));
    }
}

}  // namespace postmortem
