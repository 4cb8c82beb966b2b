// Turns the stream of records into events: spots headlines, gathers each one's lines among those of other
// tasks and CPUs, and keeps memory bounded however long or wild the log is.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postmortem/log_analysis.h>

#include "log/events/context.h"
#include "log/events/headlines.h"
#include "log/events/log_clock.h"
#include "log/events/lost_head.h"
#include "log/events/open_report.h"
#include "log/events/stored_lines.h"
#include "log/events/text_sample.h"
#include "log/text/record.h"

namespace postmortem {

class EventCollector {
  public:
    explicit EventCollector(const LogAnalysisOptions& options);

    void add(const LogRecord& record);
    /// Closes what is open and hands everything over; the collector is of no use afterwards.
    LogAnalysis finish();

  private:
    void note_debugger(const LogRecord& record);
    void note_boots(const LogRecord& record, const WordsOfLine& words);
    void note_capture_kernel();
    bool joins_open_report(const Headline& headline, const LogRecord& record,
                           const std::string& context) const;
    bool continues_headline(const LogRecord& record) const;
    bool replaces_headline(const Headline& headline, const LogRecord& record, const std::string& context);
    void open(const Headline& headline, const LogRecord& record, const std::string& context);
    void store(const LogRecord& record, const std::string& context, const WordsOfLine& words,
               bool ends_reports, const Trigger* opens);
    void note_glued_headline(const LogRecord& record);
    void close_finished();
    void close_front(std::optional<std::size_t> end = std::nullopt);
    void close_what_began_before(std::size_t line);
    void emit(const OpenReport& closed);
    void emit_lost_head();
    bool all_have_ended() const;
    void keep(LogEvent event, bool told_late);
    void forget_lines();
    bool is_open_already(const LogRecord& record) const;
    std::string whole_headline(const OpenReport& report) const;

    LogAnalysisOptions options_;
    HeadlineFinder headlines_;
    LogAnalysis result_;
    std::deque<OpenReport> open_;
    std::deque<OpenReport> late_;  // closed, beyond max_events: only the last of them are looked into
    StoredLines stored_;
    LogClock clock_;
    bool began_again_ = false;  // somewhere the clock went back: another log, or a copy
    LostHead lost_head_;
    TextSample sample_;
    std::vector<std::string> kernels_;        // release of each boot
    std::vector<std::size_t> capture_boots_;  // of kernels that kdump started to save another's memory
    bool saw_timestamps_ = false;
    bool in_firmware_ = false;
    LostPrefix lost_prefix_;
    std::size_t debugger_lines_ = 0;  // that xmon may still print, past printk
};

}  // namespace postmortem
