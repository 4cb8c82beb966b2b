// Where a headline may begin. The kernel's words open a message; in the middle of one they are somebody
// else's: a driver's, a daemon's, an echo of what a monitor saw.
#pragma once

#include <cstddef>
#include <string_view>

namespace postmortem {

/// Whether the headline at `at` opens the message, but for what the kernel itself puts in front of it.
bool opens_message(std::string_view text, std::size_t at);

/// Whether the words at `at` follow the name of a task and nothing else.
bool follows_task_name(std::string_view text, std::size_t at);

}  // namespace postmortem
