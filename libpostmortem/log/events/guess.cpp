#include "log/events/guess.h"

#include <algorithm>
#include <array>

#include "log/events/event_kinds.h"
#include "log/events/function_name.h"
#include "log/events/guilty.h"
#include "log/events/interrupted.h"
#include "log/events/title.h"
#include "log/match/name_set.h"

namespace postmortem {
namespace {

// What fetching an instruction from where there is none comes to; s390 has memory at NULL, too.
bool may_be_of_fetch(EventClass event_class) {
    switch (event_class) {
        case EventClass::NullDereference:
        case EventClass::PageFault:
        case EventClass::InvalidOpcode:
        case EventClass::BusError:
        case EventClass::AlignmentFault: return true;
        default: return false;
    }
}

// A call to NULL: no frame of the caller is on the stack yet, only the link register has it.
bool was_sent_nowhere(const LogEvent& event) {
    return may_be_of_fetch(event.event_class) && !event.ip && event.caller && !event.frames.empty() &&
           event.caller->function != event.frames.front().function;
}

bool names_nobody(const Naming& naming) {
    if (naming.blamed >= naming.candidates.size()) return true;
    if (naming.blames_nobody && naming.event_class == EventClass::HungTask) return true;
    return stalls_cpu(naming.event_class) &&
           (naming.blames_nobody || is_stall_reporter(naming.candidates[naming.blamed].function));
}

// The task that holds a grace period up sleeps or was preempted: how it left its CPU says nothing.
bool is_stalled_by_tasks(const LogEvent& event) {
    return event.stall && event.stall->cpus.empty() && !event.stall->tasks.empty();
}

bool leaves_cpu(std::string_view function) {
    static const NameSet names = {"^schedule",         "^__schedule$",      "^io_schedule",
                                  "^preempt_schedule", "preempt_schedule$", "^__cond_resched",
                                  "^_cond_resched$"};
    return names.matches(function);
}

class Guess {
  public:
    Guess(const Naming& naming, const LogEvent& event)
        : skip_(naming.rule->skip),
          named_(naming.named),
          event_(event),
          stall_(stalls_cpu(naming.rule->rule->event_class)),
          by_tasks_(is_stalled_by_tasks(event)) {}

    std::vector<Candidate> run() {
        if (event_.ip) add(*event_.ip);
        // Where the CPU ran off to nowhere, who sent it there.
        if ((event_.frames.empty() || (!event_.ip && !stall_)) && event_.caller) add(*event_.caller);
        const std::size_t from = stall_ ? first_interrupted(event_.frames) : 0;
        for (std::size_t i = from; i < event_.frames.size(); ++i)
            if (event_.frames[i].reliable) add(event_.frames[i]);
        for (std::size_t i = from; candidates_.empty() && i < event_.frames.size(); ++i)
            add(event_.frames[i]);
        if (candidates_.empty()) add_last_resort();
        return std::move(candidates_);
    }

  private:
    void add(const LogFrame& frame) {
        if (frame.function.empty() || is_uninformative(frame.function) || skip_.matches(frame.function))
            return;
        if (stall_ && is_stall_reporter(frame.function)) return;
        if (by_tasks_ && leaves_cpu(frame.function)) return;
        if (!candidates_.empty() && candidates_.back().function == frame.function) return;
        candidates_.push_back({frame.function, frame.module});
    }

    // What the headline names, or where the CPU was: better than a name that all such bugs share.
    void add_last_resort() {
        if (named_) {
            candidates_.push_back(*named_);
        } else if (event_.ip && !stall_ && !event_.ip->function.empty()) {
            candidates_.push_back({event_.ip->function, event_.ip->module});
        }
    }

    const NameSet& skip_;
    const std::optional<Candidate>& named_;
    const LogEvent& event_;
    bool stall_, by_tasks_;
    std::vector<Candidate> candidates_;
};

// "BUG: soft lockup in {frame}" without the place that nobody knows.
std::string_view without_place(std::string_view form) {
    return form.substr(0, form.find(" in {frame"));
}

bool all_unsure(const LogEvent& event) {
    return !event.frames.empty() && std::none_of(event.frames.begin(), event.frames.end(),
                                                 [](const LogFrame& f) { return f.reliable; });
}

bool warns_of_callers(std::string_view function) {
    static const NameSet names = {"^rcu_note_context_switch$",
                                  "^check_flush_dependency$",
                                  "^check_unmap$",
                                  "^check_sync$",
                                  "^add_dma_entry$",
                                  "^__local_bh_enable_ip$",
                                  "^smp_call_function_",
                                  "^generic_exec_single$",
                                  "^__flush_work",
                                  "^__queue_work$",
                                  "^__queue_delayed_work$",
                                  "^delayed_work_timer_fn$",
                                  "^percpu_ref_",
                                  "^irq_work_",
                                  "^kfree$",
                                  "^vfree$",
                                  "^__vunmap$",
                                  "^put_page",
                                  "^__might_",
                                  "^mutex_lock",
                                  "^__mutex_lock",
                                  "^mutex_unlock",
                                  "^__mutex_unlock",
                                  "^kobject_",
                                  "^kref_",
                                  "^enable_irq$",
                                  "^__enable_irq$",
                                  "^free_irq$",
                                  "^__free_irq$",
                                  "^request_threaded_irq$",
                                  "^remove_proc_entry$",
                                  "^sysfs_",
                                  "^debugfs_",
                                  "^clk_core_",
                                  "^clk_unprepare$",
                                  "^regulator_",
                                  "^_regulator_",
                                  "^dma_alloc_",
                                  "^dma_free_",
                                  "^dma_map_",
                                  "^dma_unmap_"};
    return names.matches(function);
}

}  // namespace

void add_warned_callers(const LogEvent& event, Naming& naming) {
    if (naming.event_class != EventClass::Warning || naming.candidates.size() != 1) return;
    const std::string function = naming.candidates.front().function;
    if (!warns_of_callers(function)) return;
    const auto is_it = [&](const LogFrame& frame) { return frame.function == function; };
    auto frame = std::find_if(event.frames.begin(), event.frames.end(), is_it);
    if (frame == event.frames.end()) frame = event.frames.begin();
    std::vector<Candidate> callers;
    for (; frame != event.frames.end(); ++frame)
        if (frame->reliable && !is_it(*frame) && !is_uninformative(frame->function))
            callers.push_back({frame->function, frame->module});
    // Who slept is to blame, not how.
    const auto guilty = choose_guilty(callers, Choice::Hang);
    const auto first = callers.begin() + static_cast<std::ptrdiff_t>(guilty ? guilty->index : 0);
    naming.candidates.insert(naming.candidates.end(), first, callers.end());
}

void guess_function(const LogEvent& event, Naming& naming) {
    if (!naming.rule || !(names_nobody(naming) || was_sent_nowhere(event))) return;
    const EventRule& rule = *naming.rule->rule;
    if (rule.title.find("{frame") == std::string_view::npos) return;
    const std::string by_rule = std::move(naming.title);
    naming.candidates = Guess(naming, event).run();
    naming.blames_entry = false;
    naming.blamed = 0;
    // A warning of the watchdog is a lockup.
    const bool is_warning = rule.title.starts_with("WARNING") && stalls_cpu(rule.event_class);
    const std::string_view form = is_warning ? "hard lockup in {frame}" : rule.title;
    const auto guilty =
        choose_guilty(naming.candidates, rule.choice == Choice::Hang ? Choice::Hang : Choice::First);
    if (!guilty) {
        naming.candidates.clear();
        naming.title = stable_title(fill_title(without_place(form), naming.captures, {}));
    } else {
        naming.blamed = guilty->index;
        const std::array<std::string, 1> functions = {
            std::string(without_syscall_prefix(naming.candidates[naming.blamed].function))};
        naming.title = stable_title(fill_title(form, naming.captures, functions));
        if (all_unsure(event)) naming.corruption = "every frame of its trace is marked as unsure (?)";
    }
    // syzkaller's title
    if (by_rule != naming.title) naming.alternatives.insert(naming.alternatives.begin(), by_rule);
}

}  // namespace postmortem
