#include "report/backtrace/references.h"

#include <algorithm>

#include "base/text.h"

namespace postmortem {
namespace {

bool among(const std::vector<RegisterValue>& registers, std::uint64_t value) {
    return std::any_of(registers.begin(), registers.end(),
                       [&](const RegisterValue& one) { return one.value == value; });
}

bool among(const std::vector<StackWord>& words, std::uint64_t value) {
    return std::any_of(words.begin(), words.end(),
                       [&](const StackWord& word) { return word.value == value; });
}

bool holds_value(const Backtrace& trace, std::uint64_t value) {
    const auto in_frame = [&](const Frame& frame) {
        return frame.ip == value || among(frame.registers, value) || among(frame.data, value);
    };
    const auto in_saved = [&](const SavedFrame& saved) { return among(saved.registers, value); };
    const auto in_text = [&](const StackText& text) { return text.ip == value; };
    return std::any_of(trace.frames.begin(), trace.frames.end(), in_frame) ||
           std::any_of(trace.saved.begin(), trace.saved.end(), in_saved) ||
           std::any_of(trace.text.begin(), trace.text.end(), in_text) || among(trace.raw, value) ||
           among(trace.registers, value);
}

}  // namespace

bool refers_to(const Backtrace& trace, const std::string& reference) {
    const auto named = [&](const auto& entry) { return entry.function == reference; };
    if (std::any_of(trace.frames.begin(), trace.frames.end(), named) ||
        std::any_of(trace.text.begin(), trace.text.end(), named) ||
        std::any_of(trace.saved.begin(), trace.saved.end(), named))
        return true;
    const auto value = parse_u64(reference, 16);
    return value && holds_value(trace, *value);
}

}  // namespace postmortem
