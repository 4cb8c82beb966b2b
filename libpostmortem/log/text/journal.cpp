#include "log/text/journal.h"

#include <array>

#include "base/text.h"
#include "log/text/cursor.h"

namespace postmortem {
namespace {

void append_utf8(std::string& out, std::uint32_t code) {
    const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xc0 | code >> 6);
        put(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        put(0xe0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3f));
        put(0x80 | (code & 0x3f));
    } else {
        put(0xf0 | code >> 18);
        put(0x80 | (code >> 12 & 0x3f));
        put(0x80 | (code >> 6 & 0x3f));
        put(0x80 | (code & 0x3f));
    }
}

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
    if (field == "MESSAGE") {
        message_ = value;
    } else if (field == "_HOSTNAME") {
        host_ = value;
    } else if (field == "SYSLOG_IDENTIFIER") {
        program_ = value;
    } else if (field == "_TRANSPORT") {
        transport_ = value;
    } else if (field == "__REALTIME_TIMESTAMP") {
        time_ = value;
    } else if (field == "PRIORITY") {
        if (const auto level = parse_u64(value); level && *level < 8) level_ = static_cast<int>(*level);
    } else if (field == "_SOURCE_MONOTONIC_TIMESTAMP" || (field == "__MONOTONIC_TIMESTAMP" && !seconds_)) {
        if (const auto microseconds = parse_u64(value)) seconds_ = static_cast<double>(*microseconds) * 1e-6;
    }
}

bool JournalEntry::parse_json(std::string_view line) {
    clear();
    Cursor cursor(line);
    std::string field, value;
    if (!cursor.take('{')) return false;
    while (true) {
        cursor.skip_blanks();
        if (!take_string(cursor, field)) return false;
        cursor.skip_blanks();
        if (!cursor.take(':') || !take_value(cursor, value)) return false;
        set(field, value);
        cursor.skip_blanks();
        if (cursor.take('}')) return any_;
        if (!cursor.take(',')) return false;
    }
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
    return record;
}

}  // namespace postmortem
