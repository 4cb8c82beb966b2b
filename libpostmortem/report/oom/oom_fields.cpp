// OOM events with their verdicts, and what a dump's memory says beside them.
#include "report/oom/oom_fields.h"

#include <postmortem/render.h>
#include <postmortem/render_oom.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

struct OomEventView {
    const OomEvent* event;
    const OomVerdict* verdict;
    std::size_t number;
};

struct OomDocument {
    std::vector<OomEventView> events;
    std::size_t event_count = 0;
    std::string_view shape;
    const OomState* state = nullptr;
    Problems problems;
};

namespace {

template <auto Member>
const auto& own_of_event(const OomEventView& view) {
    return view.event->*Member;
}

template <auto Member>
const auto& of_memcg(const OomEventView& view) {
    return view.event->memcg.*Member;
}

template <std::optional<CgroupName> OomVerdict::*Member>
const CgroupName* named(const OomEventView& view) {
    const auto& name = view.verdict->*Member;
    return name && !name->empty() ? &*name : nullptr;
}

void describe_memcg(Describer<OomEventView>& memcg) {
    memcg.add("oom_memcg", of_memcg<&OomMemcg::oom_path>, "the control group whose limit was met");
    memcg.add("task_memcg", of_memcg<&OomMemcg::task_path>, "that of the victim");
    memcg.add("group_kill", of_memcg<&OomMemcg::group_path>,
              "memory.oom.group: all of that group was killed");
    memcg.add("min_protection_kib", of_memcg<&OomMemcg::min_protection_kib>,
              "kept from reclaim by memory.min; 7.0 and later");
    memcg.add("low_protection_kib", of_memcg<&OomMemcg::low_protection_kib>,
              "kept from reclaim by memory.low; 7.0 and later");
    memcg.add("oom_memcg_name", named<&OomVerdict::oom_cgroup>, "who `oom_memcg` belongs to");
    memcg.add("task_memcg_name", named<&OomVerdict::task_cgroup>, "who `task_memcg` belongs to");
    memcg.add("usage", of_memcg<&OomMemcg::usage>, "against the limits");
    memcg.add("stats", of_memcg<&OomMemcg::stats>, "memory.stat of the groups that the report prints");
}

void describe_place(Describer<OomEventView>& event) {
    event.add("number", &OomEventView::number, "in the log, from 1").or_left_out();
    event.add("line", own_of_event<&OomEvent::line>, "of the log where it begins, from 1");
    event.add("last_line", own_of_event<&OomEvent::last_line>, "where the last line that belongs to it is");
    event.add("seconds", own_of_event<&OomEvent::seconds>, "since boot");
    event.add("time", own_of_event<&OomEvent::time>, "wall clock as the log has it").or_null();
    event.add("host", own_of_event<&OomEvent::host>, "name of the machine as the log has it").or_null();
}

void describe_kind(Describer<OomEventView>& event) {
    event.word("scope", own_of_event<&OomEvent::scope>, OomScope::Memcg,
               "the machine, or a control group that met its limit");
    event
        .word("constraint", own_of_event<&OomEvent::constraint>, OomConstraint::Memcg,
              "what the request was bound to")
        .or_null();
    event.add("nodemask", own_of_event<&OomEvent::nodemask>, "of the allocation; `(null)` is no restriction");
    event.add("cpuset", own_of_event<&OomEvent::cpuset>, "of the task");
    event.add("mems_allowed", own_of_event<&OomEvent::mems_allowed>, "by the cpuset");
    event.add("has_header", own_of_event<&OomEvent::has_header>, "false: the log begins in the middle of it");
    event.add("sysrq", own_of_event<&OomEvent::sysrq>, "asked for by hand");
    event.add("page_fault", own_of_event<&OomEvent::page_fault>,
              "a page fault failed for a reason that was not printed");
    event.add("oom_kill_allocating_task", own_of_event<&OomEvent::allocating_task>,
              "nobody was chosen, the trigger died");
    event.add("compaction_disabled", own_of_event<&OomEvent::compaction_disabled>,
              "the kernel has no compaction");
    event.add("no_killable_process", own_of_event<&OomEvent::no_killable_process>,
              "there was nobody to kill");
    event.add("panic", own_of_event<&OomEvent::panic>, "the text of the panic that followed");
}

}  // namespace

void describe(Describer<OomEventView>& event) {
    event.is("OOM event", "A report of the OOM killer; null means that the log does not say it");
    describe_place(event);
    describe_kind(event);
    event.add("trigger", own_of_event<&OomEvent::trigger>, "whose allocation could not be met");
    event.add("selected", own_of_event<&OomEvent::selected>,
              "who was chosen; before 5.1 a child of it may have been killed in its stead");
    event.add("victims", own_of_event<&OomEvent::victims>, "who was killed");
    event.add("sharing_memory", own_of_event<&OomEvent::sharing_memory>,
              "killed too, because they share the victim's memory");
    event.add("already_exiting", own_of_event<&OomEvent::already_exiting>,
              "chosen, but on their way out already");
    event.group("memcg", describe_memcg, "the control groups").only_if([](const OomEventView& view) {
        return view.event->scope == OomScope::Memcg || view.event->memcg.task_path;
    });
    event.add("memory", own_of_event<&OomEvent::memory>, "the state of the machine's memory")
        .only_if([](const OomEventView& view) { return view.event->has_mem_info; });
    event.add("task_table", own_of_event<&OomEvent::task_table>, "the processes")
        .only_if([](const OomEventView& view) { return view.event->has_task_table; });
    event.add("verdict", &OomEventView::verdict, "what it means");
    event.add("problems", own_of_event<&OomEvent::problems>, "in words: what is missing, torn or doubtful");
}

void describe(Describer<OomState>& state) {
    state
        .is("memory of a dump",
            "What was short at the crash, who held it, whom the OOM killer would take next")
        .is_document(Layout::Lines);
    state.add("verdict", &OomState::verdict, "what it means");
    state.add("memory", &OomState::memory, "as `meminfo` has it");
    state.add("processes", &OomState::processes, "as the OOM killer weighs them");
    state.add("cgroups", &OomState::cgroups, "null where the kernel has no memory controller");
}

void describe(Describer<OomDocument>& oom) {
    oom.is_document(Layout::Lines);
    oom.add("events", &OomDocument::events, "in the order of the log").answer();
    oom.add("event_count", &OomDocument::event_count, "all in the log, shown or not");
    oom.add("shape", &OomDocument::shape, "what most lines of a log begin with").or_null();
    oom.add("state", &OomDocument::state, "of a dump; null for a log");
    add_problems(oom);
}

std::string to_json(const OomEvent& event, const OomVerdict& verdict, std::size_t number) {
    const OomEventView view{&event, &verdict, number};
    return json_line(description<OomEventView>(), &view);
}

std::string to_json(const OomState& state) {
    return json_document(state);
}

std::string OomJsonWriter::add(const OomEvent& event, const OomVerdict& verdict, std::size_t number) {
    const OomEventView view{&event, &verdict, number};
    std::string out;
    append_json_item(out, description<OomDocument>(), &view, first_);
    first_ = false;
    return out;
}

std::string OomJsonWriter::finish(std::size_t found, const Problems& problems, const OomState* state,
                                  std::string_view shape) {
    const OomDocument rest{{}, found, shape, state, problems};
    std::string out;
    append_json_end(out, description<OomDocument>(), &rest, first_);
    return out;
}

}  // namespace postmortem
