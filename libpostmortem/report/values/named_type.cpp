#include "report/values/named_type.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "report/values/member_path.h"

namespace postmortem {
namespace {

// How many letters must be changed, added or left out; more than `most` are not counted.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t most) {
    if (a.size() > b.size() + most || b.size() > a.size() + most) return most + 1;
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t above = row[j + 1];
            row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] != b[j] ? 1 : 0)});
            diagonal = above;
        }
    }
    return row.back();
}

std::string nearest_name(const TypeFinder& types, std::string_view name) {
    std::string nearest;
    std::size_t best = 3;
    for (const TypeKind kind : {TypeKind::Struct, TypeKind::Union, TypeKind::Typedef, TypeKind::Enum})
        for (const std::string& known : types.names(kind)) {
            const std::size_t distance = edit_distance(name, known, best);
            if (distance >= best) continue;
            best = distance;
            nearest = known;
        }
    return nearest;
}

}  // namespace

Result<TypeId> find_named_type(const TypeFinder& types, std::string_view name, NamedKind kind) {
    std::vector<TypeKind> kinds = {TypeKind::Struct, TypeKind::Union, TypeKind::Typedef, TypeKind::Enum};
    if (kind == NamedKind::Union) std::swap(kinds[0], kinds[1]);
    std::optional<Error> why;
    for (const TypeKind one : kinds) {
        const auto found = types.find(one, name);
        if (!found) {
            if (!why || why->code == ErrorCode::NotFound) why = found.error();
            continue;
        }
        const TypeKind is = types.get(*found).kind;
        const bool fits = kind == NamedKind::Any || (kind == NamedKind::Struct && is == TypeKind::Struct) ||
                          (kind == NamedKind::Union && is == TypeKind::Union);
        if (fits) return *found;
        return fail(ErrorCode::NotFound, fmt::format("{} is {}, not a {}", name, with_article(to_string(is)),
                                                     kind == NamedKind::Union ? "union" : "struct"));
    }
    if (why->code != ErrorCode::NotFound) return fail(std::move(*why));
    const std::string nearest = nearest_name(types, name);
    return fail(ErrorCode::NotFound,
                fmt::format("no type is named {}{}", name,
                            nearest.empty() ? "" : fmt::format("; the nearest is {}", nearest)));
}

Result<std::uint64_t> offset_of_member(const TypeFinder& types, std::string_view type_and_member) {
    const std::size_t dot = type_and_member.find('.');
    if (dot == npos)
        return fail(ErrorCode::InvalidArgument,
                    fmt::format("'{}' is no STRUCT.MEMBER and no number of bytes", type_and_member));
    const auto type = find_named_type(types, type_and_member.substr(0, dot));
    if (!type) return fail(type.error());
    const auto place = find_member_path(types, *type, type_and_member.substr(dot + 1));
    if (!place) return fail(place.error());
    return place->offset;
}

}  // namespace postmortem
