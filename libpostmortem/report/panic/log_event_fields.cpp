// Events of a kernel log: in short for `signature`, whole for `panic`.
#include <postmortem/log_analysis.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {
namespace {

void describe_summary(Describer<LogEvent>& event) {
    event.is("event in short", "Something that went wrong, by the kernel's log");
    event.add("title", &LogEvent::title, "in syzkaller's vocabulary");
    event.add("id", &LogEvent::id, "the signature: the same for the same bug on every build");
    event.add("corrupted", &LogEvent::corrupted, "the report is torn or interleaved: do not trust the title");
    event.word("class", &LogEvent::event_class, EventClass::OtherInfo, "the kind of event");
    event.add("function", &LogEvent::function, "where the CPU was, else the function to blame").or_null();
    event.add("module", &LogEvent::module, "that it is in; null for the kernel itself").or_null();
    event.add("line", &LogEvent::line, "of the log, from 1; null where memory alone tells of it").or_null();
}

}  // namespace

const Description& event_summary() {
    static const Description summary = described_by(describe_summary);
    return summary;
}

void describe(Describer<LogFrame>& frame) {
    frame.is("frame of a log", "A line of a call trace");
    frame.add("function", &LogFrame::function, "without any suffix of the compiler's, demangled");
    frame.add("symbol", &LogFrame::symbol, "as printed");
    frame.add("module", &LogFrame::module, "null for the kernel itself").or_null();
    frame.add("offset", &LogFrame::offset, "in the function: bytes");
    frame.add("size", &LogFrame::size, "of the function: bytes");
    frame.add("address", &LogFrame::address, "where it is printed").address();
    frame.add("reliable", &LogFrame::reliable, "false for `? function`");
}

void describe(Describer<LogStall>& stall) {
    stall.is("stall", "Who made no progress, and for how long");
    stall.add("cpus", &LogStall::cpus, "that stalled, in the report's order");
    stall.add("tasks", &LogStall::tasks, "pids that stalled");
    stall.add("jiffies", &LogStall::jiffies, "as RCU counts");
    stall.add("seconds", &LogStall::seconds, "as the watchdogs count");
    stall.add("kthread", &LogStall::kthread, "the thread that drives grace periods, where it starved")
        .or_null();
    stall.add("starved_jiffies", &LogStall::starved_jiffies, "for how long it did not run");
    stall.add("kthread_cpu", &LogStall::kthread_cpu, "where it was to run");
    stall.add("silent_cpus", &LogStall::silent_cpus, "asked for their stacks, and gave none");
}

void describe(Describer<LogEvent>& event) {
    describe_summary(event);
    event.is("event", "Something that went wrong, by the kernel's log, with all that is known of it");
    event.add("alternative_titles", &LogEvent::alternative_titles, "what else it may be called");
    event.add("corruption", &LogEvent::corruption, "why it is taken for corrupted").or_null();
    event.add("headline", &LogEvent::headline, "the first line as the kernel wrote it").or_null();
    event.add("seconds", &LogEvent::seconds, "since boot");
    event.add("time", &LogEvent::time, "the wall clock of the headline, as written").or_null();
    event.add("host", &LogEvent::host, "that the line names").or_null();
    event.add("offset", &LogEvent::offset, "in `function`: bytes");
    event.add("blamed", &LogEvent::blamed, "the function in the title").or_null();
    event.add("source", &LogEvent::source, "`mm/slub.c:123`, where the kernel says so").or_null();
    event.add("fault_address", &LogEvent::fault_address, "what could not be accessed").address();
    event.word("address_kind", &LogEvent::address_kind, AddressKind::Kernel, "what that address looks like");
    event.add("cpu", &LogEvent::cpu, "that it happened on");
    event.add("pid", &LogEvent::pid, "that was running");
    event.add("comm", &LogEvent::comm, "its name").or_null();
    event.add("kernel", &LogEvent::kernel, "release").or_null();
    event.add("taint", &LogEvent::taint, "letters; null where not tainted or not said").or_null();
    event.add(
        "taint_words", [](const LogEvent& e) { return taint_words(e.taint); }, "the letters' meanings");
    event.add("hardware", &LogEvent::hardware, "as the kernel names the machine").or_null();
    event.add("die_count", &LogEvent::die_count, "the n of `[#n]`");
    event.map("registers", &LogEvent::registers, "by their names").address();
    event.add("caller", &LogEvent::caller, "what the link register held");
    event.add("stall", &LogEvent::stall, "who made no progress: of stalls, lockups and hung tasks");
    event.word("outcome", &LogEvent::outcome, Outcome::Died,
               "what became of the machine, or of whoever was hit");
    event.word("role", &LogEvent::role, EventRole::Unsettled, "its part in the story of the whole log");
    event.add("follows", &LogEvent::follows, "index of the earlier event that this one only follows from");
    event.add("first_oops_missing", &LogEvent::first_oops_missing,
              "an oops came before this one, and the log does not hold it");
    event.add("frames", &LogEvent::frames, "of the trace that the title was taken from");
    event.add("signature_frames", &LogEvent::signature_frames, "what went into the id");
    event.add("boot", &LogEvent::boot, "which boot of the log it belongs to, from 0");
    event.add("repeats", &LogEvent::repeats, "how often the same one-line message followed");
}

}  // namespace postmortem
