// Names that a user may want to have completed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <postmortem/api.h>

namespace postmortem {

class CrashDump;

enum class NameKind { Symbol, Type, Command };

/// Of the kernel's symbols, of types, or of tasks: those that begin with `prefix`, sorted,
/// each once, `most` of them at most. Empty where there are none, or none can be read.
POSTMORTEM_API std::vector<std::string> names_beginning_with(const CrashDump& dump, NameKind kind,
                                                             std::string_view prefix, std::size_t most = 500);

/// Whether there is one of exactly this name.
POSTMORTEM_API bool is_name(const CrashDump& dump, NameKind kind, std::string_view name);

}  // namespace postmortem
