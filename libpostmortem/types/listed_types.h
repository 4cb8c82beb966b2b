// Types that are put together member by member, for a kernel of which no more is known than where some
// members lie.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "types/type_finder.h"

namespace postmortem {

/// What lies at a listed place.
struct MemberShape {
    TypeKind kind = TypeKind::Integer;  ///< Integer, Pointer (`target` may be empty), Struct or Array
    std::uint32_t byte_size = 0;        ///< of an integer
    bool is_signed = false;
    std::string_view target{};  ///< the struct pointed to, embedded, or of which there are `count`
    std::uint64_t count = 0;    ///< elements of an array; of bytes where there is no target

    static MemberShape number(std::uint32_t bytes) { return {TypeKind::Integer, bytes}; }
    static MemberShape signed_number(std::uint32_t bytes) { return {TypeKind::Integer, bytes, true}; }
    static MemberShape text(std::uint64_t bytes) { return {TypeKind::Array, 0, false, {}, bytes}; }
    static MemberShape pointer(std::string_view to = {}) { return {TypeKind::Pointer, 0, false, to}; }
    static MemberShape embedded(std::string_view type) { return {TypeKind::Struct, 0, false, type}; }
    static MemberShape array(std::string_view type, std::uint64_t elements) {
        return {TypeKind::Array, 0, false, type, elements};
    }
};

/// Filled first and then handed out. `damage` tells once where they come from and what would bring the rest.
class ListedTypes final : public TypeFinder {
  public:
    ListedTypes(std::uint32_t word_size, std::string source, Error damage);

    /// A member of a struct. A path ("thread.sp") makes a struct for what embeds it.
    void add(std::string_view struct_name, std::string_view path, std::uint64_t offset,
             const MemberShape& shape);
    /// How large a struct or union is.
    void set_size(TypeKind kind, std::string_view name, std::uint64_t bytes);

    std::string source() const override { return source_; }
    std::optional<Error> damage() const override { return damage_; }

  protected:
    Result<TypeId> search(TypeKind kind, std::string_view name) const override;
    Type decode(TypeId id) const override;

  private:
    TypeId declare(TypeKind kind, std::string_view name);
    TypeId append(Type type);
    TypeId made(const MemberShape& shape);
    TypeId embedding(TypeId holder, std::string_view member);

    std::uint32_t word_size_;
    std::string source_;
    Error damage_;
    std::vector<Type> all_;
    std::map<std::pair<TypeKind, std::string>, TypeId, std::less<>> named_;
};

}  // namespace postmortem
