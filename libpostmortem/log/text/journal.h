// Logs whose lines are objects: JSON of the journal, of containers and of log collectors, and the blocks of
// FIELD=value of the journal's export format.
#pragma once

#include <string>
#include <string_view>

#include "log/text/cursor.h"
#include "log/text/line_splitter.h"
#include "log/text/record.h"

namespace postmortem {

/// One journal entry; the record's views point into `storage` of the parser.
class JournalEntry {
  public:
    /// Takes one JSON object, whichever of its keys holds the message; false where none does.
    bool parse_json(std::string_view line);
    /// Takes the next block of `journalctl -o export`; false at the end.
    bool read_export(LineSplitter& lines);

    /// MESSAGE, which may hold several lines.
    const std::string& message() const { return message_; }
    /// The message is the kernel's own, without any prefix.
    bool is_bare() const { return transport_ == "kernel"; }
    /// Everything but `line` and `text`.
    LogRecord record() const;

  private:
    static constexpr int unknown_rank = 100;

    void clear();
    bool parse_members(Cursor& cursor, int depth);
    void set(std::string_view field, std::string_view value);

    std::string message_, host_, program_, transport_, time_;
    std::optional<double> seconds_;
    std::optional<int> level_;
    int message_rank_ = unknown_rank;
    std::string longest_;  // value of a key that no row knows
    bool from_user_ = false;
    bool any_ = false;
};

}  // namespace postmortem
