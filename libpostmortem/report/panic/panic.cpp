#include "report/panic/panic.h"

#include "base/problem_collector.h"
#include "kernel/module/modules.h"
#include "kernel/panic/panic_settings.h"
#include "kernel/panic/taint.h"
#include "kernel/panic/watchdog.h"
#include "kernel/sched/clock.h"
#include "log/events/outcome.h"
#include "report/backtrace/backtrace.h"
#include "report/backtrace/panic_task.h"
#include "report/backtrace/source_lines.h"
#include "report/log/kernel_log.h"
#include "report/panic/blocked_tasks.h"
#include "report/panic/death.h"
#include "report/panic/lost_event.h"
#include "report/tasks/task_list.h"

namespace postmortem {
namespace {

class AnalysisMaker {
  public:
    explicit AnalysisMaker(const Kernel& kernel) : kernel_(kernel), table_(read_tasks(kernel)) {}

    PanicAnalysis run() {
        PanicAnalysis analysis = make_signature(kernel_);
        problems_.add_all(analysis.problems);
        problems_.add_all(table_.problems);
        describe_tasks();
        describe_taints();
        describe_watchdog();
        evidence_.settings = read_panic_settings(kernel_, problems_);
        recover_cause(analysis);
        const LogEvent* of_log = analysis.cause();
        if (of_log && machine_died_of(*of_log, evidence_, panicked_cpu(kernel_))) tell_death(analysis.log);
        analysis.evidence = std::move(evidence_);
        if (const LogEvent* cause = analysis.cause()) analysis.knowledge = explain(*cause);
        analysis.problems = problems_.take();
        return analysis;
    }

  private:
    void describe_tasks() {
        const Unwinder unwinder(kernel_);
        if (const Task* culprit = panic_task(kernel_, table_)) {
            Problems problems;
            evidence_.task = make_task_info(kernel_, table_, *culprit, problems);
            problems_.add_all(problems);
            FrameWalker walker = unwinder.walker();
            evidence_.backtrace = make_backtrace(*culprit, unwinder, walker, problems_);
            add_source_lines();
        } else {
            problems_.add(
                {ErrorCode::NotFound, "the task that was running when the kernel died cannot be found"});
        }
        if (const auto cpu = crashed_cpu(kernel_))
            evidence_.cpu = *cpu;
        else if (evidence_.backtrace && is_in_its_end(*evidence_.backtrace))
            evidence_.cpu = evidence_.backtrace->cpu;
        evidence_.blocked = find_blocked_tasks(kernel_, table_, unwinder, problems_);
        problems_.add_all(unwinder.problems());
    }

    // Looking for a vmlinux may take long: only one that was given says lines unasked.
    void add_source_lines() {
        if (!kernel_.given_vmlinux()) return;
        const auto annotator = SourceAnnotator::open(kernel_, false);
        if (annotator)
            annotator->annotate(*evidence_.backtrace);
        else
            problems_.add("source lines", annotator.error());
    }

    void describe_taints() {
        const auto mask = read_taint_mask(kernel_);
        if (mask) {
            evidence_.taint_mask = *mask;
            evidence_.taints = decode_taints(*mask);
        } else {
            problems_.add("the taint mask", mask.error());
        }
        for (const Module& module : kernel_.modules().all())
            if (module.taints != 0)
                evidence_.tainting_modules.push_back({module.name, decode_taints(module.taints)});
        problems_.add_all(kernel_.modules().problems());
    }

    void describe_watchdog() {
        const auto now = scheduler_clock(kernel_);
        if (!now) return problems_.add("the scheduler's clock", now.error());
        auto state = read_watchdog(kernel_, *now, problems_);
        if (state)
            evidence_.watchdog = std::move(*state);
        else if (state.error().code != ErrorCode::NotFound)
            problems_.add("the watchdog", state.error());
    }

    void recover_cause(PanicAnalysis& analysis) {
        auto event = cause_on_stack(kernel_, evidence_, analysis.cause());
        if (!event) return;
        LogAnalysis& log = analysis.log;
        log.cause = log.events.size();
        log.events.push_back(std::move(*event));
        log.panicked = true;
        if (log.kernel.empty()) log.kernel = kernel_.release();
    }

    const Kernel& kernel_;
    TaskTable table_;
    PanicEvidence evidence_;
    ProblemCollector problems_;
};

}  // namespace

PanicAnalysis make_signature(const Kernel& kernel) {
    PanicAnalysis analysis;
    analysis.source = kernel.path().string();
    analysis.is_dump = true;
    const KernelLog log = make_kernel_log(kernel);
    analysis.log = analyse_log(log);
    if (analysis.log.kernel.empty()) analysis.log.kernel = kernel.release();
    for (LogEvent& event : analysis.log.events)
        if (event.kernel.empty()) event.kernel = kernel.release();
    analysis.problems = log.problems;
    analysis.problems.insert(analysis.problems.end(), analysis.log.problems.begin(),
                             analysis.log.problems.end());
    if (const LogEvent* cause = analysis.cause()) analysis.knowledge = explain(*cause);
    return analysis;
}

PanicAnalysis make_panic_analysis(const Kernel& kernel) {
    return AnalysisMaker(kernel).run();
}

}  // namespace postmortem
