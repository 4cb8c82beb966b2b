#include "report/backtrace/stack_words.h"

#include <algorithm>

#include <fmt/format.h>

#include "report/backtrace/saved_frames.h"

namespace postmortem {
namespace {

// Symbols reach to the next one, and strings have none: behind the last table before them lies much that is
// no part of it. So a table of constants is believed to be as large as that only up to the size of the
// largest ones that there are (cpu_bit_bitmap: 65 KiB).
constexpr std::uint64_t farthest_in_constants = 4096, largest_table = 72 * 1024;

bool reaches(const SymbolHit& hit, std::uint64_t offset, bool read_only) {
    if (read_only && hit.size != 0 && hit.size <= largest_table) return true;
    return (!read_only && hit.symbol.type != 'r' && hit.symbol.type != 'R') || offset < farthest_in_constants;
}

const StackRange* stack_with(StackSet stacks, std::uint64_t address) {
    const auto found = std::find_if(stacks.begin(), stacks.end(),
                                    [&](const StackRange& stack) { return stack.holds(address, 1); });
    return found == stacks.end() ? nullptr : &*found;
}

// A return address may be signed: it is one if text lies there.
std::uint64_t without_signature(std::uint64_t word, const CodeMap& code) {
    const std::uint64_t address = code.unsigned_address(word);
    return code.source().may_be_text(address) ? address : word;
}

StackText as_text(const Frame& frame) {
    StackText text;
    text.slot = frame.slot;
    text.ip = frame.ip;
    text.function = frame.function;
    text.offset = frame.offset;
    text.module = frame.module;
    text.stack = frame.stack;
    return text;
}

}  // namespace

StackWords::StackWords(const Kernel& kernel, const Unwinder& unwinder, const BacktraceRequest& request)
    : kernel_(kernel),
      symbols_(kernel),
      unwinder_(unwinder),
      view_(request.view),
      data_(request.frame_data),
      word_(kernel.arch().word_size),
      image_end_(kernel.symbol("_end").value_or(~std::uint64_t{0})),
      read_only_start_(kernel.symbol("__start_rodata").value_or(0)),
      read_only_end_(kernel.symbol("__end_rodata").value_or(0)) {
    if (data_ != BacktraceRequest::FrameData::Symbols) return;
    auto slabs = SlabPages::open(kernel);
    if (slabs)
        slabs_.emplace(std::move(*slabs));
    else
        no_slabs_ = std::move(slabs.error());
}

void StackWords::add(const Task& task, FrameWalker& walker, Backtrace& trace) const {
    trace.view = view_;
    trace.text.clear();
    trace.saved.clear();
    trace.raw.clear();
    if (trace.end == BacktraceEnd::None) return;
    const std::vector<StackRange> stacks = unwinder_.stacks_of(task);
    switch (view_) {
        case StackView::Frames:
            if (data_ != BacktraceRequest::FrameData::None) add_data(stacks, walker, trace);
            break;
        case StackView::Text: add_text(stacks, walker, trace); break;
        case StackView::WholeText: add_whole_text(stacks.front(), walker, trace); break;
        case StackView::SavedFrames: add_saved(stacks.front(), walker, trace); break;
        case StackView::Raw: add_raw(stacks.front(), walker, trace); break;
    }
}

StackWord StackWords::word_at(std::uint64_t address, FrameWalker& walker) const {
    StackWord word;
    word.address = address;
    if (const auto value = walker.read(address)) {
        word.value = *value;
    } else {
        const std::lock_guard guard(unread_.lock);
        ++unread_.words;
        if (!unread_.word_error) unread_.word_error = value.error();
    }
    return word;
}

// A symbol that covers the value, else a slab cache that it points into.
void StackWords::explain(StackWord& word, const CodeMap& code) const {
    if (!word.value) return;
    const std::uint64_t value = without_signature(*word.value, code);
    if (!kernel_.is_of_kernel(value)) return;
    const auto hit = symbols_.at(value);
    const std::uint64_t offset = hit ? value - hit->symbol.address : 0;
    const bool read_only = value >= read_only_start_ && value < read_only_end_;
    if (hit && reaches(*hit, offset, read_only) && (!hit->module.empty() || value < image_end_)) {
        word.symbol = hit->symbol.name + (offset != 0 ? fmt::format("+{}", offset) : "");
        return;
    }
    if (!slabs_) return;
    if (auto cache = slabs_->cache_of(value)) {
        word.cache = std::move(*cache);
    } else {
        const std::lock_guard guard(unread_.lock);
        ++unread_.caches;
        if (!unread_.cache_error) unread_.cache_error = cache.error();
    }
}

// From behind a frame's return address to the next one's, as long as both lie on one stack. What was
// interrupted there has none of its own: the words go with the registers that were saved among them.
void StackWords::add_data(StackSet stacks, FrameWalker& walker, Backtrace& trace) const {
    for (std::size_t i = 0; i < trace.frames.size(); ++i) {
        Frame& frame = trace.frames[i];
        const std::size_t behind = i + (frame.registers.empty() ? 1 : 2);
        const StackRange* stack = stack_with(stacks, frame.slot);
        if (behind >= trace.frames.size() || !stack) continue;
        const bool told = i > 0 && !trace.frames[i - 1].registers.empty() &&
                          stack == stack_with(stacks, trace.frames[i - 1].slot);
        const std::uint64_t next = trace.frames[behind].slot;
        if (told || !stack->holds(next, word_)) continue;
        for (std::uint64_t at = frame.slot + word_; at <= next; at += word_) {
            StackWord word = word_at(at, walker);
            if (data_ == BacktraceRequest::FrameData::Symbols) explain(word, walker.code().map());
            frame.data.push_back(std::move(word));
        }
    }
}

void StackWords::scan_text(std::uint64_t low, std::uint64_t high, StackKind kind, FrameWalker& walker,
                           Backtrace& trace) const {
    for (std::uint64_t at = low; at < high; at += word_) {
        const StackWord word = word_at(at, walker);
        if (!word.value) continue;
        const std::uint64_t ip = walker.code().map().unsigned_address(*word.value);
        if (!walker.code().map().source().may_be_text(ip)) continue;
        const CodePlace& place = walker.code().at(ip);
        if (!place.is_text) continue;
        StackText& text = trace.text.emplace_back();
        text.slot = at;
        text.ip = ip;
        text.function = place.function;
        text.offset = ip - place.start;
        text.module = place.module;
        text.stack = kind;
    }
}

// Stack after stack, as the walk came over them: up to where it left one, of the last to its end.
void StackWords::add_text(StackSet stacks, FrameWalker& walker, Backtrace& trace) const {
    for (std::size_t i = 0; i < trace.frames.size();) {
        const Frame& first = trace.frames[i];
        const StackRange* stack = stack_with(stacks, first.slot);
        std::size_t next = i + 1;
        while (next < trace.frames.size() && stack && stack->holds(trace.frames[next].slot, 1)) ++next;
        const bool last = next == trace.frames.size();
        const Frame& end = trace.frames[next - 1];
        if (first.interrupted) trace.text.push_back(as_text(first));
        if (stack) scan_text(first.slot, last ? stack->high : end.slot + word_, first.stack, walker, trace);
        if (!trace.text.empty()) {
            trace.text.back().registers = end.registers;
            trace.text.back().registers_of_user = end.registers_of_user;
        }
        i = next;
    }
}

void StackWords::add_whole_text(const StackRange& stack, FrameWalker& walker, Backtrace& trace) const {
    scan_text(stack.low, stack.high, StackKind::Task, walker, trace);
    if (trace.text.empty() || trace.frames.empty() || !trace.frames.back().registers_of_user) return;
    trace.text.back().registers = trace.frames.back().registers;
    trace.text.back().registers_of_user = true;
}

void StackWords::add_saved(const StackRange& stack, FrameWalker& walker, Backtrace& trace) const {
    const auto searched = find_saved_frames(stack, walker, trace.saved);
    if (searched) return;
    const std::lock_guard held(unread_.lock);
    unread_.saved_error = searched.error();
}

void StackWords::add_raw(const StackRange& stack, FrameWalker& walker, Backtrace& trace) const {
    for (std::uint64_t at = stack.low; at < stack.high; at += word_) {
        trace.raw.push_back(word_at(at, walker));
        explain(trace.raw.back(), walker.code().map());
    }
}

void StackWords::tell(ProblemCollector& problems) {
    if (no_slabs_)
        problems.add({no_slabs_->code, fmt::format("the names of slab caches: {}", no_slabs_->message),
                      no_slabs_->address});
    if (unread_.saved_error) problems.add("what was saved on stacks", *unread_.saved_error);
    const auto count = [&](std::uint64_t number, const char* what, const std::optional<Error>& error) {
        if (number != 0)
            problems.add({error->code,
                          fmt::format("{} of {} words of stacks: {}", what, number, error->message),
                          error->address});
    };
    count(unread_.words, "the values", unread_.word_error);
    count(unread_.caches, "the slab caches", unread_.cache_error);
    symbols_.tell(problems);
}

}  // namespace postmortem
