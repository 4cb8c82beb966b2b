// Every name of a struct, union, enum, typedef or member that the code can ask for. The build collects them
// from the code itself (cmake/asked_words.cmake), so nobody keeps a second list.
#pragma once

#include <span>
#include <string_view>

namespace postmortem {

/// Sorted, each once; among them are words that name no type.
std::span<const std::string_view> asked_words();

}  // namespace postmortem
