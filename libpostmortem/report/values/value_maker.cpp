#include "report/values/value_maker.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "base/checked.h"
#include "memory/words.h"
#include "report/values/enumerators.h"
#include "types/c_declaration.h"
#include "types/whole_types.h"

namespace postmortem {
namespace {

constexpr std::uint32_t deepest_value = 64;
constexpr std::size_t longest_text = 1u << 20;

std::uint64_t value_extended(std::uint64_t value, std::uint32_t bits) {
    if (bits == 0 || bits >= 64) return value;
    const std::uint64_t sign = 1ull << (bits - 1);
    return ((value & ((sign << 1) - 1)) ^ sign) - sign;
}

bool is_boolean(const Type& type) {
    return type.kind == TypeKind::Integer && (type.name == "_Bool" || type.name == "bool");
}

}  // namespace

std::uint64_t value_size(const TypeFinder& types, TypeId id) {
    constexpr unsigned deepest_array = 16;
    std::uint64_t count = 1;
    for (unsigned i = 0; i < deepest_array; ++i) {
        const Type& type = types.get(id);
        if (type.kind != TypeKind::Array) return checked_mul(count, type.byte_size).value_or(0);
        count = checked_mul(count, type.count).value_or(0);
        id = type.target;
    }
    return 0;
}

bool knows_size(const TypeFinder& types, TypeId id) {
    constexpr unsigned deepest_array = 16;
    for (unsigned i = 0; i < deepest_array && types.get(id).kind == TypeKind::Array; ++i)
        id = types.get(id).target;
    const Type& type = types.get(id);
    if (type.kind == TypeKind::Forward || type.kind == TypeKind::Unknown) return false;
    const bool has_members = type.kind == TypeKind::Struct || type.kind == TypeKind::Union;
    return !has_members || type.byte_size != 0 || (type.members.empty() && !types.damage());
}

std::uint64_t known_extent(const TypeFinder& types, TypeId id) {
    constexpr unsigned deepest_struct = 16;
    const auto reach = [&](auto&& self, TypeId of, unsigned depth) -> std::uint64_t {
        std::uint64_t end = value_size(types, of);
        if (knows_size(types, of) || depth == deepest_struct) return end;
        for (const Member& member : types.get(of).members) {
            const std::uint64_t size = member.bit_size != 0
                                           ? (member.bit_offset % 8 + member.bit_size + 7) / 8
                                           : self(self, member.type, depth + 1);
            end = std::max(end, checked_add(member.bit_offset / 8, size).value_or(0));
        }
        return end;
    };
    return reach(reach, id, 0);
}

std::uint64_t row_size(const TypeFinder& types, TypeId type, std::size_t dimension) {
    const Type& whole = types.get(type);
    std::uint64_t size = value_size(types, whole.target);
    for (std::size_t i = dimension; i < whole.dimensions.size(); ++i)
        size = checked_mul(size, whole.dimensions[i]).value_or(0);
    return size;
}

std::string row_name(const TypeFinder& types, TypeId type, std::size_t dimension,
                     const std::string& pointers) {
    const Type& whole = types.get(type);
    std::string declarator = pointers.empty() ? "" : "(" + pointers + ")";
    for (std::size_t i = dimension; i < whole.dimensions.size(); ++i)
        declarator += fmt::format("[{}]", whole.dimensions[i]);
    return c_declaration(types, whole.target, declarator).text();
}

std::uint64_t ValueMaker::size_of(TypeId type) const {
    return value_size(types_, type);
}

// C has no other single bytes: gdb shows them all as characters.
bool ValueMaker::is_character(TypeId id) const {
    const Type& type = types_.get(id);
    return type.kind == TypeKind::Integer && type.byte_size == 1 && !is_boolean(type);
}

TypedValue ValueMaker::finish(TypeId type, const ValueBytes& bytes) {
    if (bytes.error()) problems_.push_back(*bytes.error());
    if (cut_) problems_.emplace_back(ErrorCode::Unsupported, "a value has more parts than are shown");
    cut_ = false;
    parts_made_ += nodes_.size();
    return {c_type_name(types_, type), std::exchange(nodes_, {})};
}

TypedValue ValueMaker::at(TypeId type, std::uint64_t address) {
    const ValueBytes bytes = ValueBytes::at(*memory_, address, known_extent(types_, type));
    add(bytes, {type}, {}, 0, true);
    return finish(type, bytes);
}

TypedValue ValueMaker::row(TypeId type, std::size_t dimension, std::uint64_t address) {
    const Type& whole = types_.get(type);
    const std::uint64_t size = row_size(types_, type, dimension);
    const ValueBytes bytes = ValueBytes::at(*memory_, address, size);
    ValueNode& top = nodes_.emplace_back();
    top.address = address;
    top.byte_size = static_cast<std::uint32_t>(size);
    if (is_character(whole.target) && dimension + 1 == whole.dimensions.size() && bytes.holds(0, size)) {
        top.kind = ValueKind::Text;
        top.text = std::string(as_text(bytes.slice(0, size)));
    } else {
        add_elements(bytes, {type}, whole, 0, dimension, 0);
    }
    TypedValue value = finish(type, bytes);
    value.type = row_name(types_, type, dimension);
    value.nodes.front().type = value.type;
    return value;
}

TypedValue ValueMaker::code(std::uint64_t address) {
    ValueNode node;
    node.kind = ValueKind::Function;
    node.type = "<text variable, no debug info>";
    node.address = address;
    node.number = address;
    node.symbol = names_.of(address);
    return {node.type, {std::move(node)}};
}

TypedValue ValueMaker::array(TypeId type, std::uint64_t address, std::uint64_t count) {
    const std::uint64_t size = size_of(type);
    const ValueBytes bytes = ValueBytes::at(*memory_, address, checked_mul(size, count).value_or(0));
    ValueNode& whole = nodes_.emplace_back();
    whole.kind = ValueKind::Array;
    whole.type = c_declaration(types_, type, fmt::format("[{}]", count)).text();
    whole.address = address;
    if (is_character(type) && bytes.holds(0, count)) {
        whole.kind = ValueKind::Text;
        whole.text = std::string(as_text(bytes.slice(0, count)));
    }
    const std::string name = whole.type;
    for (std::uint64_t i = 0; i < count && !is_character(type) && !cut_; ++i)
        add(bytes, {type, i * size}, {}, 1, false);
    TypedValue made = finish(type, bytes);
    made.type = name;
    return made;
}

TypedValue ValueMaker::bit_field(TypeId type, std::uint64_t address, std::uint32_t bit_offset,
                                 std::uint32_t bits) {
    const ValueBytes bytes = ValueBytes::at(*memory_, address, (std::uint64_t{bit_offset} + bits + 7) / 8);
    add(bytes, {type, 0, bit_offset, bits}, {}, 0, true);
    return finish(type, bytes);
}

TypedValue ValueMaker::of(TypeId type, std::uint64_t number) {
    std::uint64_t shifted = number;
    const std::uint64_t size = size_of(type);
    if (memory_->endian() == Endian::Big && size < 8) shifted <<= 8 * (8 - size);
    const ValueBytes bytes = ValueBytes::of(shifted, memory_->endian());
    add(bytes, {type}, {}, 0, true);
    return finish(type, bytes);
}

TypedValue ValueMaker::scalar(ValueNode node, bool to_characters) {
    if (node.kind == ValueKind::Pointer) fill_pointer(to_characters, node);
    TypedValue value{node.type, {}};
    value.nodes.push_back(std::move(node));
    return value;
}

void ValueMaker::add(const ValueBytes& bytes, const Place& place, std::string name, std::uint32_t depth,
                     bool with_type) {
    if (is_spent() || depth > deepest_value) {
        cut_ = true;
        return;
    }
    const Type& type = types_.get(place.type);
    ValueNode& node = nodes_.emplace_back();
    node.depth = depth;
    node.name = std::move(name);
    if (with_type) node.type = c_type_name(types_, place.type);
    if (const auto base = bytes.address()) node.address = *base + place.offset + place.bit_offset / 8;
    node.byte_size = static_cast<std::uint32_t>(type.byte_size);
    switch (type.kind) {
        case TypeKind::Struct:
        case TypeKind::Union:
            node.kind = ValueKind::Struct;
            return add_members(bytes, place, type, depth + 1);
        case TypeKind::Array: return fill_array(bytes, place, type, depth);
        case TypeKind::Forward:
        case TypeKind::Unknown: node.kind = ValueKind::Incomplete; return;
        case TypeKind::Void: node.kind = ValueKind::Void; return;
        case TypeKind::Function:
            node.kind = ValueKind::Function;
            node.number = node.address.value_or(0);
            node.symbol = names_.of(node.number);
            return;
        default: return fill_number(bytes, place, type, node);
    }
}

void ValueMaker::add_members(const ValueBytes& bytes, const Place& place, const Type& type,
                             std::uint32_t depth) {
    shows_members_ = true;
    for (const Member& member : type.members) {
        Place inner{member.type, place.offset + member.bit_offset / 8};
        if (member.bit_size != 0) {
            inner.bit_offset = static_cast<std::uint32_t>(member.bit_offset % 8);
            inner.bits = member.bit_size;
        }
        add(bytes, inner, member.name, depth, true);
    }
}

// An array without elements is shown as what C makes of it: a pointer to the first.
void ValueMaker::fill_array(const ValueBytes& bytes, const Place& place, const Type& type,
                            std::uint32_t depth) {
    const std::size_t index = nodes_.size() - 1;
    ValueNode& node = nodes_[index];
    node.byte_size = static_cast<std::uint32_t>(size_of(place.type));
    if (node.byte_size == 0 && bytes.address()) {
        node.kind = ValueKind::Pointer;
        node.number = wrapped(*memory_, *bytes.address() + place.offset);
        return fill_pointer(is_character(type.target), node);
    }
    const bool is_text = is_character(type.target) && type.dimensions.size() <= 1;
    if (!is_text) return add_elements(bytes, place, type, depth, 0, index);
    if (!bytes.holds(place.offset, node.byte_size)) {
        node.kind = ValueKind::Unreadable;
        return;
    }
    node.kind = ValueKind::Text;
    node.text = std::string(as_text(bytes.slice(place.offset, node.byte_size)));
}

void ValueMaker::add_elements(const ValueBytes& bytes, const Place& place, const Type& type,
                              std::uint32_t depth, std::size_t dimension, std::size_t node) {
    nodes_[node].kind = ValueKind::Array;
    const bool last = dimension + 1 >= type.dimensions.size();
    std::uint64_t size = size_of(type.target);
    for (std::size_t i = dimension + 1; i < type.dimensions.size(); ++i)
        size = checked_mul(size, type.dimensions[i]).value_or(0);
    const std::uint64_t count = type.dimensions.empty() ? type.count : type.dimensions[dimension];
    for (std::uint64_t i = 0; i < count && !cut_; ++i) {
        const Place element{last ? type.target : place.type, place.offset + i * size};
        if (last) {
            add(bytes, element, {}, depth + 1, false);
            continue;
        }
        if (is_spent()) cut_ = true;
        ValueNode& row = nodes_.emplace_back();
        row.depth = depth + 1;
        row.byte_size = static_cast<std::uint32_t>(size);
        if (const auto base = bytes.address()) row.address = *base + element.offset;
        const bool is_text = is_character(type.target) && dimension + 2 == type.dimensions.size();
        if (!is_text) {
            add_elements(bytes, element, type, depth + 1, dimension + 1, nodes_.size() - 1);
        } else if (bytes.holds(element.offset, size)) {
            row.kind = ValueKind::Text;
            row.text = std::string(as_text(bytes.slice(element.offset, size)));
        } else {
            row.kind = ValueKind::Unreadable;
        }
    }
}

void ValueMaker::fill_number(const ValueBytes& bytes, const Place& place, const Type& type, ValueNode& node) {
    const bool is_wide = type.byte_size > 8;
    node.is_signed = type.is_signed;
    if (place.bits != 0) {
        const auto value = bytes.bits(place.offset * 8 + place.bit_offset, place.bits);
        node.kind = value ? ValueKind::Integer : ValueKind::Unreadable;
        node.number = value.value_or(0);
    } else if (bytes.holds(place.offset, type.byte_size) && type.byte_size != 0 && !is_wide) {
        node.kind = ValueKind::Integer;
        node.number = bytes.number(place.offset, type.byte_size);
    } else {
        node.kind = is_wide ? ValueKind::Incomplete : ValueKind::Unreadable;
    }
    if (node.kind != ValueKind::Integer) return;
    const auto bits = place.bits != 0 ? place.bits : static_cast<std::uint32_t>(type.byte_size * 8);
    if (node.is_signed) node.number = value_extended(node.number, bits);
    if (type.kind == TypeKind::Pointer) {
        node.kind = ValueKind::Pointer;
        fill_pointer(is_character(type.target), node);
    } else if (type.kind == TypeKind::Enum) {
        node.kind = ValueKind::Enumeration;
        node.text = enumerator_text(type, static_cast<std::int64_t>(node.number));
    } else if (type.kind == TypeKind::Float) {
        node.kind = ValueKind::Floating;
        node.floating = type.byte_size == 4
                            ? double{std::bit_cast<float>(static_cast<std::uint32_t>(node.number))}
                            : std::bit_cast<double>(node.number);
    } else if (is_boolean(type)) {
        node.kind = ValueKind::Boolean;
    } else if (is_character(place.type)) {
        node.kind = ValueKind::Character;
    }
}

void ValueMaker::fill_pointer(bool to_characters, ValueNode& node) {
    node.symbol = names_.of(node.number, to_characters);
    if (node.number == 0 || !to_characters) return;
    // Piece by piece, so that what stands before a hole is shown.
    std::string text;
    while (text.size() < longest_text) {
        const std::size_t step = 64 - (node.number + text.size()) % 64;
        const auto piece = memory_->c_string(node.number + text.size(), step);
        if (!piece) {
            node.text_error = fmt::format("Cannot access memory at address {:#x}", node.number + text.size());
            break;
        }
        text += *piece;
        if (piece->size() < step) break;
    }
    if (!text.empty() || node.text_error.empty()) node.text = std::move(text);
}

Problems ValueMaker::take_problems() {
    if (auto damage = names_.take_damage()) problems_.push_back(std::move(*damage));
    if (std::exchange(shows_members_, false))
        if (auto lack = why_types_lack_members(types_)) problems_.push_back(std::move(*lack));
    return std::exchange(problems_, {});
}

}  // namespace postmortem
