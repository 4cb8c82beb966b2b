// What is known of a kind of crash, as the end of `panic` has it.
#pragma once

#include <string>

#include <postmortem/panic.h>

namespace postmortem {

/// The path for a shell to take it as one word.
std::string quoted(const std::string& path);

/// Of a log alone, steps that ask for the dump are of no use and left out.
void append_text(std::string& out, const KnowledgeEntry& knowledge, const std::string& source, bool is_dump);

}  // namespace postmortem
