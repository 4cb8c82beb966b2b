// Prints OOM events: a screen for people, JSON for scripts (docs/commands/oom.md). Text from the log is
// escaped.
#pragma once

#include <cstddef>
#include <string>

#include <postmortem/api.h>
#include <postmortem/oom.h>
#include <postmortem/oom_state.h>
#include <postmortem/problem.h>

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
    /// The last piece; `found` is the number of events in the log, shown or not; `state` that of a dump.
    std::string finish(std::size_t found, const Problems& problems, const OomState* state = nullptr);

  private:
    bool first_ = true;
};

}  // namespace postmortem
