// How an event is recognised and named, as data. A trigger is a literal that a headline must hold; its rules
// say which event it is, which function is to blame and what the title reads. The files in log/events/rules/
// hold the knowledge, one file per family of events.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postmortem/log_analysis.h>

#include "log/match/name_set.h"
#include "log/match/pattern.h"

namespace postmortem {

/// Steps that lead to the function to blame, taken one after the other down the report. A step is a pattern
/// (its first capture is a candidate) or one of these words:
///   "@ip"     the line with the instruction pointer; its function is a candidate
///   "@warning"  the same, or powerpc's interrupt frame
///   "@trace"  the line that opens a call trace
///   "@stack"  the frames that follow, all of them candidates, up to where another trace begins
using Steps = std::vector<std::string_view>;

/// Which of the candidates is to blame, once the uninformative ones are gone.
enum class Choice {
    First,
    Stall,  ///< the one that entered the code that loops: the last before a known dispatcher
    Hang,   ///< the first that is no part of sleeping or locking
};

/// How a headline of this trigger gets along with a report that is still open in the same context.
enum class Meeting {
    Ends,    ///< a new report: the open one is over
    Passes,  ///< a new event, but the open report may go on behind it
    Joins,   ///< part of the open report; an event of its own only where none is open
};

struct EventRule {
    EventClass event_class = EventClass::OtherBug;
    std::string_view head;                 ///< pattern on the headline
    std::vector<std::string_view> detail;  ///< patterns on later lines, in this order; captures add up
    /// "{1}" to "{6}" are the captures of head and detail, "{frame}" and "{frame2}" what the steps led to.
    std::string_view title;
    std::string_view alternative = {};
    Steps steps = {};
    std::vector<Steps> other_steps = {};  ///< tried in turn where those before lead nowhere
    std::vector<std::string_view> skip = {};
    Choice choice = Choice::First;
    bool has_no_trace = false;  ///< the report is whole without a call trace
    bool is_torn = false;       ///< the headline alone says that its report is damaged
    bool one_line = false;      ///< nothing follows the headline
    bool dies = false;          ///< the kernel panics behind it, or has no stack to go on with
    bool two_lines = false;     ///< the message goes on in the next line, whatever stands in front of that
    std::optional<Meeting> meeting = {};  ///< where it differs from the trigger's
    bool behind_name = false;  ///< the name of a task stands in front; else the head opens the message
    /// The headline may speak of a user process. Only where a line like this follows is it the kernel's own
    /// fault, and that line then counts as the headline.
    std::string_view needs = {};
    /// A line that proves that the headline is what it looks like; without one it is no event.
    std::string_view proof = {};
};

struct TriggerOptions {
    std::vector<std::string_view> unless = {};  ///< patterns; a line that holds one is no event
    Meeting meeting = Meeting::Ends;
    /// What a headline that no rule takes becomes; its title is then the line itself. Nothing where a trigger
    /// without a rule means nothing.
    std::optional<EventClass> otherwise = {};
    std::size_t join_within =
        40;  ///< how many lines behind the open report's headline Meeting::Joins reaches
};

struct CompiledStep {
    enum class Kind { InstructionPointer, WarningPlace, TraceStart, Stack, Match };
    Kind kind = Kind::Match;
    Pattern pattern;
};

struct CompiledRule {
    const EventRule* rule = nullptr;
    Pattern head;
    std::vector<Pattern> detail;
    std::optional<Pattern> needs, proof;
    NameSet skip;
    std::vector<std::vector<CompiledStep>> steps;  ///< the rule's own, then each of the others
};

struct Trigger {
    std::string_view literal;
    std::vector<Pattern> unless;
    Meeting meeting = Meeting::Ends;
    std::optional<EventClass> otherwise;
    std::size_t join_within = 0;
    std::vector<CompiledRule> rules;
};

/// The counter that die() puts behind every oops, "[#1]" and up: the trigger of all that has none of its own.
inline constexpr std::string_view die_literal = "[#1]";

/// All triggers; earlier ones win where a line holds several.
class RuleBook {
  public:
    static const RuleBook& standard();

    /// Rules of the same literal add up over several calls.
    void add(std::string_view literal, TriggerOptions options, std::vector<EventRule> rules);
    const std::vector<Trigger>& triggers() const { return triggers_; }

  private:
    static std::vector<CompiledStep> compile(const Steps& steps);

    std::vector<Trigger> triggers_;
    std::deque<std::vector<EventRule>> rules_;
};

void add_sanitizer_rules(RuleBook& book);
void add_fault_rules(RuleBook& book);
void add_spl_rules(RuleBook& book);
void add_trap_rules(RuleBook& book);
void add_xmon_rules(RuleBook& book);
void add_lock_rules(RuleBook& book);
void add_stall_rules(RuleBook& book);
void add_warning_rules(RuleBook& book);
void add_memory_rules(RuleBook& book);
void add_hardware_rules(RuleBook& book);
void add_boot_and_filesystem_rules(RuleBook& book);
void add_panic_rules(RuleBook& book);
/// What is no kind of its own, and what is no event though it sounds like one. Comes last.
void add_unknown_rules(RuleBook& book);

// The usual ways to the function to blame.
namespace steps {
inline const Steps fault = {"@ip", "@trace", "@stack"};
inline const Steps ip_only = {"@ip"};
inline const Steps trace = {"@trace", "@stack"};
/// x86 prints the warning's registers and then the stack, powerpc an interrupt frame.
inline const Steps warning = {"@warning", "@stack"};
}  // namespace steps

}  // namespace postmortem
