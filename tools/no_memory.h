// What the program says, and how it ends, when there is no memory left.
#pragma once

#include <string>

namespace tool {

/// From now on: a sentence about `dump`, where one is known, and the exit status of an input that cannot be
/// used, in place of a core dump; what was begun to be written is removed. `limit` is what --max-memory
/// allows, empty where it is not given.
void explain_want_of_memory(const std::string& dump = {}, const std::string& limit = {});

}  // namespace tool
