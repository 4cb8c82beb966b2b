#include "log/events/stack_lines.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "log/events/frame.h"
#include "log/text/cursor.h"

namespace postmortem {
namespace {

bool take_pc(Cursor& cursor) {
    Cursor at = cursor;
    if (!at.take('[')) return false;
    at.take('<');
    at.take("0x");
    if (at.take_while(is_hex).empty()) return false;
    at.take('>');
    if (!at.take(']')) return false;
    cursor = at;
    return true;
}

bool is_function(std::string_view text) {
    Cursor cursor(text);
    cursor.take('.');  // powerpc64, first ABI
    cursor.take('.');  // powerpc64, first ABI
    const auto name = cursor.take_while([](char c) { return is_alpha(c) || is_digit(c) || c == '_'; });
    if (name.empty()) return false;
    if (cursor.peek() == '+') return true;
    // a compiler's suffix; a sentence's end has a blank behind it
    return cursor.take('.') && (is_alpha(cursor.peek()) || is_digit(cursor.peek()));
}

// "Allocated by task 123:"
bool names_task(std::string_view line, std::string_view words) {
    const std::size_t at = line.find(words);
    if (at == npos) return false;
    Cursor cursor(line.substr(at + words.size()));
    if (cursor.take(':')) return true;
    return cursor.take(" by task ") && cursor.number() && cursor.take(':');
}

// kmemleak's "  backtrace:" and "  backtrace (crc 1234abcd):", not lockdep's "stack backtrace:"
bool is_leak_trace(std::string_view line) {
    const std::size_t at = line.find(" backtrace");
    if (at == npos || at == 0 || line[at - 1] == 'k') return false;
    Cursor cursor(line.substr(at + 10));
    if (cursor.take(" (crc ") && (cursor.take_while(is_hex), !cursor.take(')'))) return false;
    return cursor.take(':');
}

bool take_null(Cursor& cursor) {
    Cursor at = cursor;
    at.skip_blanks();
    if (!at.take("(null)")) return false;
    cursor = at;
    return true;
}

// What may follow "IP: ": nothing where it is no instruction pointer.
std::optional<std::string_view> pointer_text(std::string_view text) {
    Cursor cursor(text);
    cursor.take("is at ");  // i386
    cursor.take("is at ");  // i386
    Cursor segment = cursor;
    const bool has_segment = !segment.take_while(is_digit).empty() && segment.take(':');
    if (has_segment) cursor = segment;
    if (cursor.rest().starts_with("0x")) {
        Cursor address(cursor.rest().substr(2));
        if (!address.take_while(is_hex).empty()) return std::string_view();
    }
    for (int pcs = 0; pcs <= 2; ++pcs) {
        if (is_function(cursor.rest())) return cursor.rest();
        Cursor next = cursor;
        next.skip_blanks();
        if (Cursor module = next; module.take(':') && module.until(":"))
            next = module;  // 2.6: ":radeon:f+0x1"
        if (Cursor module = next; module.take(':') && module.until(":"))
            next = module;  // 2.6: ":radeon:f+0x1"
        if (is_function(next.rest()) && pcs != 0) return next.rest();
        if (pcs != 0 && take_null(next)) return std::string_view();
        if (!take_pc(next)) break;
        Cursor null = next;  // "[<          (null)>]           (null)"
        null.skip_blanks();
        if (null.take("[<") && take_null(null)) return std::string_view();
        cursor = next;
    }
    if (has_segment && take_null(cursor)) return std::string_view();
    return std::nullopt;
}

}  // namespace

bool opens_call_trace(std::string_view line) {
    return contains(line, "Call Trace:") || contains(line, "Call trace:") || contains(line, "Backtrace:") ||
           contains(line, "enter ? for help");  // xmon
}

bool is_riscv_status(std::string_view line) {
    const std::size_t at = line.find("status: ");
    if (at == npos) return false;
    Cursor cursor(line.substr(at + 8));
    return cursor.take_while(is_hex).size() == 16 && cursor.take(" badaddr: ") &&
           cursor.take_while(is_hex).size() == 16 && cursor.take(" cause: ") &&
           cursor.take_while(is_hex).size() == 16;
}

bool opens_history(std::string_view line) {
    static constexpr std::array<std::string_view, 6> openings = {
        "llocated by task ", "reed by task ", "potentially related work creation:",
        "Uninit was ",       "Allocated:",    "Freed:"};
    return std::any_of(openings.begin(), openings.end(),
                       [&](std::string_view opening) { return contains(line, opening); });
}

std::string_view stack_kind(std::string_view line) {
    if (contains(line, "Call Trace") || contains(line, "Call trace")) return "Call Trace";
    if (names_task(line, "Allocated")) return "Allocated";
    if (names_task(line, "Freed")) return "Freed";
    if (is_leak_trace(line)) return "backtrace";
    if (contains(line, "Backtrace:")) return "Backtrace";
    if (contains(line, "Uninit was stored to memory at")) return "Uninit";
    if (is_riscv_status(line)) return "status";
    if (contains(line, "enter ? for help")) return "xmon";
    return {};
}

std::optional<std::string_view> stack_frame(std::string_view line) {
    Cursor cursor(line);
    cursor.take_while([](char c) { return c == ' '; });
    for (int pcs = 0; pcs < 2 && take_pc(cursor); ++pcs) {
        if (!cursor.take(' ')) return std::nullopt;
    }
    take_bare_address(cursor);
    cursor.skip_blanks();
    const std::string_view location = behind_klogd(cursor.rest());
    if (!is_function(location)) return std::nullopt;
    return location;
}

std::optional<std::string_view> instruction_pointer_text(std::string_view line) {
    // "Code: Bad ... value.", arch/x86/kernel/dumpstack.c
    if (contains(line, "IP value.")) return std::nullopt;
    static constexpr std::array<std::string_view, 3> labels = {"IP", "pc ", "PC is at"};
    for (const std::string_view label : labels) {
        for (std::size_t at = line.find(label); at != npos; at = line.find(label, at + 1)) {
            Cursor cursor(line.substr(at + label.size()));
            cursor.take(':');
            if (!cursor.take(' ')) continue;
            if (const auto text = pointer_text(cursor.rest())) return text;
        }
    }
    // mips, s390, loongarch
    const auto frame = parse_instruction_pointer(line);
    return frame ? std::optional(line.substr(line.find(frame->symbol + "+"))) : std::nullopt;
}

bool is_arm_frame(std::string_view line) {
    const std::size_t from = line.find(" from ");
    return from != npos && parse_frame(line).has_value() && parse_frame(line.substr(from + 5)).has_value();
}

bool is_injected_fault(std::string_view line) {
    Cursor cursor(line);
    if (!cursor.take(' ')) return false;
    if (take_pc(cursor)) cursor.take(' ');
    if (!cursor.take("should_fail")) return false;
    cursor.take("slab");
    if (cursor.peek() == '.') cursor.take_while(is_symbol);
    return cursor.take("+0x");
}

}  // namespace postmortem
