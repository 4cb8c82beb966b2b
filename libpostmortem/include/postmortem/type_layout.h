// How a type is declared, line by line, with the place of every member. What `struct` and `whatis` print.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/api.h>

namespace postmortem {

/// One line between the braces: a member, or where an anonymous struct or union begins or ends.
struct LayoutLine {
    std::uint32_t depth = 1;
    std::string text;                         ///< as C has it: "struct list_head *next;"
    std::string name;                         ///< the member's
    std::string path;                         ///< from the outermost struct that has a name: "adj_list.upper"
    std::optional<std::uint64_t> offset;      ///< of a member that begins on this line
    std::optional<std::uint32_t> bit_offset;  ///< of a bit-field, from there
    std::optional<std::uint32_t> bit_size;
    bool in_part = false;  ///< of an embedded struct that has a name: crash shows no offsets there
};

struct TypeLayout {
    std::string name;     ///< "struct list_head", "typedef atomic_t"
    std::string opening;  ///< "struct list_head {", "typedef struct {"
    std::string closing;  ///< "}", "} atomic_t;"
    std::vector<LayoutLine> lines;
    std::optional<std::uint64_t> size;  ///< nothing where only some members are known
};

struct LayoutStyle {
    bool offsets = false;
    bool hexadecimal = false;
    std::optional<std::uint64_t> address;  ///< where the members of one instance lie, in place of offsets
    bool size = true;                      ///< say it at the end
};

/// As crash prints it, with a new line at the end.
POSTMORTEM_API std::string to_text(const TypeLayout& layout, const LayoutStyle& style = {});

}  // namespace postmortem
