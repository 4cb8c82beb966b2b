#include "log/text/log_form.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "log/text/broken_lines.h"
#include "log/text/comma_values.h"
#include "log/text/cursor.h"
#include "log/text/log_front.h"
#include "log/text/log_reader.h"
#include "log/text/markup.h"
#include "log/text/newest_first.h"
#include "log/text/prefix.h"
#include "log/text/terminal.h"

namespace postmortem {
namespace {

bool is_most(std::size_t part, std::size_t all, std::size_t percent = 80) {
    return all != 0 && part * 100 >= all * percent;
}

void read_marks(const std::vector<std::string_view>& lines, LogForm& form) {
    std::size_t bold = 0, ticked = 0, quoted = 0, all = 0, tagged = 0, escaped = 0, raw = 0;
    for (const std::string_view line : lines) {
        if (line.empty()) continue;
        ++all;
        bold += line.size() > 3 && line.starts_with("**") && line.ends_with("**");
        ticked += line.ends_with('`');
        form.shown_controls = form.shown_controls || line.find("^[[") != npos ||
                              without_shown_return(line).size() != line.size();
        quoted += unquoted(line).size() != line.size();
        tagged += has_tag(line);
        escaped += has_entity(line);
        raw += has_bare_bracket(line);
    }
    form.bold = is_most(bold, all);
    form.ticked = is_most(ticked, all);
    form.quoted = quoted >= 5 && is_most(quoted, all);
    form.html = is_most(tagged, all, 50) || escaped > raw || raw == 0;
}

// Each line and its double, one behind the other.
bool is_doubled(const std::vector<std::string_view>& lines) {
    constexpr std::size_t enough = 8;
    std::size_t doubled = 0, single = 0;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (lines[i].empty()) continue;
        const bool has_double = i + 1 < lines.size() && lines[i + 1] == lines[i];
        ++(has_double ? doubled : single);
        i += has_double;
    }
    return doubled >= enough && is_most(doubled, doubled + single, 90);
}

// The longest of the columns, all lines together.
void read_columns(const std::vector<std::string_view>& lines, LogForm& form) {
    std::vector<std::size_t> sizes;
    std::vector<std::string> fields;
    std::size_t rows = 0, all = 0;
    for (const std::string_view line : lines) {
        if (line.empty()) continue;
        ++all;
        if (!split_comma_values(line, fields)) continue;
        ++rows;
        sizes.resize(std::max(sizes.size(), fields.size()));
        for (std::size_t i = 0; i < fields.size(); ++i) sizes[i] += fields[i].size();
    }
    if (!is_most(rows, all)) return;
    form.message_column =
        static_cast<std::size_t>(std::max_element(sizes.begin(), sizes.end()) - sizes.begin());
}

// What the lines of the sample become when they are read in that form.
struct Reading {
    std::vector<std::string> texts;
    std::map<std::uint64_t, std::size_t> shapes;
    std::size_t dated = 0, dated_alone = 0;
    ClockDirection clock;
};

Reading read_as(std::string_view sample, const LogForm& form) {
    Reading reading;
    LogReader reader(sample, form);
    for (LogRecord record; reader.next(record);) {
        if (record.continuation) continue;
        reading.texts.emplace_back(record.text.substr(0, 256));
        ++reading.shapes[record.shapes];
        reading.clock.read(record);
        if (record.time.empty() || record.seconds) continue;
        ++reading.dated;
        reading.dated_alone += record.host.empty() && record.program.empty();
    }
    return reading;
}

}  // namespace

LogForm form_of(std::string_view sample) {
    LogForm form;
    if (const std::size_t end = sample.rfind('\n'); end != std::string_view::npos)
        sample = sample.substr(0, end);
    std::vector<std::string_view> lines;
    for (std::string_view line : split(sample, '\n')) {
        if (line.ends_with('\r')) line.remove_suffix(1);
        lines.push_back(line);
    }
    read_marks(lines, form);
    form.doubled = is_doubled(lines);
    form.broken_at = width_of_broken_lines(lines, false);
    form.backslashes = is_escaped_markdown(sample);
    read_columns(lines, form);
    Reading reading = read_as(sample, form);
    if (reading.dated_alone * 5 > reading.dated) {
        form.bare_dates = true;
        reading = read_as(sample, form);
    }
    form.fronts = find_fronts(reading.texts);
    form.newest_first = reading.clock.is_backwards();
    const auto most = std::max_element(reading.shapes.begin(), reading.shapes.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most != reading.shapes.end()) form.name = shape_names(most->first);
    return form;
}

}  // namespace postmortem
