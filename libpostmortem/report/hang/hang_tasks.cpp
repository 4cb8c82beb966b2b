#include "report/hang/hang_tasks.h"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "base/text.h"
#include "kernel/sched/task_state_words.h"
#include "report/backtrace/backtrace.h"
#include "report/tasks/task_mention.h"

namespace postmortem {
namespace {

constexpr std::size_t most_functions = 24;
constexpr std::size_t most_sleepers = 10'000;

bool is_of_scheduler(std::string_view function) {
    return function == "__switch_to" || function == "__schedule" || function == "schedule" ||
           function == "io_schedule" || function.starts_with("schedule_") ||
           function.starts_with("io_schedule_") || function.starts_with("context_switch") ||
           function.starts_with("rt_mutex_schedule");
}

bool sleeps_by_clock(std::string_view function) {
    return function.starts_with("schedule_timeout") || function.starts_with("schedule_hrtimeout") ||
           function == "do_nanosleep" || function.starts_with("io_schedule_timeout");
}

}  // namespace

HangTasks::HangTasks(const Kernel& kernel, const TaskTable& table, const Unwinder& unwinder,
                     WaitFinder& waits, std::optional<std::uint64_t> now, ProblemCollector& problems)
    : kernel_(kernel),
      table_(table),
      unwinder_(unwinder),
      waits_(waits),
      problems_(problems),
      walker_(unwinder.walker()),
      states_(TaskStates::of(kernel)),
      now_(now) {
    const auto find = [&](std::initializer_list<std::string_view> paths) {
        return Field::find(kernel.types(), "task_struct", paths).value_or(Field());
    };
    last_arrival_ = find({"sched_info.last_arrival"});
    last_queued_ = find({"sched_info.last_queued"});
    exec_start_ = find({"se.exec_start"});
    in_iowait_ = find({"in_iowait"});
    on_rq_ = find({"on_rq"});
}

std::vector<std::string> HangTasks::functions_of(const Task& task) {
    std::vector<std::string> functions;
    for (const Frame& frame : make_backtrace(task, unwinder_, walker_, problems_).frames) {
        if (functions.size() == most_functions) break;
        if (!frame.function.empty()) functions.push_back(frame.function);
    }
    return functions;
}

// An interrupt that came upon it, and be it the one in which the kernel died, is not what it was doing.
std::vector<std::string> HangTasks::own_functions_of(const Task& task) {
    const Backtrace trace = make_backtrace(task, unwinder_, walker_, problems_);
    auto first = trace.frames.begin();
    for (auto frame = trace.frames.begin(); frame != trace.frames.end(); ++frame)
        if (frame->interrupted) first = frame;
    std::vector<std::string> functions;
    for (; first != trace.frames.end() && functions.size() < most_functions; ++first)
        if (!first->function.empty()) functions.push_back(first->function);
    return functions;
}

// A task came to its CPU for the last time at last_arrival, and its account was closed (se.exec_start, by a
// clock that never leads) when it left it: it has slept since the later of the two, at most.
void HangTasks::add_time(const Task& task, HangTask& made) const {
    if (!now_) return;
    const AddressSpace& memory = kernel_.memory();
    const auto arrival = last_arrival_.u64(memory, task.address);
    if (!arrival || *arrival == 0 || *arrival > *now_) return;
    std::uint64_t since = *arrival;
    made.rests_on = "sched_info.last_arrival";
    const auto queued = last_queued_.u64(memory, task.address);
    if (made.queued && queued && *queued > since && *queued <= *now_) {
        since = *queued;
        made.rests_on = "sched_info.last_queued";
    }
    const auto left = exec_start_.u64(memory, task.address);
    if (!made.running && !made.queued && left && *left > since && *left <= *now_) {
        since = *left;
        made.rests_on = "se.exec_start";
    }
    made.seconds = static_cast<double>(*now_ - since) * 1e-9;
}

HangTask HangTasks::describe(const Task& task) {
    HangTask made;
    made.task = mention(task);
    made.state = task_state_words(states_, task.state);
    made.uninterruptible = task.state_letters == "UN" && !task.active;
    made.killable = contains(made.state, "TASK_WAKEKILL");
    made.running = task.active;
    made.in_io = in_iowait_.u64_or(kernel_.memory(), task.address, 0) != 0;
    made.queued =
        !task.active && on_rq_.u64_or(kernel_.memory(), task.address, 0) == 1 && task.state_letters == "RU";
    add_time(task, made);
    if (task.active || made.queued || task.stack == 0) {
        made.functions = own_functions_of(task);
        if (made.queued) made.wait = waits_.for_cpu(task);
        return made;
    }
    made.functions = functions_of(task);
    const bool may_be_timed = std::any_of(made.functions.begin(), made.functions.end(), sleeps_by_clock);
    const auto own = std::find_if_not(made.functions.begin(), made.functions.end(), is_of_scheduler);
    made.functions.erase(made.functions.begin(), own);
    made.timed = may_be_timed && waits_.has_timer(task);
    made.wait = waits_.find(task, made.functions);
    return made;
}

std::vector<HangTask> HangTasks::run() {
    std::vector<HangTask> found;
    std::unordered_set<std::uint64_t> known;
    std::size_t left_out = 0;
    for (const Task& task : table_.tasks) {
        if (task.active || task.state_letters != "UN") continue;
        if (found.size() == most_sleepers) {
            ++left_out;
            continue;
        }
        found.push_back(describe(task));
        known.insert(task.address);
    }
    if (left_out > 0)
        problems_.add({ErrorCode::Unsupported,
                       fmt::format("{} more tasks in uninterruptible sleep are not described", left_out)});
    std::stable_sort(found.begin(), found.end(), [](const HangTask& a, const HangTask& b) {
        return a.seconds.value_or(-1) > b.seconds.value_or(-1);
    });
    // Whom they wait for, and whom those wait for
    for (std::size_t i = 0; i < found.size() && found.size() < 2 * most_sleepers; ++i) {
        if (!found[i].wait) continue;
        const std::vector<HangBlocker> blockers = found[i].wait->blockers;
        for (const HangBlocker& blocker : blockers) {
            if (!blocker.task || !known.insert(blocker.task->task).second) continue;
            if (const Task* task = table_.by_address(blocker.task->task)) found.push_back(describe(*task));
        }
    }
    return found;
}

}  // namespace postmortem
