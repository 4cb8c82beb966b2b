// What an expression is worth in the crashed kernel.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "report/expression/arithmetic.h"
#include "report/values/value_maker.h"

namespace postmortem {

class Evaluator {
  public:
    /// `history` are the values that '$1' and so on stand for; they are borrowed.
    Evaluator(const Kernel& kernel, std::string_view text, std::span<const Operand> history = {});

    /// InvalidArgument names the column; a place that cannot be read is its memory's error.
    Result<Operand> evaluate();

    /// The value of an operand, with all that is in it.
    Result<TypedValue> value_of(const Operand& operand);

    /// A variable by its name: its address and, as far as it is known, its type.
    Result<Operand> variable(std::string_view name) const;
    /// A variable whose type is not known, as a number: as large as a word, or as the room up to the next
    /// symbol.
    Operand as_number(const Operand& untyped) const;

    /// What is answered, but is not C's to say.
    std::vector<std::string> take_warnings() { return std::move(warnings_); }

    const OperandTypes& types() const { return types_; }
    ValueMaker& maker() { return maker_; }

  private:
    using Node = Expression;
    Result<Operand> evaluate(const Node& node);
    Result<Operand> name(const Node& node);
    Result<Operand> earlier_value(const Node& node) const;
    Result<Operand> unary(const Node& node);
    Result<Operand> binary(const Node& node);
    Result<Operand> logical(const Node& node);
    Result<Operand> repeated(const Node& node);
    Result<Operand> conditional(const Node& node);
    Result<Operand> member(const Node& node);
    Result<Operand> index(const Node& node);
    Result<Operand> cast(const Node& node);
    Result<Operand> place(const Node& node);
    Result<Operand> size_of(const Node& node);
    Result<Operand> address_of(const Node& node);
    Operand int_at(const Scalar& address) const;
    void check_shift(const Node& node, const Scalar& made, const Scalar& count);
    Result<Operand> dereferenced(const Node& node, const Scalar& pointer);

    std::optional<SymbolHit> symbol_named(const std::string& name) const;
    std::uint32_t room_of(const std::string& variable) const;
    bool is_code(const std::string& symbol) const;
    Result<TypedValue> array_value(const Operand& array);
    Result<TypedValue> repeated_value(const Operand& operand);
    Result<Scalar> scalar(const Node& node);
    Result<Scalar> load(const Operand& operand, const Node& node);
    Result<OperandType> type_of(const Node& node) const;
    static Operand number_of(const Scalar& value);
    tl::unexpected<Error> wrong(const Node& node, std::string_view what) const {
        return fail(expression_error(text_, node.token.column, what));
    }
    /// An error of arithmetic; of what types do not tell, nothing is wrong with the expression.
    tl::unexpected<Error> wrong(const Node& node, const Error& error) const {
        tl::unexpected<Error> made = wrong(node, error.message);
        if (error.code == ErrorCode::MissingDebugInfo) made.value().code = error.code;
        return made;
    }

    const Kernel& kernel_;
    std::string text_;
    std::span<const Operand> history_;
    std::vector<std::string> warnings_;
    OperandTypes types_;
    ValueMaker maker_;
};

}  // namespace postmortem
