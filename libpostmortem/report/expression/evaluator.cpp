#include "report/expression/evaluator.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "base/text.h"
#include "report/expression/known_variables.h"
#include "report/values/address_word.h"
#include "report/values/member_path.h"

namespace postmortem {
namespace {

constexpr std::uint64_t most_repeats = 1u << 20;

bool names_type(const void* context, std::string_view name) {
    return static_cast<const OperandTypes*>(context)->is_type_name(name);
}

}  // namespace

Evaluator::Evaluator(const Kernel& kernel, std::string_view text, std::span<const Operand> history)
    : kernel_(kernel),
      text_(text),
      history_(history),
      types_(kernel.types_and_variables(), kernel.memory().word_size()),
      maker_(kernel) {}

Result<Operand> Evaluator::evaluate() {
    const auto tree = parse_expression(text_, &types_, names_type);
    if (!tree) return fail(tree.error());
    return evaluate(**tree);
}

Operand Evaluator::number_of(const Scalar& value) {
    Operand operand;
    operand.type = value.type;
    operand.number = value.number;
    operand.floating = value.floating;
    return operand;
}

// The kernel's own, per-CPU ones among them, or a module's.
std::optional<SymbolHit> Evaluator::symbol_named(const std::string& name) const {
    const auto address = resolve_symbol(kernel_, name);
    if (!address) return std::nullopt;
    if (auto hit = maker_.names().hit(*address)) return hit;
    const auto symbols = kernel_.symbols();
    const auto hit = symbols ? (*symbols)->containing(*address) : fail(symbols.error());
    return hit ? std::optional(*hit) : std::nullopt;
}

// At most a word, and not what lies behind the next symbol.
std::uint32_t Evaluator::room_of(const std::string& variable) const {
    std::uint32_t size = kernel_.memory().word_size();
    const auto symbol = symbol_named(variable);
    while (symbol && symbol->size != 0 && size > symbol->size) size /= 2;
    return size;
}

bool Evaluator::is_code(const std::string& symbol) const {
    const auto found = symbol_named(symbol);
    return found && (found->symbol.type == 't' || found->symbol.type == 'T');
}

Operand Evaluator::as_number(const Operand& untyped) const {
    Operand number = untyped;
    number.untyped.clear();
    number.type = types_.unsigned_of(room_of(untyped.untyped));
    return number;
}

Result<Operand> Evaluator::evaluate(const Node& node) {
    using Kind = Expression::Kind;
    switch (node.kind) {
        case Kind::Integer:
            return number_of(
                {types_.integer(node.token.is_long, node.token.is_unsigned), node.token.number, 0});
        case Kind::Floating:
            return number_of({OperandTypes::basic("double", 8, true, true), 0, node.token.floating});
        case Kind::Character: return number_of({OperandTypes::basic("char", 1, true), node.token.number, 0});
        case Kind::Name: return name(node);
        case Kind::Unary: return unary(node);
        case Kind::Binary: return binary(node);
        case Kind::Conditional: return conditional(node);
        case Kind::Member: return member(node);
        case Kind::Index: return index(node);
        case Kind::Cast: return cast(node);
        case Kind::Place: return place(node);
        case Kind::SizeOfType:
        case Kind::SizeOfValue: break;
    }
    return size_of(node);
}

// --- names ---

Result<Operand> Evaluator::variable(std::string_view name) const {
    const auto address = resolve_symbol(kernel_, name);
    if (!address) return fail(address.error());
    Operand operand;
    operand.in_memory = true;
    operand.address = *address;
    for (const TypeKind kind : {TypeKind::Variable, TypeKind::Function})
        if (const auto type = kernel_.types_and_variables().find(kind, name)) {
            operand.type = OperandTypes::of(kernel_.types_and_variables().unqualified(*type));
            return operand;
        }
    std::string_view known = known_variable_type(name);
    const bool is_array = known.ends_with("[]");
    if (is_array) known.remove_suffix(3);
    if (!known.empty()) {
        const auto tree = parse_expression(fmt::format("sizeof({})", known), &types_, names_type);
        if (tree && (*tree)->kind == Expression::Kind::SizeOfType)
            if (const auto type = types_.named((*tree)->type)) {
                operand.type = *type;
                operand.type.open_array |= is_array;
                return operand;
            }
    }
    operand.untyped = name;
    return operand;
}

// gdb's "$3", "$" the last one, "$$" that before it, "$$2" two before the last.
Result<Operand> Evaluator::earlier_value(const Node& node) const {
    const bool counts_back = node.word.starts_with("$$");
    const std::string_view digits = std::string_view(node.word).substr(counts_back ? 2 : 1);
    const auto number = parse_u64(digits, 10);
    if (!digits.empty() && !number)
        return wrong(node,
                     fmt::format("'{}' is a register or variable of gdb's: there are none here", node.word));
    const std::uint64_t last = history_.size(), back = number.value_or(counts_back ? 1 : 0);
    const std::uint64_t wanted = !counts_back && number ? *number : back < last ? last - back : 0;
    if (wanted == 0 || wanted > last)
        return wrong(node, fmt::format("there is no value '{}': {} were printed so far", node.word, last));
    return history_[wanted - 1];
}

Result<Operand> Evaluator::name(const Node& node) {
    if (node.word.starts_with('$')) return earlier_value(node);
    auto found = variable(node.word);
    if (found) return found;
    if (found.error().code != ErrorCode::NotFound) return found;
    if (const auto type = kernel_.types().enum_with(node.word))
        for (const Enumerator& item : kernel_.types().get(*type).enumerators)
            if (item.name == node.word)
                return number_of({OperandTypes::of(*type), static_cast<std::uint64_t>(item.value), 0});
    return wrong(node, fmt::format("there is no variable, function or enumerator named {}", node.word));
}

// --- reading ---

Result<Scalar> Evaluator::load(const Operand& operand, const Node& node) {
    if (!operand.untyped.empty())
        return wrong(
            node,
            fmt::format("the type of {0} is not in the {1}: cast it, such as (int){0}, or give a vmlinux",
                        operand.untyped, kernel_.types().source()));
    const TypeKind kind = types_.kind(operand.type);
    if (kind == TypeKind::Array || kind == TypeKind::Function) {
        const OperandType pointee = kind == TypeKind::Array ? types_.target(operand.type) : operand.type;
        return Scalar{types_.pointer_to(pointee), operand.address, 0};
    }
    if (!types_.is_scalar(operand.type))
        return wrong(node, fmt::format("{} is no number", with_article(types_.name(operand.type))));
    Scalar value{operand.type, operand.number, operand.floating};
    if (!operand.in_memory) return value;
    const std::uint64_t size = types_.size(operand.type);
    const ValueBytes bytes =
        ValueBytes::at(kernel_.memory(), operand.address,
                       operand.bit_size != 0 ? (operand.bit_offset + operand.bit_size + 7) / 8 : size);
    if (bytes.error()) {
        Error lost = *bytes.error();
        lost.message = expression_error(text_, node.token.column, lost.message).message;
        return fail(std::move(lost));
    }
    if (operand.bit_size != 0) {
        value.number = bytes.bits(operand.bit_offset, operand.bit_size).value_or(0);
        const std::uint64_t sign = 1ull << (operand.bit_size - 1);
        if (types_.is_signed(operand.type)) value.number = (value.number ^ sign) - sign;
        return value;
    }
    value.number = fitted(types_, operand.type, bytes.number(0, size));
    if (types_.is_floating(operand.type))
        value.floating = size == 4 ? double{std::bit_cast<float>(static_cast<std::uint32_t>(value.number))}
                                   : std::bit_cast<double>(value.number);
    return value;
}

Result<Scalar> Evaluator::scalar(const Node& node) {
    const auto operand = evaluate(node);
    if (!operand) return fail(operand.error());
    return load(*operand, node);
}

// --- operators ---

Result<Operand> Evaluator::address_of(const Node& node) {
    const auto operand = evaluate(*node.operands[0]);
    if (!operand) return operand;
    if (!operand->in_memory || operand->bit_size != 0)
        return wrong(node, operand->in_memory ? "a bit-field has no address" : "a number has no address");
    const OperandType pointer = types_.pointer_to(operand->untyped.empty() ? operand->type : OperandType{});
    return number_of({pointer, operand->address, 0});
}

Result<Operand> Evaluator::dereferenced(const Node& node, const Scalar& pointer) {
    if (!types_.is_pointer(pointer.type)) return wrong(node, "only a pointer can be followed");
    Operand target;
    target.type = types_.target(pointer.type);
    if (target.type.is_void()) return wrong(node, "what a void pointer points at has no type: cast it");
    target.in_memory = true;
    target.address = pointer.number;
    return target;
}

// gdb takes a number for the address of an int.
Operand Evaluator::int_at(const Scalar& address) const {
    Operand target;
    target.type = types_.integer(false, false);
    target.in_memory = true;
    target.address = address.number;
    return target;
}

Result<Operand> Evaluator::unary(const Node& node) {
    if (node.word == "&") return address_of(node);
    const auto value = scalar(*node.operands[0]);
    if (!value) return fail(value.error());
    if (node.word == "*" && types_.kind(value->type) == TypeKind::Integer) return int_at(*value);
    if (node.word == "*") return dereferenced(node, *value);
    const auto made = apply_unary(types_, node.word, *value);
    if (!made) return wrong(node, made.error().message);
    return number_of(*made);
}

Result<Operand> Evaluator::logical(const Node& node) {
    const auto left = scalar(*node.operands[0]);
    if (!left) return fail(left.error());
    bool truth = is_true(types_, *left);
    if (truth == (node.word == "&&")) {
        const auto right = scalar(*node.operands[1]);
        if (!right) return fail(right.error());
        truth = is_true(types_, *right);
    }
    return number_of({types_.integer(false, false), truth ? 1u : 0u, 0});
}

// gdb's way to see an array where there is but its first element.
Result<Operand> Evaluator::repeated(const Node& node) {
    auto first = evaluate(*node.operands[0]);
    if (!first) return first;
    const auto count = scalar(*node.operands[1]);
    if (!count) return fail(count.error());
    if (!first->in_memory || first->bit_size != 0 || !first->untyped.empty() || first->type.dimension != 0 ||
        (first->type.open_array && first->type.to_array == 0))
        return wrong(node, "'@' repeats what lies in memory and has a type, and is no part of an array");
    if (!types_.knows_size(first->type)) return wrong(node, types_.unknown_size(first->type));
    if (count->number == 0 || count->number > most_repeats)
        return wrong(node, fmt::format("{} is no count of elements", count->number));
    first->repeat = count->number;
    return first;
}

Result<Operand> Evaluator::binary(const Node& node) {
    if (node.word == "&&" || node.word == "||") return logical(node);
    if (node.word == "@") return repeated(node);
    if (node.word == ",") {
        const auto ignored = evaluate(*node.operands[0]);
        return ignored ? evaluate(*node.operands[1]) : ignored;
    }
    const auto left = scalar(*node.operands[0]);
    if (!left) return fail(left.error());
    const auto right = scalar(*node.operands[1]);
    if (!right) return fail(right.error());
    const auto made = apply_binary(types_, node.word, *left, *right);
    if (!made) return wrong(node, made.error());
    if (node.word == "<<" || node.word == ">>") check_shift(node, *made, *right);
    return number_of(*made);
}

// What C leaves open, gdb answers with a warning.
void Evaluator::check_shift(const Node& node, const Scalar& made, const Scalar& count) {
    const char* const side = node.word == "<<" ? "left" : "right";
    if (types_.is_signed(count.type) && static_cast<std::int64_t>(count.number) < 0)
        warnings_.push_back(fmt::format("the count of a {} shift is negative", side));
    else if (count.number >= types_.size(made.type) * 8)
        warnings_.push_back(fmt::format("the count of a {} shift is no less than the {} bits of {}", side,
                                        types_.size(made.type) * 8, types_.name(made.type)));
}

Result<Operand> Evaluator::conditional(const Node& node) {
    const auto condition = scalar(*node.operands[0]);
    if (!condition) return fail(condition.error());
    return evaluate(*node.operands[is_true(types_, *condition) ? 1 : 2]);
}

// As gdb, a pointer may stand before a '.' and a struct before a '->'.
Result<Operand> Evaluator::member(const Node& node) {
    auto whole = evaluate(*node.operands[0]);
    if (!whole) return whole;
    if (!whole->untyped.empty()) return fail(load(*whole, *node.operands[0]).error());
    if (types_.is_pointer(whole->type)) {
        const auto pointer = load(*whole, *node.operands[0]);
        if (!pointer) return fail(pointer.error());
        whole = dereferenced(node, *pointer);
        if (!whole) return whole;
    }
    const TypeKind kind = types_.kind(whole->type);
    if (kind != TypeKind::Struct && kind != TypeKind::Union)
        return wrong(node, fmt::format("{} has no members", with_article(types_.name(whole->type))));
    if (!whole->in_memory) return wrong(node, "this struct lies nowhere");
    const auto place = find_member_path(kernel_.types_and_variables(), whole->type.id, node.word);
    if (!place) return wrong(node, place.error().message);
    Operand inner;
    inner.type = OperandTypes::of(place->type);
    inner.in_memory = true;
    inner.address = whole->address + place->offset;
    inner.bit_offset = place->bit_offset;
    inner.bit_size = place->bit_size;
    return inner;
}

Result<Operand> Evaluator::index(const Node& node) {
    const auto base = scalar(*node.operands[0]);
    if (!base) return fail(base.error());
    const auto offset = scalar(*node.operands[1]);
    if (!offset) return fail(offset.error());
    const auto at = apply_binary(types_, "+", *base, *offset);
    if (!at && at.error().code == ErrorCode::MissingDebugInfo) return wrong(node, at.error());
    if (!at || !types_.is_pointer(at->type)) return wrong(node, "only an array or a pointer has elements");
    return dereferenced(node, *at);
}

// --- types ---

Result<OperandType> Evaluator::type_of(const Node& node) const {
    auto type = types_.named(node.type);
    if (type) return type;
    return fail(type.error().code == ErrorCode::NotFound
                    ? expression_error(text_, node.type.column, type.error().message)
                    : type.error());
}

Result<Operand> Evaluator::cast(const Node& node) {
    const auto type = type_of(node);
    if (!type) return fail(type.error());
    auto operand = evaluate(*node.operands[0]);
    if (!operand) return operand;
    // What has no type has the one that it is cast to; so has, in gdb, what a struct is cast to.
    const TypeKind kind = types_.kind(*type);
    const bool is_whole = kind == TypeKind::Struct || kind == TypeKind::Union || kind == TypeKind::Array;
    if (!operand->untyped.empty() || (operand->in_memory && operand->bit_size == 0 && is_whole)) {
        operand->untyped.clear();
        operand->type = *type;
        return operand;
    }
    if (!types_.is_scalar(*type))
        return wrong(node, fmt::format("nothing can be cast to {}", types_.name(*type)));
    const auto value = load(*operand, *node.operands[0]);
    if (!value) return fail(value.error());
    return number_of(converted(types_, *value, *type));
}

Result<Operand> Evaluator::place(const Node& node) {
    const auto type = type_of(node);
    if (!type) return fail(type.error());
    auto address = scalar(*node.operands[0]);
    if (!address) return fail(address.error());
    if (types_.is_floating(address->type)) return wrong(node, "an address is wanted behind the type");
    address->type = types_.pointer_to(*type);
    return dereferenced(node, *address);
}

Result<Operand> Evaluator::size_of(const Node& node) {
    OperandType type;
    if (node.kind == Expression::Kind::SizeOfType) {
        auto named = type_of(node);
        if (!named) return fail(named.error());
        type = *named;
    } else {
        const auto operand = evaluate(*node.operands[0]);
        if (!operand) return operand;
        if (!operand->untyped.empty()) return fail(load(*operand, *node.operands[0]).error());
        type = operand->type;
    }
    if (type.open_array && type.to_array == 0 && type.elements == 0)
        return wrong(node, "how large the array is, is not known");
    if (!types_.knows_size(type)) return wrong(node, types_.unknown_size(type));
    // gdb, as gcc, gives void and functions a byte.
    const std::uint64_t size = type.is_void() ? 1 : types_.size(type);
    return number_of({types_.integer(true, true), size, 0});
}

}  // namespace postmortem
