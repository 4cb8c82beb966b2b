// What lies on a stack beside the frames: their data, with what it points to; every address in text; what
// looks like saved registers; every word.
#pragma once

#include <atomic>
#include <optional>

#include <postmortem/backtrace.h>

#include "base/problem_collector.h"
#include "kernel/mm/slab_pages.h"
#include "kernel/symbol_finder.h"
#include "kernel/unwind/unwind.h"

namespace postmortem {

/// Thread-safe. Borrows the kernel and the unwinder.
class StackWords {
  public:
    StackWords(const Kernel& kernel, const Unwinder& unwinder, const BacktraceRequest& request);

    /// Adds to the backtrace of a task what was asked for.
    void add(const Task& task, FrameWalker& walker, Backtrace& trace) const;

    /// Hands over why something is missing.
    void tell(ProblemCollector& problems);

  private:
    StackWord word_at(std::uint64_t address, FrameWalker& walker) const;
    void explain(StackWord& word, const CodeMap& code) const;
    void add_data(StackSet stacks, FrameWalker& walker, Backtrace& trace) const;
    void add_text(StackSet stacks, FrameWalker& walker, Backtrace& trace) const;
    void add_whole_text(const StackRange& stack, FrameWalker& walker, Backtrace& trace) const;
    void add_saved(const StackRange& stack, FrameWalker& walker, Backtrace& trace) const;
    void add_raw(const StackRange& stack, FrameWalker& walker, Backtrace& trace) const;
    void scan_text(std::uint64_t low, std::uint64_t high, StackKind kind, FrameWalker& walker,
                   Backtrace& trace) const;

    struct Unread {
        std::mutex lock;
        std::uint64_t words = 0, caches = 0;
        std::optional<Error> word_error, cache_error, saved_error;
    };

    const Kernel& kernel_;
    SymbolFinder symbols_;
    const Unwinder& unwinder_;
    StackView view_;
    BacktraceRequest::FrameData data_;
    std::uint64_t word_;
    std::uint64_t image_end_;                        ///< what lies above has no symbol of the kernel's own
    std::uint64_t read_only_start_, read_only_end_;  ///< the kernel's; symbols there may have any letter
    std::optional<SlabPages> slabs_;
    std::optional<Error> no_slabs_;
    mutable Unread unread_;
};

}  // namespace postmortem
