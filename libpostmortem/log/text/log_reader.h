// A log as a stream of records, whatever its outer form: plain text, `journalctl -o json` or `-o export`,
// pstore parts. Memory stays the same for a log of any size.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/text/byte_stream.h"
#include "log/text/record.h"

namespace postmortem {

struct LogForm;

class LogReader {
  public:
    /// Longer lines are cut here.
    static constexpr std::size_t max_line = 64 * 1024;

    explicit LogReader(std::unique_ptr<ByteStream> source);
    /// Borrows the text, which must outlive the reader.
    explicit LogReader(std::string_view text);
    /// The same, of a form that is known already.
    LogReader(std::string_view text, const LogForm& form);
    LogReader(LogReader&&) noexcept;
    LogReader& operator=(LogReader&&) noexcept;
    ~LogReader();

    /// The next record, false at the end. It invalidates the views of the record before it.
    bool next(LogRecord& record);

    /// What most lines of the log's beginning look like: "syslog, printk"; empty for bare messages.
    const std::string& shape() const;

    /// Why the source ended early (a torn archive, a read error), if it did. What was read before it counts.
    const std::optional<Error>& error() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace postmortem
