// What gdb's C printer makes of values (gdb 16, as crash 9.0.2 sets it up: pretty structs, no counting of
// repeats).
#include <algorithm>

#include <fmt/format.h>

#include <postmortem/typed_value.h>

#include "output/c_characters.h"
#include "report/values/formatted_number_text.h"

namespace postmortem {
namespace {

constexpr std::uint32_t deepest_shown = 20;  // gdb's `print max-depth`
constexpr std::size_t most_shown = 256;      // elements of arrays and characters of strings, as crash sets it

class ValuePrinter {
  public:
    ValuePrinter(const TypedValue& value, const ValueStyle& style) : nodes_(value.nodes), style_(style) {}

    std::string print() {
        if (nodes_.empty()) return {};
        const ValueNode& top = nodes_.front();
        const bool is_plain_text = top.type == "char *" || top.type == "const char *";
        const bool as_number = style_.format != 0 && style_.format != 's';
        if (style_.with_type && !as_number && top.kind == ValueKind::Pointer && !is_plain_text &&
            top.byte_size != 0)
            out_ += fmt::format("({}) ", top.type);
        print(0, style_.indent);
        return std::move(out_);
    }

  private:
    bool is_part(std::size_t index, std::size_t whole) const {
        return index < nodes_.size() && nodes_[index].depth > nodes_[whole].depth;
    }
    std::size_t behind(std::size_t whole) const {
        std::size_t next = whole + 1;
        while (is_part(next, whole)) ++next;
        return next;
    }

    // Each returns the number of the next node that is no part of this one.
    std::size_t print(std::size_t index, std::uint32_t level) {
        const ValueNode& node = nodes_[index];
        if (node.kind != ValueKind::Struct && node.kind != ValueKind::Array) {
            print_scalar(node);
            return index + 1;
        }
        if (level - style_.indent >= deepest_shown) {
            out_ += "{...}";
            return behind(index);
        }
        return node.kind == ValueKind::Struct ? print_struct(index, level) : print_array(index, level);
    }

    std::size_t print_struct(std::size_t index, std::uint32_t level) {
        std::size_t next = index + 1;
        out_ += '{';
        if (!is_part(next, index)) {
            out_ += "<No data fields>}";
            return next;
        }
        while (is_part(next, index)) {
            if (next != index + 1) out_ += ',';
            out_ += fmt::format("\n{:{}}", "", 2 + 2 * level);
            if (!nodes_[next].name.empty()) out_ += nodes_[next].name + " = ";
            next = print(next, level + 1);
        }
        out_ += fmt::format("\n{:{}}}}", "", 2 * level);
        return next;
    }

    std::size_t print_array(std::size_t index, std::uint32_t level) {
        std::size_t next = index + 1;
        out_ += '{';
        for (std::size_t shown = 0; is_part(next, index); ++shown) {
            if (shown == most_shown) {
                out_ += "...}";
                return behind(index);
            }
            if (shown != 0) out_ += ", ";
            next = print(next, level + 1);
        }
        out_ += '}';
        return next;
    }

    void print_number(const ValueNode& node) {
        if (style_.hexadecimal)
            out_ += formatted_number(node, 'x');
        else
            out_ += node.is_signed ? fmt::format("{}", static_cast<std::int64_t>(node.number))
                                   : fmt::format("{}", node.number);
    }

    void print_boolean(const ValueNode& node) {
        if (style_.hexadecimal || node.number > 1) return print_number(node);
        out_ += node.number == 1 ? "true" : "false";
    }

    void print_text(const char* before, std::string_view text) {
        out_ +=
            before + c_string_literal(text.substr(0, most_shown)) + (text.size() > most_shown ? "..." : "");
    }

    void print_pointer(const ValueNode& node) {
        out_ += fmt::format("{:#x}", node.number);
        if (!node.symbol.empty()) out_ += fmt::format(" <{}>", node.symbol);
        if (node.text) print_text(" ", *node.text);
        if (!node.text_error.empty()) out_ += fmt::format(" <error: {}>", node.text_error);
    }

    // What has a format of its own is a number, whatever its type says; a text is its characters, one by one.
    bool print_formatted(const ValueNode& node) {
        if (style_.format == 0 || style_.format == 's') return false;
        if (node.kind == ValueKind::Text) {
            ValueNode character;
            character.kind = ValueKind::Character;
            character.is_signed = true;
            character.byte_size = 1;
            out_ += '{';
            for (std::size_t i = 0; i < std::min(node.text->size(), most_shown); ++i) {
                character.number = static_cast<std::uint64_t>(static_cast<signed char>((*node.text)[i]));
                out_ += (i == 0 ? "" : ", ") + formatted_number(character, style_.format);
            }
            out_ += node.text->size() > most_shown ? "...}" : "}";
            return true;
        }
        if (!is_number(node.kind)) return false;
        out_ += formatted_number(node, style_.format);
        return true;
    }

    void print_scalar(const ValueNode& node) {
        if (print_formatted(node)) return;
        switch (node.kind) {
            case ValueKind::Integer: return print_number(node);
            case ValueKind::Character:
                print_number(node);
                if (!style_.hexadecimal)
                    out_ += ' ' + c_character(static_cast<unsigned char>(node.number & 0xff));
                return;
            case ValueKind::Boolean: return print_boolean(node);
            case ValueKind::Floating: out_ += floating_text(node); return;
            case ValueKind::Enumeration: out_ += *node.text; return;
            case ValueKind::Pointer: return print_pointer(node);
            case ValueKind::Text: {
                std::string_view text = *node.text;
                if (style_.cut_text) text = text.substr(0, text.find('\0'));
                if (text.size() <= most_shown && !text.empty() && text.back() == '\0') text.remove_suffix(1);
                return print_text("", text);
            }
            case ValueKind::Function:
                out_ += fmt::format("{{{}}} {:#x}", node.type, node.number);
                if (!node.symbol.empty()) out_ += fmt::format(" <{}>", node.symbol);
                return;
            case ValueKind::Unreadable: out_ += '?'; return;
            case ValueKind::Void: out_ += "void"; return;
            default: out_ += "<incomplete type>"; return;
        }
    }

    const std::vector<ValueNode>& nodes_;
    ValueStyle style_;
    std::string out_;
};

}  // namespace

std::string to_text(const TypedValue& value, const ValueStyle& style) {
    return ValuePrinter(value, style).print();
}

}  // namespace postmortem
