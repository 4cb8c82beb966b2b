// The small language of the shapes' table: compiled once, matched without going back.
#pragma once

#include <bitset>
#include <string>
#include <string_view>
#include <vector>

#include "log/text/cursor.h"
#include "log/text/prefix_holes.h"
#include "log/text/record.h"

namespace postmortem {

class PrefixPattern {
  public:
    explicit PrefixPattern(std::string_view spec);

    /// Takes the shape off the cursor and fills the record's fields; false, with both untouched, where it is
    /// not there.
    bool take(Cursor& cursor, LogRecord& record, DateFinder& dates) const;
    /// Whether a line may have the shape whose first character that is no blank is this one.
    bool may_begin_with(bool blanks_in_front, char c) const {
        return first_[static_cast<unsigned char>(c)] && (blanks_in_front ? allows_blanks_ : !demands_blanks_);
    }

    /// Whether the line may have it whose second word begins like this.
    bool may_go_on_with(char c) const { return second_[static_cast<unsigned char>(c)]; }

    bool begins_with_date() const { return begins_with_date_; }

  private:
    static constexpr std::size_t max_told = 8;  ///< fields that one pattern may fill
    struct Part {
        Hole hole = Hole::Literal;
        bool tells = false;
        char next = '\0';  ///< the character behind a hole that ends there
        std::string literal;
    };

    void add(Hole hole, std::string literal = {});
    void find_first();
    static std::bitset<256> firsts_of(const Part& part);
    std::vector<Part> parts_;
    std::bitset<256> second_;  // and that the second word may begin with
    std::bitset<256> first_;   // characters that may come first, but for blanks
    bool allows_blanks_ = false, demands_blanks_ = false, begins_with_date_ = false;
};

}  // namespace postmortem
