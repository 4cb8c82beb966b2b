#include "report/values/typed_value_fields.h"

#include <fmt/format.h>

namespace postmortem {
namespace {

bool has_value(const ValueNode& node) {
    switch (node.kind) {
        case ValueKind::Struct:
        case ValueKind::Array:
        case ValueKind::Unreadable:
        case ValueKind::Incomplete:
        case ValueKind::Void: return false;
        default: return true;
    }
}

std::string value_words(const ValueNode& node) {
    switch (node.kind) {
        case ValueKind::Pointer:
        case ValueKind::Function: return fmt::format("{:#x}", node.number);
        case ValueKind::Floating: return fmt::format("{:.17g}", node.floating);
        case ValueKind::Text: return node.text->substr(0, node.text->find('\0'));
        default:
            return node.is_signed ? fmt::format("{}", static_cast<std::int64_t>(node.number))
                                  : fmt::format("{}", node.number);
    }
}

}  // namespace

void describe(Describer<LayoutLine>& line) {
    line.is("layout line", "A member, or where an anonymous struct or union begins or ends");
    line.add("text", &LayoutLine::text, "as C has it");
    line.add("depth", &LayoutLine::depth, "1 for the outermost struct's own");
    line.add("path", &LayoutLine::path, "the member, from the outermost struct that has a name").or_null();
    line.add("offset", &LayoutLine::offset, "bytes from the start of the outermost struct");
    line.add("bit_offset", &LayoutLine::bit_offset, "of a bit-field, from there").or_left_out();
    line.add("bit_size", &LayoutLine::bit_size, "of a bit-field").or_left_out();
}

void describe(Describer<TypeLayout>& layout) {
    layout.is("type layout", "How a type is declared");
    layout.add("type", &TypeLayout::name, "its name");
    layout.add("size", &TypeLayout::size, "in bytes; null where only some members are known");
    layout.add("declaration", &TypeLayout::opening, "how it begins");
    layout.add("members", &TypeLayout::lines, "line by line");
}

void describe(Describer<ValueNode>& node) {
    node.is("value", "A value, or a part of one: what it is part of precedes it and is less deep");
    node.add("name", &ValueNode::name, "of the member; elements and anonymous members have none").or_null();
    node.add("depth", &ValueNode::depth, "0 for the whole");
    node.add("kind", &ValueNode::kind, "what it is")
        .one_of({"struct", "array", "integer", "character", "boolean", "floating", "enumeration", "pointer",
                 "text", "function", "unreadable", "incomplete", "void"});
    node.add("type", &ValueNode::type, "as C has it; elements of arrays have that of the array")
        .or_left_out();
    node.add("address", &ValueNode::address, "where it lies").address();
    node.add("value", value_words, "numbers in decimal, pointers in hexadecimal, text up to its NUL")
        .left_out_unless([](const ValueNode& value) { return has_value(value); });
    node.add("symbol", &ValueNode::symbol, "what a pointer points at").or_left_out();
    node.add("text", &ValueNode::text, "what a char pointer points at, or the name of an enumerator")
        .left_out_unless([](const ValueNode& value) { return value.text && value.kind != ValueKind::Text; });
}

void describe(Describer<TypedValue>& value) {
    value.is("typed value", "A value with all its parts");
    value.add("type", &TypedValue::type, "as C has it");
    value.add("parts", &TypedValue::nodes, "the whole first, then its members or elements, depth first");
}

}  // namespace postmortem
