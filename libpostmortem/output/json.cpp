#include "output/json.h"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace postmortem {
namespace {

// nlohmann's own choices: how a number with a fraction is written, and which characters need a backslash.
template <class T>
std::string dumped(const T& value) {
    return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

template <class T>
std::string_view digits(char (&room)[24], T value, int base = 10) {
    const auto [end, error] = std::to_chars(room, room + sizeof room, value, base);
    return {room, static_cast<std::size_t>(end - room)};
}

// Needs neither escaping nor a backslash.
bool is_plain(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; });
}

}  // namespace

void JsonWriter::integer(std::int64_t value) {
    char room[24];
    word(digits(room, value));
}

void JsonWriter::natural(std::uint64_t value) {
    char room[24];
    word(digits(room, value));
}

void JsonWriter::number(double value) {
    word(dumped(value));
}

void JsonWriter::address(std::uint64_t value) {
    char room[24];
    begin_value();
    out_ += "\"0x";
    out_ += digits(room, value, 16);
    out_ += '"';
}

void JsonWriter::text(std::string_view value) {
    begin_value();
    quoted(value);
}

void JsonWriter::key(std::string_view name) {
    begin_value();
    in_place_ = true;
    if (frames_.back().style == Style::Records) return;
    quoted(name);
    out_ += frames_.back().style == Style::OneLine ? ":" : ": ";
}

void JsonWriter::begin_list() {
    const Style around = frames_.back().style;
    open('[', around == Style::Lines ? Style::OneLine : around);
}

void JsonWriter::begin_object(const Description* description) {
    Style style = frames_.back().style;
    if (style == Style::Records) {
        style = Style::OneLine;
    } else if (style == Style::Lines && frames_.size() > 1) {
        const Layout layout = description ? description->layout : Layout::Part;
        if (layout != Layout::Lines) style = layout == Layout::Pretty ? Style::Indented : Style::OneLine;
    }
    open('{', style);
}

void JsonWriter::resume_object() {
    frames_.push_back({frames_.back().style, frames_.back().level + 1, false});
    in_place_ = false;
}

void JsonWriter::begin_value() {
    if (in_place_) {
        in_place_ = false;
        return;
    }
    Frame& frame = frames_.back();
    if (!frame.first && frame.style != Style::Records) out_ += frame.style == Style::Lines ? ",\n" : ",";
    frame.first = false;
    if (frame.style == Style::Indented) new_line(frame.level);
}

void JsonWriter::new_line(unsigned level) {
    out_ += '\n';
    out_.append(std::size_t{2} * level, ' ');
}

void JsonWriter::word(std::string_view text) {
    begin_value();
    out_ += text;
}

void JsonWriter::quoted(std::string_view text) {
    if (is_plain(text)) {
        out_ += '"';
        out_ += text;
        out_ += '"';
    } else {
        out_ += dumped(escaped(text, true));
    }
}

void JsonWriter::open(char bracket, Style style) {
    begin_value();
    const Frame& around = frames_.back();
    const unsigned level = around.style == style ? around.level + 1 : 1;
    if (style != Style::Records) out_ += bracket;
    frames_.push_back({style, level});
}

void JsonWriter::close(char bracket) {
    const Frame closed = frames_.back();
    frames_.pop_back();
    if (closed.style == Style::Records) return;
    if (closed.style == Style::Indented && !closed.first) new_line(closed.level - 1);
    out_ += bracket;
    if (frames_.back().style == Style::Records) out_ += '\n';
}

namespace {

using Style = JsonWriter::Style;

Style style_of(const Description& description) {
    return description.layout == Layout::Lines ? Style::Lines : Style::Indented;
}

void append_object(std::string& out, const Description& description, const void* answer, Style style,
                   unsigned level = 0) {
    JsonWriter writer(out, style, level);
    writer.begin_object(&description);
    description.tell(answer, writer);
    writer.end_object();
}

}  // namespace

std::string json_document(const Description& description, const void* answer) {
    std::string out;
    append_object(out, description, answer, style_of(description));
    if (description.layout != Layout::Lines) out += '\n';
    return out;
}

std::string json_line(const Description& description, const void* answer) {
    std::string out;
    append_object(out, description, answer, Style::OneLine);
    return out;
}

void append_json_item(std::string& out, const Description& description, const void* item, bool first) {
    const AnswerField& list = description.fields.front();
    const bool lines = description.layout == Layout::Lines;
    out += first ? (lines ? "{" : "{\n  ") : ",\n";
    if (first) out.append("\"").append(list.name).append("\": [\n");
    if (!lines) out += "    ";
    append_object(out, *list.type.element.front().object, item, lines ? Style::OneLine : Style::Indented, 2);
}

void append_json_end(std::string& out, const Description& description, const void* rest, bool no_items) {
    const bool lines = description.layout == Layout::Lines;
    if (no_items) {
        out += lines ? "{" : "{\n  ";
        out.append("\"").append(description.fields.front().name).append("\": [");
        out += lines ? "\n]" : "]";
    } else {
        out += lines ? "\n]" : "\n  ]";
    }
    JsonWriter writer(out, style_of(description));
    writer.resume_object();
    for (std::size_t i = 1; i < description.fields.size(); ++i) description.fields[i].tell(rest, writer);
    writer.end_object();
    out += '\n';
}

std::string ndjson_lines(const Description& description, const void* answer) {
    std::string out;
    JsonWriter writer(out, Style::Records);
    if (const AnswerField* list = description.answer()) list->tell(answer, writer);
    return out;
}

}  // namespace postmortem
