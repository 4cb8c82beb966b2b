// Lines that a mailer broke between two words, since they were longer than its width: the second half has
// nothing in front of it. Where whole logs look like that the halves are put together again.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace postmortem {

/// The column behind which lines were broken; nothing where they were not. The lines of a log's beginning,
/// with the quoting that they may have.
std::optional<std::size_t> width_of_broken_lines(const std::vector<std::string_view>& lines, bool bare_dates);

/// Whether something that tells of a log stands in front of the line: only such lines are put together.
bool has_prefix(std::string_view line, bool bare_dates);

/// Whether `next` is what did not fit behind `line` any more, at that width.
bool goes_on(std::string_view line, std::string_view next, std::size_t width, bool bare_dates);

/// Whether a headline stops in the middle of its sentence, as where a single one was broken.
bool stops_short(std::string_view line);

/// Whether `next`, in front of which nothing stands, is the rest of such a headline.
bool is_rest_of_headline(std::string_view line, std::string_view next, bool bare_dates);

}  // namespace postmortem
