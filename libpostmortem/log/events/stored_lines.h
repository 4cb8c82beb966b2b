// The lines that open reports may want, oldest first; each is known by its place among all that were ever
// stored. Lines come and go by the million: their texts stand one behind another in a few chunks, which are
// used again.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "log/events/event_rule.h"

namespace postmortem {

/// What is kept of a line.
inline constexpr std::size_t longest_stored_line = 2048;

/// The views stay valid until the line is forgotten.
struct StoredLine {
    std::size_t line = 0;
    std::string_view context;  ///< Printed from: "T123", "C1"; "console" where only a time is known, else "".
    std::string_view text;
    bool ends_reports = false;
    const Trigger* opens = nullptr;
};

class StoredLines {
  public:
    std::size_t end() const { return end_; }
    bool empty() const { return begin_ == end_; }
    /// `place` is one below end() that was not forgotten.
    const StoredLine& operator[](std::size_t place) const { return ring_[place & (ring_.size() - 1)]; }
    const StoredLine& back() const { return (*this)[end_ - 1]; }

    /// Stores it at end(), with copies of its context and text.
    void add(StoredLine line);
    void forget_before(std::size_t place);

  private:
    struct Chunk {
        std::string bytes;    // never longer than what was reserved for it
        std::size_t end = 0;  // place behind the last line that has its text here
    };

    void make_room(std::size_t bytes);
    std::string_view copy(std::string_view text);
    void grow();

    std::vector<StoredLine> ring_ = std::vector<StoredLine>(64);  // always a power of two
    std::size_t begin_ = 0, end_ = 0;
    std::deque<Chunk> chunks_;
    std::vector<std::string> spare_;
};

}  // namespace postmortem
