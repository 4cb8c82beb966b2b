// C's arithmetic, as gdb does it: promotion to int, then to the larger operand; what does not fit is cut off.
#pragma once

#include "report/expression/operand.h"

namespace postmortem {

/// A number with its type, out of memory.
struct Scalar {
    OperandType type;
    std::uint64_t number = 0;  ///< sign- or zero-extended as the type says
    double floating = 0;
};

/// What remains of a number in a type.
std::uint64_t fitted(const OperandTypes& types, const OperandType& type, std::uint64_t number);
Scalar converted(const OperandTypes& types, const Scalar& value, const OperandType& type);

/// `what` says, without a column, what is wrong: a division by zero, an operator for other operands.
Result<Scalar> apply_binary(const OperandTypes& types, std::string_view word, const Scalar& left,
                            const Scalar& right);
Result<Scalar> apply_unary(const OperandTypes& types, std::string_view word, const Scalar& value);

bool is_true(const OperandTypes& types, const Scalar& value);

}  // namespace postmortem
