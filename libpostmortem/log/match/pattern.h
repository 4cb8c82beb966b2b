// Small patterns for kernel messages: literal text with typed holes, matched in time linear in the line.
//
//   "BUG: KASAN: {word} in {func}"      "{IP|PC is at}: {pc?}{func}"      "BUG: Bad page {state|cache}"
//
// A blank stands for one or more blanks. Holes that yield a capture: {func} {src} {word} {name} {num} {hex}
// {text} {rest} and alternatives {a|b}; holes that only match: {pc} {pc?} {*} {num_} {hex_} {word_}, {start}
// and {end} of the line.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postmortem {

/// Where a pattern matched, and what its holes held. Views into the text that was searched.
struct PatternMatch {
    static constexpr std::size_t max_captures = 6;

    std::size_t begin = 0;
    std::size_t end = 0;
    std::array<std::string_view, max_captures> captures;
    std::size_t capture_count = 0;
    std::string_view function;  ///< what the first {func} held

    std::string_view operator[](std::size_t i) const {
        return i < capture_count ? captures[i] : std::string_view();
    }
};

class Pattern {
  public:
    Pattern() = default;
    explicit Pattern(std::string_view spec);

    /// The leftmost match in one line.
    std::optional<PatternMatch> find(std::string_view text) const;
    /// The match that begins at the first character.
    std::optional<PatternMatch> match(std::string_view text) const;

  private:
    enum class Kind {
        Literal,
        Any,
        Text,
        Rest,
        Func,
        Source,
        Word,
        Name,
        Number,
        Hex,
        Pc,
        OptionalPc,
        Start,
        End,
        Alternatives
    };
    struct Part {
        Kind kind = Kind::Literal;
        bool captures = false;
        std::string literal;
        std::vector<std::string> alternatives;
    };

    void add_hole(std::string_view hole);
    bool match_from(std::size_t part, std::string_view text, std::size_t at, PatternMatch& match) const;
    bool match_run(std::size_t& part, std::string_view text, std::size_t& at, PatternMatch& match) const;
    static std::optional<std::size_t> match_part(const Part& part, std::string_view text, std::size_t at,
                                                 PatternMatch& match);
    std::size_t candidate(std::size_t part, std::string_view text, std::size_t from) const;

    std::vector<Part> parts_;
};

}  // namespace postmortem
