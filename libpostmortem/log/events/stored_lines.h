// The lines that open reports may want, oldest first; each is known by its place among all that were ever
// stored. Lines come and go by the million: the room of those forgotten serves the next ones.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "log/events/event_rule.h"

namespace postmortem {

struct StoredLine {
    std::size_t line = 0;
    std::string context;  ///< Printed from: "T123", "C1"; "console" where only a time is known, else "".
    std::string text;
    bool ends_reports = false;
    const Trigger* opens = nullptr;
};

class StoredLines {
  public:
    std::size_t begin() const { return begin_; }
    std::size_t end() const { return end_; }
    bool empty() const { return begin_ == end_; }
    /// `place` is one of begin() to end() - 1.
    const StoredLine& operator[](std::size_t place) const { return ring_[place & (ring_.size() - 1)]; }
    const StoredLine& back() const { return (*this)[end_ - 1]; }

    /// A line at end(), for the caller to fill: it still holds what was forgotten.
    StoredLine& add() {
        if (end_ - begin_ == ring_.size()) grow();
        StoredLine& line = ring_[end_++ & (ring_.size() - 1)];
        if (line.text.capacity() > longest_kept) line.text = std::string();
        return line;
    }
    void forget_before(std::size_t place) { begin_ = place; }

  private:
    static constexpr std::size_t longest_kept = 512;

    void grow() {
        std::vector<StoredLine> larger(ring_.size() * 2);
        for (std::size_t place = begin_; place < end_; ++place)
            larger[place & (larger.size() - 1)] = std::move(ring_[place & (ring_.size() - 1)]);
        ring_ = std::move(larger);
    }

    std::vector<StoredLine> ring_ = std::vector<StoredLine>(64);  // always a power of two
    std::size_t begin_ = 0, end_ = 0;
};

}  // namespace postmortem
