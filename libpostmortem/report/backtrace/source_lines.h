// Adds source files, lines and inlined functions to backtraces, from a vmlinux's DWARF.
#pragma once

#include <memory>

#include <postmortem/backtrace.h>

#include "kernel/kernel.h"
#include "symbols/source_lines.h"

namespace postmortem {

/// Borrows the kernel.
class SourceAnnotator {
  public:
    /// Errors: those of finding and opening the vmlinux.
    static Result<SourceAnnotator> open(const Kernel& kernel, bool with_inlined);

    /// A frame without line information (a module's, assembly's) stays as it is.
    void annotate(Backtrace& trace) const;

  private:
    SourceAnnotator(std::unique_ptr<SourceLines> lines, std::uint64_t slide, bool with_inlined)
        : lines_(std::move(lines)), slide_(slide), with_inlined_(with_inlined) {}

    void describe(Frame& frame, const std::vector<SourceFrame>& places) const;

    std::unique_ptr<SourceLines> lines_;
    std::uint64_t slide_;
    bool with_inlined_;
};

}  // namespace postmortem
