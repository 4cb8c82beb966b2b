#include "report/backtrace/backtrace_json.h"

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
    entry["caller_file"] = frame.caller_file ? json_text(*frame.caller_file) : Json(nullptr);
    entry["caller_line"] = json_optional(frame.caller_line);
    entry["inlined"] = Json::array();
    for (const InlinedFunction& inlined : frame.inlined) entry["inlined"].push_back(to_entry(inlined));
    entry["registers"] = to_entry(frame.registers);
    entry["registers_of_user"] = frame.registers_of_user;
    return entry;
}

}  // namespace

Json json_entry(const Backtrace& trace) {
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

namespace {

// The document is what json_document() would print: two blanks for each level.
void append_indented(std::string& out, const Json& value, std::string_view indent) {
    const std::string text = value.dump(2, ' ', false, Json::error_handler_t::replace);
    for (const char c : text) {
        out += c;
        if (c == '\n') out += indent;
    }
}

}  // namespace

void append_json(std::string& out, const Backtrace& trace, bool first) {
    constexpr std::string_view indent = "    ";
    out += first ? "{\n  \"backtraces\": [\n" : ",\n";
    out += indent;
    append_indented(out, json_entry(trace), indent);
}

void append_json_end(std::string& out, const Problems& problems, bool empty) {
    out += empty ? "{\n  \"backtraces\": []" : "\n  ]";
    out += ",\n  \"problems\": ";
    append_indented(out, json_problems(problems), "  ");
    out += "\n}\n";
}

}  // namespace postmortem
