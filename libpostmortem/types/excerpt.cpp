#include "types/excerpt.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "types/btf_builder.h"

namespace postmortem {
namespace {

constexpr unsigned deepest_nest = 16;  // of anonymous structs and unions, of pointers and arrays
constexpr std::size_t most_types = 1u << 18;
// What BTF's fields hold: vlen has 16 bits, an offset 32, or 24 in a struct with bit-fields.
constexpr std::size_t vlen_end = 0xffff;
constexpr std::uint64_t offset_end = 1ull << 32, flagged_offset_end = 1ull << 24;

class Excerpt {
  public:
    using Id = std::uint32_t;

    Excerpt(const TypeFinder& types, std::span<const std::string_view> words)
        : types_(types), words_(words.begin(), words.end()) {}

    std::vector<std::byte> make(std::span<const std::string_view> words, std::uint32_t word_bytes) {
        // Readers take the size of a pointer from it, as libbpf does.
        take([=](BtfBuilder& to) { to.integer("long unsigned int", word_bytes, false); });
        for (const std::string_view word : words) {
            for (const TypeKind kind : {TypeKind::Struct, TypeKind::Union, TypeKind::Enum})
                if (const auto type = types_.find(kind, word)) id_of(*type);
            if (const auto type = types_.find(TypeKind::Typedef, word)) take_typedef(word, *type);
        }
        while (!waiting_.empty()) {
            const auto write = std::move(waiting_.front());
            waiting_.pop_front();
            write(builder_);
        }
        return builder_.bytes();
    }

  private:
    using Write = std::function<void(BtfBuilder&)>;

    // A type gets its number when it is first met, and is written in its turn.
    Id take(Write write) {
        waiting_.push_back(std::move(write));
        return ++last_;
    }
    bool is_wanted(std::string_view name) const { return words_.count(name) > 0; }

    void take_typedef(std::string_view name, TypeId type) {
        const Id target = id_of(type);
        take([=](BtfBuilder& to) { to.type_definition(name, target); });
    }

    Id id_of(TypeId type, unsigned depth = deepest_nest);
    Id id_of_record(const Type& type, TypeId id);
    Id id_of_basic(const Type& type);
    bool holds_wanted(const Type& type, unsigned depth) const;
    void write_enum(const Type& type, BtfBuilder& to) const;
    void write_record(TypeId id, BtfBuilder& to);

    const TypeFinder& types_;
    std::unordered_set<std::string_view> words_;
    BtfBuilder builder_;
    std::deque<Write> waiting_;
    Id last_ = 0;
    std::unordered_map<TypeId, Id> records_;
    std::map<std::tuple<TypeKind, std::string, std::uint64_t, bool>, Id> basic_;
    std::map<std::pair<Id, std::uint64_t>, Id> arrays_;
    std::map<Id, Id> pointers_;
};

Excerpt::Id Excerpt::id_of(TypeId id, unsigned depth) {
    const Type& type = types_.get(id);
    if (last_ >= most_types || depth == 0) return 0;
    switch (type.kind) {
        case TypeKind::Struct:
        case TypeKind::Union:
        case TypeKind::Enum: return id_of_record(type, id);
        case TypeKind::Pointer: {
            const Id target = id_of(type.target, depth - 1);
            Id& known = pointers_[target];
            if (known == 0) known = take([=](BtfBuilder& to) { to.pointer(target); });
            return known;
        }
        case TypeKind::Array: {
            const Id element = id_of(type.target, depth - 1);
            const auto count = static_cast<std::uint32_t>(type.count);
            Id& known = arrays_[{element, count}];
            if (known == 0) known = take([=](BtfBuilder& to) { to.array(element, count); });
            return known;
        }
        default: return id_of_basic(type);
    }
}

// In DWARF each unit has its own copy of a struct, and only the name makes them one.
Excerpt::Id Excerpt::id_of_record(const Type& type, TypeId id) {
    if (!type.name.empty())
        if (const auto first = types_.find(type.kind, type.name);
            first && types_.get(*first).byte_size == type.byte_size)
            id = *first;
    Id& known = records_[id];
    if (known == 0) known = take([this, id](BtfBuilder& to) { write_record(id, to); });
    return known;
}

Excerpt::Id Excerpt::id_of_basic(const Type& type) {
    const bool is_forward = type.kind == TypeKind::Forward, is_float = type.kind == TypeKind::Float;
    if (!is_forward && !is_float && type.kind != TypeKind::Integer) return 0;
    Id& known = basic_[{type.kind, type.name, type.byte_size, type.is_signed}];
    if (known != 0) return known;
    const auto bytes = static_cast<std::uint32_t>(type.byte_size);
    known = take([=, name = type.name, is_signed = type.is_signed](BtfBuilder& to) {
        if (is_forward)
            to.forward(name, false);
        else if (is_float)
            to.floating(name, bytes);
        else
            to.integer(name, bytes, is_signed);
    });
    return known;
}

bool Excerpt::holds_wanted(const Type& type, unsigned depth) const {
    if (depth == 0 || (type.kind != TypeKind::Struct && type.kind != TypeKind::Union)) return false;
    for (const Member& member : type.members)
        if (member.name.empty() ? holds_wanted(types_.get(member.type), depth - 1) : is_wanted(member.name))
            return true;
    return false;
}

void Excerpt::write_enum(const Type& type, BtfBuilder& to) const {
    std::vector<BtfEnumerator> items;
    if (is_wanted(type.name))
        for (const Enumerator& item : type.enumerators) items.push_back({item.name, item.value});
    if (type.byte_size > 4)
        to.enumeration64(type.name, items, type.is_signed);
    else
        to.enumeration(type.name, items, type.is_signed, static_cast<std::uint32_t>(type.byte_size));
}

void Excerpt::write_record(TypeId id, BtfBuilder& to) {
    const Type& type = types_.get(id);
    if (type.kind == TypeKind::Enum) return write_enum(type, to);
    const auto is_bit_field = [](const Member& member) { return member.bit_size != 0; };
    const bool flagged = std::any_of(type.members.begin(), type.members.end(), is_bit_field);
    std::vector<BtfMember> members;
    for (const Member& member : type.members) {
        const bool wanted = member.name.empty() ? holds_wanted(types_.get(member.type), deepest_nest)
                                                : is_wanted(member.name);
        if (wanted && member.bit_offset < (flagged ? flagged_offset_end : offset_end) &&
            members.size() < vlen_end)
            members.push_back({member.name, id_of(member.type), static_cast<std::uint32_t>(member.bit_offset),
                               member.bit_size});
    }
    const auto bytes = static_cast<std::uint32_t>(type.byte_size);
    if (type.kind == TypeKind::Union)
        to.union_of(type.name, bytes, members);
    else
        to.structure(type.name, bytes, members);
}

}  // namespace

std::vector<std::byte> make_excerpt(const TypeFinder& types, std::span<const std::string_view> words,
                                    std::uint32_t word_bytes) {
    return Excerpt(types, words).make(words, word_bytes);
}

}  // namespace postmortem
