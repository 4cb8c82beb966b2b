#include "log/oom/oom_kills.h"

#include <algorithm>

#include "base/text.h"
#include "log/oom/oom_words.h"
#include "log/text/cursor.h"

namespace postmortem::oom {
namespace {

// The name in parentheses, which may hold blanks and parentheses itself: from the first to the last of them,
// in front of where the sizes or the score begin.
std::string_view name_in(std::string_view text) {
    const std::size_t open = text.find('(');
    if (open == std::string_view::npos) return {};
    const std::size_t close = text.rfind(')');
    if (close == std::string_view::npos || close < open) return text.substr(open + 1);
    return text.substr(open + 1, close - open - 1);
}

// The part of the line that holds pid, UID and name.
std::string_view before_details(std::string_view text) {
    std::size_t end = text.size();
    for (const std::string_view detail :
         {" total-vm:", ",total-vm:", " vsz:", " score ", ", now anon-rss:", ", anon-rss:", ", now "})
        end = std::min(end, text.find(detail));
    return text.substr(0, end);
}

std::optional<std::int64_t> pid_behind(std::string_view text, std::string_view label) {
    const auto pid = number_behind(text, label);
    if (!pid || *pid > 0x7fffffff) return std::nullopt;
    return static_cast<std::int64_t>(*pid);
}

// "UID 27," up to 5.3 where a vendor printed it, "UID:27" since.
std::optional<std::uint64_t> uid_in(std::string_view text) {
    const auto newer = number_behind(text, " UID:");
    return newer ? newer : number_behind(text, " UID ");
}

}  // namespace

OomSelected read_selection(std::string_view text) {
    OomSelected selected;
    selected.pid = pid_behind(text, "ill process ");
    const std::size_t label = text.find("ill process ");
    if (label != std::string_view::npos)
        selected.comm = std::string(name_in(before_details(text.substr(label))));
    selected.score = signed_behind(text, " score ");
    return selected;
}

std::optional<OomVictim> read_kill(std::string_view text) {
    constexpr std::string_view label = "Killed process ";
    const std::size_t at = text.find(label);
    if (at == std::string_view::npos) return std::nullopt;
    text.remove_prefix(at);
    const auto pid = pid_behind(text, label);
    if (!pid) return std::nullopt;
    OomVictim victim;
    victim.pid = *pid;
    const std::string_view head = before_details(text);
    victim.comm = std::string(name_in(head));
    const std::string_view details = text.substr(head.size());
    victim.uid = uid_in(details);
    if (!victim.uid) victim.uid = uid_in(head);
    victim.total_vm_kib = number_behind(details, "total-vm:");
    if (!victim.total_vm_kib) victim.total_vm_kib = number_behind(details, "vsz:");  // 2.6.33-2.6.35
    victim.anon_rss_kib = number_behind(details, "anon-rss:");
    victim.file_rss_kib = number_behind(details, "file-rss:");
    victim.shmem_rss_kib = number_behind(details, "shmem-rss:");
    victim.page_table_kib = number_behind(details, "pgtables:");
    victim.oom_score_adj = signed_behind(details, "oom_score_adj:");
    return victim;
}

OomVictim read_skipped(std::string_view text, std::size_t line) {
    OomVictim victim;
    victim.line = line;
    victim.pid = pid_behind(text, "OOM victim ").value_or(0);
    victim.comm = std::string(name_in(text.substr(0, text.find(" is already"))));
    return victim;
}

std::optional<Reaping> read_reaping(std::string_view text) {
    Reaping reaping;
    if (const auto pid = pid_behind(text, "unable to reap pid:")) {
        reaping.pid = *pid;
        reaping.comm = name_in(text);
        return reaping;
    }
    const auto pid = pid_behind(text, "reaped process ");
    if (!pid) return std::nullopt;
    reaping.pid = *pid;
    const std::string_view head = before_details(text);
    reaping.comm = name_in(head);
    const std::string_view details = text.substr(head.size());
    OomReaped left;
    left.anon_rss_kib = number_behind(details, "anon-rss:");
    left.file_rss_kib = number_behind(details, "file-rss:");
    left.shmem_rss_kib = number_behind(details, "shmem-rss:");  // 4.6 wrote "0lB"
    reaping.left = left;
    return reaping;
}

KillReason read_reason(std::string_view text) {
    const std::size_t kill =
        std::min({text.find("ill process "), text.find("illed process "), text.find("OOM victim ")});
    const std::string_view head = text.substr(0, kill);
    KillReason reason;
    reason.allocating_task = contains(head, "oom_kill_allocating_task");
    if (contains(head, "emory cgroup out of memory")) {
        reason.scope = OomScope::Memcg;
    } else if (contains(head, "No available memory in cpuset")) {
        reason.scope = OomScope::Global;
        reason.constraint = OomConstraint::Cpuset;
    } else if (contains(head, "No available memory (MPOL_BIND)")) {
        reason.scope = OomScope::Global;
        reason.constraint = OomConstraint::MemoryPolicy;
    } else if (contains(head, "Out of memory") || contains(head, "Out of Memory")) {
        reason.scope = OomScope::Global;
    }
    return reason;
}

std::string_view read_panic(std::string_view text) {
    constexpr std::string_view label = "not syncing: ";
    const std::size_t at = text.find(label);
    if (at != std::string_view::npos) text.remove_prefix(at + label.size());
    if (const std::size_t end = text.find(" ]---"); end != std::string_view::npos) text = text.substr(0, end);
    return without_trailing_blanks(text);
}

}  // namespace postmortem::oom
