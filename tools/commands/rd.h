// Memory at a physical address, which needs nothing but the dump: no kernel that is understood.
#pragma once

#include <postmortem/memory_words.h>

#include "command.h"

namespace tool {

struct WordsStyle {
    std::uint32_t word_size = 8;
    postmortem::MemoryWordsStyle printed;
};

/// All that was asked for, or a sentence that says why not.
int read_physical(const Arguments& arguments, const WordsStyle& style, Output& output);

}  // namespace tool
