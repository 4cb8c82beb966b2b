// `panic` and `signature` as JSON.
#include <postmortem/render.h>

#include "output/json.h"

namespace postmortem {
namespace {

Json entry_of(const KnowledgeEntry& knowledge) {
    Json entry{{"id", knowledge.id}, {"name", knowledge.name}, {"meaning", knowledge.meaning}};
    entry["causes"] = knowledge.causes;
    entry["look"] = Json::array();
    for (const KnowledgeStep& step : knowledge.look)
        entry["look"].push_back({{"command", step.command}, {"purpose", step.purpose}});
    entry["do"] = knowledge.actions;
    entry["sources"] = knowledge.sources;
    return entry;
}

Json flags_of(const std::vector<TaintFlag>& taints) {
    Json flags = Json::array();
    for (const TaintFlag& flag : taints) flags.push_back(json_entry(flag));
    return flags;
}

Json entry_of(const WatchdogState& watchdog) {
    Json entry{{"soft_enabled", watchdog.soft_enabled}, {"hard_enabled", watchdog.hard_enabled}};
    entry["threshold_seconds"] = json_optional(watchdog.threshold_seconds);
    entry["cpus"] = Json::array();
    for (const WatchdogCpu& cpu : watchdog.cpus)
        entry["cpus"].push_back({{"cpu", cpu.cpu}, {"silent_seconds", json_optional(cpu.silent_seconds)}});
    return entry;
}

Json entry_of(const AwaitedLock& lock) {
    Json entry{{"kind", lock.kind}, {"address", json_address(lock.address)}};
    entry["symbol"] = json_text_or_null(lock.symbol);
    entry["owner"] = lock.owner == 0 ? Json(nullptr) : json_address(lock.owner);
    entry["owner_pid"] = lock.owner_comm.empty() ? Json(nullptr) : Json(lock.owner_pid);
    entry["owner_comm"] = json_text_or_null(lock.owner_comm);
    entry["owner_is_reader"] = lock.owner_is_reader;
    return entry;
}

Json entry_of(const BlockedTask& task) {
    Json entry{{"pid", task.pid}, {"task", json_address(task.task)}, {"comm", json_text(task.comm)}};
    entry["seconds"] = json_optional(task.seconds);
    entry["in_io"] = task.in_io;
    entry["functions"] = Json::array();
    for (const std::string& function : task.functions) entry["functions"].push_back(json_text(function));
    entry["lock"] = task.lock ? entry_of(*task.lock) : Json(nullptr);
    return entry;
}

Json entry_of(const PanicEvidence& evidence) {
    Json entry;
    entry["cpu"] = json_optional(evidence.cpu);
    entry["task"] = evidence.task ? json_entry(*evidence.task) : Json(nullptr);
    entry["backtrace"] = evidence.backtrace ? json_entry(*evidence.backtrace) : Json(nullptr);
    entry["taint_mask"] = evidence.taint_mask ? json_address(*evidence.taint_mask) : Json(nullptr);
    entry["taints"] = flags_of(evidence.taints);
    entry["tainting_modules"] = Json::array();
    for (const TaintingModule& module : evidence.tainting_modules)
        entry["tainting_modules"].push_back(
            {{"name", json_text(module.name)}, {"taints", flags_of(module.taints)}});
    entry["settings"] = Json::object();
    for (const PanicSetting& setting : evidence.settings) entry["settings"][setting.name] = setting.value;
    entry["watchdog"] = evidence.watchdog ? entry_of(*evidence.watchdog) : Json(nullptr);
    entry["blocked_tasks"] = Json::array();
    for (const BlockedTask& task : evidence.blocked) entry["blocked_tasks"].push_back(entry_of(task));
    return entry;
}

Json head_of(const PanicAnalysis& analysis) {
    Json document{{"source", json_text(analysis.source)}, {"is_dump", analysis.is_dump}};
    document["kernel"] = json_text_or_null(analysis.log.kernel);
    document["panicked"] = analysis.log.panicked;
    return document;
}

void add_tail(Json& document, const PanicAnalysis& analysis) {
    document["dropped_events"] = analysis.log.dropped_events;
    document["problems"] = json_problems(analysis.problems);
}

}  // namespace

std::string to_json(const PanicAnalysis& analysis) {
    Json document = head_of(analysis);
    const LogEvent* cause = analysis.cause();
    document["cause"] = cause ? json_entry(*cause) : Json(nullptr);
    document["cause_index"] = json_optional(analysis.log.cause);
    document["knowledge"] = analysis.knowledge ? entry_of(*analysis.knowledge) : Json(nullptr);
    document["events"] = Json::array();
    for (const LogEvent& event : analysis.log.events) document["events"].push_back(json_entry(event));
    document["evidence"] = analysis.evidence ? entry_of(*analysis.evidence) : Json(nullptr);
    add_tail(document, analysis);
    return json_document(document);
}

std::string signature_to_json(const PanicAnalysis& analysis) {
    Json document = head_of(analysis);
    const LogEvent* cause = analysis.cause();
    document["cause"] = cause ? json_summary(*cause) : Json(nullptr);
    document["cause_index"] = json_optional(analysis.log.cause);
    document["events"] = Json::array();
    for (const LogEvent& event : analysis.log.events) document["events"].push_back(json_summary(event));
    add_tail(document, analysis);
    return json_document(document);
}

}  // namespace postmortem
