// Regular expressions that users write into their files, run in time linear in the text (Thompson's
// construction): no expression can make a check hang. Knows . [] [^] ^ $ \b \d \w \s and their capitals,
// groups, |, * + ? {m,n} and a leading (?i); captures, back references and look-around are refused by name.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <postmortem/error.h>

namespace postmortem {

class Regex {
  public:
    /// Fails with InvalidArgument and the place of the complaint.
    static Result<Regex> compile(std::string_view pattern);

    /// Whether it matches anywhere in `text`.
    bool found_in(std::string_view text) const;

    const std::string& pattern() const { return pattern_; }

  private:
    friend class RegexCompiler;
    using Set = std::bitset<256>;
    enum class Op : std::uint8_t { Characters, Split, Jump, Start, End, WordEdge, NoWordEdge, Match };
    struct Instruction {
        Op op = Op::Match;
        std::uint32_t next = 0;   // where a match of Characters, or the first way of a Split, goes on
        std::uint32_t other = 0;  // the second way of a Split; the set of Characters
    };

    struct Threads;
    bool follow(std::uint32_t at, std::string_view text, std::size_t position, Threads& threads) const;

    std::string pattern_;
    std::vector<Instruction> program_;
    std::vector<Set> sets_;
    std::string needed_;  ///< a literal that every match holds; spares most texts the machine
};

}  // namespace postmortem
