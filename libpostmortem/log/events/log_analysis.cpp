#include <postmortem/log_analysis.h>

#include "base/text.h"
#include "log/events/analyser.h"
#include "log/events/event_collector.h"
#include "log/text/decompress.h"
#include "log/text/log_reader.h"
#include "log/text/terminal.h"

namespace postmortem {
namespace {

LogAnalysis analyse(LogReader reader, const LogAnalysisOptions& options,
                    const std::function<void(std::string_view)>& watch = {}) {
    EventCollector collector(options);
    LogRecord record;
    while (reader.next(record)) {
        collector.add(record);
        if (watch && record.may_be_kernel()) watch(record.text);
    }
    LogAnalysis analysis = collector.finish();
    analysis.shape = reader.shape();
    if (reader.error()) analysis.problems.push_back(*reader.error());
    return analysis;
}

std::string caller_of(const PrintkRecord& printed) {
    if (!printed.caller) return {};
    const PrintkCaller& caller = *printed.caller;
    if (caller.interrupt) return caller.cpu ? "C" + std::to_string(*caller.cpu) : std::string();
    return caller.pid ? "T" + std::to_string(*caller.pid) : std::string();
}

}  // namespace

Result<LogAnalysis> analyse_log(const std::filesystem::path& path, const LogAnalysisOptions& options) {
    return analyse_log(path, options, {});
}

Result<LogAnalysis> analyse_log(const std::filesystem::path& path, const LogAnalysisOptions& options,
                                const std::function<void(std::string_view)>& watch) {
    auto source = open_byte_stream(path);
    if (!source) return fail(source.error());
    return analyse(LogReader(decompressed(std::move(*source))), options, watch);
}

LogAnalysis analyse_log_text(std::string_view text, const LogAnalysisOptions& options) {
    return analyse(LogReader(decompressed(byte_stream_of(as_bytes(text)))), options);
}

LogAnalysis analyse_log(const KernelLog& log, const LogAnalysisOptions& options) {
    EventCollector collector(options);
    std::string text;
    std::size_t number = 0;
    for (const PrintkRecord& printed : log.records) {
        LogRecord record;
        record.line = ++number;
        if (printed.time_ns) record.seconds = static_cast<double>(*printed.time_ns) * 1e-9;
        const std::string caller = caller_of(printed);
        record.caller = caller;
        if (printed.level) record.level = *printed.level;
        // Userland may write to /dev/kmsg; only facility 0 is the kernel's.
        if (printed.facility.value_or(0) != 0) record.program = "user";
        // A reader of text takes them out as well: the same death has the same title and id in both.
        without_terminal_sequences(printed.text, text);
        for (const std::string_view line : split(text, '\n')) {
            record.text = line;
            collector.add(record);
        }
    }
    return collector.finish();
}

}  // namespace postmortem
