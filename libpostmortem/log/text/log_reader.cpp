#include "log/text/log_reader.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "log/text/broken_lines.h"
#include "log/text/comma_values.h"
#include "log/text/cursor.h"
#include "log/text/encoding.h"
#include "log/text/journal.h"
#include "log/text/json_keys.h"
#include "log/text/line_splitter.h"
#include "log/text/log_form.h"
#include "log/text/log_front.h"
#include "log/text/markup.h"
#include "log/text/newest_first.h"
#include "log/text/prefix.h"
#include "log/text/pstore.h"
#include "log/text/terminal.h"

namespace postmortem {
namespace {

constexpr std::size_t max_pstore_log = 16u << 20, max_log_in_memory = 256u << 20;

std::string_view without_blanks(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

}  // namespace

class LogReader::Impl {
  public:
    explicit Impl(std::unique_ptr<ByteStream> source) : lines_(std::move(source)) {
        open();
        form_ = form_of(lines_.peek(LineSplitter::most_ahead));
        if (form_.newest_first && ordered_.empty()) order_newest_first();
    }
    Impl(std::unique_ptr<ByteStream> source, LogForm form)
        : lines_(std::move(source)), form_(std::move(form)) {
        open();
    }

    bool next(LogRecord& record) {
        if (pending_.empty() && !next_source_line()) return false;
        record = base_;
        if (from_journal_) {
            take_message_line(record);
        } else {
            take_plain(record);
        }
        return true;
    }

    const std::optional<Error>& error() const { return ended_early_ ? ended_early_ : lines_.error(); }

    const std::string& shape() const { return form_.name; }

  private:
    void open() {
        order_pstore_records();
        is_export_ = lines_.peek(9) == "__CURSOR=";
    }

    // Records of pstore come newest first; they are small, so they are read as a whole and put in order.
    void order_pstore_records() {
        if (!opens_with_pstore_record(lines_.peek(192))) return;
        const std::string records = read_whole(max_pstore_log);
        read_in_order(in_written_order(records));
    }

    void order_newest_first() {
        const std::string log = read_whole(max_log_in_memory);
        read_in_order(oldest_first(log, form_.bare_dates));
    }

    std::string read_whole(std::size_t most) {
        std::string whole;
        while (whole.size() < most) {
            const std::string_view more = lines_.next_bytes(LineSplitter::max_line);
            if (more.empty()) break;
            whole += more;
        }
        ended_early_ = lines_.error();
        if (!ended_early_ && !lines_.peek(1).empty())
            ended_early_ =
                Error(ErrorCode::Unsupported,
                      fmt::format("it begins with its end, and is put in order in memory: what lies "
                                  "behind its first {} MiB is not read",
                                  most >> 20));
        return whole;
    }

    void read_in_order(const std::vector<LogPiece>& pieces) {
        std::size_t lines = 0;
        for (const LogPiece& piece : pieces) {
            const std::size_t start = ordered_.size();
            ordered_ += piece.text;
            if (!ordered_.empty() && ordered_.back() != '\n') ordered_ += '\n';
            piece_starts_.push_back({lines, piece.first_line});
            const auto added = ordered_.begin() + static_cast<std::ptrdiff_t>(start);
            lines += static_cast<std::size_t>(std::count(added, ordered_.end(), '\n'));
        }
        lines_ = LineSplitter(byte_stream_of(as_bytes(ordered_)));
    }

    // The number of the current line in the source, whatever the order it is read in.
    std::size_t source_line() const {
        const std::size_t line = lines_.line_number();
        const auto begins_before = [line](const auto& piece) { return piece.first < line; };
        const auto next = std::partition_point(piece_starts_.begin(), piece_starts_.end(), begins_before);
        if (next == piece_starts_.begin()) return line;
        const auto& [before, first] = *std::prev(next);
        return first + line - before - 1;
    }

    // Fills base_ and pending_ from the next line, or from the next journal entry.
    bool next_source_line() {
        if (is_base_of_entry_) base_ = LogRecord();
        is_base_of_entry_ = false;
        from_journal_ = is_export_;
        many_lines_ = false;
        whole_line_ = true;
        if (is_export_) {
            if (!entry_.read_export(lines_)) return false;
            base_ = entry_.record();
            is_base_of_entry_ = true;
            pending_ = entry_.message();
            many_lines_ = true;
            base_.line = source_line();
            return true;
        }
        const auto line = lines_.next();
        if (!line) return false;
        base_.line = source_line();
        base_.cut = lines_.was_cut();
        pending_ = *line;
        if (form_.doubled) skip_double();
        if (form_.broken_at) join_broken_line();
        if (stops_short(pending_)) join_headline();
        clean_line();
        if (pending_.starts_with("- {\"")) pending_.remove_prefix(2);  // a list of YAML
        if (opens_object(pending_) || (may_open_object() && gather_object())) take_object(pending_, base_);
        if (form_.message_column && split_comma_values(pending_, fields_)) {
            message_ = fields_[std::min(*form_.message_column, fields_.size() - 1)];
            pending_ = message_;
        }
        return true;
    }

    void skip_double() {
        joined_.assign(pending_);
        pending_ = joined_;
        const std::string_view ahead = lines_.peek(LineSplitter::max_line);
        if (!joined_.empty() && first_line_of(ahead) == joined_) lines_.next();
    }

    void join_broken_line() {
        if (!has_prefix(without_quoting(pending_), form_.bare_dates)) return;
        joined_.assign(pending_);
        std::string last = joined_;
        while (joined_.size() < LineSplitter::max_line) {
            const std::string_view next = first_line_of(lines_.peek(LineSplitter::max_line));
            if (!goes_on(last, next, *form_.broken_at, form_.bare_dates)) break;
            last.assign(next);
            joined_.resize(without_shown_return(joined_).size());
            if (!joined_.empty() && !is_blank(joined_.back())) joined_ += ' ';
            joined_ += without_quoting(last);
            lines_.next();
        }
        pending_ = joined_;
    }

    void join_headline() {
        constexpr int most_lines = 3;
        joined_.assign(pending_);
        for (int lines = 0; lines < most_lines && stops_short(joined_); ++lines) {
            const std::string_view next = first_line_of(lines_.peek(LineSplitter::max_line));
            if (!is_rest_of_headline(joined_, next, form_.bare_dates)) break;
            joined_.resize(without_shown_return(joined_).size());
            if (!is_blank(joined_.back())) joined_ += ' ';
            joined_ += without_quoting(next);
            lines_.next();
        }
        pending_ = joined_;
    }

    static std::string_view first_line_of(std::string_view text) {
        std::string_view line = text.substr(0, text.find('\n'));
        while (line.ends_with('\r')) line.remove_suffix(1);
        return line;
    }

    // Takes out what is not for the eyes: terminal sequences, zeros, markup.
    void clean_line() {
        if (lines_.may_hold('\x1b') && pending_.find('\x1b') != std::string_view::npos) {
            without_terminal_sequences(pending_, unescaped_);
            pending_ = unescaped_;
        }
        if (form_.shown_controls && without_shown_controls(pending_, shown_)) pending_ = shown_;
        if (lines_.may_hold_more_than_ascii() && with_plain_blanks(pending_, plain_)) pending_ = plain_;
        if (form_.quoted) pending_ = unquoted(pending_);
        if (lines_.may_hold('\0') && pending_.find('\0') != std::string_view::npos) {
            without_zeros_.assign(pending_);
            std::erase(without_zeros_, '\0');
            pending_ = without_zeros_;
        }
        const bool may_hold_markup = form_.bold || form_.backslashes || lines_.may_hold('`') ||
                                     (form_.html && (lines_.may_hold('&') || lines_.may_hold('<')));
        if (may_hold_markup && markup_.take_out(pending_, form_, bare_)) pending_ = bare_, many_lines_ = true;
    }

    bool may_open_object() const {
        const char last = pending_.empty() ? '\0' : pending_.back();
        return last == '{' || is_blank(last);
    }

    // journalctl -o json-pretty: an object's members on lines of their own.
    bool gather_object() {
        if (without_blanks(pending_.substr(0, 64)) != "{") return false;
        const std::string_view next = without_blanks(lines_.peek(16));
        if (!next.starts_with('"')) return false;
        object_ = "{";
        while (object_.size() < LineSplitter::max_line) {
            const auto line = lines_.next();
            if (!line) break;
            const std::string_view member = without_blanks(*line);
            object_ += member;
            if (member == "}" || member == "},") break;
        }
        pending_ = object_;
        return true;
    }

    // What stood in front of the object counts where the object does not say it better.
    bool take_object(std::string_view object, const LogRecord& front) {
        if (!entry_.parse_json(object)) return false;
        const LogRecord place = front;
        base_ = entry_.record();
        is_base_of_entry_ = true;
        base_.line = place.line;
        base_.cut = place.cut;
        if (base_.time.empty()) base_.time = place.time;
        if (base_.host.empty()) base_.host = place.host;
        from_journal_ = entry_.is_bare();
        pending_ = entry_.message();
        many_lines_ = true;
        return true;
    }

    void take_message_line(LogRecord& record) {
        record.text = next_of_pending();
        record.continuation = !whole_line_;
        whole_line_ = false;
    }

    std::string_view next_of_pending() {
        const std::size_t newline = many_lines_ ? pending_.find('\n') : std::string_view::npos;
        std::string_view line = pending_.substr(0, newline);
        pending_ = newline == std::string_view::npos ? std::string_view() : pending_.substr(newline + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        return line;
    }

    void take_plain(LogRecord& record) {
        strip(next_of_pending(), record);
        if (opens_object(record.text) && take_object(record.text, record)) {
            record = base_;
            if (from_journal_) return take_message_line(record);
            strip(next_of_pending(), record);
        }
        record.continuation = !whole_line_;
        whole_line_ = false;
        split_glued(record);
    }

    void strip(std::string_view line, LogRecord& record) {
        strip_prefix(line, record, form_.bare_dates);
        for (const std::string& front : form_.fronts) {
            const std::size_t length = front_length(record.text, front);
            if (length == 0) continue;
            strip_prefix(record.text.substr(length), record, form_.bare_dates);
            return;
        }
    }

    // Consoles glue lines together: printk's clock in the middle of one begins another. What stands there
    // again and again is a prefix that no row of the table knows.
    void split_glued(LogRecord& record) {
        const std::size_t glued = find_timestamp(record.text);
        if (glued == std::string_view::npos) return;
        const std::string_view front = record.text.substr(0, glued);
        const std::string_view rest = record.text.substr(glued);
        constexpr std::size_t longest_prefix = 200;
        if (!record.seconds && glued < longest_prefix && !record.continuation) {
            std::string look = look_of(front);
            const std::size_t learnt = look == unknown_prefix_ ? glued : learn_front(record.text, glued);
            if (learnt != 0) {
                strip_prefix(record.text.substr(learnt), record, form_.bare_dates);
                split_glued(record);
                return;
            }
            unknown_prefix_ = std::move(look);
        }
        // What follows the line in its source waits its turn.
        if (pending_.empty()) {
            pending_ = rest;
        } else {
            pending_ = {rest.data(),
                        static_cast<std::size_t>(pending_.data() + pending_.size() - rest.data())};
        }
        record.text = front;
    }

    // What the next lines have in front of them too, whether they have a clock or not; its length, 0 for
    // nothing.
    std::size_t learn_front(std::string_view text, std::size_t clock) {
        const std::size_t part = unknown_part(text, clock, form_.bare_dates);
        std::string front = look_of(text.substr(0, part));
        if (form_.fronts.size() == most_fronts || !may_be_front(front) || !next_lines_have(front)) return 0;
        form_.fronts.push_back(std::move(front));
        return part;
    }

    bool next_lines_have(std::string_view front) const {
        constexpr std::size_t enough = 4;
        std::string_view ahead = lines_.buffered();
        for (std::size_t line = 0; line < enough; ++line) {
            const std::size_t end = ahead.find('\n');
            if (end == std::string_view::npos || front_length(ahead.substr(0, end), front) == 0) return false;
            ahead.remove_prefix(end + 1);
        }
        return true;
    }

    LineSplitter lines_;
    JournalEntry entry_;
    LogRecord base_;
    std::string_view pending_;  // what is left of the current line or message
    LogForm form_;
    MarkupRemover markup_;
    std::string unescaped_, shown_, plain_, joined_, without_zeros_, bare_, object_, message_;
    std::vector<std::string> fields_;
    std::string unknown_prefix_;        // what the last line had in front of printk's clock, by its look
    std::optional<Error> ended_early_;  // of what was put in order
    std::string ordered_;               // pstore records, or lines, in the order they were written
    std::vector<std::pair<std::size_t, std::size_t>>
        piece_starts_;  // lines before each in ordered_, and its first line in the source
    bool is_export_ = false;
    bool is_base_of_entry_ = false;  // base_ holds more than the line's place
    bool from_journal_ = false;
    bool many_lines_ = false;  // pending_ may hold line ends
    bool whole_line_ = false;  // nothing of it has been handed out yet
};

LogReader::LogReader(std::unique_ptr<ByteStream> source) : impl_(std::make_unique<Impl>(std::move(source))) {}
LogReader::LogReader(std::string_view text, const LogForm& form)
    : impl_(std::make_unique<Impl>(byte_stream_of(as_bytes(text)), form)) {}
LogReader::LogReader(std::string_view text) : LogReader(byte_stream_of(as_bytes(text))) {}
LogReader::LogReader(LogReader&&) noexcept = default;
LogReader& LogReader::operator=(LogReader&&) noexcept = default;
LogReader::~LogReader() = default;

bool LogReader::next(LogRecord& record) {
    return impl_->next(record);
}

const std::string& LogReader::shape() const {
    return impl_->shape();
}

const std::optional<Error>& LogReader::error() const {
    return impl_->error();
}

}  // namespace postmortem
