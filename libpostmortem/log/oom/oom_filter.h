// Lets only those parts of a log through that may hold an OOM report, so that the cost of taking lines apart
// is paid for reports and not for gigabytes of other messages. Keeps count of the lines that it drops.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "log/text/byte_stream.h"

namespace postmortem::oom {

class AnchorFilter : public ByteStream {
  public:
    explicit AnchorFilter(std::unique_ptr<ByteStream> source);

    Result<std::size_t> read(MutableBytes into) override;

    /// The consumer is in the middle of a report (or may be): everything goes through until it says
    /// otherwise.
    void set_interested(bool interested) { interested_ = interested; }

    /// The line number in the whole log of a line that was let through. Ask in ascending order.
    std::size_t original_line(std::size_t line);

  private:
    static constexpr std::size_t block_size = 128 * 1024;
    static constexpr std::size_t context_size = 64 * 1024;

    // From line `first` (of those let through) on, `dropped` lines are missing in front.
    struct Gap {
        std::size_t first = 0;
        std::size_t dropped = 0;
    };

    Result<bool> next_block();
    Result<bool> fill();
    void let_through(std::string_view text);
    void drop(std::string_view text);
    std::string_view block() const { return {block_.data(), block_end_}; }

    std::unique_ptr<ByteStream> source_;
    std::vector<char> block_;     // whole lines up to block_end_, and the start of the next up to filled_
    std::vector<char> previous_;  // the block that was dropped last: the head of a cut report may be in it
    std::size_t block_end_ = 0;
    std::size_t filled_ = 0;
    std::size_t previous_size_ = 0;
    std::vector<char> out_;
    std::size_t out_at_ = 0;
    std::size_t passed_lines_ = 0;
    std::size_t dropped_lines_ = 0;
    std::deque<Gap> gaps_;
    bool interested_ = true;
    bool at_end_ = false;
    std::optional<Error> failure_;  // where the log ends early: told behind what was read
};

}  // namespace postmortem::oom
