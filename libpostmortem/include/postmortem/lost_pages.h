// What a question looked at in vain.
#pragma once

#include <cstddef>

#include <postmortem/api.h>
#include <postmortem/error.h>
#include <postmortem/problem.h>

namespace postmortem {

/// While one lives, it remembers what this thread wanted of a dump and the dump should have had: pages that
/// are damaged, cut off or unreadable, symbols and types that lie in such. An answer's own problems tell what
/// is missing of it; but where a page was to say whether this kernel has a thing at all, it may seem to have
/// none. So an answer without problems is whole where there is nothing here, either. What was left out on
/// purpose
/// (`makedumpfile -d`) does not count. They nest: what an inner one remembers the outer one does, too.
class POSTMORTEM_API LostPages {
  public:
    LostPages() noexcept;
    ~LostPages();
    LostPages(const LostPages&) = delete;
    LostPages& operator=(const LostPages&) = delete;

    bool any() const { return count_ != 0; }
    /// One problem for all of them, which tells the first; none where nothing was lost.
    Problems problems() const;

    /// Those of the innermost one, for who prints an answer; none where there is none.
    static Problems so_far();

    /// For the layers that read. Nothing happens where no one asked to be told.
    static void note(const Error& error) noexcept;

  private:
    LostPages* outer_;
    std::size_t count_ = 0;
    Error first_;
};

/// While one lives, nothing is remembered: whoever reads has an answer to each loss.
class POSTMORTEM_API LossesHandled {
  public:
    LossesHandled() noexcept;
    ~LossesHandled();
    LossesHandled(const LossesHandled&) = delete;
    LossesHandled& operator=(const LossesHandled&) = delete;

  private:
    LostPages* outer_;
};

}  // namespace postmortem
