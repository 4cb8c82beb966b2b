// Finds, in one pass over a line, the words that open a report, and the marks that are none but tell where a
// boot begins, a trace is over, or another's lines follow.
#pragma once

#include <string_view>

#include "log/events/event_rule.h"
#include "log/match/literal_scanner.h"
#include "log/text/record.h"

namespace postmortem {

/// What opens a report: a trigger's words, and the rule that takes them, unless none does.
struct Headline {
    const Trigger* trigger = nullptr;
    const CompiledRule* rule = nullptr;

    Meeting meeting() const;
};

/// Which of the words stand in a line.
class WordsOfLine {
  public:
    explicit WordsOfLine(const LiteralScanner::Found& found);

    bool none() const { return found_.none(); }
    bool has_trigger() const;
    bool has_trigger(std::size_t number) const { return found_.test(number); }
    bool counts_oopses() const;         ///< "[#1]" and up
    bool begins_boot() const;           ///< a kernel's banner, or firmware
    bool names_firmware_alone() const;  ///< … and no banner
    bool ends_trace() const;
    bool begins_anothers_lines() const;  ///< a stack that is no event, or panic()'s last words
    bool names_crash_image() const;      ///< as the command line of a capture kernel does
    bool is_part_of_oops() const;        ///< what can only stand in a report
    bool names_task() const;             ///< as a report does above its registers: " Comm: "

  private:
    LiteralScanner::Found found_;
    unsigned long marks_ = 0;
};

class HeadlineFinder {
  public:
    HeadlineFinder();

    WordsOfLine words_of(std::string_view text) const;

    struct Surroundings {
        bool saw_kernel_time = false;  ///< an earlier line has it
        bool in_firmware = false;
    };
    /// An empty one where the line opens nothing.
    Headline headline_of(const LogRecord& record, const WordsOfLine& words, const Surroundings& where) const;

  private:
    LiteralScanner scanner_;
};

/// Whether the line begins with the words of firmware; elsewhere a machine's name may hold them.
bool opens_with_firmware(std::string_view text);

}  // namespace postmortem
