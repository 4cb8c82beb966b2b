// Finds types by name, lazily, and answers where a member lies. One file per source below (btf, dwarf).
#pragma once

#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include <postmortem/error.h>

#include "types/type.h"

namespace postmortem {

/// A member as seen from the struct that it was looked up in; anonymous structs and unions are looked
/// through.
struct MemberPlace {
    std::uint64_t bit_offset = 0;
    std::uint32_t bit_size = 0;  ///< 0 unless it is a bit-field
    TypeId type = 0;             ///< qualifiers and typedefs removed

    std::uint64_t offset() const { return bit_offset / 8; }
};

/// A variable, and how far behind the start of its section it lies.
struct PlacedVariable {
    std::string name;
    std::uint64_t offset = 0;
};

/// Thread-safe; what was decoded once is kept. References stay valid as long as the finder.
class TypeFinder {
  public:
    virtual ~TypeFinder() = default;

    /// The complete struct, union, enum or typedef of that name. Errors: NotFound; MissingDebugInfo where
    /// there is no type information at all; Corrupt.
    Result<TypeId> find(TypeKind kind, std::string_view name) const;
    Result<TypeId> find_struct(std::string_view name) const { return find(TypeKind::Struct, name); }

    /// The type itself, with typedefs and qualifiers removed. Out-of-range ids give TypeKind::Unknown.
    const Type& get(TypeId id) const;

    /// The type as declared: typedefs are kept, qualifiers removed.
    const Type& get_declared(TypeId id) const;

    /// The outermost qualifier of a type as declared.
    virtual Qualifier qualifier(TypeId) const { return Qualifier::None; }
    /// The same type without it.
    virtual TypeId unqualified(TypeId id) const { return id; }

    /// The names of all structs, unions, enums, typedefs or variables; in no order.
    virtual std::vector<std::string> names(TypeKind) const { return {}; }

    /// The enum, which may have no name, that has an enumerator of this name.
    virtual std::optional<TypeId> enum_with(std::string_view) const { return std::nullopt; }

    Result<MemberPlace> member(TypeId struct_or_union, std::string_view name) const;
    /// What member() says of one that is not there; of several, "a or b".
    Error no_member(TypeId struct_or_union, std::string_view names) const;
    /// The member's byte offset, by the struct's name.
    Result<std::uint64_t> offset_of(std::string_view struct_name, std::string_view member_name) const;
    Result<std::uint64_t> size_of(std::string_view struct_name) const;
    /// An enumerator's value, by the enum's name ("" searches no enum: anonymous ones are not indexed).
    Result<std::int64_t> enumerator(std::string_view enum_name, std::string_view name) const;

    /// Every name of a type or a member that was asked for so far.
    std::vector<std::string> asked_names() const;

    /// "BTF", "DWARF of /usr/lib/debug/…", …
    virtual std::string source() const = 0;

    /// Where each per-CPU variable lies, counted from where they begin (.data..percpu); none where the types
    /// do not tell.
    virtual std::vector<PlacedVariable> per_cpu_variables() const { return {}; }

    /// Whether its structs may lack members that the kernel's have (types/excerpt.h).
    virtual bool is_excerpt() const { return false; }

    /// Whether it has the types of all variables, as DWARF does.
    virtual bool has_variables() const { return false; }

    /// Why types are missing that the kernel has; nothing where the source is whole.
    virtual std::optional<Error> damage() const { return std::nullopt; }

  protected:
    virtual Result<TypeId> search(TypeKind kind, std::string_view name) const = 0;
    /// Decodes one type record; qualifiers are followed, typedefs are not. A declaration gives the complete
    /// struct or union where there is one, else TypeKind::Forward.
    virtual Type decode(TypeId id) const = 0;

  private:
    struct KeyView {
        TypeId type;
        std::string_view name;
        bool operator==(const KeyView&) const = default;
    };
    struct Key {
        TypeId type;
        std::string name;
        operator KeyView() const { return {type, name}; }
    };
    // Looked up by a view, so that a hit costs no allocation.
    struct KeyHash {
        using is_transparent = void;
        std::size_t operator()(const KeyView& key) const {
            return std::hash<std::string_view>()(key.name) ^ (key.type * 0x9e3779b97f4a7c15ull);
        }
    };
    struct KeyEqual {
        using is_transparent = void;
        bool operator()(const KeyView& a, const KeyView& b) const { return a == b; }
    };

    const Type& decoded(TypeId id) const;
    TypeId stripped(TypeId id) const;
    std::optional<MemberPlace> search_members(TypeId id, std::string_view name, unsigned depth,
                                              std::size_t& budget) const;

    mutable std::recursive_mutex lock_;
    mutable std::unordered_map<TypeId, std::unique_ptr<Type>> types_;
    mutable std::unordered_map<Key, Result<TypeId>, KeyHash, KeyEqual> found_;
    mutable std::unordered_map<Key, std::optional<MemberPlace>, KeyHash, KeyEqual> members_;
};

/// A finder that knows nothing and says why: stands in where a kernel has neither BTF nor a vmlinux.
std::unique_ptr<TypeFinder> make_empty_type_finder(Error why);

}  // namespace postmortem
