// Prints OOM events: a screen for people, JSON for scripts (docs/commands/oom.md). Text from the log is
// escaped.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <postmortem/api.h>
#include <postmortem/oom.h>
#include <postmortem/oom_state.h>
#include <postmortem/problem.h>
#include <postmortem/render.h>

namespace postmortem {

struct OomTextOptions {
    bool bars = false;           ///< For a terminal: bars behind the shares of memory.
    std::size_t width = 100;     ///< Columns to wrap sentences at.
    std::size_t processes = 10;  ///< Rows of the process table.
    std::string sort_by = {};    ///< A column of the process table by its own name; empty: the memory held.
};

/// The whole screen for one event: the verdict on top, the tables behind it. `number` counts from 1 and
/// stands in the title (0: none).
POSTMORTEM_API std::string to_text(const OomEvent& event, const OomVerdict& verdict, std::size_t number,
                                   const OomTextOptions& options = {});

/// The memory side of a dump: the verdict, the sum, the processes.
POSTMORTEM_API std::string to_text(const OomState& state, const OomTextOptions& options = {});
POSTMORTEM_API std::string to_json(const OomState& state);

/// One line for the list of a log's events.
POSTMORTEM_API std::string one_line(const OomEvent& event, const OomVerdict& verdict, std::size_t number);

/// One JSON object on one line: every field by a stable name with its unit; null means not in the log.
POSTMORTEM_API std::string to_json(const OomEvent& event, const OomVerdict& verdict, std::size_t number = 0);

POSTMORTEM_API std::string to_text(const OomCgroupTree& tree);
POSTMORTEM_API std::string to_json(const OomCgroupTree& tree);

/// Prints events one by one to one JSON document, in flat memory.
class POSTMORTEM_API OomJsonWriter {
  public:
    /// The next piece of output.
    std::string add(const OomEvent& event, const OomVerdict& verdict, std::size_t number);
    /// The last piece; `found` is the number of events in the log, shown or not; `state` that of a dump;
    /// `shape`: OomLogReader::shape() of a log.
    std::string finish(std::size_t found, const Problems& problems, const OomState* state = nullptr,
                       std::string_view shape = {});

  private:
    bool first_ = true;
};

/// Which of a log's events are printed, and how.
struct OomEventRequest {
    enum class Which { Last, ListAndLast, Number, All, Tree };
    enum class Format { Text, Json, Ndjson };
    Which which = Which::ListAndLast;
    std::size_t number = 0;  ///< with Number: from 1
    Format format = Format::Text;
    OomTextOptions text;
};

/// Prints events as they come; what it keeps does not grow with their number.
class POSTMORTEM_API OomEventPrinter {
  public:
    explicit OomEventPrinter(OomEventRequest request) : request_(std::move(request)) {}

    /// The next event; the next piece of output, which may be empty.
    std::string add(OomEvent event);
    /// No later event can change the answer.
    bool complete() const;
    /// The last piece. `state`: what a dump's memory says beside its log; `shape`: OomLogReader::shape() of a
    /// log.
    std::string finish(const Problems& problems, const OomState* state = nullptr,
                       std::string_view shape = {});

    std::size_t found() const { return found_; }
    /// A printed event has lines that are torn or missing.
    bool gaps() const { return gaps_; }
    /// A printed table has the column that was asked for.
    bool sortable() const { return sortable_; }

  private:
    bool text() const { return request_.format == OomEventRequest::Format::Text; }
    std::string show(const OomEvent& event, std::size_t number);
    std::string show_tree(const Problems& problems, const OomState* state) const;
    std::string list(const OomEvent& event, std::size_t number) const;

    OomEventRequest request_;
    std::optional<OomEvent> kept_;
    OomJsonWriter json_;
    OomCgroupTreeBuilder tree_;
    std::size_t found_ = 0;
    std::size_t shown_ = 0;
    bool gaps_ = false;
    bool sortable_ = false;
};

}  // namespace postmortem
