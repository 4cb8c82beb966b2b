#include <ctime>

#include <fmt/format.h>

#include <postmortem/render.h>

#include "output/json.h"

namespace postmortem {
namespace {

// "2026-11-21T02:39:26.123456789Z"
Json utc_time(const SystemInfo& info) {
    if (!info.crash_time) return nullptr;
    const std::time_t seconds = static_cast<std::time_t>(*info.crash_time);
    std::tm utc{};
    char buffer[64];
    if (!gmtime_r(&seconds, &utc)) return nullptr;
    std::string text(buffer, std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%S", &utc));
    if (info.crash_time_ns) text += fmt::format(".{:09}", *info.crash_time_ns);
    return text + "Z";
}

Json dump(const SystemInfo& info) {
    Json entry{{"path", json_text(info.dump_path)}, {"format", json_text(info.dump_format)}};
    entry["level"] = json_optional(info.dump_level);
    entry["incomplete"] = info.dump_incomplete;
    return entry;
}

Json kernel(const SystemInfo& info) {
    Json entry{{"release", json_text_or_null(info.release)},
               {"version", json_text_or_null(info.version)},
               {"nodename", json_text_or_null(info.nodename)},
               {"machine", json_text_or_null(info.machine)},
               {"build_id", json_text_or_null(info.build_id)}};
    entry["offset"] = info.kernel_offset ? json_address(*info.kernel_offset) : Json(nullptr);
    entry["page_size_bytes"] = json_optional(info.page_size);
    entry["command_line"] = json_text_or_null(info.command_line);
    entry["vmlinux"] = json_text_or_null(info.vmlinux);
    entry["symbol_source"] = json_text_or_null(info.symbol_source);
    entry["type_source"] = json_text_or_null(info.type_source);
    return entry;
}

Json taint(const SystemInfo& info) {
    if (!info.taint_mask) return nullptr;
    std::string letters;
    Json flags = Json::array();
    for (const TaintFlag& flag : info.taints) {
        letters += flag.letter;
        flags.push_back(json_entry(flag));
    }
    return {{"mask", json_address(*info.taint_mask)}, {"letters", letters}, {"flags", std::move(flags)}};
}

Json time(const SystemInfo& info) {
    Json entry{{"crash_utc", utc_time(info)}, {"crash_unix_seconds", json_optional(info.crash_time)}};
    entry["uptime_seconds"] = json_optional(info.uptime_seconds);
    entry["jiffies_seconds"] = json_optional(info.jiffies_seconds);
    entry["load_average"] = info.load_average ? Json(*info.load_average) : Json(nullptr);
    return entry;
}

Json cpu(const SystemInfo& info) {
    Json entry{
        {"possible", info.cpus_possible}, {"present", info.cpus_present}, {"online", info.cpus_online}};
    entry["khz"] = json_optional(info.cpu_khz);
    entry["model"] = json_text_or_null(info.cpu_model);
    return entry;
}

Json memory(const SystemInfo& info) {
    Json nodes = Json::array();
    for (const NumaNode& node : info.nodes)
        nodes.push_back({{"id", node.id},
                         {"start_pfn", node.start_pfn},
                         {"spanned_bytes", node.spanned_bytes},
                         {"present_bytes", node.present_bytes}});
    Json entry{{"present_bytes", json_optional(info.memory_bytes)},
               {"usable_bytes", json_optional(info.usable_bytes)}};
    entry["nodes"] = std::move(nodes);
    return entry;
}

Json hardware(const SystemInfo& info) {
    Json dmi = Json::object();
    for (const auto& [name, value] : info.dmi) dmi[json_text(name).get<std::string>()] = json_text(value);
    return {{"hypervisor", json_text_or_null(info.hypervisor)}, {"dmi", std::move(dmi)}};
}

}  // namespace

Json json_entry(const TaintFlag& flag) {
    return {{"bit", flag.bit}, {"letter", std::string(1, flag.letter)}, {"meaning", flag.meaning}};
}

Json json_entry(const SystemInfo& info) {
    return {{"dump", dump(info)},
            {"kernel", kernel(info)},
            {"taint", taint(info)},
            {"time", time(info)},
            {"cpus", cpu(info)},
            {"memory", memory(info)},
            {"hardware", hardware(info)},
            {"task_count", json_optional(info.task_count)},
            {"panic_message", json_text_or_null(info.panic_message)}};
}

std::string to_json(const SystemInfo& info) {
    Json document = json_entry(info);
    document["problems"] = json_problems(info.problems);
    return json_document(document);
}

}  // namespace postmortem
