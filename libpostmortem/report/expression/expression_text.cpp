#include <fmt/format.h>

#include <postmortem/expression.h>

namespace postmortem {
namespace {

// crash begins a new line before an array or a function that is shown by its name.
std::string broken_line(const std::string& text) {
    const std::string first = text.substr(0, text.find('\n'));
    return first.starts_with("{") && first != "{" ? "\n " + text : text;
}

}  // namespace

std::string to_text(const ExpressionResult& result, const ExpressionStyle& style) {
    if (!result.declaration.empty()) {
        std::string out = fmt::format("PER-CPU DATA TYPE:\n  {};\nPER-CPU ADDRESSES:\n", result.declaration);
        for (const ExpressionValue& value : result.values)
            out += fmt::format("  [{}]: {:x}\n", value.cpu.value_or(0), value.address);
        return out;
    }
    // crash leaves `p/x` to gdb, which does not say what was asked.
    const bool named = !result.symbol.empty() && style.format == 0;
    const ValueStyle values{style.hexadecimal, style.format, true, false, 0};
    std::string out;
    std::uint32_t number = style.number;
    for (const ExpressionValue& value : result.values) {
        const std::string text = to_text(value.value, values);
        if (value.cpu)
            out += fmt::format("per_cpu({}, {}) = ", result.symbol, *value.cpu);
        else if (named)
            out += result.symbol + " = ";
        out += fmt::format("${} = {}\n", number++, named ? broken_line(text) : text);
    }
    return out;
}

}  // namespace postmortem
