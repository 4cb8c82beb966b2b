#include "log/text/log_reader.h"

#include <algorithm>
#include <string>

#include "log/text/journal.h"
#include "log/text/line_splitter.h"
#include "log/text/prefix.h"
#include "log/text/pstore.h"
#include "log/text/terminal.h"

namespace postmortem {
namespace {

constexpr std::size_t max_pstore_log = 16u << 20;

}  // namespace

class LogReader::Impl {
  public:
    explicit Impl(std::unique_ptr<ByteStream> source) : lines_(std::move(source)) {
        order_pstore_records();
        is_export_ = lines_.peek(9) == "__CURSOR=";
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

    const std::optional<Error>& error() const { return lines_.error(); }

  private:
    // Records of pstore come newest first; they are small, so they are read as a whole and put in order.
    void order_pstore_records() {
        const std::string_view start = lines_.peek(64);
        if (!is_pstore_header(start.substr(0, start.find_first_of("\r\n")))) return;
        std::string records;
        while (records.size() < max_pstore_log) {
            const std::string_view more = lines_.next_bytes(LineSplitter::max_line);
            if (more.empty()) break;
            records += more;
        }
        std::size_t lines = 0;
        for (const LogPiece& piece : in_written_order(records)) {
            ordered_ += piece.text;
            if (!ordered_.empty() && ordered_.back() != '\n') ordered_ += '\n';
            piece_starts_.push_back({lines, piece.first_line});
            lines = static_cast<std::size_t>(std::count(ordered_.begin(), ordered_.end(), '\n'));
        }
        lines_ = LineSplitter(byte_stream_of(as_bytes(ordered_)));
    }

    // The number of the current line in the source, whatever the order it is read in.
    std::size_t source_line() const {
        const std::size_t line = lines_.line_number();
        for (auto piece = piece_starts_.rbegin(); piece != piece_starts_.rend(); ++piece) {
            if (piece->first < line) return piece->second + line - piece->first - 1;
        }
        return line;
    }

    // Fills base_ and pending_ from the next line, or from the next journal entry.
    bool next_source_line() {
        base_ = LogRecord();
        from_journal_ = is_export_;
        whole_line_ = true;
        if (is_export_) {
            if (!entry_.read_export(lines_)) return false;
            base_ = entry_.record();
            pending_ = entry_.message();
            base_.line = source_line();
            return true;
        }
        const auto line = lines_.next();
        if (!line) return false;
        pending_ = *line;
        if (lines_.may_hold_escapes() && pending_.find('\x1b') != std::string_view::npos) {
            without_terminal_sequences(pending_, unescaped_);
            pending_ = unescaped_;
        }
        if (pending_.starts_with('{') && pending_.find("\"MESSAGE\"") != std::string_view::npos &&
            entry_.parse_json(pending_)) {
            from_journal_ = true;
            base_ = entry_.record();
            pending_ = entry_.message();
        }
        base_.line = source_line();
        base_.cut = lines_.was_cut();
        return true;
    }

    void take_message_line(LogRecord& record) {
        const std::size_t newline = pending_.find('\n');
        record.text = pending_.substr(0, newline);
        record.continuation = !whole_line_;
        pending_ = newline == std::string_view::npos ? std::string_view() : pending_.substr(newline + 1);
        whole_line_ = false;
    }

    void take_plain(LogRecord& record) {
        strip_prefix(pending_, record);
        record.continuation = !whole_line_;
        const std::size_t glued = find_timestamp(record.text);
        pending_ = glued == std::string_view::npos ? std::string_view() : record.text.substr(glued);
        record.text = record.text.substr(0, glued);
        whole_line_ = false;
    }

    LineSplitter lines_;
    JournalEntry entry_;
    LogRecord base_;
    std::string_view pending_;  // what is left of the current line or message
    std::string unescaped_;
    std::string ordered_;  // pstore records in the order they were written
    std::vector<std::pair<std::size_t, std::size_t>>
        piece_starts_;  // lines before each in ordered_, and its first line in the source
    bool is_export_;
    bool from_journal_ = false;
    bool whole_line_ = false;  // nothing of it has been handed out yet
};

LogReader::LogReader(std::unique_ptr<ByteStream> source) : impl_(std::make_unique<Impl>(std::move(source))) {}
LogReader::LogReader(std::string_view text) : LogReader(byte_stream_of(as_bytes(text))) {}
LogReader::LogReader(LogReader&&) noexcept = default;
LogReader& LogReader::operator=(LogReader&&) noexcept = default;
LogReader::~LogReader() = default;

bool LogReader::next(LogRecord& record) {
    return impl_->next(record);
}

const std::optional<Error>& LogReader::error() const {
    return impl_->error();
}

}  // namespace postmortem
