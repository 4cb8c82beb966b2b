// The one line of the log that says why the kernel died.
#pragma once

#include <optional>
#include <string>

#include <postmortem/kernel_log.h>

namespace postmortem {

/// The rule, which is no more than what it says:
/// - the last "Kernel panic - not syncing: …" is the message, as the kernel's own word for the reason;
/// - unless it only says that an exception was fatal, or there is none (kdump takes over before the panic
/// when
///   panic_on_oops is set): then it is the line that opens the last report with a die counter ("Oops: 0002
///   [#1]"): "BUG: kernel NULL pointer dereference, …", "BUG: unable to handle page fault …", "kernel BUG at
///   …", or where no such line goes before it, the line with the counter itself.
/// Lines that user space wrote are passed over. Nothing where the log tells of no death.
std::optional<std::string> find_panic_message(const KernelLog& log);

}  // namespace postmortem
