#include "report/crash_report/crash_report.h"

#include <algorithm>

#include "base/problem_collector.h"
#include "report/backtrace/backtrace.h"
#include "report/backtrace/panic_task.h"
#include "report/hang/hang.h"
#include "report/log/kernel_log.h"
#include "report/panic/lost_event.h"
#include "report/system/system_info.h"
#include "report/tasks/task_list.h"

namespace postmortem {
namespace {

constexpr std::size_t last_record_count = 16;

class ReportMaker {
  public:
    explicit ReportMaker(const Kernel& kernel) : kernel_(kernel), table_(read_tasks(kernel)) {}

    CrashReport run() {
        problems_.add_all(kernel_.dump().problems());
        problems_.add_all(table_.problems);
        describe_system_and_log();
        describe_cpus();
        recover_cause();
        report_.hang = make_hang_report(kernel_).verdict;
        report_.problems = problems_.take();
        return std::move(report_);
    }

  private:
    void describe_system_and_log() {
        KernelLog log = make_kernel_log(kernel_);
        problems_.add_all(log.problems);
        report_.system = make_system_info(kernel_, {.log = &log, .task_count = table_.tasks.size()});
        problems_.add_all(report_.system.problems);
        LogAnalysis analysis = analyse_log(log);
        if (analysis.cause) report_.cause = std::move(analysis.events[*analysis.cause]);
        const std::size_t count = std::min(log.records.size(), last_record_count);
        report_.last_records.assign(
            std::make_move_iterator(log.records.end() - static_cast<std::ptrdiff_t>(count)),
            std::make_move_iterator(log.records.end()));
    }

    void describe_cpus() {
        const Task* culprit = panic_task(kernel_, table_);
        if (!culprit)
            problems_.add(
                {ErrorCode::NotFound, "the task that was running when the kernel died cannot be found"});
        const Unwinder unwinder(kernel_);
        FrameWalker walker = unwinder.walker();
        for (const Task& task : table_.tasks) {
            if (&task != culprit && !task.active) continue;
            Backtrace trace = make_backtrace(task, unwinder, walker, problems_);
            if (&task == culprit) {
                Problems problems;
                report_.panic_task = make_task_info(kernel_, table_, task, problems);
                problems_.add_all(problems);
                report_.panic_backtrace = std::move(trace);
            } else {
                report_.other_cpus.push_back(std::move(trace));
            }
        }
        std::sort(report_.other_cpus.begin(), report_.other_cpus.end(),
                  [](const Backtrace& a, const Backtrace& b) { return a.cpu < b.cpu; });
        problems_.add_all(unwinder.problems());
    }

    void recover_cause() {
        PanicEvidence evidence;
        evidence.task = report_.panic_task;
        evidence.backtrace = report_.panic_backtrace;
        if (auto event = cause_on_stack(kernel_, evidence, report_.cause ? &*report_.cause : nullptr))
            report_.cause = std::move(*event);
    }

    const Kernel& kernel_;
    TaskTable table_;
    CrashReport report_;
    ProblemCollector problems_;
};

}  // namespace

CrashReport make_crash_report(const Kernel& kernel) {
    return ReportMaker(kernel).run();
}

}  // namespace postmortem
