#include "report/expression/arithmetic.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

namespace postmortem {
namespace {

double as_floating(const OperandTypes& types, const Scalar& value) {
    if (types.is_floating(value.type)) return value.floating;
    return types.is_signed(value.type) ? static_cast<double>(static_cast<std::int64_t>(value.number))
                                       : static_cast<double>(value.number);
}

// What a number outside the range becomes is not C's to say.
std::uint64_t from_floating(double value) {
    if (!(value > -9.3e18 && value < 1.9e19)) return 0;
    return value < 0 ? static_cast<std::uint64_t>(static_cast<std::int64_t>(value))
                     : static_cast<std::uint64_t>(value);
}

// Of both operands the larger, but int at least; unsigned where one of that size is.
OperandType common_type(const OperandTypes& types, const Scalar& left, const Scalar& right) {
    const auto promoted = [&](const Scalar& value) {
        const std::uint64_t size = types.size(value.type);
        return std::pair(std::max<std::uint64_t>(size, 4), size >= 4 && !types.is_signed(value.type));
    };
    const auto [left_size, left_unsigned] = promoted(left);
    const auto [right_size, right_unsigned] = promoted(right);
    const bool is_unsigned = left_size > right_size   ? left_unsigned
                             : right_size > left_size ? right_unsigned
                                                      : left_unsigned || right_unsigned;
    const std::uint64_t size = std::max(left_size, right_size);
    if (size > types.size(types.integer(true, false)))
        return OperandTypes::basic(is_unsigned ? "unsigned long long" : "long long", 8, !is_unsigned);
    return types.integer(size > 4, is_unsigned);
}

template <class T>
bool compare(std::string_view word, T left, T right) {
    if (word == "==") return left == right;
    if (word == "!=") return left != right;
    if (word == "<") return left < right;
    if (word == ">") return left > right;
    return word == "<=" ? left <= right : left >= right;
}

bool is_comparison(std::string_view word) {
    return word == "==" || word == "!=" || word == "<" || word == ">" || word == "<=" || word == ">=";
}

Scalar truth(const OperandTypes& types, bool value) {
    return {types.integer(false, false), value ? 1u : 0u, 0};
}

Result<Scalar> apply_floating(const OperandTypes& types, std::string_view word, double left, double right) {
    if (is_comparison(word)) return truth(types, compare(word, left, right));
    Scalar made{OperandTypes::basic("double", 8, true, true), 0, 0};
    if (word == "+")
        made.floating = left + right;
    else if (word == "-")
        made.floating = left - right;
    else if (word == "*")
        made.floating = left * right;
    else if (word == "/")
        made.floating = left / right;
    else
        return fail(ErrorCode::InvalidArgument, fmt::format("'{}' is not for floating-point numbers", word));
    return made;
}

Result<std::uint64_t> divide(bool is_unsigned, bool remainder, std::uint64_t left, std::uint64_t right) {
    if (right == 0) return fail(ErrorCode::InvalidArgument, "a division by zero");
    if (is_unsigned) return remainder ? left % right : left / right;
    const auto dividend = static_cast<std::int64_t>(left), divisor = static_cast<std::int64_t>(right);
    // The most negative number has no quotient with -1: as on a processor that wraps around.
    if (divisor == -1) return remainder ? 0 : std::uint64_t{0} - left;
    return static_cast<std::uint64_t>(remainder ? dividend % divisor : dividend / divisor);
}

// A count that is as wide as the type leaves nothing.
std::uint64_t shifted(bool is_unsigned, std::uint64_t bits, bool to_left, std::uint64_t value,
                      std::uint64_t count) {
    if (count >= bits) return to_left || is_unsigned || static_cast<std::int64_t>(value) >= 0 ? 0 : ~0ull;
    if (to_left) return value << count;
    return is_unsigned ? value >> count
                       : static_cast<std::uint64_t>(static_cast<std::int64_t>(value) >> count);
}

Result<Scalar> apply_integer(const OperandTypes& types, std::string_view word, const Scalar& left,
                             const Scalar& right) {
    const bool is_shift = word == "<<" || word == ">>";
    const OperandType type = is_shift ? common_type(types, left, left) : common_type(types, left, right);
    const bool is_unsigned = !types.is_signed(type);
    const std::uint64_t a = fitted(types, type, left.number);
    const std::uint64_t b = is_shift ? right.number : fitted(types, type, right.number);
    if (is_comparison(word))
        return truth(types, is_unsigned
                                ? compare(word, a, b)
                                : compare(word, static_cast<std::int64_t>(a), static_cast<std::int64_t>(b)));
    Scalar made{type, 0, 0};
    if (word == "+")
        made.number = a + b;
    else if (word == "-")
        made.number = a - b;
    else if (word == "*")
        made.number = a * b;
    else if (word == "&")
        made.number = a & b;
    else if (word == "|")
        made.number = a | b;
    else if (word == "^")
        made.number = a ^ b;
    else if (is_shift)
        made.number = shifted(is_unsigned, types.size(type) * 8, word == "<<", a, b);
    else if (const auto quotient = divide(is_unsigned, word == "%", a, b))
        made.number = *quotient;
    else
        return fail(quotient.error());
    made.number = fitted(types, type, made.number);
    return made;
}

Result<Scalar> apply_to_pointer(const OperandTypes& types, std::string_view word, const Scalar& left,
                                const Scalar& right) {
    const bool left_points = types.is_pointer(left.type), right_points = types.is_pointer(right.type);
    if (is_comparison(word)) return truth(types, compare(word, left.number, right.number));
    const OperandType& pointer = left_points ? left.type : right.type;
    const OperandType target = types.target(pointer);
    if (!types.knows_size(target)) return fail(types.unknown_size(target));
    const std::uint64_t step = std::max<std::uint64_t>(types.size(target), 1);
    if (word == "-" && left_points && right_points) {
        const auto distance = static_cast<std::int64_t>(left.number - right.number);
        return Scalar{types.integer(true, false),
                      static_cast<std::uint64_t>(distance / static_cast<std::int64_t>(step)), 0};
    }
    if (word == "+" && left_points != right_points)
        return Scalar{pointer,
                      left_points ? left.number + right.number * step : right.number + left.number * step, 0};
    if (word == "-" && left_points) return Scalar{pointer, left.number - right.number * step, 0};
    return fail(ErrorCode::InvalidArgument, fmt::format("'{}' is not for pointers", word));
}

}  // namespace

std::uint64_t fitted(const OperandTypes& types, const OperandType& type, std::uint64_t number) {
    const std::uint64_t size = types.size(type);
    if (types.is_boolean(type)) return number != 0 ? 1 : 0;
    if (size >= 8 || size == 0) return number;
    const std::uint64_t sign = 1ull << (size * 8 - 1);
    number &= (sign << 1) - 1;
    return types.is_signed(type) ? (number ^ sign) - sign : number;
}

Scalar converted(const OperandTypes& types, const Scalar& value, const OperandType& type) {
    Scalar made{type, 0, 0};
    if (types.is_floating(type)) {
        made.floating = as_floating(types, value);
        if (types.size(type) == 4) made.floating = static_cast<float>(made.floating);
        return made;
    }
    made.number = types.is_floating(value.type) ? from_floating(value.floating) : value.number;
    made.number = fitted(types, type, made.number);
    return made;
}

bool is_true(const OperandTypes& types, const Scalar& value) {
    return types.is_floating(value.type) ? value.floating != 0 : value.number != 0;
}

Result<Scalar> apply_binary(const OperandTypes& types, std::string_view word, const Scalar& left,
                            const Scalar& right) {
    if (types.is_pointer(left.type) || types.is_pointer(right.type))
        return apply_to_pointer(types, word, left, right);
    if (types.is_floating(left.type) || types.is_floating(right.type))
        return apply_floating(types, word, as_floating(types, left), as_floating(types, right));
    return apply_integer(types, word, left, right);
}

Result<Scalar> apply_unary(const OperandTypes& types, std::string_view word, const Scalar& value) {
    if (word == "!") return truth(types, !is_true(types, value));
    if (types.is_floating(value.type)) {
        if (word == "~") return fail(ErrorCode::InvalidArgument, "'~' is not for floating-point numbers");
        return Scalar{value.type, 0, word == "-" ? -value.floating : value.floating};
    }
    if (types.is_pointer(value.type))
        return fail(ErrorCode::InvalidArgument, fmt::format("'{}' is not for pointers", word));
    const OperandType type = common_type(types, value, value);
    const std::uint64_t number = word == "-"   ? std::uint64_t{0} - value.number
                                 : word == "~" ? ~value.number
                                               : value.number;
    return Scalar{type, fitted(types, type, number), 0};
}

}  // namespace postmortem
