// Events of a kernel log as JSON: in short for `signature`, whole for `panic`.
#include "base/text.h"
#include "output/json.h"

namespace postmortem {
namespace {

Json texts(const std::vector<std::string>& list) {
    Json array = Json::array();
    for (const std::string& text : list) array.push_back(json_text(text));
    return array;
}

Json frame_entry(const LogFrame& frame) {
    Json entry;
    entry["function"] = json_text(frame.function);
    entry["symbol"] = json_text(frame.symbol);
    entry["module"] = json_text_or_null(frame.module);
    entry["offset"] = json_optional(frame.offset);
    entry["size"] = json_optional(frame.size);
    entry["address"] = frame.address ? json_address(*frame.address) : Json(nullptr);
    entry["reliable"] = frame.reliable;
    return entry;
}

}  // namespace

Json json_summary(const LogEvent& event) {
    Json entry;
    entry["title"] = json_text(event.title);
    entry["id"] = event.id;
    entry["corrupted"] = event.corrupted;
    entry["class"] = to_string(event.event_class);
    entry["function"] = json_text_or_null(event.function);
    entry["module"] = json_text_or_null(event.module);
    entry["line"] = event.line == 0 ? Json(nullptr) : Json(event.line);
    return entry;
}

Json json_entry(const LogEvent& event) {
    Json entry = json_summary(event);
    entry["alternative_titles"] = texts(event.alternative_titles);
    entry["corruption"] = json_text_or_null(event.corruption);
    entry["headline"] = json_text_or_null(event.headline);
    entry["seconds"] = json_optional(event.seconds);
    entry["time"] = json_text_or_null(event.time);
    entry["host"] = json_text_or_null(event.host);
    entry["offset"] = json_optional(event.offset);
    entry["blamed"] = json_text_or_null(event.blamed);
    entry["source"] = json_text_or_null(event.source);
    entry["fault_address"] = event.fault_address ? json_address(*event.fault_address) : Json(nullptr);
    entry["address_kind"] = to_string(event.address_kind);
    entry["cpu"] = json_optional(event.cpu);
    entry["pid"] = json_optional(event.pid);
    entry["comm"] = json_text_or_null(event.comm);
    entry["kernel"] = json_text_or_null(event.kernel);
    entry["taint"] = json_text_or_null(event.taint);
    entry["taint_words"] = taint_words(event.taint);
    entry["hardware"] = json_text_or_null(event.hardware);
    entry["die_count"] = json_optional(event.die_count);
    entry["registers"] = Json::object();
    for (const LogRegister& reg : event.registers)
        entry["registers"][escaped(reg.name)] = json_address(reg.value);
    entry["frames"] = Json::array();
    for (const LogFrame& frame : event.frames) entry["frames"].push_back(frame_entry(frame));
    entry["signature_frames"] = texts(event.signature_frames);
    entry["boot"] = event.boot;
    entry["repeats"] = event.repeats;
    return entry;
}

}  // namespace postmortem
