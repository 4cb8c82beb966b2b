// A hand on a line of text: takes literals, numbers and words off its front, or leaves it alone and says no.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace postmortem {

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
constexpr bool is_alpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_blank(char c) {
    return c == ' ' || c == '\t';
}
constexpr bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
/// What a C identifier is made of, and the dots that compilers add.
constexpr bool is_symbol(char c) {
    return is_digit(c) || is_alpha(c) || c == '_' || c == '.' || c == '$';
}

class Cursor {
  public:
    explicit Cursor(std::string_view text) : rest_(text) {}

    std::string_view rest() const { return rest_; }
    bool at_end() const { return rest_.empty(); }
    char peek() const { return rest_.empty() ? '\0' : rest_.front(); }

    bool take(char c) {
        if (peek() != c || rest_.empty()) return false;
        rest_.remove_prefix(1);
        return true;
    }

    bool take(std::string_view literal) {
        if (rest_.empty() || literal.empty() || rest_.front() != literal.front()) return literal.empty();
        if (literal.size() > 1 && !rest_.starts_with(literal)) return false;
        rest_.remove_prefix(literal.size());
        return true;
    }

    template <class Predicate>
    std::string_view take_while(Predicate is_part) {
        std::size_t length = 0;
        while (length < rest_.size() && is_part(rest_[length])) ++length;
        return take_front(length);
    }

    void skip_blanks() { take_while(is_blank); }
    std::string_view word() {
        return take_while([](char c) { return !is_blank(c); });
    }

    /// Text in front of `stop`, which is taken too; nothing (and no step) where there is none.
    std::optional<std::string_view> until(std::string_view stop) {
        const std::size_t at = rest_.find(stop);
        if (at == std::string_view::npos) return std::nullopt;
        const std::string_view before = take_front(at);
        rest_.remove_prefix(stop.size());
        return before;
    }

    /// Decimal; nothing where no digit comes next or the number does not fit.
    std::optional<std::uint64_t> number() {
        std::uint64_t value = 0;
        std::size_t length = 0;
        for (; length < rest_.size() && is_digit(rest_[length]); ++length) {
            if (value > (std::numeric_limits<std::uint64_t>::max() - 9) / 10) return std::nullopt;
            value = value * 10 + static_cast<std::uint64_t>(rest_[length] - '0');
        }
        if (length == 0) return std::nullopt;
        rest_.remove_prefix(length);
        return value;
    }

  private:
    std::string_view take_front(std::size_t length) {
        const std::string_view front = rest_.substr(0, length);
        rest_.remove_prefix(length);
        return front;
    }

    std::string_view rest_;
};

}  // namespace postmortem
