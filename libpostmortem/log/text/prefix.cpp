#include "log/text/prefix.h"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "log/text/cursor.h"
#include "log/text/prefix_pattern.h"
#include "log/text/prefix_shapes.h"
#include "log/text/prefix_time.h"

namespace postmortem {
namespace {

struct Shape {
    PrefixPattern pattern;
    std::uint64_t bit = 0;  // shapes of one name share it
    bool bracketed = false;
};

// Rows of the table, a bit each: what a line's first characters leave of them is asked in a few instructions.
class Rows {
  public:
    void add(std::size_t row) { words_[row / 64] |= std::uint64_t{1} << row % 64; }
    bool has(std::size_t row) const { return words_[row / 64] >> row % 64 & 1; }
    bool none() const { return (words_[0] | words_[1]) == 0; }
    friend Rows operator&(Rows a, const Rows& b) {
        a.words_[0] &= b.words_[0];
        a.words_[1] &= b.words_[1];
        return a;
    }
    friend Rows operator-(Rows a, const Rows& b) {
        a.words_[0] &= ~b.words_[0];
        a.words_[1] &= ~b.words_[1];
        return a;
    }
    /// The first one, which is taken out; there must be one.
    std::size_t take_first() {
        std::uint64_t& word = words_[0] != 0 ? words_[0] : words_[1];
        const auto bit = static_cast<std::size_t>(std::countr_zero(word)) + (words_[0] != 0 ? 0 : 64);
        word &= word - 1;
        return bit;
    }

    static constexpr std::size_t most = 128;

  private:
    std::array<std::uint64_t, 2> words_{};
};

// Behind the blanks that may stand there.
bool opens_bracket(std::string_view pattern) {
    pattern.remove_prefix(std::min(pattern.find_first_not_of('~'), pattern.size()));
    return pattern.starts_with('[') || pattern.starts_with('(');
}

class Table {
  public:
    static const Table& get() {
        static const Table table;
        return table;
    }

    // Those that a line may have of which this is left, behind blanks or not.
    Rows candidates(std::uint8_t state, bool blanks, std::string_view text) const {
        const auto first = static_cast<unsigned char>(text.empty() ? '\0' : text[0]);
        const auto beside = static_cast<unsigned char>(text.size() > 1 ? text[1] : '\0');
        return behind_[static_cast<std::size_t>(std::countr_zero(state))] & blanks_[blanks ? 1 : 0] &
               first_[first] & beside_[beside];
    }
    const Rows& with_second(char c) const { return second_[static_cast<unsigned char>(c)]; }
    const Rows& asking_second() const { return asking_second_; }
    const Rows& beginning_with_date() const { return beginning_with_date_; }

    const Shape& shape(std::size_t i) const { return shapes_[i]; }
    const std::vector<std::string_view>& names() const { return names_; }

  private:
    static constexpr std::size_t states = 5;

    Table() {
        for (const PrefixShape& row : prefix_shapes().first(std::min(prefix_shapes().size(), Rows::most))) {
            auto name = std::find(names_.begin(), names_.end(), row.name);
            if (name == names_.end()) name = names_.insert(names_.end(), row.name);
            const auto bit = static_cast<std::size_t>(name - names_.begin());
            shapes_.push_back(
                {PrefixPattern(row.pattern), std::uint64_t{1} << bit, opens_bracket(row.pattern)});
            index(shapes_.size() - 1, row.after);
        }
    }

    void index(std::size_t row, std::uint8_t after) {
        const PrefixPattern& pattern = shapes_[row].pattern;
        for (std::size_t state = 0; state < states; ++state) {
            if (after >> state & 1) behind_[state].add(row);
        }
        for (const bool blanks : {false, true}) {
            if (pattern.may_stand_behind_blanks(blanks)) blanks_[blanks ? 1 : 0].add(row);
        }
        for (std::size_t i = 0; i < first_.size(); ++i) {
            const char c = static_cast<char>(i);
            if (pattern.may_begin_with(c)) first_[i].add(row);
            if (pattern.may_have_beside(c)) beside_[i].add(row);
            if (pattern.begins_with_date() || pattern.may_go_on_with(c)) second_[i].add(row);
        }
        if (pattern.begins_with_date()) beginning_with_date_.add(row);
        if (pattern.asks_second() && !pattern.begins_with_date()) asking_second_.add(row);
    }

    std::vector<Shape> shapes_;
    std::vector<std::string_view> names_;
    std::array<Rows, states> behind_;
    std::array<Rows, 2> blanks_;
    std::array<Rows, 256> first_, beside_, second_;
    Rows asking_second_, beginning_with_date_;
};

// "2024-01-02", "12/10/2023", "12.10.2023": what follows such a date may be a message at once.
bool is_numeric(std::string_view date) {
    const std::string_view day = date.substr(0, date.find(':'));
    for (std::size_t i = 1; i + 1 < day.size(); ++i) {
        const bool separates = day[i] == '-' || day[i] == '/' || day[i] == '.';
        if (separates && is_digit(day[i - 1]) && is_digit(day[i + 1])) return true;
    }
    return false;
}

// What of a record says where in a prefix its reader is.
struct Told {
    explicit Told(const LogRecord& record)
        : clocks((record.seconds ? 1 : 0) + (record.delta ? 1 : 0)),
          program(record.program.data()),
          time(record.time.data()) {}
    int clocks;
    const char* program;
    const char* time;
};

// What stands behind a shape depends on the last thing that it told. Behind a date in brackets, as behind one
// of numbers alone, the message may begin: "[Oct12 19:00] Hardware name: QEMU" has no host.
std::uint8_t state_after(const Told& before, const LogRecord& record, bool bracketed, std::uint8_t state) {
    const Told now(record);
    if (now.clocks > before.clocks) return behind::clock;
    if (now.program != before.program) return behind::tag;
    if (now.time != before.time) return bracketed || is_numeric(record.time) ? behind::numeric : behind::date;
    return state;
}

// What a line's first words say of the shapes that it may have, each looked for once at most.
class Beginning {
  public:
    Beginning(const Cursor& cursor, LineTimes& times) : times_(times), cursor_(cursor), first_(cursor) {
        first_.skip_blanks();
    }

    Rows candidates(std::uint8_t state) const {
        const Table& table = Table::get();
        const bool blanks = first_.rest().size() != cursor_.rest().size();
        Rows rows = table.candidates(state, blanks, first_.rest());
        if ((rows & table.asking_second()).none()) return rows;
        // Those that begin with a date ask for the word behind it instead.
        return rows & table.with_second(second());
    }

    bool allows(const PrefixPattern& pattern) {
        if (pattern.begins_with_date()) return has_date() && pattern.may_go_on_with(behind_date_);
        return pattern.mark().empty() || first_.rest().find(pattern.mark()) != std::string_view::npos;
    }
    bool has_date() {
        if (!asked_date_) {
            Cursor at = first_;
            has_date_ = times_.take_date(at);
            at.skip_blanks();
            behind_date_ = at.peek();
            asked_date_ = true;
        }
        return has_date_;
    }

  private:
    // The second word's first character.
    char second() const {
        const std::string_view text = first_.rest();
        const std::string_view word = text.substr(0, text.find(' '));
        Cursor at(text.substr(std::min(word.find('\t'), word.size())));
        at.skip_blanks();
        return at.peek();
    }

    LineTimes& times_;
    Cursor cursor_, first_;
    char behind_date_ = '\0';
    bool asked_date_ = false, has_date_ = false;
};

bool take_shape(Cursor& cursor, LogRecord& record, LineTimes& times, std::uint8_t& state) {
    const Table& table = Table::get();
    Beginning beginning(cursor, times);
    for (Rows rows = beginning.candidates(state); !rows.none();) {
        const Shape& shape = table.shape(rows.take_first());
        if (shape.pattern.begins_with_date() && !beginning.has_date()) {
            rows = rows - table.beginning_with_date();
            continue;
        }
        if (!beginning.allows(shape.pattern)) continue;
        const Told before(record);
        if (!shape.pattern.take(cursor, record, times)) continue;
        record.shapes |= shape.bit;
        state = state_after(before, record, shape.bracketed, state);
        return true;
    }
    return false;
}

// The quoting of a mail: "> > text", "| text", "    | text". A memory dump's ">ffff8880" has no blank behind
// it.
void skip_quoting(Cursor& cursor) {
    Cursor at = cursor;
    at.skip_blanks();
    bool quoted = false;  // what a mail quotes may have a margin of bars without blanks
    while (at.take('>') || at.take('|')) {
        const bool is_margin = quoted && at.peek() != '|' && cursor.rest().starts_with('|');
        const bool goes_on = at.peek() == ' ' || at.peek() == '>' || at.peek() == '[' || at.peek() == '<';
        if (!goes_on && !is_margin && !at.at_end()) return;
        at.take(' ');
        cursor = at;
        quoted = true;
        Cursor next = at;
        next.skip_blanks();
        if (next.peek() == '>' || next.peek() == '|') at = next;
    }
}

}  // namespace

std::string_view without_quoting(std::string_view line) {
    Cursor cursor(line);
    skip_quoting(cursor);
    return cursor.rest();
}

void strip_prefix(std::string_view line, LogRecord& record, bool bare_dates) {
    constexpr int deepest = 8;
    Cursor cursor(line);
    skip_quoting(cursor);
    std::uint8_t state = behind::nothing;
    LineTimes times;
    for (int nesting = 0; nesting < deepest && take_shape(cursor, record, times, state); ++nesting) {
        if (bare_dates && state == behind::date) state = behind::numeric;
    }
    if (record.shapes != 0) cursor.take(' ');
    record.text = cursor.rest();
}

namespace {

// "the end of what a program wrote  416.639845][ T7984] invalid opcode": the program took the bracket along.
// Where the clock begins, given where "][" stands.
std::size_t torn_timestamp(std::string_view text, std::size_t end) {
    std::size_t begin = end;
    while (begin > 0 && (is_digit(text[begin - 1]) || text[begin - 1] == '.')) --begin;
    if (begin == 0 || begin == end) return std::string_view::npos;
    LogRecord record;
    strip_prefix(text.substr(begin), record);
    return record.seconds && !record.caller.empty() ? begin : std::string_view::npos;
}

}  // namespace

std::size_t find_timestamp(std::string_view text) {
    for (std::size_t at = text.find('['); at != std::string_view::npos; at = text.find('[', at + 1)) {
        const bool is_torn = at > 0 && text[at - 1] == ']';
        if (const std::size_t torn = is_torn ? torn_timestamp(text, at - 1) : std::string_view::npos;
            torn != std::string_view::npos)
            return torn;
        if (at + 1 >= text.size() || !(is_digit(text[at + 1]) || text[at + 1] == ' ')) continue;
        Cursor cursor(text.substr(at + 1));
        cursor.skip_blanks();
        if (double seconds = 0; !take_seconds(cursor, seconds)) continue;
        if (LogRecord unused; strip_prefix(text.substr(at), unused), unused.seconds) return at;
    }
    return std::string_view::npos;
}

std::string shape_names(std::uint64_t shapes) {
    std::string names;
    const std::vector<std::string_view>& all = Table::get().names();
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (!(shapes >> i & 1)) continue;
        if (!names.empty()) names += ", ";
        names += all[i];
    }
    return names;
}

}  // namespace postmortem
