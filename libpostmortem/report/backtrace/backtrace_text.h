// `bt` as crash 9 prints it, to the column. Where crash has no word for a thing: a frame that is a guess has
// a
// `?` before its function.
#pragma once

#include <string>

#include <postmortem/backtrace.h>

namespace postmortem {

/// Appends one backtrace.
void append_text(std::string& out, const Backtrace& trace, const BacktracePrinting& how = {});

/// The line that names the task.
void append_header(std::string& out, std::int32_t pid, std::uint64_t task, std::optional<std::uint32_t> cpu,
                   std::string_view comm, std::size_t address_digits);

/// What looks like saved registers, an empty line before each.
void append_saved_frames(std::string& out, const std::vector<SavedFrame>& saved, const BacktraceStyle& style);

/// What crash calls the stack on which an exception ran; null for those that it does not announce.
const char* exception_stack_name(StackKind kind);

}  // namespace postmortem
