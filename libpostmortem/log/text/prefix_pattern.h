// The small language of the shapes' table: compiled once, matched without going back.
#pragma once

#include <bitset>
#include <string_view>
#include <vector>

#include "log/text/cursor.h"
#include "log/text/prefix_holes.h"
#include "log/text/record.h"

namespace postmortem {

class PrefixPattern {
  public:
    /// The text must outlive the pattern, as string literals do.
    explicit PrefixPattern(std::string_view spec);

    /// Takes the shape off the cursor and fills the record's fields; false, with both untouched, where it is
    /// not there.
    bool take(Cursor& cursor, LogRecord& record, LineTimes& times) const;
    /// Whether a line may have the shape whose first character that is no blank is this one.
    bool may_begin_with(char c) const { return first_[static_cast<unsigned char>(c)]; }
    bool may_stand_behind_blanks(bool blanks) const { return blanks ? allows_blanks_ : !demands_blanks_; }
    /// Whether a line may have it whose first character that is no blank is followed by this one.
    bool may_have_beside(char c) const { return beside_[static_cast<unsigned char>(c)]; }
    /// Whether a line may have it whose second word begins like this; or, where the shape begins with a date,
    /// the first word behind that.
    bool may_go_on_with(char c) const { return second_[static_cast<unsigned char>(c)]; }
    bool asks_second() const { return !second_.all(); }
    /// What the line must hold behind its first word; empty where nothing is certain.
    std::string_view mark() const { return mark_; }

    bool begins_with_date() const { return begins_with_date_; }

  private:
    static constexpr std::size_t max_told = 8;  ///< fields that one pattern may fill
    struct Part {
        Hole hole = Hole::Literal;
        bool tells = false;
        char next = '\0';   // the character behind a hole that ends there
        char first = '\0';  // of the literal
        std::string_view literal = {};
    };
    static bool take_literal(Cursor& cursor, const Part& part) {
        if (cursor.peek() != part.first) return false;
        return part.literal.size() == 1 ? cursor.take(part.first) : cursor.take(part.literal);
    }

    void add(Hole hole, std::string_view literal = {});
    void find_first();
    std::bitset<256> firsts_at(std::size_t part) const;
    std::bitset<256> beside_of(std::size_t part) const;
    std::bitset<256> second_of(std::size_t part) const;
    std::string_view mark_of(std::size_t part) const;
    static std::bitset<256> firsts_of(const Part& part);
    std::vector<Part> parts_;
    std::vector<Hole> told_;   // the holes that a record learns from
    std::bitset<256> first_;   // characters that may come first, but for blanks
    std::bitset<256> beside_;  // next to it
    std::bitset<256> second_;  // and that the second word may begin with
    std::string_view mark_;
    bool allows_blanks_ = false, demands_blanks_ = false, begins_with_date_ = false;
};

}  // namespace postmortem
