#include "report/struct_view/struct_view_text.h"

#include <fmt/format.h>

#include "base/text.h"
#include "output/memory_words.h"

namespace postmortem {
namespace {

void append_target(std::string& out, const MemberValue& member, const ValueStyle& style) {
    const ValueNode& pointer = member.value.nodes.front();
    if (pointer.kind != ValueKind::Pointer) return;
    out += "  -> ";
    if (pointer.number == 0) {
        out += "NULL\n";
        return;
    }
    const bool is_symbol_itself = !contains(member.target_symbol, "+");
    if (!member.target_symbol.empty() && is_symbol_itself) out += fmt::format("<{}> ", member.target_symbol);
    if (member.target && member.target->nodes.front().kind == ValueKind::Unreadable) {
        out += "(not accessible)";
    } else if (member.target) {
        std::string text = to_text(*member.target, style);
        for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 6)
            text.insert(at + 1, 5, ' ');
        out += text;
    }
    while (out.back() == ' ') out.pop_back();
    out += '\n';
}

void append_member(std::string& out, const MemberValue& member, const ValueStyle& style, bool pointers,
                   bool commas) {
    const ValueNode& top = member.value.nodes.front();
    if (pointers && top.kind == ValueKind::Pointer) {
        out += fmt::format("{:{}}{} = {:#x}\n", "", 2 * member.level, member.declaration, top.number);
        return append_target(out, member, style);
    }
    ValueStyle inner = style;
    inner.indent = member.level;
    out += fmt::format("{:{}}{} = {}{}\n", "", 2 * member.level, member.path, to_text(member.value, inner),
                       member.last || !commas ? "" : ",");
}

}  // namespace

std::string instance_text(const StructInstance& instance, const std::string& type, const StructStyle& style) {
    const ValueStyle values{style.hexadecimal, 0, false, !style.commas, 0};
    std::string out;
    for (const MemberValue& member : instance.members)
        append_member(out, member, values, style.pointers, style.commas);
    if (instance.members.empty())
        out = fmt::format("{}{} {}\n", contains(type, " ") ? "" : "struct ", type,
                          to_text(instance.value, values));
    return out;
}

std::string to_text(const StructView& view, const StructStyle& style) {
    LayoutStyle layout{style.offsets || view.some_members, style.hexadecimal, std::nullopt,
                       !view.some_members};
    if (view.layout && view.instances.empty()) return to_text(*view.layout, layout);
    std::string out;
    for (const StructInstance& instance : view.instances) {
        if (!out.empty() && !instance.cpu && !view.layout) out += '\n';
        if (instance.cpu) out += fmt::format("[{}]: {:x}\n", *instance.cpu, instance.address);
        layout.address = instance.address;
        if (view.layout)
            out += to_text(*view.layout, layout);
        else if (!instance.words.empty())
            out += memory_words_text({instance.address, view.word_size, view.big_endian, instance.words});
        else
            out += instance_text(instance, view.type, style);
    }
    return out;
}

}  // namespace postmortem
