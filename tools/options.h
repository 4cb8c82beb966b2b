// What a command can be told on its command line. Boost.Program_options parses it, out of sight: it is the
// largest header of all.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

struct Option {
    enum class Kind : std::uint8_t { Switch, Counted, Text, Texts, Number, Words };

    Kind kind;
    const char* name;   ///< "active", or with a letter "active,a"
    const char* value;  ///< what --help calls it: FILE, N; null for a switch
    const char* meaning;
    std::int64_t otherwise = 0;  ///< of a number
    bool hidden = false;         ///< --help is silent about it
    const char* also = nullptr;  ///< another way to write it: "-16"
};

constexpr Option on_or_off(const char* name, const char* meaning) {
    return {Option::Kind::Switch, name, nullptr, meaning};
}
/// A switch that says more when it is given twice.
constexpr Option counted(const char* name, const char* meaning) {
    return {Option::Kind::Counted, name, nullptr, meaning};
}
constexpr Option text(const char* name, const char* value, const char* meaning) {
    return {Option::Kind::Text, name, value, meaning};
}
/// May be given more than once.
constexpr Option texts(const char* name, const char* value, const char* meaning) {
    return {Option::Kind::Texts, name, value, meaning};
}
constexpr Option hidden_text(const char* name) {
    return {Option::Kind::Text, name, "TEXT", "", 0, true};
}
constexpr Option number(const char* name, std::int64_t otherwise, const char* meaning) {
    return {Option::Kind::Number, name, "N", meaning, otherwise};
}

/// A switch of several digits or letters behind one dash, as crash has them.
constexpr Option switch_as(const char* also, const char* name, const char* meaning) {
    return {Option::Kind::Switch, name, nullptr, meaning, 0, false, also};
}
/// Whose value stands behind what it is called: "-S=3", with `also` "-S=".
constexpr Option value_as(const char* also, const char* name, const char* value, const char* meaning) {
    return {Option::Kind::Text, name, value, meaning, 0, false, also};
}

/// Not an option: what begins with a dash and is none is an operand, as in `eval -1`.
constexpr Option other_words() {
    return {Option::Kind::Words, "", nullptr, "", 0, true};
}

/// "active" of "active,a".
std::string_view long_name(const Option& option);
/// 'a' of "active,a"; 0 where it has none.
char letter_of(const Option& option);

/// What was given, by the option's long name; a number that was not given is its default. A counted switch
/// is as many empty texts; switches and numbers that were given have none.
struct GivenOptions {
    std::map<std::string, std::vector<std::string>, std::less<>> texts;
    std::map<std::string, std::uint64_t, std::less<>> numbers;
    std::vector<std::string> operands;
    std::vector<std::string> order;  ///< the options by their long names, as they were given
    std::string wrong;               ///< what is wrong with the words, as a sentence; then there is no more
};

GivenOptions parse_options(const std::vector<Option>& own, const std::vector<Option>& common,
                           const std::vector<std::string>& words);

/// The list as --help has it.
std::string help_of(const std::vector<Option>& own, const std::vector<Option>& common);

}  // namespace tool
