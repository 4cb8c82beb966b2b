// Call trace lines and instruction pointers of all architectures.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include <postmortem/log_analysis.h>

#include "log/text/cursor.h"

namespace postmortem {

/// "function+0x12/0x34 [module]" at the start of `text`, with what older kernels put around it.
std::optional<LogFrame> parse_location(std::string_view text);

/// A line of a call trace, e.g. " [<ffffffff814bc0c2>] ? f+0x16/0x1b [m]", "[<c0014318>] (f) from
/// [<c001457c>] (g+0x24/0x2c)", " f from g+0x18/0x1c", "[c0001f0] [d0000000008cb4dc] .f+0x1c/0x50
/// (unreliable)".
std::optional<LogFrame> parse_frame(std::string_view line);

/// The address that xmon prints without brackets in front of a function. The cursor moves only where there is
/// one.
std::optional<std::uint64_t> take_bare_address(Cursor& cursor);

/// klogd looked names up itself: "[nfs:f+0x1/0x2] f+0x1/0x2", "[f+0x1/0x2]". From where the location stands
/// on; the text itself where klogd had no hand in it.
std::string_view behind_klogd(std::string_view text);

/// Where the CPU was, from a line that says it: "RIP: 0010:f+0x8/0x10", "pc : f+0x8/0x10", "NIP [c00...]
/// f+0x..", "Krnl PSW : 0704c00180000000 00000000001 (f+0x10/0x20)", "PC is at f+0x..", "EIP is at f+0x..".
std::optional<LogFrame> parse_instruction_pointer(std::string_view line);

/// What stands in front of the place in an oops's line of it and hardly in any other line. x86 names the
/// segment of kernel code; user space's is another.
inline constexpr std::array<std::string_view, 7> labels_of_place = {
    "RIP: 0010:", "EIP: ", "pc : ", "PC is at ", "NIP [", "epc : ", "ip is at "};

/// Who called: "lr : g+0x8/0x10", "LR is at g+0x8/0x10 [m]", " ra : g+0x8/0x10", "RP(r2): g+0x8/0x10".
std::optional<LogFrame> parse_caller(std::string_view line);

}  // namespace postmortem
