#include "log/text/prefix.h"

#include <algorithm>
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

// The shapes, and for each state and first character, behind blanks or not, those that may come next.
class Table {
  public:
    static const Table& get() {
        static const Table table;
        return table;
    }

    // Those for a line of which this is left, behind blanks or not.
    const std::vector<std::uint8_t>& candidates(std::uint8_t state, bool blanks, const Cursor& at) const {
        return candidates_[place(static_cast<std::size_t>(std::countr_zero(state)), blanks, at.peek())];
    }
    const Shape& shape(std::size_t i) const { return shapes_[i]; }
    const std::vector<std::string_view>& names() const { return names_; }

  private:
    static constexpr std::size_t states = 5;

    static std::size_t place(std::size_t state, bool blanks, char first) {
        return (state * 2 + (blanks ? 1 : 0)) * 256 + static_cast<unsigned char>(first);
    }

    Table() : candidates_(states * 2 * 256) {
        for (const PrefixShape& row : prefix_shapes()) {
            auto name = std::find(names_.begin(), names_.end(), row.name);
            if (name == names_.end()) name = names_.insert(names_.end(), row.name);
            const auto bit = static_cast<std::size_t>(name - names_.begin());
            shapes_.push_back({PrefixPattern(row.pattern), std::uint64_t{1} << bit,
                               row.pattern.starts_with('[') || row.pattern.starts_with('(')});
            add_candidates(row, static_cast<std::uint8_t>(shapes_.size() - 1));
        }
    }

    void add_candidates(const PrefixShape& row, std::uint8_t index) {
        for (std::size_t state = 0; state < states; ++state) {
            if (!(row.after >> state & 1)) continue;
            for (std::size_t c = 0; c < 256; ++c) {
                const char first = static_cast<char>(c);
                for (const bool blanks : {false, true}) {
                    if (shapes_[index].pattern.may_begin_with(blanks, first))
                        candidates_[place(state, blanks, first)].push_back(index);
                }
            }
        }
    }

    std::vector<Shape> shapes_;
    std::vector<std::string_view> names_;
    std::vector<std::vector<std::uint8_t>> candidates_;
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

bool take_shape(Cursor& cursor, LogRecord& record, DateFinder& dates, std::uint8_t& state) {
    const Table& table = Table::get();
    const Told before(record);
    Cursor at = cursor;
    at.skip_blanks();
    const bool blanks = at.rest().size() != cursor.rest().size();
    const std::vector<std::uint8_t>& candidates = table.candidates(state, blanks, at);
    if (candidates.empty()) return false;
    const auto has_date = [&] { return dates.take(Cursor(cursor)); };
    at.word();
    at.skip_blanks();
    for (const std::uint8_t index : candidates) {
        const Shape& shape = table.shape(index);
        if (!shape.pattern.may_go_on_with(at.peek()) || (shape.pattern.begins_with_date() && !has_date()))
            continue;
        if (!shape.pattern.take(cursor, record, dates)) continue;
        record.shapes |= shape.bit;
        state = state_after(before, record, shape.bracketed, state);
        return true;
    }
    return false;
}

// The quoting of a mail: "> > text", "| text". A memory dump's ">ffff8880" has no blank behind it.
void skip_quoting(Cursor& cursor) {
    Cursor at = cursor;
    while (at.take('>') || at.take('|')) {
        if (at.peek() != ' ' && at.peek() != '>' && at.peek() != '[' && at.peek() != '<' && !at.at_end())
            return;
        at.take(' ');
        cursor = at;
    }
}

}  // namespace

void strip_prefix(std::string_view line, LogRecord& record, bool bare_dates) {
    constexpr int deepest = 8;
    Cursor cursor(line);
    skip_quoting(cursor);
    std::uint8_t state = behind::nothing;
    DateFinder dates;
    for (int nesting = 0; nesting < deepest && take_shape(cursor, record, dates, state); ++nesting) {
        if (bare_dates && state == behind::date) state = behind::numeric;
    }
    if (record.shapes != 0) cursor.take(' ');
    record.text = cursor.rest();
}

std::size_t find_timestamp(std::string_view text) {
    for (std::size_t at = text.find('['); at != std::string_view::npos; at = text.find('[', at + 1)) {
        if (at + 1 >= text.size() || !(is_digit(text[at + 1]) || text[at + 1] == ' ')) continue;
        Cursor cursor(text.substr(at + 1));
        cursor.skip_blanks();
        if (!take_seconds(cursor)) continue;
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
