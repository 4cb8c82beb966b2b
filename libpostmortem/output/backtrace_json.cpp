#include <postmortem/render.h>

#include "output/json.h"

namespace postmortem {
namespace {

Json to_entry(const std::vector<RegisterValue>& registers) {
    if (registers.empty()) return nullptr;
    Json entry = Json::object();
    for (const RegisterValue& r : registers) entry[std::string(r.name)] = json_address(r.value);
    return entry;
}

Json to_entry(const InlinedFunction& inlined) {
    return {
        {"function", json_text(inlined.function)}, {"file", json_text(inlined.file)}, {"line", inlined.line}};
}

Json to_entry(const Frame& frame) {
    Json entry{{"ip", json_address(frame.ip)}, {"slot", json_address(frame.slot)}};
    const bool named = !frame.function.empty();
    entry["function"] = named ? json_text(frame.function) : Json(nullptr);
    entry["offset"] = named ? Json(frame.offset) : Json(nullptr);
    entry["size"] = frame.size != 0 ? Json(frame.size) : Json(nullptr);
    entry["module"] = frame.module.empty() ? Json(nullptr) : json_text(frame.module);
    entry["trust"] = to_string(frame.trust);
    entry["stack"] = to_string(frame.stack);
    entry["interrupted"] = frame.interrupted;
    entry["file"] = frame.file ? json_text(*frame.file) : Json(nullptr);
    entry["line"] = json_optional(frame.line);
    entry["inlined"] = Json::array();
    for (const InlinedFunction& inlined : frame.inlined) entry["inlined"].push_back(to_entry(inlined));
    entry["registers"] = to_entry(frame.registers);
    entry["registers_of_user"] = frame.registers_of_user;
    return entry;
}

Json to_entry(const Backtrace& trace) {
    Json entry{{"pid", trace.pid}, {"task", json_address(trace.task)}, {"cpu", trace.cpu}};
    entry["comm"] = json_text(trace.comm);
    entry["active"] = trace.active;
    entry["registers"] = to_entry(trace.registers);
    entry["registers_of_user"] = trace.registers_of_user;
    entry["frames"] = Json::array();
    for (const Frame& frame : trace.frames) entry["frames"].push_back(to_entry(frame));
    entry["end"] = to_string(trace.end);
    return entry;
}

}  // namespace

std::string to_json(const BacktraceList& list) {
    Json traces = Json::array();
    for (const Backtrace& trace : list.backtraces) traces.push_back(to_entry(trace));
    return json_document({{"backtraces", std::move(traces)}, {"problems", json_problems(list.problems)}});
}

}  // namespace postmortem
