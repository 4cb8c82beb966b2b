#include "report/expression/tokens.h"

#include <array>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "base/text.h"

namespace postmortem {
namespace {

constexpr std::size_t most_tokens = 4096;

bool starts_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}
bool is_decimal_digit(char c) {
    return c >= '0' && c <= '9';
}
bool continues_name(char c) {
    return starts_name(c) || is_decimal_digit(c);
}

// The longest first.
constexpr std::array<std::string_view, 33> operators = {
    "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "->", "+", "-", "*", "/", "%", "&", "|", "^",
    "~",  "!",  "<",  ">",  "?",  ":",  "(",  ")",  "[",  "]", ".", ",", "@", "=", "{", "}"};

class Cutter {
  public:
    explicit Cutter(std::string_view text) : text_(text) {}

    Result<std::vector<Token>> cut() {
        std::vector<Token> tokens;
        for (;;) {
            while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
            auto token = next();
            if (!token) return fail(std::move(token.error()));
            tokens.push_back(*token);
            if (token->kind == Token::Kind::End) return tokens;
            if (tokens.size() > most_tokens) return wrong("the expression is too long");
        }
    }

  private:
    tl::unexpected<Error> wrong(std::string_view what) const {
        return fail(expression_error(text_, at_ + 1, what));
    }

    Token take(Token::Kind kind, std::size_t length) {
        Token token;
        token.kind = kind;
        token.text = text_.substr(at_, length);
        token.column = at_ + 1;
        at_ += length;
        return token;
    }

    Result<Token> next() {
        if (at_ >= text_.size()) return take(Token::Kind::End, 0);
        const char c = text_[at_];
        if (starts_name(c)) {
            std::size_t length = 1;
            while (at_ + length < text_.size() && continues_name(text_[at_ + length])) ++length;
            return take(Token::Kind::Name, length);
        }
        if (is_decimal_digit(c)) return number();
        if (c == '\'') return character();
        if (c == '"') {
            const std::size_t closing = text_.find('"', at_ + 1);
            if (closing == std::string_view::npos) return wrong("the string has no end");
            return take(Token::Kind::Text, closing + 1 - at_);
        }
        for (const std::string_view known : operators)
            if (text_.substr(at_).starts_with(known)) return take(Token::Kind::Operator, known.size());
        return wrong(fmt::format("'{}' has no meaning here", c));
    }

    Result<Token> number() {
        std::size_t length = 0;
        bool is_floating = false;
        const bool is_decimal = text_[at_] != '0' || at_ + 1 >= text_.size() || !starts_name(text_[at_ + 1]);
        while (at_ + length < text_.size()) {
            const char c = text_[at_ + length];
            const bool is_exponent = is_decimal && (c == 'e' || c == 'E');
            if ((c == '.' && is_decimal) || is_exponent) is_floating = true;
            if (!continues_name(c) && c != '.') break;
            ++length;
            const bool has_sign = is_exponent && at_ + length < text_.size() &&
                                  (text_[at_ + length] == '-' || text_[at_ + length] == '+');
            if (has_sign) ++length;
        }
        return is_floating ? floating_of(take(Token::Kind::Floating, length))
                           : integer_of(take(Token::Kind::Integer, length));
    }

    Result<Token> floating_of(Token token) {
        const char* const end = token.text.data() + token.text.size();
        const auto [rest, error] = std::from_chars(token.text.data(), end, token.floating);
        if (rest == end && error == std::errc::result_out_of_range) {
            const bool is_tiny = contains(token.text, "e-") || contains(token.text, "E-");
            token.floating = is_tiny ? 0 : std::numeric_limits<double>::infinity();
            return token;
        }
        if (error == std::errc() && rest == end) return token;
        return fail(expression_error(text_, token.column, fmt::format("'{}' is no number", token.text)));
    }

    Result<Token> integer_of(Token token) {
        std::string_view digits = token.text;
        bool has_unsigned = false, has_long = false;
        while (!digits.empty() && std::string_view("uUlL").find(digits.back()) != std::string_view::npos) {
            (digits.back() == 'u' || digits.back() == 'U' ? has_unsigned : has_long) = true;
            digits.remove_suffix(1);
        }
        int base = 10;
        if (digits.starts_with("0x") || digits.starts_with("0X")) {
            base = 16;
            digits.remove_prefix(2);
        } else if (digits.starts_with("0b") || digits.starts_with("0B")) {
            base = 2;
            digits.remove_prefix(2);
        } else if (digits.size() > 1 && digits[0] == '0') {
            base = 8;
        }
        const char* const end = digits.data() + digits.size();
        const auto [rest, error] = std::from_chars(digits.data(), end, token.number, base);
        if (error != std::errc() || rest != end)
            return fail(expression_error(text_, token.column, fmt::format("'{}' is no number", token.text)));
        fit(token, base == 10, has_unsigned, has_long);
        return token;
    }

    // The first of int, unsigned int (of hexadecimal and octal numbers), long and unsigned long that holds
    // it.
    static void fit(Token& token, bool is_decimal, bool has_unsigned, bool has_long) {
        const bool fits_int = token.number <= std::numeric_limits<std::int32_t>::max();
        const bool fits_unsigned = token.number <= std::numeric_limits<std::uint32_t>::max();
        const bool fits_long = token.number <= std::numeric_limits<std::int64_t>::max();
        token.is_long = has_long || !(fits_int || (fits_unsigned && (!is_decimal || has_unsigned)));
        token.is_unsigned = has_unsigned || (token.is_long ? !fits_long : !fits_int);
    }

    Result<Token> character() {
        constexpr std::array<std::pair<char, char>, 8> escapes = {{{'n', '\n'},
                                                                   {'t', '\t'},
                                                                   {'r', '\r'},
                                                                   {'0', '\0'},
                                                                   {'\\', '\\'},
                                                                   {'\'', '\''},
                                                                   {'a', '\a'},
                                                                   {'b', '\b'}}};
        const std::string_view rest = text_.substr(at_);
        if (rest.size() >= 3 && rest[1] != '\\' && rest[2] == '\'') {
            Token token = take(Token::Kind::Character, 3);
            token.number = static_cast<unsigned char>(rest[1]);
            return token;
        }
        if (rest.size() >= 4 && rest[1] == '\\' && rest[3] == '\'')
            for (const auto& [letter, value] : escapes)
                if (letter == rest[2]) {
                    Token token = take(Token::Kind::Character, 4);
                    token.number = static_cast<unsigned char>(value);
                    return token;
                }
        if (auto token = numbered_character(rest)) return std::move(*token);
        return wrong("this is no character");
    }

    // By its number: '\101', of one to three octal digits, or '\x41'.
    std::optional<Token> numbered_character(std::string_view rest) {
        const std::size_t end = rest.find('\'', 1);
        if (end == rest.npos || end < 3 || rest[1] != '\\') return std::nullopt;
        const bool is_hex = rest[2] == 'x';
        const std::string_view digits = rest.substr(is_hex ? 3 : 2, end - (is_hex ? 3 : 2));
        unsigned number = 0;
        const auto [stop, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), number, is_hex ? 16 : 8);
        if (digits.empty() || digits.size() > (is_hex ? 2 : 3) || error != std::errc() ||
            stop != digits.data() + digits.size() || number > 255)
            return std::nullopt;
        Token token = take(Token::Kind::Character, end + 1);
        token.number = number;
        return token;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

Error expression_error(std::string_view expression, std::size_t column, std::string_view what) {
    return Error(ErrorCode::InvalidArgument, fmt::format("column {} of '{}': {}", column, expression, what));
}

Result<std::vector<Token>> cut_into_tokens(std::string_view expression) {
    return Cutter(expression).cut();
}

}  // namespace postmortem
