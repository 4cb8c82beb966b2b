// The pages of a saved QEMU machine as they come: first all of them one behind the other, then those again
// that the machine changed meanwhile.
#pragma once

#include <optional>
#include <vector>

#include "dump/hypervisor/qemu_stream.h"

namespace postmortem {

class QemuSentPages {
  public:
    static constexpr std::size_t max_runs = 1u << 25;

    void expect(std::uint64_t machine_pages) { machine_pages_ = machine_pages; }
    /// That it comes next, whether or not the file has it.
    void announce(std::uint64_t page) { announced_ = page; }
    /// A page whose bytes are at `at` of the stream; 0: of zeros. False where there are more than max_runs.
    bool add(std::uint64_t page, std::uint64_t at);
    /// What follows the newest is no header, so that its own must be doubted.
    void take_back() { newest_.reset(); }
    /// The page that has to come next, where that is known.
    std::optional<std::uint64_t> next_due() const;

    /// Whether the machine ran on meanwhile.
    bool some_again() const;

    /// Ascending; of a page that was sent several times, the last.
    std::vector<QemuPageRun> take(std::vector<Error>& problems);

  private:
    // Behind all that came, while they come in order.
    std::uint64_t due() const { return runs_.empty() ? 0 : runs_.back().end_page(); }
    // Whether it is the page that its header says shows by the next.
    void judge_newest(std::uint64_t next);
    bool keep(std::uint64_t page, std::uint64_t at);
    void keep_the_last();
    void tell_damaged(std::vector<Error>& problems) const;

    std::vector<QemuPageRun> runs_;
    std::optional<QemuPageRun> newest_;
    std::optional<std::uint64_t> announced_;
    std::uint64_t machine_pages_ = 0, mended_ = 0, left_out_ = 0;
    bool in_order_ = true;
};

}  // namespace postmortem
