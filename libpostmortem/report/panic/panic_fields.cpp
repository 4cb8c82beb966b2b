// `panic` and `signature`.
#include <postmortem/render.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<KnowledgeStep>& step) {
    step.add("command", &KnowledgeStep::command, "to run; DUMP and LOG stand for the file at hand");
    step.add("purpose", &KnowledgeStep::purpose, "what to look for in its output");
}

void describe(Describer<KnowledgeEntry>& entry) {
    entry.is("knowledge", "What is known of events of that kind");
    entry.add("id", &KnowledgeEntry::id, "stable: `null-dereference`");
    entry.add("name", &KnowledgeEntry::name, "a heading");
    entry.add("meaning", &KnowledgeEntry::meaning, "a paragraph");
    entry.add("causes", &KnowledgeEntry::causes, "likely ones");
    entry.add("look", &KnowledgeEntry::look, "what to look at next");
    entry.add("do", &KnowledgeEntry::actions, "what to do about it");
    entry.add("sources", &KnowledgeEntry::sources,
              "public documents, or kernel source files with the release");
}

void describe(Describer<TaintingModule>& module) {
    module.add("name", &TaintingModule::name, "its name");
    module.add("taints", &TaintingModule::taints, "how it taints the kernel");
}

void describe(Describer<WatchdogCpu>& cpu) {
    cpu.add("cpu", &WatchdogCpu::cpu, "its number");
    cpu.add(
        "silent_seconds", &WatchdogCpu::silent_seconds,
        "how long it had not let the detector's thread run; null where the detector was told to look away");
}

void describe(Describer<WatchdogState>& watchdog) {
    watchdog.add("soft_enabled", &WatchdogState::soft_enabled, "the detector of soft lockups");
    watchdog.add("hard_enabled", &WatchdogState::hard_enabled, "the detector of hard lockups");
    watchdog.add("threshold_seconds", &WatchdogState::threshold_seconds,
                 "kernel.watchdog_thresh; soft lockups take twice that");
    watchdog.add("cpus", &WatchdogState::cpus, "those that are watched");
}

void describe(Describer<AwaitedLock>& lock) {
    lock.add("kind", &AwaitedLock::kind,
             "`mutex`, `rw_semaphore`; with PREEMPT_RT also `spinlock`, `rwlock`, `rt_mutex`");
    lock.add("address", &AwaitedLock::address, "where it is").address();
    lock.add("symbol", &AwaitedLock::symbol, "where it is a variable: `cgroup_mutex`").or_null();
    lock.add("owner", &AwaitedLock::owner, "a task_struct; null where nobody is on record")
        .address()
        .or_null();
    lock.add("owner_pid", &AwaitedLock::owner_pid, "its pid").only_if([](const AwaitedLock& l) {
        return !l.owner_comm.empty();
    });
    lock.add("owner_comm", &AwaitedLock::owner_comm, "its name").or_null();
    lock.add("owner_is_reader", &AwaitedLock::owner_is_reader,
             "the last reader that took it: there may be more, or it may be gone");
}

void describe(Describer<BlockedTask>& task) {
    task.is("blocked task", "A task in uninterruptible sleep");
    task.add("pid", &BlockedTask::pid, "its pid");
    task.add("task", &BlockedTask::task, "its task_struct").address();
    task.add("comm", &BlockedTask::comm, "its name");
    task.add("seconds", &BlockedTask::seconds, "since it last ran");
    task.add("in_io", &BlockedTask::in_io, "it waits for a block device");
    task.add("functions", &BlockedTask::functions, "innermost first, without the scheduler's own");
    task.add("lock", &BlockedTask::lock, "that it waits for");
}

void describe(Describer<PanicEvidence>& evidence) {
    evidence.is("evidence", "What only a dump can tell of a crash");
    evidence.add("cpu", &PanicEvidence::cpu, "that crashed");
    evidence.add("task", &PanicEvidence::task, "that it was running");
    evidence.add("backtrace", &PanicEvidence::backtrace, "its own");
    evidence.add("taint_mask", &PanicEvidence::taint_mask, "as /proc/sys/kernel/tainted").address();
    evidence.add("taints", &PanicEvidence::taints, "its bits");
    evidence.add("tainting_modules", &PanicEvidence::tainting_modules, "modules that taint the kernel");
    evidence.map("settings", &PanicEvidence::settings, "what makes the kernel panic, by sysctl name");
    evidence.add("watchdog", &PanicEvidence::watchdog, "the lockup detector");
    evidence.add("blocked_tasks", &PanicEvidence::blocked, "longest first");
}

namespace {

void describe_head(Describer<PanicAnalysis>& analysis) {
    analysis.is_document();
    analysis.add("source", &PanicAnalysis::source, "the path, as it was given");
    analysis.add("is_dump", &PanicAnalysis::is_dump, "else a log");
    analysis
        .add(
            "kernel", [](const PanicAnalysis& a) -> const std::string& { return a.log.kernel; },
            "release of the boot that the cause belongs to")
        .or_null();
    analysis
        .add(
            "shape", [](const PanicAnalysis& a) -> const std::string& { return a.log.shape; },
            "of a log: what most lines begin with, such as `syslog, printk`")
        .or_null();
    analysis.add(
        "panicked", [](const PanicAnalysis& a) { return a.log.panicked; }, "the log holds a kernel panic");
}

auto describe_cause(Describer<PanicAnalysis>& analysis) {
    return analysis.add(
        "cause", [](const PanicAnalysis& a) { return a.cause(); },
        "the event that killed the machine, or the most serious one");
}

void describe_cause_index(Describer<PanicAnalysis>& analysis) {
    analysis.add(
        "cause_index", [](const PanicAnalysis& a) { return a.log.cause; }, "of the cause in `events`");
}

auto describe_events(Describer<PanicAnalysis>& analysis) {
    return analysis.add(
        "events", [](const PanicAnalysis& a) -> const std::vector<LogEvent>& { return a.log.events; },
        "in the order of the log");
}

void describe_tail(Describer<PanicAnalysis>& analysis) {
    analysis.add(
        "dropped_events", [](const PanicAnalysis& a) { return a.log.dropped_events; },
        "found, but too many to list");
    add_problems(analysis);
}

void describe_signature(Describer<PanicAnalysis>& analysis) {
    describe_head(analysis);
    describe_cause(analysis).as(event_summary());
    describe_cause_index(analysis);
    describe_events(analysis).as(event_summary());
    describe_tail(analysis);
}

}  // namespace

void describe(Describer<PanicAnalysis>& analysis) {
    describe_head(analysis);
    describe_cause(analysis);
    describe_cause_index(analysis);
    analysis.add("knowledge", &PanicAnalysis::knowledge, "on crashes of that kind");
    describe_events(analysis);
    analysis.add("evidence", &PanicAnalysis::evidence, "of a dump");
    describe_tail(analysis);
}

const Description& signature_document() {
    static const Description document = described_by(describe_signature);
    return document;
}

std::string to_json(const PanicAnalysis& analysis) {
    return json_document(analysis);
}

std::string signature_to_json(const PanicAnalysis& analysis) {
    return json_document(signature_document(), &analysis);
}

}  // namespace postmortem
