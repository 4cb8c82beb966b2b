// `check`: what its inputs were held against is needed to tell of them.
#include <algorithm>

#include <postmortem/render.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

struct CheckView {
    std::span<const CheckResult> results;
    const KnownCrashes* known;
};

namespace {

struct ResultView {
    const CheckResult* result;
    const KnownCrashes* known;
};

struct EventView {
    const LogEvent* event;
    CheckOutcome outcome;
    const KnownCrash* known_as;
    bool is_cause;
};

std::vector<EventView> checked_events(const ResultView& view) {
    std::vector<EventView> list;
    const LogAnalysis& analysis = view.result->analysis;
    for (const CheckedEvent& checked : view.result->events)
        list.push_back({&analysis.events[checked.event], checked.outcome,
                        checked.entry ? &view.known->entries()[*checked.entry] : nullptr,
                        analysis.cause == checked.event});
    return list;
}

Problems problems(const ResultView& view) {
    Problems list = view.result->analysis.problems;
    if (view.result->error && list.empty()) list.push_back(*view.result->error);
    return list;
}

std::vector<ResultView> results(const CheckView& view) {
    std::vector<ResultView> list;
    for (const CheckResult& result : view.results) list.push_back({&result, view.known});
    return list;
}

CheckOutcome worst(const CheckView& view) {
    CheckOutcome outcome = CheckOutcome::NoCrash;
    for (const CheckResult& result : view.results) outcome = std::max(outcome, result.outcome);
    return outcome;
}

}  // namespace

void describe(Describer<KnownCrash>& entry) {
    entry.add("file", &KnownCrash::file, "of known crashes");
    entry.add("line", &KnownCrash::line, "of the entry in that file, from 1");
    entry.word("verdict", &KnownCrash::verdict, Verdict::Ignore, "the entry's own");
    entry.add("link", &KnownCrash::link, "the entry's own").or_null();
    entry.add("note", &KnownCrash::note, "the entry's own").or_null();
}

void describe(Describer<EventView>& event) {
    event.splice([](const EventView& e) -> const LogEvent& { return *e.event; }).as(event_summary());
    event.word("outcome", &EventView::outcome, CheckOutcome::Unusable, "whether it is known");
    event.add("known_as", &EventView::known_as, "the entry that fits it");
    event.add("is_cause", &EventView::is_cause, "it killed the machine, or is the most serious one");
}

void describe(Describer<ResultView>& result) {
    result.add(
        "source", [](const ResultView& r) -> const std::string& { return r.result->source; },
        "the path, as it was given");
    result.word(
        "outcome", [](const ResultView& r) { return r.result->outcome; }, CheckOutcome::Unusable,
        "the worst of its events");
    result
        .add(
            "kernel", [](const ResultView& r) -> const std::string& { return r.result->analysis.kernel; },
            "release")
        .or_null();
    result.add("events", checked_events, "those that count as crashes");
    result.add("problems", problems, "what could not be read, and why");
}

void describe(Describer<CheckView>& check) {
    check.is_document();
    check.add("results", results, "one for each input").answer();
    check.word("outcome", worst, CheckOutcome::Unusable, "the worst of all inputs");
}

std::string to_json(std::span<const CheckResult> results, const KnownCrashes& known) {
    return json_document(CheckView{results, &known});
}

std::string to_ndjson(std::span<const CheckResult> results, const KnownCrashes& known) {
    return ndjson_lines(CheckView{results, &known});
}

}  // namespace postmortem
