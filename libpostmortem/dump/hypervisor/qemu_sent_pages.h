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
    // A page that came where `due` did not.
    struct Suspect {
        std::size_t run = 0;
        std::uint64_t due = 0;
    };

    bool keep_newest(std::uint64_t next);
    // Whether it is the page that its header says shows by the next.
    bool is_suspect_at(std::uint64_t page, std::uint64_t next) const;
    bool keep(std::uint64_t page, std::uint64_t at);
    void judge_suspects();
    bool comes_elsewhere(std::uint64_t page, std::size_t run) const;
    void keep_the_last();
    void tell_damaged(std::vector<Error>& problems) const;

    std::vector<QemuPageRun> runs_;
    std::vector<Suspect> suspects_;
    std::optional<QemuPageRun> newest_;
    std::uint64_t due_ = 0;  // behind all that came, while they come in order
    std::optional<std::uint64_t> announced_;
    std::uint64_t machine_pages_ = 0, mended_ = 0, left_out_ = 0;
    bool in_order_ = true;
};

}  // namespace postmortem
