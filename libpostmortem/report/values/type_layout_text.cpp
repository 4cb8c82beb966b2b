#include <algorithm>

#include <fmt/format.h>

#include <postmortem/type_layout.h>

namespace postmortem {
namespace {

constexpr int layout_indent = 4;

// The column of offsets is as wide as the type's size.
std::string offset_column(const LayoutLine& line, const LayoutStyle& style, std::size_t width,
                          std::size_t size_digits) {
    if (!line.offset || line.in_part) return std::string(size_digits + 5, ' ');
    const std::string offset = style.address       ? fmt::format("[{:x}]", *style.address + *line.offset)
                               : style.hexadecimal ? fmt::format("[{:#x}]", *line.offset)
                                                   : fmt::format("[{}]", *line.offset);
    return fmt::format("{:>{}} ", offset, width - 1);
}

}  // namespace

std::string to_text(const TypeLayout& layout, const LayoutStyle& style) {
    const bool is_enum = layout.opening.starts_with("enum ") && layout.closing == "};";
    const std::string size = !layout.size        ? "(unknown)"
                             : style.hexadecimal ? fmt::format("{:#x}", *layout.size)
                                                 : fmt::format("{}", *layout.size);
    const std::size_t digits = style.address ? 16 : size.size();
    const std::size_t width = style.offsets ? digits + 5 : 0;
    std::string out = layout.opening.empty() ? "" : layout.opening + "\n";
    for (const LayoutLine& line : layout.lines) {
        if (style.offsets) out += offset_column(line, style, width, size.size());
        const auto depth = static_cast<int>(style.offsets ? line.depth - 1 : line.depth);
        out += fmt::format("{:{}}{}\n", "", is_enum ? 2 : depth * layout_indent, line.text);
    }
    if (!layout.closing.empty()) out += layout.closing + "\n";
    if (style.size && !is_enum) out += fmt::format("SIZE: {}\n", size);
    return out;
}

}  // namespace postmortem
