// A C expression, cut into its words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <postmortem/error.h>

namespace postmortem {

struct Token {
    enum class Kind : std::uint8_t { End, Name, Integer, Floating, Character, Text, Operator };

    Kind kind = Kind::End;
    std::string_view text;  ///< as it stands there
    std::size_t column = 1;
    std::uint64_t number = 0;  ///< of an integer or a character
    double floating = 0;
    bool is_unsigned = false, is_long = false;  ///< by suffix, or because it would not fit
};

/// The last one is Kind::End. InvalidArgument names the column that makes no sense.
Result<std::vector<Token>> cut_into_tokens(std::string_view expression);

/// "column 5 of 'a + )': a value is missing".
Error expression_error(std::string_view expression, std::size_t column, std::string_view what);

}  // namespace postmortem
