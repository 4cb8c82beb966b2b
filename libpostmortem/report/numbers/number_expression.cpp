#include "report/numbers/number_expression.h"

#include <array>

#include <fmt/format.h>

#include "base/checked.h"
#include "base/text.h"
#include "report/expression/tokens.h"
#include "report/values/address_word.h"

namespace postmortem {
namespace {

constexpr unsigned deepest_brackets = 64;
constexpr std::array<std::string_view, 5> levels_of_operators = {"|", "^", "&", "<>", "+-"};

bool is_word_letter(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '.' || c == '$';
}

class NumberParser {
  public:
    NumberParser(const Kernel& kernel, std::string_view text) : kernel_(kernel), text_(text) {}

    Result<std::uint64_t> parse() {
        auto value = level(0);
        skip_blanks();
        if (value && at_ < text_.size()) return wrong(fmt::format("'{}' is left over", text_.substr(at_)));
        return value;
    }

  private:
    tl::unexpected<Error> wrong(std::string_view what) const {
        return fail(expression_error(text_, at_ + 1, what));
    }
    void skip_blanks() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    }
    char here() {
        skip_blanks();
        return at_ < text_.size() ? text_[at_] : '\0';
    }

    // The operator at hand, where it is one of this level; shifts are two characters wide.
    char operator_of(std::string_view letters) {
        const char c = here();
        if (c == '\0' || letters.find(c) == npos) return '\0';
        if (c == '<' || c == '>') {
            if (at_ + 1 >= text_.size() || text_[at_ + 1] != c) return '\0';
            ++at_;
        }
        ++at_;
        return c;
    }

    Result<std::uint64_t> level(std::size_t index) {
        if (index == levels_of_operators.size()) return product();
        auto left = level(index + 1);
        while (left) {
            const char word = operator_of(levels_of_operators[index]);
            if (word == '\0') break;
            const auto right = level(index + 1);
            if (!right) return right;
            left = combined(word, *left, *right);
        }
        return left;
    }

    Result<std::uint64_t> product() {
        auto left = term();
        while (left) {
            const char word = operator_of("*/%");
            if (word == '\0') break;
            const auto right = term();
            if (!right) return right;
            if (word != '*' && *right == 0) return wrong("a division by zero");
            left = combined(word, *left, *right);
        }
        return left;
    }

    static std::uint64_t combined(char word, std::uint64_t left, std::uint64_t right) {
        switch (word) {
            case '|': return left | right;
            case '^': return left ^ right;
            case '&': return left & right;
            case '<': return right < 64 ? left << right : 0;
            case '>': return right < 64 ? left >> right : 0;
            case '+': return left + right;
            case '-': return left - right;
            case '*': return left * right;
            case '/': return left / right;
            default: return left % right;
        }
    }

    Result<std::uint64_t> term() {
        if (++depth_ > deepest_brackets) return wrong("the expression is nested too deeply");
        const char c = here();
        Result<std::uint64_t> value = std::uint64_t{0};
        if (c == '~' || c == '-' || c == '+') {
            ++at_;
            value = term();
            if (value) value = c == '~' ? ~*value : c == '-' ? std::uint64_t{0} - *value : *value;
        } else if (c == '(') {
            ++at_;
            value = level(0);
            if (value && here() != ')') return wrong("a ')' is missing");
            ++at_;
        } else {
            value = word();
        }
        --depth_;
        return value;
    }

    Result<std::uint64_t> word() {
        const std::size_t start = at_;
        while (at_ < text_.size() && is_word_letter(text_[at_])) ++at_;
        const std::string_view word = text_.substr(start, at_ - start);
        if (word.empty())
            return wrong(at_ < text_.size() ? fmt::format("'{}' stands where a value should", text_[at_])
                                            : "a value is missing");
        if (const auto number = number_of(word)) return *number;
        const auto symbol = resolve_symbol(kernel_, word);
        if (symbol) return *symbol;
        at_ = start;
        return wrong(symbol.error().code == ErrorCode::NotFound
                         ? fmt::format("'{}' is neither a number nor a symbol", word)
                         : symbol.error().message);
    }

    // Decimal, where it can be, else hexadecimal.
    static std::optional<std::uint64_t> number_of(std::string_view word) {
        if (const auto number = parse_u64(word)) return number;
        if (const auto number = parse_u64(word, 16)) return number;
        constexpr std::string_view units = "kmg";
        const std::size_t unit = units.find(static_cast<char>(word.back() | 0x20));
        const auto number = parse_u64(word.substr(0, word.size() - 1));
        if (unit == npos || !number) return std::nullopt;
        return checked_mul(*number, std::uint64_t{1} << (10 * (unit + 1)));
    }

    const Kernel& kernel_;
    std::string_view text_;
    std::size_t at_ = 0;
    unsigned depth_ = 0;
};

}  // namespace

Result<std::uint64_t> evaluate_number_expression(const Kernel& kernel, std::string_view text) {
    return NumberParser(kernel, text).parse();
}

}  // namespace postmortem
