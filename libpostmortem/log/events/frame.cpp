#include "log/events/frame.h"

#include <array>
#include <span>

#include "base/text.h"
#include "log/events/function_name.h"
#include "log/match/literal_scanner.h"
#include "log/text/cursor.h"

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
std::optional<std::uint64_t> take_pc_value(Cursor& cursor) {
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
        at.take('<');  // "<<EOE>>"
        at.take('/');
        at.take('#');
        if (at.take_while(is_alpha).empty() || !at.take('>')) return;
        at.take('>');
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

// "(widget_poll [widget]) from", which vsprintf() prints for %ps
std::string_view take_module(Cursor& cursor) {
    Cursor at = cursor;
    if (!at.take(" [")) return {};
    const auto inside = at.until("]");
    if (!inside) return {};
    cursor = at;
    return inside->substr(0, inside->find(' '));
}

// "show_stack+0x10/0x14", "[<c0012250>] (show_stack+0x10/0x14)", "0x0": of prose, too, things come from
// things.
bool is_return_place(std::string_view text) {
    return text.starts_with("[<") || text.starts_with("0x") || text.find("+0x") != std::string_view::npos;
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

std::string_view behind_klogd(std::string_view text) {
    Cursor cursor(text);
    if (!cursor.take('[')) return text;
    const auto inside = cursor.until("]");
    if (!inside || inside->find("+0x") == std::string_view::npos) return text;
    cursor.skip_blanks();
    if (parse_location(cursor.rest())) return cursor.rest();
    const std::size_t colon = inside->find(':');
    return colon == std::string_view::npos ? *inside : inside->substr(colon + 1);
}

// xmon: "[c00000000b9bb5f0] c0000000083f48c8 f+0x138/0x360"
std::optional<std::uint64_t> take_bare_address(Cursor& cursor) {
    Cursor at = cursor;
    at.skip_blanks();
    const std::string_view digits = at.take_while(is_hex);
    if ((digits.size() != 16 && digits.size() != 8) || at.peek() != ' ') return std::nullopt;
    cursor = at;
    return parse_u64(digits, 16);
}

std::optional<LogFrame> parse_frame(std::string_view line) {
    Cursor cursor(line);
    take_tags(cursor);
    std::optional<std::uint64_t> address = take_pc_value(cursor);
    if (const auto second = take_pc_value(cursor)) address = second;
    if (const auto second = take_bare_address(cursor); address && second) address = second;
    take_tags(cursor);
    cursor.skip_blanks();
    cursor.take(')');
    cursor.skip_blanks();
    // arm: the frame is what is named first; its offset belongs to the caller
    Cursor arm = cursor;
    const bool parenthesis = arm.take('(');
    const std::string_view callee = arm.take_while(is_symbol);
    const std::string_view module = take_module(arm);
    if (!callee.empty() && (!parenthesis || arm.take(')')) && arm.take(" from ") &&
        is_return_place(arm.rest())) {
        LogFrame frame;
        frame.symbol = callee;
        frame.function = demangled(without_compiler_suffix(callee));
        frame.address = address;
        frame.module = module;
        return frame;
    }
    const bool unreliable = cursor.take("? ");
    cursor.skip_blanks();
    cursor.take('(');
    auto frame = parse_location(behind_klogd(cursor.rest()));
    if (!frame) return std::nullopt;
    frame->address = address;
    if (unreliable) frame->reliable = false;
    return frame;
}

namespace {

// What stands behind the label: "0010:", "<f+0x1/0x2>", "[<ffffffff8144d081>]", a bare address.
std::optional<LogFrame> parse_behind(std::string_view label, Cursor cursor) {
    if (label.ends_with('[')) {
        const auto inside = cursor.until("]");
        return inside ? parse_location(*inside) : std::nullopt;
    }
    if (label == "Krnl PSW : ") {
        if (!cursor.until("(")) return std::nullopt;
        if (cursor.take("[<")) cursor.until(">]");
        cursor.skip_blanks();
        return parse_location(cursor.rest());
    }
    Cursor segment = cursor;  // "0010:"
    if (!segment.take_while(is_hex).empty() && segment.take(':')) cursor = segment;
    std::optional<std::uint64_t> address = take_pc_value(cursor);
    if (const auto second = take_pc_value(cursor)) address = second;
    cursor.skip_blanks();
    Cursor bare = cursor;  // mips, loongarch
    if (const auto value = take_hex(bare); !address && value && is_blank(bare.peek())) {
        address = value;
        cursor = bare;
        cursor.skip_blanks();
    }
    cursor.take('<');  // sparc
    auto frame = parse_location(cursor.rest());
    if (frame) frame->address = address;
    return frame;
}

std::optional<LogFrame> parse_labelled(std::string_view line, std::span<const std::string_view> labels) {
    for (const std::string_view label : labels) {
        const std::size_t at = line.find(label);
        if (at == std::string_view::npos || (at != 0 && !is_blank(line[at - 1]))) continue;
        if (auto frame = parse_behind(label, Cursor(line.substr(at + label.size())))) return frame;
        if (label == "Krnl PSW : ") return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace

std::optional<LogFrame> parse_instruction_pointer(std::string_view line) {
    static constexpr std::array<std::string_view, 19> labels = {
        "pc is at ",  // alpha
        "ip is at ",  // ia64
        "RIP: ",     "RIP  ", "EIP: ",  "EIP is at ", "PC is at ",   "IP: ",
        "NIP ",      "pc : ", "epc : ", "epc   : ",   "Krnl PSW : ", "ERA: ",
        "PC: ",        // m68k
        "pc: ",        // xmon
        "TPC: ",       // sparc
        "TPC[",        // sparc64, of another CPU
        "IAOQ[0]: "};  // parisc
    static const LiteralScanner scanner({labels.begin(), labels.end()});
    if (scanner.find(line).none()) return std::nullopt;
    return parse_labelled(line, labels);
}

std::optional<LogFrame> parse_caller(std::string_view line) {
    static constexpr std::array<std::string_view, 13> labels = {
        "ra is at ",                                          // alpha
        "LR is at ", "lr : ",    "LR ",                       // arm, arm64, powerpc
        "ra : ",     "ra    : ", "ra: ",                      // riscv, mips, loongarch
        "lr: ",                                               // xmon
        "PR is at ", "RPC: ",    "I7: ", "O7[", "RP(r2): "};  // sh, sparc, parisc
    return parse_labelled(line, labels);
}

}  // namespace postmortem
