#include "log/events/frame.h"

#include <array>

#include "base/text.h"
#include "log/text/cursor.h"
#include "log/events/function_name.h"

namespace postmortem {
namespace {

std::optional<std::uint64_t> take_hex(Cursor& cursor) {
    Cursor at = cursor;
    at.take("0x");
    const auto value = parse_u64(at.take_while(is_hex), 16);
    if (value) cursor = at;
    return value;
}

// "[<ffffffff81234567>]", "[c000000000123456]", "(80123456)"
std::optional<std::uint64_t> take_pc(Cursor& cursor) {
    Cursor at = cursor;
    at.skip_blanks();
    at.take('(');
    if (!at.take('[')) return std::nullopt;
    at.take('<');
    const auto address = take_hex(at);
    if (!address) return std::nullopt;
    at.take('>');
    if (!at.take(']')) return std::nullopt;
    cursor = at;
    return address;
}

void take_tags(Cursor& cursor) {
    while (true) {
        Cursor at = cursor;
        at.skip_blanks();
        if (!at.take('<')) return;
        at.take('/');
        at.take('#');
        if (at.take_while(is_alpha).empty() || !at.take('>')) return;
        cursor = at;
    }
}

// "[module]", "[module build-id]", with the source that symbolizers put in front.
std::string_view module_of(std::string_view rest) {
    const std::size_t open = rest.find('[');
    if (open == std::string_view::npos) return {};
    const std::string_view inside = rest.substr(open + 1, rest.find(']', open) - open - 1);
    const std::string_view name = inside.substr(0, inside.find(' '));
    return name == "inline" || name.find_first_of(":<>") != std::string_view::npos ? std::string_view()
                                                                                   : name;
}

}  // namespace

std::optional<LogFrame> parse_location(std::string_view text) {
    Cursor cursor(text);
    cursor.take('.');
    const std::string_view symbol = cursor.take_while(is_symbol);
    if (symbol.empty() || is_digit(symbol.front()) || !cursor.take('+')) return std::nullopt;
    LogFrame frame;
    frame.symbol = symbol;
    frame.function = demangled(without_compiler_suffix(symbol));
    frame.offset = take_hex(cursor);
    if (!frame.offset) return std::nullopt;
    if (cursor.take('/')) frame.size = take_hex(cursor);
    frame.module = module_of(cursor.rest());
    if (cursor.rest().find("(unreliable)") != std::string_view::npos) frame.reliable = false;
    return frame;
}

std::optional<LogFrame> parse_frame(std::string_view line) {
    Cursor cursor(line);
    take_tags(cursor);
    std::optional<std::uint64_t> address = take_pc(cursor);
    if (const auto second = take_pc(cursor)) address = second;
    take_tags(cursor);
    cursor.skip_blanks();
    cursor.take(')');
    cursor.skip_blanks();
    // arm: the frame is what is named first; its offset belongs to the caller
    Cursor arm = cursor;
    const bool parenthesis = arm.take('(');
    const std::string_view callee = arm.take_while(is_symbol);
    if (!callee.empty() && (!parenthesis || arm.take(')')) && arm.take(" from ")) {
        LogFrame frame;
        frame.symbol = callee;
        frame.function = demangled(without_compiler_suffix(callee));
        frame.address = address;
        frame.module = module_of(arm.rest());
        return frame;
    }
    const bool unreliable = cursor.take("? ");
    cursor.skip_blanks();
    cursor.take('(');
    auto frame = parse_location(cursor.rest());
    if (!frame) return std::nullopt;
    frame->address = address;
    if (unreliable) frame->reliable = false;
    return frame;
}

std::optional<LogFrame> parse_instruction_pointer(std::string_view line) {
    static constexpr std::array<std::string_view, 12> labels = {
        "RIP: ", "RIP  ", "EIP: ",  "EIP is at ", "PC is at ",   "IP: ",
        "NIP ",  "pc : ", "epc : ", "epc   : ",   "Krnl PSW : ", "ERA: "};
    for (const std::string_view label : labels) {
        const std::size_t at = line.find(label);
        if (at == std::string_view::npos || (at != 0 && !is_blank(line[at - 1]))) continue;
        Cursor cursor(line.substr(at + label.size()));
        if (label == "Krnl PSW : ") {
            if (!cursor.until("(")) return std::nullopt;
            if (cursor.take("[<")) cursor.until(">]");
            cursor.skip_blanks();
            return parse_location(cursor.rest());
        }
        Cursor segment = cursor;  // "0010:"
        if (!segment.take_while(is_hex).empty() && segment.take(':')) cursor = segment;
        std::optional<std::uint64_t> address = take_pc(cursor);
        if (const auto second = take_pc(cursor)) address = second;
        cursor.skip_blanks();
        if (label == "epc   : " || label == "ERA: ") {
            address = take_hex(cursor);
            cursor.skip_blanks();
        }
        auto frame = parse_location(cursor.rest());
        if (frame) {
            frame->address = address;
            return frame;
        }
    }
    return std::nullopt;
}

}  // namespace postmortem
