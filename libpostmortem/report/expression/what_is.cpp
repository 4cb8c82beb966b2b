#include <algorithm>

#include <fmt/format.h>

#include <postmortem/expression.h>
#include <postmortem/struct_view.h>

#include "base/text.h"
#include "report/expression/evaluator.h"
#include "report/expression/known_variables.h"
#include "report/values/named_type.h"
#include "report/values/type_layout.h"
#include "types/c_declaration.h"
#include "types/whole_types.h"

namespace postmortem {
namespace {

struct NameWords {
    StructRequest::Kind kind = StructRequest::Kind::Any;
    std::string name;
    bool is_enum = false;
};

NameWords name_words(std::string_view text) {
    NameWords words;
    text = trimmed(text);
    const std::size_t blank = text.find(' ');
    const std::string_view first = text.substr(0, blank);
    const bool has_keyword = blank != npos && (first == "struct" || first == "union" || first == "enum");
    words.name = has_keyword ? trimmed(text.substr(blank)) : text;
    if (has_keyword && first == "struct") words.kind = StructRequest::Kind::Struct;
    if (has_keyword && first == "union") words.kind = StructRequest::Kind::Union;
    words.is_enum = has_keyword && first == "enum";
    // A pointer is told by what it points to.
    while (!words.name.empty() && (words.name.back() == '*' || words.name.back() == ' '))
        words.name.pop_back();
    return words;
}

// With the qualifiers that a value has no use for.
Result<TypeId> declared_type(const TypeFinder& types, std::string_view name) {
    auto type = types.find(TypeKind::Variable, name);
    if (type || type.error().code != ErrorCode::NotFound) return type;
    return types.find(TypeKind::Function, name);
}

std::string variable_declaration(const TypeFinder& finder, const OperandTypes& types, const Operand& variable,
                                 const std::string& name) {
    if (const auto type = declared_type(finder, name)) return c_declaration(finder, *type, name).text() + ";";
    const std::string_view known = known_variable_type(name);
    if (variable.type.basic) {
        const std::string type = known.empty() ? types.name(variable.type) : std::string(known);
        if (const std::size_t bracket = type.find(" ["); bracket != type.npos)
            return fmt::format("{} {}{};", type.substr(0, bracket), name, type.substr(bracket + 1));
        return fmt::format("{}{}{};", type, type.ends_with('*') ? "" : " ", name);
    }
    const std::string stars(variable.type.pointers, '*');
    return c_declaration(finder, variable.type.id, stars + name).text() + ";";
}

// "enum pid_type = 0"
std::optional<std::string> enumerator_declaration(const TypeFinder& types, const std::string& name) {
    const auto id = types.enum_with(name);
    if (!id) return std::nullopt;
    const Type& type = types.get(*id);
    const auto item = std::find_if(type.enumerators.begin(), type.enumerators.end(),
                                   [&](const Enumerator& each) { return each.name == name; });
    if (item == type.enumerators.end()) return std::nullopt;
    return fmt::format("{} = {}", c_declaration(types, *id, "").text(), item->value);
}

// "char [16]"; nothing where it is no expression, or has no type that is known.
std::optional<WhatIs> type_of_expression(const Kernel& kernel, const std::string& text) {
    Evaluator evaluator(kernel, text);
    const auto operand = evaluator.evaluate();
    if (!operand || !operand->untyped.empty() || operand->repeat != 0) return std::nullopt;
    WhatIs answer;
    answer.name = text;
    answer.declaration = evaluator.types().name(operand->type);
    return answer;
}

WhatIs without_type(const TypeFinder& types, const std::string& name) {
    WhatIs answer;
    answer.name = name;
    answer.declaration = fmt::format("<unknown type> {};", name);
    const Error why = declared_type(types, name).error();
    answer.problems.emplace_back(
        ErrorCode::MissingDebugInfo,
        why.code == ErrorCode::NotFound
            ? fmt::format("the type of {} is not known from the {}", name, types.source())
            : why.message);
    return answer;
}

}  // namespace

Result<WhatIs> what_is(const CrashDump& dump, const std::string& name) {
    const Kernel& kernel = dump.kernel();
    const NameWords words = name_words(name);
    WhatIs answer;
    answer.name = name;
    if (words.name.find('.') != npos) {
        StructRequest request;
        request.kind = words.kind;
        request.type = words.name;
        auto view = struct_view(dump, request);
        if (!view) {
            if (auto expression = type_of_expression(kernel, name)) return std::move(*expression);
            return fail(std::move(view.error()));
        }
        answer.layout = std::move(view->layout);
        answer.some_members = view->some_members;
        answer.problems = std::move(view->problems);
        return answer;
    }
    const NamedKind kind = words.kind == StructRequest::Kind::Struct  ? NamedKind::Struct
                           : words.kind == StructRequest::Kind::Union ? NamedKind::Union
                                                                      : NamedKind::Any;
    // A variable's name counts before that of a type, as for a debugger.
    const bool may_be_variable = !words.is_enum && kind == NamedKind::Any;
    Evaluator evaluator(kernel, words.name);
    auto variable = may_be_variable ? evaluator.variable(words.name)
                                    : Result<Operand>(fail(ErrorCode::NotFound, "a type is asked for"));
    if (variable && variable->untyped.empty()) {
        answer.declaration =
            variable_declaration(kernel.types_and_variables(), evaluator.types(), *variable, words.name);
        return answer;
    }
    const auto type = words.is_enum ? kernel.types().find(TypeKind::Enum, words.name)
                                    : find_named_type(kernel.types(), words.name, kind);
    if (type) {
        answer.layout = make_type_layout(kernel.types(), *type);
        if (auto lack = why_types_lack_members(kernel.types())) answer.problems.push_back(std::move(*lack));
        return answer;
    }
    if (!may_be_variable) return fail(type.error());
    if (const auto declaration = enumerator_declaration(kernel.types(), words.name)) {
        answer.declaration = *declaration;
        return answer;
    }
    if (variable) return without_type(kernel.types(), words.name);
    const auto basic = evaluator.types().named(TypeWords{.keyword = "", .name = words.name});
    if (!basic)
        if (auto expression = type_of_expression(kernel, name)) return std::move(*expression);
    if (!basic) return fail(type.error().code == ErrorCode::NotFound ? variable.error() : type.error());
    answer.layout = TypeLayout{words.name, "", "", {}, evaluator.types().size(*basic)};
    return answer;
}

std::string to_text(const WhatIs& answer, const LayoutStyle& style) {
    if (!answer.layout) return answer.declaration + "\n";
    LayoutStyle layout = style;
    layout.offsets |= answer.some_members;
    layout.size &= !answer.some_members;
    return to_text(*answer.layout, layout);
}

}  // namespace postmortem
