#include "types/c_declaration.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace postmortem {
namespace {

constexpr unsigned most_steps = 64;           // of qualifiers, pointers and arrays
constexpr unsigned deepest_nesting = 8;       // of functions that take functions
constexpr std::size_t most_parameters = 256;  // of all of them together
constexpr std::size_t most_enumerators = 4096;

// DWARF, and with it BTF, has the compiler's names; gdb prints those that people write.
std::string_view usual_name(std::string_view name) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> names = {{
        {"long unsigned int", "unsigned long"},
        {"long int", "long"},
        {"long long unsigned int", "unsigned long long"},
        {"long long int", "long long"},
        {"short unsigned int", "unsigned short"},
        {"short int", "short"},
        {"__int128 unsigned", "unsigned __int128"},
    }};
    for (const auto& [compiler, usual] : names)
        if (name == compiler) return usual;
    return name;
}

struct Qualified {
    TypeId type = 0;
    bool is_const = false, is_volatile = false, is_restrict = false;

    std::string words() const {
        return fmt::format("{}{}{}", is_const ? "const " : "", is_volatile ? "volatile " : "",
                           is_restrict ? "restrict " : "");
    }
};

Qualified without_qualifiers(const TypeFinder& types, TypeId id) {
    Qualified bare{id};
    for (unsigned step = 0; step < most_steps; ++step) {
        const Qualifier qualifier = types.qualifier(bare.type);
        bare.is_const |= qualifier == Qualifier::Const;
        bare.is_volatile |= qualifier == Qualifier::Volatile;
        bare.is_restrict |= qualifier == Qualifier::Restrict;
        const TypeId next = types.unqualified(bare.type);
        if (next == bare.type) break;
        bare.type = next;
    }
    return bare;
}

std::string enumerators(const Type& type) {
    std::string list;
    std::int64_t expected = 0;
    for (std::size_t i = 0; i < std::min(type.enumerators.size(), most_enumerators); ++i) {
        const Enumerator& item = type.enumerators[i];
        list += fmt::format("{}{}", i == 0 ? "" : ", ", item.name);
        if (item.value != expected) list += fmt::format(" = {}", item.value);
        expected = static_cast<std::int64_t>(static_cast<std::uint64_t>(item.value) + 1);
    }
    return list;
}

std::string base_name(const Type& type) {
    switch (type.kind) {
        case TypeKind::Void: return "void";
        case TypeKind::Struct: return type.name.empty() ? "struct" : "struct " + type.name;
        case TypeKind::Union: return type.name.empty() ? "union" : "union " + type.name;
        case TypeKind::Forward: return (type.declares_union ? "union " : "struct ") + type.name;
        case TypeKind::Enum:
            return type.name.empty() ? fmt::format("enum {{{}}}", enumerators(type)) : "enum " + type.name;
        case TypeKind::Unknown: return "<unknown type>";
        default: return std::string(usual_name(type.name));
    }
}

class DeclarationWriter {
  public:
    explicit DeclarationWriter(const TypeFinder& types) : types_(types) {}

    CDeclaration write(TypeId id, std::string_view name, unsigned depth) {
        CDeclaration made;
        made.declarator = name;
        bool after_pointer = false;
        for (unsigned step = 0; step < most_steps; ++step) {
            const Qualified bare = without_qualifiers(types_, id);
            const Type& type = types_.get_declared(bare.type);
            const bool binds_closer = type.kind == TypeKind::Array || type.kind == TypeKind::Function;
            if (binds_closer && after_pointer) made.declarator = "(" + made.declarator + ")";
            after_pointer = type.kind == TypeKind::Pointer;
            if (after_pointer)
                add_pointer(bare, made.declarator);
            else if (type.kind == TypeKind::Array)
                add_dimensions(type, made.declarator);
            else if (type.kind == TypeKind::Function)
                made.declarator += parameters(type, depth);
            else
                return finish(bare, type, std::move(made));
            id = type.target;
        }
        made.base = "<unknown type>";
        return made;
    }

  private:
    static void add_pointer(const Qualified& bare, std::string& declarator) {
        std::string words = bare.words();
        if (!words.empty()) words.insert(words.begin(), ' ');
        if (declarator.empty() && !words.empty()) words.pop_back();
        declarator = "*" + words + declarator;
    }

    static void add_dimensions(const Type& type, std::string& declarator) {
        if (type.dimensions.empty()) {
            declarator += fmt::format("[{}]", type.count);
            return;
        }
        for (const std::uint64_t dimension : type.dimensions) declarator += fmt::format("[{}]", dimension);
    }

    std::string parameters(const Type& type, unsigned depth) {
        if (depth == 0 || type.members.size() > parameters_left_) return "(...)";
        parameters_left_ -= type.members.size();
        std::string list;
        for (const Member& parameter : type.members) {
            const bool is_variadic = parameter.type == 0 && &parameter == &type.members.back();
            list += fmt::format("{}{}", list.empty() ? "" : ", ",
                                is_variadic ? "..." : write(parameter.type, "", depth - 1).text());
        }
        return fmt::format("({})", list.empty() ? "void" : list);
    }

    static CDeclaration finish(const Qualified& bare, const Type& type, CDeclaration made) {
        made.qualifiers = bare.words();
        made.base = base_name(type);
        made.base_type = bare.type;
        made.anonymous = (type.kind == TypeKind::Struct || type.kind == TypeKind::Union) && type.name.empty();
        return made;
    }

    const TypeFinder& types_;
    // Functions that take functions that take functions: what a damaged table makes of them has no end.
    std::size_t parameters_left_ = most_parameters;
};

}  // namespace

CDeclaration c_declaration(const TypeFinder& types, TypeId type, std::string_view name) {
    return DeclarationWriter(types).write(type, name, deepest_nesting);
}

std::string c_type_name(const TypeFinder& types, TypeId type) {
    return c_declaration(types, type, "").text();
}

}  // namespace postmortem
