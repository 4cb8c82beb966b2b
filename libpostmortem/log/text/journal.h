// The journal's two machine formats: one JSON object per line, and the export format's blocks of FIELD=value.
#pragma once

#include <string>
#include <string_view>

#include "log/text/line_splitter.h"
#include "log/text/record.h"

namespace postmortem {

/// One journal entry; the record's views point into `storage` of the parser.
class JournalEntry {
  public:
    /// Takes one line of `journalctl -o json`; false where it is no journal entry.
    bool parse_json(std::string_view line);
    /// Takes the next block of `journalctl -o export`; false at the end.
    bool read_export(LineSplitter& lines);

    /// MESSAGE, which may hold several lines.
    const std::string& message() const { return message_; }
    /// Everything but `line` and `text`.
    LogRecord record() const;

  private:
    void clear();
    void set(std::string_view field, std::string_view value);

    std::string message_, host_, program_, transport_, time_;
    std::optional<double> seconds_;
    std::optional<int> level_;
    bool any_ = false;
};

}  // namespace postmortem
