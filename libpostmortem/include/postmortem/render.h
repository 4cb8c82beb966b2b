// Prints answers: as text in crash's layout, or as JSON (docs/json.md). Text from the dump is escaped.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <postmortem/api.h>
#include <postmortem/backtrace.h>
#include <postmortem/crash_report.h>
#include <postmortem/error.h>
#include <postmortem/kernel_log.h>
#include <postmortem/known_crashes.h>
#include <postmortem/panic.h>
#include <postmortem/system_info.h>
#include <postmortem/task_list.h>
#include <postmortem/triage.h>

namespace postmortem {

POSTMORTEM_API std::string to_text(const TaskList& list);
POSTMORTEM_API std::string to_json(const TaskList& list);

/// Exactly what crash prints: bytes that are not printable ASCII become dots, apart from the white space that
/// moves a terminal's cursor (carriage return, vertical tab, form feed), which only `for_terminal` takes out.
POSTMORTEM_API std::string to_text(const KernelLog& log, bool for_terminal = false);
POSTMORTEM_API std::string to_json(const KernelLog& log);

/// The date is in the local time zone (TZ), as crash prints it; JSON has UTC.
POSTMORTEM_API std::string to_text(const SystemInfo& info);
POSTMORTEM_API std::string to_json(const SystemInfo& info);

/// Nothing separates the backtraces but an empty line, as in crash.
POSTMORTEM_API std::string to_text(const BacktraceList& list);
POSTMORTEM_API std::string to_json(const BacktraceList& list);

/// One screen, to paste into a ticket.
POSTMORTEM_API std::string to_text(const CrashReport& report);
POSTMORTEM_API std::string to_json(const CrashReport& report);

/// Why it died and what to do next, on one screen; JSON has everything.
POSTMORTEM_API std::string to_text(const PanicAnalysis& analysis);
POSTMORTEM_API std::string to_json(const PanicAnalysis& analysis);

/// "ID  TITLE" of the cause, or with `all_events` of every event, in the order of the log. Empty where
/// nothing went wrong.
POSTMORTEM_API std::string signature_to_text(const PanicAnalysis& analysis, bool all_events = false);
POSTMORTEM_API std::string signature_to_json(const PanicAnalysis& analysis);

/// What a CI job prints; `known` is what the inputs were held against.
POSTMORTEM_API std::string to_text(std::span<const CheckResult> results, const KnownCrashes& known);
POSTMORTEM_API std::string to_json(std::span<const CheckResult> results, const KnownCrashes& known);

POSTMORTEM_API std::string to_text(const Triage& triage);
POSTMORTEM_API std::string to_json(const Triage& triage);

/// Prints backtraces one by one, to the same text and the same JSON as above.
class POSTMORTEM_API BacktraceWriter {
  public:
    enum class Format { Text, Json };
    explicit BacktraceWriter(Format format) : format_(format) {}

    /// The next piece of output.
    std::string add(const Backtrace& trace);
    /// The last piece.
    std::string finish(const Problems& problems);

  private:
    Format format_;
    bool first_ = true;
};

/// An error as one sentence: the message, and the address that it concerns.
POSTMORTEM_API std::string describe(const Error& error);

/// Control characters and bytes that are no UTF-8 become \xNN; tabs and newlines stay.
POSTMORTEM_API std::string escape_for_terminal(std::string_view text);

}  // namespace postmortem
