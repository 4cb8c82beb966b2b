// What an expression is worth, with all that is in it.
#include <fmt/format.h>

#include "report/expression/evaluator.h"

namespace postmortem {

// What is no type of the finder's is read one by one.
Result<TypedValue> Evaluator::repeated_value(const Operand& operand) {
    TypedValue whole{fmt::format("{} [{}]", types_.name(operand.type), operand.repeat), {}};
    ValueNode& top = whole.nodes.emplace_back();
    top.kind = ValueKind::Array;
    top.type = whole.type;
    top.address = operand.address;
    std::string text;
    Operand one = operand;
    one.repeat = 0;
    for (std::uint64_t i = 0; i < operand.repeat; ++i) {
        one.address = operand.address + i * types_.size(operand.type);
        auto value = value_of(one);
        if (!value) return value;
        value->nodes.front().depth = 1;
        text += static_cast<char>(value->nodes.front().number);
        whole.nodes.push_back(std::move(value->nodes.front()));
    }
    if (!types_.is_character(operand.type)) return whole;
    whole.nodes.resize(1);
    whole.nodes.front().kind = ValueKind::Text;
    whole.nodes.front().text = std::move(text);
    return whole;
}

// Of an array whose elements are told.
Result<TypedValue> Evaluator::array_value(const Operand& array) {
    Operand first = array;
    first.type = types_.target(array.type);
    first.repeat = array.type.elements;
    return value_of(first);
}

Result<TypedValue> Evaluator::value_of(const Operand& operand) {
    const OperandType& type = operand.type;
    if (!operand.untyped.empty())
        return is_code(operand.untyped) ? maker_.code(operand.address) : value_of(as_number(operand));
    if (operand.in_memory && type.open_array && type.to_array == 0 && type.elements != 0)
        return array_value(operand);
    if (operand.repeat != 0 && (type.basic || type.pointers != 0)) return repeated_value(operand);
    if (operand.in_memory && !type.basic && type.pointers == 0 && !type.open_array) {
        if (type.dimension != 0) return maker_.row(type.id, type.dimension, operand.address);
        if (operand.bit_size != 0)
            return maker_.bit_field(type.id, operand.address, operand.bit_offset, operand.bit_size);
        return operand.repeat != 0 ? maker_.array(type.id, operand.address, operand.repeat)
                                   : maker_.at(type.id, operand.address);
    }
    if (!operand.in_memory && !type.basic && type.pointers == 0 && !type.open_array)
        return maker_.of(type.id, operand.number);
    if (type.is_void()) return TypedValue{"void", {ValueNode{}}};
    Expression whole;
    const auto value = load(operand, whole);
    if (!value) return fail(value.error());
    // An array that decays is a pointer from here on.
    if (type.open_array && type.to_array == 0) return value_of(number_of(*value));
    ValueNode node;
    node.type = types_.name(type);
    node.kind = types_.is_pointer(type)     ? ValueKind::Pointer
                : types_.is_floating(type)  ? ValueKind::Floating
                : types_.is_boolean(type)   ? ValueKind::Boolean
                : types_.is_character(type) ? ValueKind::Character
                                            : ValueKind::Integer;
    if (operand.in_memory) node.address = operand.address;
    node.number = value->number;
    node.floating = value->floating;
    node.is_signed = types_.is_signed(type);
    node.byte_size = static_cast<std::uint32_t>(types_.size(type));
    return maker_.scalar(std::move(node),
                         types_.is_pointer(type) && types_.is_character(types_.target(type)));
}

}  // namespace postmortem
