// Report lines as the kernel printed them: what a mailer, a terminal or a logger wrapped is joined again,
// what rsyslog glued together with #012 is taken apart. Everything behind this sees one whole line at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "log/oom/oom_shape.h"
#include "log/text/record.h"

namespace postmortem::oom {

/// A whole line, with the prefix fields of its first part.
struct Line {
    Shape shape = Shape::Other;
    std::string text;
    std::size_t number = 0;  // 1-based, in the log
    std::size_t last_number = 0;
    std::optional<double> seconds;
    std::string time;
    std::string host;
    std::string caller;
};

class LineJoiner {
  public:
    using Sink = std::function<void(const Line&)>;

    explicit LineJoiner(Sink sink) : sink_(std::move(sink)) {}

    /// `number` replaces the record's own line number, which counts the lines of a filtered log.
    void feed(const LogRecord& record, std::size_t number);
    /// Hands out what still waits for its continuation.
    void flush();

  private:
    void feed_part(const LogRecord& record, std::string_view text, std::size_t number);
    bool joins_pending(const LogRecord& record, std::string_view text, Shape shape);

    Sink sink_;
    Line pending_;
    bool has_pending_ = false;
    std::size_t table_columns_ = 0;  // of the last table header seen, the pid column included
};

}  // namespace postmortem::oom
