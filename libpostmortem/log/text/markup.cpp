#include "log/text/markup.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "log/text/cursor.h"
#include "log/text/encoding.h"

namespace postmortem {
namespace {

struct Entity {
    std::string_view name;
    char character;
};
constexpr std::array<Entity, 13> entities = {{{"lt", '<'},
                                              {"gt", '>'},
                                              {"amp", '&'},
                                              {"quot", '"'},
                                              {"apos", '\''},
                                              {"nbsp", ' '},
                                              {"lsqb", '['},
                                              {"rsqb", ']'},
                                              {"lbrack", '['},
                                              {"rbrack", ']'},
                                              {"colon", ':'},
                                              {"lowbar", '_'},
                                              {"plus", '+'}}};

// Tags of HTML; the kernel's own "<IRQ>", "<TASK>", "<EOI>" are none.
constexpr std::array<std::string_view, 26> inline_tags = {
    "pre", "code",  "span", "b",  "i",  "em",   "strong", "font", "td",    "th",    "a",     "tt",   "samp",
    "kbd", "small", "wbr",  "ul", "ol", "html", "body",   "head", "table", "tbody", "thead", "mark", "u"};
constexpr std::array<std::string_view, 8> line_tags = {"br", "p",          "div", "tr",
                                                       "li", "blockquote", "hr",  "h1"};

std::optional<std::uint32_t> numeric_entity(std::string_view name) {
    if (!name.starts_with('#')) return std::nullopt;
    name.remove_prefix(1);
    const bool hex = name.starts_with('x') || name.starts_with('X');
    if (hex) name.remove_prefix(1);
    const auto code = parse_u64(name, hex ? 16 : 10);
    if (!code || *code == 0 || *code > 0x10ffff) return std::nullopt;
    return static_cast<std::uint32_t>(*code);
}

// What the entity at the front of `text` stands for; its length, 0 where there is none.
std::size_t take_entity(std::string_view text, std::string& out) {
    const std::size_t end = text.substr(0, 10).find(';');
    if (end == npos) return 0;
    const std::string_view name = text.substr(1, end - 1);
    for (const Entity& entity : entities) {
        if (entity.name != name) continue;
        out.push_back(entity.character);
        return end + 1;
    }
    const auto code = numeric_entity(name);
    if (!code) return 0;
    constexpr std::uint32_t hard_blank = 0xa0, no_width = 0x200b;
    if (*code != no_width) append_utf8(out, *code == hard_blank ? ' ' : *code);
    return end + 1;
}

// The length of the HTML tag at the front of `text`, 0 where there is none.
std::size_t tag_length(std::string_view text, bool& ends_line) {
    Cursor cursor(text);
    cursor.take('<');
    cursor.take('/');
    const std::string_view name = cursor.take_while([](char c) { return is_alpha(c) || is_digit(c); });
    std::array<char, 12> lower{};
    if (name.empty() || name.size() > lower.size()) return 0;
    const bool upper_case = name.front() >= 'A' && name.front() <= 'Z';
    std::transform(name.begin(), name.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    const std::string_view known(lower.data(), name.size());
    const auto is_in = [&](const auto& tags) {
        return std::find(tags.begin(), tags.end(), known) != tags.end();
    };
    ends_line = is_in(line_tags);
    if (!ends_line && (upper_case || !is_in(inline_tags))) return 0;
    const bool attributes = cursor.take(' ') || cursor.take('/');
    if (!attributes && cursor.peek() != '>') return 0;
    if (!cursor.until(">")) return 0;
    const std::size_t length = text.size() - cursor.rest().size();
    // "<a+0x12/0x34>" and a list of "a <b> c" have no attributes.
    const bool is_prose =
        attributes && text.substr(0, length).find('=') == npos && !text.substr(0, length).ends_with("/>");
    return is_prose ? 0 : length;
}

bool decode_html(std::string_view line, std::string& out) {
    if (line.find('&') == npos && line.find('<') == npos) return false;
    bool changed = false;
    std::size_t copied = 0;
    out.clear();
    for (std::size_t at = line.find_first_of("&<"); at != npos; at = line.find_first_of("&<", at)) {
        out.append(line.substr(copied, at - copied));
        copied = at;
        bool ends_line = false;
        const std::size_t length =
            line[at] == '&' ? take_entity(line.substr(at), out) : tag_length(line.substr(at), ends_line);
        if (ends_line && length != 0) out.push_back('\n');
        changed = changed || length != 0;
        copied += length;
        at += std::max<std::size_t>(length, 1);
    }
    if (changed) out.append(line.substr(copied));
    return changed;
}

// A span of code that goes over many lines bears its marks at its two ends alone; a name may end with one.
std::string_view without_ticks(std::string_view line, bool every_line, bool& open) {
    const bool opens = line.size() > 1 && line.front() == '`';
    while (line.size() > 1 && line.front() == '`') line.remove_prefix(1);
    const bool closes = line.size() > 1 && line.back() == '`';
    if (closes && (opens || open || every_line))
        while (line.size() > 1 && line.back() == '`') line.remove_suffix(1);
    open = closes ? false : open || opens;
    return line;
}

std::string_view without_bold(std::string_view line) {
    if (line.size() < 4 || !line.starts_with("**") || !line.ends_with("**")) return line;
    return line.substr(2, line.size() - 4);
}

bool unescape(std::string& text) {
    constexpr std::string_view escaped = "\\`*_{}[]()<>#+-.!|~&:=\"'/";
    std::size_t kept = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size() && escaped.find(text[i + 1]) != npos) ++i;
        text[kept++] = text[i];
    }
    const bool changed = kept != text.size();
    text.resize(kept);
    return changed;
}

}  // namespace

std::string_view unquoted(std::string_view line) {
    std::string_view bare = trimmed(line);
    if (bare.ends_with(',')) bare.remove_suffix(1);
    const bool is_quoted = bare.size() > 1 && bare.starts_with('"') && bare.ends_with('"');
    return is_quoted ? bare.substr(1, bare.size() - 2) : line;
}

bool is_escaped_markdown(std::string_view text) {
    std::size_t bare = 0, escaped = 0;
    char before = '\0';
    for (const char c : text) {
        if (c == '[' || c == '_') ++(before == '\\' ? escaped : bare);
        before = c;
    }
    return escaped > bare;
}

bool has_tag(std::string_view line) {
    bool unused = false;
    for (std::size_t at = line.find('<'); at != npos; at = line.find('<', at + 1)) {
        if (tag_length(line.substr(at), unused) != 0) return true;
    }
    return false;
}

bool has_entity(std::string_view line) {
    std::string unused;
    for (std::size_t at = line.find('&'); at != npos; at = line.find('&', at + 1)) {
        if (take_entity(line.substr(at), unused) != 0) return true;
    }
    return false;
}

bool has_bare_bracket(std::string_view line) {
    bool unused = false;
    for (std::size_t at = line.find('<'); at != npos; at = line.find('<', at + 1)) {
        constexpr std::size_t length_of_b = 3;  // "<b>" may be anything
        if (tag_length(line.substr(at), unused) <= length_of_b) return true;
    }
    return false;
}

bool MarkupRemover::take_out(std::string_view line, const LogForm& form, std::string& out) {
    if (line.empty()) return false;
    std::string_view bare = form.bold ? without_bold(line) : line;
    bare = without_ticks(bare, form.ticked, in_code_);
    bool changed = bare.size() != line.size();
    if (form.html && decode_html(bare, out)) {
        changed = true;
        // Text that was escaped twice on its way.
        if (std::string again; out.find("lt;") != npos && decode_html(out, again)) out = std::move(again);
    } else if (changed || form.backslashes) {
        out.assign(bare);
    }
    if (form.backslashes && unescape(out)) changed = true;
    return changed;
}

}  // namespace postmortem
