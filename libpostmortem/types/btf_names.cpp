// Types by their names: an index of those that are asked for often, a look at each record for the others.
#include <bit>

#include <fmt/format.h>

#include "types/btf_types.h"

namespace postmortem {

using btf::Kind;
using btf::Record;
using btf::record_size;

namespace {

constexpr std::size_t most_probes = 4096;  // names that were made to collide are left out

std::size_t hash_of(std::string_view name) {
    return std::hash<std::string_view>()(name);
}

}  // namespace

void Btf::for_each_name(const std::function<bool(std::string_view)>& visit) const {
    for (std::uint32_t i = base_ ? 0 : 1; i < offsets_.size(); ++i) {
        const Record here = record(offsets_[i]);
        if (here.name != 0 && named_kind(here) && !visit(name_at(here.name))) return;
    }
}

// One pass over the records; an open-addressing table of type ids costs 4 bytes a slot and no allocation a
// name.
void Btf::index_names() const {
    name_table_.assign(std::bit_ceil(offsets_.size() + 1), 0);
    for (std::uint32_t i = base_ ? 0 : 1; i < offsets_.size(); ++i) {
        const Record here = record(offsets_[i]);
        if (here.name == 0 || !named_kind(here)) continue;
        std::size_t slot = hash_of(name_at(here.name)) & (name_table_.size() - 1);
        std::size_t probes = 0;
        while (name_table_[slot] != 0 && ++probes < most_probes) slot = (slot + 1) & (name_table_.size() - 1);
        if (name_table_[slot] == 0) name_table_[slot] = first_id_ + i;
    }
}

Result<TypeId> Btf::search(TypeKind kind, std::string_view name) const {
    if (kind == TypeKind::Variable || kind == TypeKind::Function) {
        if (const auto found = scan(kind, name)) return *found;
    } else if (const auto found = indexed(kind, name)) {
        return *found;
    }
    if (base_) return base_->find(kind, name);
    if (const auto why = damage())
        return fail(why->code,
                    fmt::format("no {} named {} is left: {}", to_string(kind), name, why->message));
    return fail(ErrorCode::NotFound, fmt::format("no {} named {} in {}", to_string(kind), name, source_));
}

std::optional<TypeId> Btf::indexed(TypeKind kind, std::string_view name) const {
    if (name_table_.empty()) index_names();
    std::size_t slot = hash_of(name) & (name_table_.size() - 1);
    for (std::size_t i = 0; i < most_probes && name_table_[slot] != 0; ++i) {
        const Record here = record(offsets_[name_table_[slot] - first_id_]);
        if (named_kind(here) == kind && name_at(here.name) == name) return name_table_[slot];
        slot = (slot + 1) & (name_table_.size() - 1);
    }
    return std::nullopt;
}

std::vector<std::string> Btf::names(TypeKind kind) const {
    std::vector<std::string> all = base_ ? base_->names(kind) : std::vector<std::string>();
    for (std::size_t i = base_ ? 0 : 1; i < offsets_.size(); ++i) {
        const Record here = record(offsets_[i]);
        if (here.name != 0 && unindexed_kind(here) == kind) all.emplace_back(name_at(here.name));
    }
    return all;
}

std::optional<TypeId> Btf::enum_with(std::string_view enumerator) const {
    for (std::size_t i = base_ ? 0 : 1; i < offsets_.size(); ++i) {
        const Record here = record(offsets_[i]);
        if (here.kind() != Kind::Enum && here.kind() != Kind::Enum64) continue;
        const std::uint32_t step = here.kind() == Kind::Enum64 ? 12 : 8;
        for (std::uint32_t item = 0; item < here.vlen(); ++item)
            if (name_at(types_.u32(offsets_[i] + record_size + item * step).value_or(0)) == enumerator)
                return first_id_ + i;
    }
    return base_ ? base_->enum_with(enumerator) : std::nullopt;
}

std::optional<TypeId> Btf::scan(TypeKind kind, std::string_view name) const {
    for (std::size_t i = base_ ? 0 : 1; i < offsets_.size(); ++i) {
        const Record here = record(offsets_[i]);
        if (unindexed_kind(here) == kind && name_at(here.name) == name) return first_id_ + i;
    }
    return std::nullopt;
}

// struct btf_var_secinfo: type, offset, size. Pahole notes that one section alone.
std::vector<PlacedVariable> Btf::per_cpu_variables() const {
    constexpr std::uint32_t item_size = 12;
    std::vector<PlacedVariable> all;
    for (std::size_t i = base_ ? 0 : 1; i < offsets_.size(); ++i) {
        const Record here = record(offsets_[i]);
        if (here.kind() != Kind::DataSec || name_at(here.name) != ".data..percpu") continue;
        for (std::uint32_t item = 0; item < here.vlen(); ++item) {
            const std::uint32_t at = offsets_[i] + record_size + item * item_size;
            const std::uint32_t id = types_.u32(at).value_or(0);
            if (id < first_id_ || id - first_id_ >= offsets_.size()) continue;
            const Record variable = record(offsets_[id - first_id_]);
            if (variable.kind() != Kind::Var) continue;
            all.push_back({std::string(name_at(variable.name)), types_.u32(at + 4).value_or(0)});
        }
    }
    return all;
}

}  // namespace postmortem
