// `triage`: the groups, with their files.
#include <postmortem/render.h>

#include "output/json.h"

namespace postmortem {
namespace {

struct TriageGroupView {
    const TriageGroup* group;
    const Triage* triage;
};

std::vector<const TriageCase*> cases(const TriageGroupView& view) {
    std::vector<const TriageCase*> list;
    for (const std::size_t index : view.group->cases) list.push_back(&view.triage->cases[index]);
    return list;
}

std::vector<const TriageCase*> without_cause(const Triage& triage, bool usable) {
    std::vector<const TriageCase*> list;
    for (const TriageCase& one : triage.cases)
        if (!one.cause && one.error.has_value() != usable) list.push_back(&one);
    return list;
}

std::vector<TriageGroupView> triaged_groups(const Triage& triage) {
    std::vector<TriageGroupView> list;
    for (const TriageGroup& group : triage.groups) list.push_back({&group, &triage});
    return list;
}

}  // namespace

void describe(Describer<TriageCase>& one) {
    one.is("case", "A dump or log");
    one.add("source", &TriageCase::source, "its path");
    one.add("is_dump", &TriageCase::is_dump, "else a log");
    one.add("seen", &TriageCase::seen, "when: seconds since 1970; the crash's own time, else the file's");
    one.add("seen_is_file_time", &TriageCase::seen_is_file_time, "it is the file's");
    one.add("kernel", &TriageCase::kernel, "release").or_null();
    one.add("host", &TriageCase::host, "name of the machine").or_null();
    one.add(
        "error", [](const TriageCase& c) { return c.error ? &c.error->message : nullptr; },
        "why it cannot be used");
}

void describe(Describer<TriageGroupView>& group) {
    group.is("group of cases", "Cases that died of the same");
    group.add(
        "id", [](const TriageGroupView& g) -> const std::string& { return g.group->id; },
        "the signature that they have in common");
    group.add(
        "title", [](const TriageGroupView& g) -> const std::string& { return g.group->title; },
        "in syzkaller's vocabulary");
    group.word(
        "class", [](const TriageGroupView& g) { return g.group->event_class; }, EventClass::OtherInfo,
        "the kind of event");
    group.add(
        "count", [](const TriageGroupView& g) { return g.group->cases.size(); }, "of its cases");
    group.add(
        "first_seen", [](const TriageGroupView& g) { return g.group->first_seen; }, "seconds since 1970");
    group.add(
        "last_seen", [](const TriageGroupView& g) { return g.group->last_seen; }, "seconds since 1970");
    group.add(
        "kernels", [](const TriageGroupView& g) -> const auto& { return g.group->kernels; }, "releases");
    group.add(
        "hosts", [](const TriageGroupView& g) -> const auto& { return g.group->hosts; }, "names of machines");
    group.add("cases", cases, "in the order of their paths");
}

void describe(Describer<Triage>& triage) {
    triage.is_document();
    triage.add("groups", triaged_groups, "most frequent first").answer();
    triage.add(
        "without_crash", [](const Triage& t) { return without_cause(t, true); }, "they tell of no crash");
    triage.add(
        "unusable", [](const Triage& t) { return without_cause(t, false); }, "they could not be read");
    triage.add(
        "files", [](const Triage& t) { return t.cases.size(); }, "all that were looked at");
    add_problems(triage);
}

std::string to_json(const Triage& triage) {
    return json_document(triage);
}

std::string to_ndjson(const Triage& triage) {
    return ndjson_lines(triage);
}

}  // namespace postmortem
