// Names for what takes part in waits, and what functions say of them.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <postmortem/hang.h>

#include "kernel/fs/super_blocks.h"

namespace postmortem {

/// "disk dm-0", "file system vdc (ext4)".
std::string name_in_words(const SuperBlock& block);
/// Who has to act is whoever froze it: that is not on record.
HangBlocker frozen_blocker(const SuperBlock& block);

/// Whether one of the innermost functions begins with one of these.
bool innermost_starts_with(const std::vector<std::string>& functions,
                           std::initializer_list<std::string_view> starts);
constexpr std::size_t innermost_functions = 8;

}  // namespace postmortem
