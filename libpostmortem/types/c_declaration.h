// Types as C declares them, in gdb's spelling: "struct list_head *next", "void (*fn)(struct work_struct *)".
#pragma once

#include <string>

#include "types/type_finder.h"

namespace postmortem {

/// What is declared: `const struct {…}` and `*name[4]` of `const struct {…} *name[4]`.
struct CDeclaration {
    std::string qualifiers;  ///< of the base, each with a blank behind it
    std::string base;        ///< "struct list_head", "unsigned long"; "struct" where it is anonymous
    TypeId base_type = 0;
    bool anonymous = false;  ///< the base is a struct or union without a name: its members spell it
    std::string declarator;  ///< the name, and what stands around it

    std::string text() const {
        return qualifiers + base + (anonymous ? " {...}" : "") + (declarator.empty() ? "" : " ") + declarator;
    }
};

CDeclaration c_declaration(const TypeFinder& types, TypeId type, std::string_view name);

/// "struct list_head *", "char [16]".
std::string c_type_name(const TypeFinder& types, TypeId type);

}  // namespace postmortem
