#include "report/values/type_layout.h"

#include <fmt/format.h>

#include "report/values/value_maker.h"
#include "types/c_declaration.h"

namespace postmortem {
namespace {

constexpr std::uint32_t deepest_layout = 32;
constexpr unsigned longest_chain = 32;  // of typedefs
constexpr std::size_t most_lines = 1u << 16;

class LayoutWriter {
  public:
    LayoutWriter(const TypeFinder& types, TypeLayout& layout) : types_(types), layout_(layout) {}

    void add_members(const Type& type, std::uint32_t depth, std::uint64_t bit_base, const std::string& path) {
        if (depth > deepest_layout) return;
        for (const Member& member : type.members) {
            if (layout_.lines.size() >= most_lines) return;
            add_member(member, depth, bit_base + member.bit_offset, path);
            const bool last = type.kind == TypeKind::Struct && &member == &type.members.back();
            if (last) leave_open(member, layout_.lines.back());
        }
    }

  private:
    void add_member(const Member& member, std::uint32_t depth, std::uint64_t bit_offset,
                    const std::string& path) {
        const CDeclaration declared = c_declaration(types_, member.type, member.name);
        const std::string own_path =
            path.empty() || member.name.empty() ? path + member.name : path + "." + member.name;
        if (declared.anonymous) {
            line(depth, declared.qualifiers + declared.base + " {");
            parts_ += member.name.empty() ? 0 : 1;
            add_members(types_.get(declared.base_type), depth + 1, bit_offset, own_path);
            parts_ -= member.name.empty() ? 0 : 1;
            const std::string closing =
                fmt::format("}}{}{}", declared.declarator.empty() ? "" : " ", declared.declarator);
            LayoutLine& last = line(depth, closing + ";");
            if (!member.name.empty()) place(last, member, bit_offset, own_path);
            return;
        }
        const std::string width = member.bit_size != 0 ? fmt::format(" : {}", member.bit_size) : "";
        place(line(depth, declared.text() + width + ";"), member, bit_offset, own_path);
    }

    // BTF has the same for `[]` and `[0]`: the last member of a struct is the former in all but old code.
    void leave_open(const Member& member, LayoutLine& last) {
        const Type& type = types_.get_declared(member.type);
        const std::size_t empty = last.text.rfind("[0];");
        if (type.kind == TypeKind::Array && type.count == 0 && empty != std::string::npos)
            last.text.replace(empty, 4, "[];");
    }

    LayoutLine& line(std::uint32_t depth, std::string text) {
        LayoutLine& made = layout_.lines.emplace_back();
        made.depth = depth;
        made.in_part = parts_ != 0;
        made.text = std::move(text);
        return made;
    }

    static void place(LayoutLine& line, const Member& member, std::uint64_t bit_offset,
                      const std::string& path) {
        line.name = member.name;
        line.path = path;
        line.offset = bit_offset / 8;
        if (member.bit_size == 0) return;
        line.bit_size = member.bit_size;
        line.bit_offset = static_cast<std::uint32_t>(bit_offset % 8);
    }

    const TypeFinder& types_;
    TypeLayout& layout_;
    unsigned parts_ = 0;  // embedded structs with a name that lie around
};

void add_enumerators(const Type& type, TypeLayout& layout) {
    for (const Enumerator& item : type.enumerators) {
        LayoutLine& line = layout.lines.emplace_back();
        line.name = line.path = item.name;
        line.text = fmt::format("{} = {}", item.name, item.value);
    }
}

}  // namespace

TypeLayout make_type_layout(const TypeFinder& types, TypeId id) {
    TypeLayout layout;
    const Type& named = types.get_declared(id);
    const bool is_typedef = named.kind == TypeKind::Typedef;
    TypeId inner = id;
    for (unsigned i = 0; i < longest_chain && types.get_declared(inner).kind == TypeKind::Typedef; ++i)
        inner = types.get_declared(inner).target;
    const CDeclaration declared = c_declaration(types, inner, is_typedef ? named.name : "");
    const Type& base = types.get_declared(declared.base_type);
    layout.name = is_typedef ? named.name : declared.base;
    if (knows_size(types, id)) layout.size = value_size(types, id);
    const bool opens = base.kind == TypeKind::Struct || base.kind == TypeKind::Union;
    const std::string behind = declared.declarator.empty() ? "" : " " + declared.declarator + ";";
    if (base.kind == TypeKind::Enum && !is_typedef) {
        layout.opening = declared.base + " {";
        layout.closing = "};";
        add_enumerators(base, layout);
    } else if (opens) {
        layout.opening = (is_typedef ? "typedef " : "") + declared.qualifiers + declared.base + " {";
        layout.closing = "}" + behind;
        LayoutWriter(types, layout).add_members(base, 1, 0, {});
        // struct_group() has its members twice, so that they are the outermost struct's, too.
        for (LayoutLine& line : layout.lines)
            if (line.in_part && !line.name.empty())
                if (const auto own = types.member(declared.base_type, line.name))
                    line.in_part = own->offset() != line.offset;
    } else {
        layout.opening = (is_typedef ? "typedef " : "") + declared.text() + (is_typedef ? ";" : "");
    }
    return layout;
}

}  // namespace postmortem
