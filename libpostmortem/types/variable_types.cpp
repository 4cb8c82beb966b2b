#include "types/variable_types.h"

#include <utility>

#include "types/dwarf.h"

namespace postmortem {
namespace {

// Neither BTF nor DWARF counts its types that far.
constexpr TypeId of_dwarf = 1ull << 63;

// 0 is void in either.
TypeId as_dwarf(TypeId id) {
    return id == 0 ? 0 : id | of_dwarf;
}

Type as_dwarf(Type type) {
    type.target = as_dwarf(type.target);
    for (Member& member : type.members) member.type = as_dwarf(member.type);
    return type;
}

class WithVariables final : public TypeFinder {
  public:
    WithVariables(const TypeFinder& types, OpensVmlinux opens) : types_(&types), opens_(std::move(opens)) {}

    Qualifier qualifier(TypeId id) const override {
        return is_of_dwarf(id) ? dwarf_->qualifier(id & ~of_dwarf) : types_->qualifier(id);
    }
    TypeId unqualified(TypeId id) const override {
        return is_of_dwarf(id) ? as_dwarf(dwarf_->unqualified(id & ~of_dwarf)) : types_->unqualified(id);
    }
    std::vector<std::string> names(TypeKind kind) const override { return types_->names(kind); }
    std::optional<TypeId> enum_with(std::string_view enumerator) const override {
        return types_->enum_with(enumerator);
    }
    bool is_excerpt() const override { return types_->is_excerpt(); }
    std::string source() const override { return types_->source(); }
    std::optional<Error> damage() const override { return types_->damage(); }

  protected:
    Result<TypeId> search(TypeKind kind, std::string_view name) const override {
        auto found = types_->find(kind, name);
        if (found || (kind != TypeKind::Variable && kind != TypeKind::Function)) return found;
        const TypeFinder* const dwarf = opened_dwarf();
        if (dwarf == nullptr) return found;
        const auto in_dwarf = dwarf->find(kind, name);
        if (in_dwarf) return as_dwarf(*in_dwarf);
        return in_dwarf.error().code == ErrorCode::NotFound ? found : in_dwarf;
    }

    Type decode(TypeId id) const override {
        return is_of_dwarf(id) ? as_dwarf(dwarf_->get_declared(id & ~of_dwarf)) : types_->get_declared(id);
    }

  private:
    bool is_of_dwarf(TypeId id) const { return dwarf_ && (id & of_dwarf) != 0; }

    const TypeFinder* opened_dwarf() const {
        if (!opens_) return dwarf_.get();
        if (const auto vmlinux = std::exchange(opens_, nullptr)())
            if (auto dwarf = open_dwarf(**vmlinux)) dwarf_ = std::move(*dwarf);
        return dwarf_.get();
    }

    const TypeFinder* types_;
    // Written under the lock that TypeFinder holds while it searches, before any id of DWARF is known.
    mutable OpensVmlinux opens_;
    mutable std::unique_ptr<TypeFinder> dwarf_;
};

}  // namespace

std::unique_ptr<TypeFinder> with_variables_of_vmlinux(const TypeFinder& types, OpensVmlinux opens) {
    return std::make_unique<WithVariables>(types, std::move(opens));
}

}  // namespace postmortem
