// Memory at a physical address, and the dump's file itself: they need nothing but the dump, no kernel that is
// understood.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include <postmortem/memory_words.h>

#include "command.h"

namespace tool {

struct WordsStyle {
    std::uint32_t word_size = 8;
    bool network_order = false;
    postmortem::MemoryWordsStyle printed;
};

/// "8", "-0x10"
std::optional<std::int64_t> offset_in_bytes(std::string_view word);

/// All that was asked for, or a sentence that says why not.
int read_physical(const Arguments& arguments, const WordsStyle& style, Output& output);

/// The same of the dump's file as it lies on the disk, whatever its format.
int read_file(const Arguments& arguments, const WordsStyle& style, Output& output);

/// What was read from there goes into the file that -r names.
int write_bytes(const Arguments& arguments, std::uint64_t address, std::span<const std::byte> bytes,
                Output& output);

}  // namespace tool
