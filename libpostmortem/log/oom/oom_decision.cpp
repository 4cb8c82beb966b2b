// The end of a report: who was chosen, who was killed, whether the reaper came, whether the kernel panicked.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "log/oom/oom_events.h"
#include "log/oom/oom_header.h"
#include "log/oom/oom_kills.h"
#include "log/oom/oom_words.h"

namespace postmortem::oom {
namespace {

constexpr std::size_t max_victims = 4096;  // of one memory.oom.group

}  // namespace

bool EventAssembler::feed_decision(const Line& line) {
    switch (line.shape) {
        case Shape::Summary:
            other_mem_info_ = false;
            read_summary(line.text,
                         open_for(line, open_ && open_->event.constraint != OomConstraint::Unknown).event);
            return true;
        case Shape::Select: return feed_selection(line);
        case Shape::Kill: return feed_kill(line);
        case Shape::KillSkipped: {
            const bool of_group = open_ && open_->over && open_->event.memcg.group_path;
            OpenEvent& opened = of_group ? *open_ : open_for(line, false);
            const KillReason reason = read_reason(line.text);
            if (reason.scope != OomScope::Unknown) opened.event.scope = reason.scope;
            if (opened.event.already_exiting.size() < max_victims)
                opened.event.already_exiting.push_back(read_skipped(line.text, line.number));
            end_report(opened);
            return true;
        }
        case Shape::KillSharing:
            if (!open_) return false;
            open_->event.sharing_memory.emplace_back();
            open_->event.sharing_memory.back().pid = read_selection(line.text).pid.value_or(0);
            open_->event.sharing_memory.back().comm = read_selection(line.text).comm;
            open_->event.sharing_memory.back().line = line.number;
            return true;
        case Shape::GroupKill:
            if (const auto path = text_between(line.text, "Tasks in ", " are going to be killed"))
                (open_ ? *open_ : open(line)).event.memcg.group_path = std::string(*path);
            return true;
        case Shape::Reaped:
        case Shape::NotReaped: return feed_reaping(line);
        case Shape::NoKillable: {
            OpenEvent& opened = open_for(line, false);
            opened.event.no_killable_process = true;
            if (contains(line.text, "cgroup")) opened.event.scope = OomScope::Memcg;
            end_report(opened);
            return true;
        }
        case Shape::Panic: return feed_panic(line);
        default: return false;
    }
}

// The report is complete; only the reaper and the group's other victims may still follow.
void EventAssembler::end_report(OpenEvent& opened) {
    opened.over = true;
    opened.proven = true;
    block_ = Block::None;
    other_mem_info_ = false;
}

bool EventAssembler::feed_selection(const Line& line) {
    other_mem_info_ = false;
    OpenEvent& opened = open_for(line, false);
    const KillReason reason = read_reason(line.text);
    if (reason.scope != OomScope::Unknown) opened.event.scope = reason.scope;
    if (reason.constraint != OomConstraint::Unknown) opened.event.constraint = reason.constraint;
    opened.event.allocating_task = reason.allocating_task;
    OomSelected selected = read_selection(line.text);
    if (opened.event.selected && !opened.event.selected->uid) {
        opened.event.problems.push_back(fmt::format("{} (pid {}) was chosen first and could not be killed",
                                                    opened.event.selected->comm,
                                                    opened.event.selected->pid.value_or(0)));
    }
    if (opened.event.selected && opened.event.selected->pid == selected.pid)
        selected.uid = opened.event.selected->uid;
    opened.event.selected = std::move(selected);
    block_ = Block::None;
    return true;
}

// More victims of one event: a group, or (2.6.18) the threads of one process, each on a line of its own.
// Other kills without a header are events of their own, whose reports the kernel left out.
bool EventAssembler::is_same_kill(const Line& line, const OomVictim& victim) const {
    if (!open_ || !open_->over || !open_->kill_line) return false;
    if (open_->event.memcg.group_path) {
        const bool timed = line.seconds && open_->kill_seconds;
        return !timed || *line.seconds - *open_->kill_seconds < 1.0;
    }
    return open_->event.has_header && !victim.total_vm_kib && line.number - *open_->kill_line <= 2;
}

bool EventAssembler::feed_kill(const Line& line) {
    auto victim = read_kill(line.text);
    if (!victim) return false;
    victim->line = line.number;
    const KillReason reason = read_reason(line.text);
    OpenEvent& opened = is_same_kill(line, *victim) ? *open_ : open_for(line, false);
    if (reason.scope != OomScope::Unknown) opened.event.scope = reason.scope;
    if (reason.constraint != OomConstraint::Unknown && opened.event.constraint == OomConstraint::Unknown)
        opened.event.constraint = reason.constraint;
    opened.event.allocating_task = opened.event.allocating_task || reason.allocating_task;
    opened.kill_line = line.number;
    opened.kill_seconds = line.seconds;
    const auto same_pid = [&](const OomVictim& other) { return other.pid == victim->pid; };
    auto& victims = opened.event.victims;
    if (victims.size() < max_victims && std::none_of(victims.begin(), victims.end(), same_pid))
        victims.push_back(std::move(*victim));
    end_report(opened);
    return true;
}

OomVictim* EventAssembler::find_victim(std::int64_t pid) {
    const auto in = [&](OomEvent& event) -> OomVictim* {
        for (OomVictim& victim : event.victims) {
            if (victim.pid == pid) return &victim;
        }
        return nullptr;
    };
    if (open_) {
        if (OomVictim* const victim = in(open_->event)) return victim;
    }
    for (auto waiting = closed_.rbegin(); waiting != closed_.rend(); ++waiting) {
        if (OomVictim* const victim = in(waiting->event)) return victim;
    }
    return nullptr;
}

bool EventAssembler::feed_reaping(const Line& line) {
    const auto reaping = read_reaping(line.text);
    if (!reaping) return false;
    OomVictim* victim = find_victim(reaping->pid);
    if (victim == nullptr) {
        // The kill itself is lost. At the start of a log that is all there is of an event.
        if (any_event_ || (open_ && open_->proven)) return false;
        OpenEvent& opened = open(line);
        opened.event.victims.emplace_back();
        victim = &opened.event.victims.back();
        victim->pid = reaping->pid;
        victim->comm = std::string(reaping->comm);
        victim->line = line.number;
        opened.event.problems.emplace_back("only the OOM reaper's line is left of this event");
        end_report(opened);
    }
    if (reaping->left)
        victim->reaped = reaping->left;
    else
        victim->unable_to_reap = true;
    return true;
}

bool EventAssembler::feed_panic(const Line& line) {
    const std::string_view words = read_panic(line.text);
    if (open_ && open_->event.panic) return true;  // "---[ end Kernel panic" says it again
    const bool adds_to_event = open_ && (!open_->over || open_->event.no_killable_process);
    OpenEvent& opened = adds_to_event ? *open_ : open(line);
    opened.event.panic = std::string(words);
    opened.lines_since_panic = 0;
    if (contains(words, "no killable processes") || contains(words, "deadlocked on memory"))
        opened.event.no_killable_process = true;
    end_report(opened);
    return true;
}

}  // namespace postmortem::oom
