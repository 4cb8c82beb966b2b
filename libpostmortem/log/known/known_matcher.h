// The entries of known-crash files with their expressions compiled, and the notebook of a log's lines that
// they ask for.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <postmortem/known_crashes.h>

#include "log/known/kernel_range.h"
#include "log/match/regex.h"

namespace postmortem {

struct KnownMatcher {
    std::optional<Regex> title;
    std::vector<Regex> frames;
    std::vector<Regex> log;
    std::optional<KernelRange> kernel;
};

class KnownCrashes::Impl {
  public:
    std::vector<KnownCrash> entries;
    std::vector<KnownMatcher> matchers;  // one for each entry
};

/// Which of the entries' expressions for log lines were met so far.
class LogNotebook {
  public:
    explicit LogNotebook(const std::vector<KnownMatcher>& matchers);

    void read(std::string_view line);
    /// Whether all the lines that the entry asks for were seen.
    bool has_all(std::size_t entry) const;

  private:
    struct Wanted {
        std::size_t entry = 0;
        const Regex* regex = nullptr;
    };
    std::vector<Wanted> missing_;
};

/// Whether the report is torn so that it names no place: all such reports of a kind share their id, which
/// alone makes none of them a known crash.
bool id_tells_no_place(const LogEvent& event);

/// The first entry that fits the event.
std::optional<std::size_t> find_known(const LogEvent& event, const std::vector<KnownCrash>& entries,
                                      const std::vector<KnownMatcher>& matchers, const LogNotebook& notebook);

/// Compiles an entry's expressions; the error names file and line.
Result<KnownMatcher> compile_known(const KnownCrash& entry);

}  // namespace postmortem
