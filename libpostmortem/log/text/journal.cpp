#include "log/text/journal.h"

#include <array>

#include "base/text.h"
#include "log/text/cursor.h"
#include "log/text/encoding.h"
#include "log/text/json_keys.h"

namespace postmortem {
namespace {

std::optional<std::uint32_t> take_four_hex(Cursor& cursor) {
    const auto value = parse_u64(cursor.rest().substr(0, 4), 16);
    if (!value || cursor.rest().size() < 4) return std::nullopt;
    for (int i = 0; i < 4; ++i) cursor.take(cursor.peek());
    return static_cast<std::uint32_t>(*value);
}

bool take_escape(Cursor& cursor, std::string& out) {
    const char c = cursor.peek();
    if (!cursor.take(c)) return false;
    constexpr std::string_view from = "bfnrt";
    constexpr std::string_view to = "\b\f\n\r\t";
    if (const std::size_t at = from.find(c); at != std::string_view::npos) {
        out.push_back(to[at]);
        return true;
    }
    if (c != 'u') {
        out.push_back(c);
        return true;
    }
    auto code = take_four_hex(cursor);
    if (!code) return false;
    Cursor second = cursor;
    if (*code >= 0xd800 && *code < 0xdc00 && second.take("\\u")) {
        if (const auto low = take_four_hex(second); low && *low >= 0xdc00 && *low < 0xe000) {
            code = 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00);
            cursor = second;
        }
    }
    append_utf8(out, *code);
    return true;
}

bool take_string(Cursor& cursor, std::string& out) {
    out.clear();
    if (!cursor.take('"')) return false;
    while (!cursor.at_end()) {
        out.append(cursor.take_while([](char c) { return c != '"' && c != '\\'; }));
        if (cursor.take('"')) return true;
        if (!cursor.take('\\') || !take_escape(cursor, out)) return false;
    }
    return false;
}

// A journal field is a string, null, or an array of either; journalctl writes bytes that are no text as an
// array of numbers.
bool take_value(Cursor& cursor, std::string& out) {
    cursor.skip_blanks();
    if (cursor.peek() == '"') return take_string(cursor, out);
    out.clear();
    if (cursor.take('[')) {
        std::string part;
        while (!cursor.take(']')) {
            cursor.skip_blanks();
            if (cursor.peek() == '"') {
                if (!take_string(cursor, part)) return false;
                if (out.empty()) out = part;
            } else if (const auto byte = cursor.number()) {
                out.push_back(static_cast<char>(*byte));
            } else if (!cursor.take("null")) {
                return false;
            }
            cursor.skip_blanks();
            if (!cursor.take(',') && cursor.peek() != ']') return false;
        }
        return true;
    }
    return !cursor.take_while([](char c) { return c != ',' && c != '}' && c != '"'; }).empty();
}

}  // namespace

void JournalEntry::clear() {
    *this = JournalEntry();
}

void JournalEntry::set(std::string_view field, std::string_view value) {
    any_ = true;
    const JsonKey* const key = find_json_key(field);
    if (key == nullptr) {
        // Whichever key holds the message: the longest text of several words.
        const bool is_text = value.find(' ') != std::string_view::npos && value.size() > message_.size();
        if (is_text && message_rank_ == unknown_rank) message_ = value;
        if (value.size() > longest_.size()) longest_ = value;
        return;
    }
    switch (key->role) {
        case JsonRole::Message:
            if (key->rank > message_rank_ || (key->rank == message_rank_ && !message_.empty())) return;
            message_rank_ = key->rank;
            message_ = value;
            return;
        case JsonRole::Host: host_ = value; return;
        case JsonRole::Program: program_ = value.substr(0, value.find_first_of(":[")); return;
        case JsonRole::Transport: transport_ = value; return;
        case JsonRole::Time: time_ = value; return;
        case JsonRole::Level:
            if (const auto level = parse_u64(value); level && *level < 8) level_ = static_cast<int>(*level);
            return;
        case JsonRole::Facility: from_user_ = value != "kern" && value != "0"; return;
        case JsonRole::Monotonic:
            if (const auto microseconds = parse_u64(value); microseconds && (key->rank == 0 || !seconds_))
                seconds_ = static_cast<double>(*microseconds) * 1e-6;
            return;
    }
}

bool JournalEntry::parse_members(Cursor& cursor, int depth) {
    constexpr int deepest = 4;
    if (!cursor.take('{') || depth > deepest) return false;
    std::string field, value;
    cursor.skip_blanks();
    if (cursor.take('}')) return true;
    while (true) {
        cursor.skip_blanks();
        if (!take_string(cursor, field)) return false;
        cursor.skip_blanks();
        if (!cursor.take(':')) return false;
        cursor.skip_blanks();
        if (cursor.peek() == '{') {
            if (!parse_members(cursor, depth + 1)) return false;
        } else {
            if (!take_value(cursor, value)) return false;
            set(field, value);
        }
        cursor.skip_blanks();
        if (cursor.take('}')) return true;
        if (!cursor.take(',')) return false;
    }
}

bool JournalEntry::parse_json(std::string_view line) {
    clear();
    Cursor cursor(line);
    cursor.take('[');  // an array of entries, one a line
    cursor.skip_blanks();
    if (!parse_members(cursor, 0) || !any_) return false;
    if (message_rank_ == unknown_rank && message_.empty()) message_ = longest_;  // a message of one word
    if (message_.empty()) return false;
    // A container's log of what the journal wrote as JSON: nested once.
    if (message_.starts_with("{\"")) {
        const std::string nested = message_;
        const JournalEntry outer = *this;
        message_.clear();
        message_rank_ = unknown_rank;
        Cursor inside(nested);
        if (!parse_members(inside, 0) || message_.empty()) *this = outer;
    }
    return true;
}

bool JournalEntry::read_export(LineSplitter& lines) {
    clear();
    while (const auto line = lines.next()) {
        if (line->empty()) {
            if (any_) return true;
            continue;
        }
        const std::size_t equals = line->find('=');
        if (equals != std::string_view::npos) {
            set(line->substr(0, equals), line->substr(equals + 1));
            continue;
        }
        // A field name alone: its length as 64 little-endian bits and the value itself follow, then a
        // newline.
        const std::string field(*line);
        const std::string_view header = lines.next_bytes(8);
        const auto length = ByteReader(as_bytes(header), Endian::Little).u64(0);
        if (!length) return any_;
        const std::size_t kept = std::min<std::uint64_t>(*length, LineSplitter::max_line);
        set(field, lines.next_bytes(kept));
        lines.skip(*length - kept + 1);
    }
    return any_;
}

LogRecord JournalEntry::record() const {
    LogRecord record;
    record.seconds = seconds_;
    record.time = time_;
    record.host = host_;
    record.program = transport_ == "kernel" ? std::string_view("kernel") : std::string_view(program_);
    record.level = level_;
    record.from_user = from_user_ && transport_.empty();
    return record;
}

}  // namespace postmortem
