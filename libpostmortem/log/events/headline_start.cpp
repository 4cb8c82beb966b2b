#include "log/events/headline_start.h"

#include <algorithm>
#include <array>

#include "log/text/cursor.h"

namespace postmortem {
namespace {

// By pr_fmt() or by the printing function; several may stand one behind the other, as in
// "watchdog: CPU1: Watchdog detected hard LOCKUP on cpu 1".
constexpr std::array<std::string_view, 19> lead_ins = {
    "rcu: ",               // kernel/rcu/tree.c, 4.19
    "watchdog: ",          // kernel/watchdog.c, 4.11
    "NMI watchdog: ",      // kernel/watchdog.c, 3.9
    "Watchdog detected ",  // kernel/watchdog_hld.c
    "Watchdog ",           // arch/powerpc/kernel/watchdog.c, 4.13
    "mce: ",               // arch/x86/kernel/cpu/mce/core.c, 3.7
    "traps: ",             // arch/x86/kernel/traps.c
    "Oops: ",              // arch/x86/kernel/traps.c, 6.10: "Oops: int3: 0000 [#1]"
    "NMI: ",               // arch/x86/kernel/nmi.c
    "Uhhuh. ",             // the same
    "[Hardware Error]: ",  // HW_ERR
    "dump_stack: ",
    "[ ",  // lockdep's "[ INFO: ... ]", up to 4.10
    "------------[ cut here ]------------",
    "8<--- cut here ---",
    "kernel:",  // syslogd's broadcasts to terminals
    "PANIC: ",
    "BUG: ",             // "BUG: NMI Watchdog detected LOCKUP", 2.6
    "Internal error: ",  // arch/arm: "Internal error: Oops - BUG"
};

bool take_lead_in(Cursor& cursor) {
    for (const std::string_view lead_in : lead_ins) {
        if (cursor.take(lead_in)) return true;
    }
    Cursor at = cursor;
    if (at.take("CPU")) {  // "CPU1: ", "CPU 1: ", "CPU:1 "
        at.take(':');
        at.skip_blanks();
        if (at.number() && (at.take(": ") || at.take(' '))) {
            cursor = at;
            return true;
        }
        return false;
    }
    if (at.take('{') && at.number() && at.take('}')) {  // "{1}[Hardware Error]: ", drivers/acpi/apei/ghes.c
        cursor = at;
        return true;
    }
    return false;
}

// "/ # ", "~ $ ", "host ~ # ": the shells of small systems show the folder, and no user.
bool ends_with_folder(std::string_view lead) {
    while (lead.ends_with(' ')) lead.remove_suffix(1);
    const std::size_t blank = lead.rfind(' ');
    const std::string_view folder = lead.substr(blank == std::string_view::npos ? 0 : blank + 1);
    const std::string_view host = lead.substr(0, blank == std::string_view::npos ? 0 : blank);
    return (folder == "~" || folder.starts_with('/') || folder.ends_with(":~")) &&
           host.find(' ') == std::string_view::npos;
}

// What a serial console holds when the kernel speaks: nobody has typed anything yet.
bool is_prompt(std::string_view lead) {
    if (lead.ends_with("login: ")) return true;
    if (lead.size() >= 80 || !(lead.ends_with("# ") || lead.ends_with("$ "))) return false;
    return lead.find('@') != std::string_view::npos || ends_with_folder(lead.substr(0, lead.size() - 2));
}

// Behind a message that has not ended its line yet: "rbtree testingNMI watchdog: BUG: soft lockup".
bool is_glued(std::string_view lead) {
    for (const std::string_view lead_in : {"NMI watchdog: ", "watchdog: "}) {
        if (!lead.ends_with(lead_in)) continue;
        lead.remove_suffix(lead_in.size());
        return !lead.empty() && (is_alpha(lead.back()) || is_digit(lead.back()) || lead.back() == '.');
    }
    return false;
}

}  // namespace

bool opens_message(std::string_view text, std::size_t at) {
    const std::string_view lead = text.substr(0, at);
    Cursor cursor(lead);
    cursor.skip_blanks();
    while (!cursor.at_end() && take_lead_in(cursor)) cursor.skip_blanks();
    return cursor.at_end() || is_prompt(lead) || is_glued(lead);
}

bool follows_task_name(std::string_view text, std::size_t at) {
    constexpr std::size_t longest = 15;  // TASK_COMM_LEN without its end
    Cursor cursor(text.substr(0, at));
    cursor.skip_blanks();
    std::string_view name = cursor.rest();
    while (!name.empty() && is_blank(name.back())) name.remove_suffix(1);
    if (name.ends_with(':')) name.remove_suffix(1);
    if (name.ends_with(']')) name = name.substr(0, name.rfind('['));  // its pid
    return !name.empty() && name.size() <= longest;
}

}  // namespace postmortem
