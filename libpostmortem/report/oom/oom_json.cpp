// An OOM event as JSON: every field of the structs by a stable name with its unit; null means not in the log.
#include <fmt/format.h>

#include <postmortem/render.h>
#include <postmortem/render_oom.h>

#include "base/text.h"
#include "output/json.h"

namespace postmortem {
namespace {

template <class T>
void put(Json& object, const char* name, const std::optional<T>& value) {
    object[name] = json_optional(value);
}

void put(Json& object, const char* name, const std::optional<std::string>& value) {
    object[name] = value ? json_text(*value) : Json(nullptr);
}

// Rows by the hundred: what a row lacks is left out.
template <class T>
void put_if(Json& object, const char* name, const std::optional<T>& value) {
    if (value) object[name] = *value;
}

template <class T, class Convert>
Json list(const std::vector<T>& items, Convert convert) {
    Json out = Json::array();
    for (const T& item : items) out.push_back(convert(item));
    return out;
}

Json texts(const std::vector<std::string>& lines) {
    return list(lines, [](const std::string& line) { return json_text(line); });
}

Json counters(const OomCounters& list) {
    Json object = Json::object();
    for (const OomCounter& counter : list) object[escaped(counter.name)] = counter.value;
    return object;
}

Json trigger_json(const OomEvent& event) {
    const OomTrigger& trigger = event.trigger;
    Json out = Json::object();
    put(out, "comm", trigger.comm);
    put(out, "pid", trigger.pid);
    put(out, "cpu", trigger.cpu);
    put(out, "uid", trigger.uid);
    out["gfp_mask"] = trigger.gfp_mask ? Json(fmt::format("{:#x}", *trigger.gfp_mask)) : Json(nullptr);
    out["gfp_flags"] = texts(trigger.gfp_flags);
    out["gfp_flags_decoded"] = trigger.gfp_decoded;
    put(out, "order", trigger.order);
    put(out, "oom_adj", trigger.oom_adj);
    put(out, "oom_score_adj", trigger.oom_score_adj);
    put(out, "nodemask", trigger.nodemask);
    put(out, "kernel_release", trigger.kernel_release);
    put(out, "taint", trigger.taint);
    put(out, "hardware", trigger.hardware);
    return out;
}

Json cgroup_json(const std::optional<CgroupName>& name) {
    if (!name || name->empty()) return nullptr;
    Json out = Json::object();
    put(out, "runtime", name->runtime);
    put(out, "container_id", name->container_id);
    put(out, "pod_uid", name->pod_uid);
    put(out, "qos", name->qos);
    put(out, "unit", name->unit);
    put(out, "user_unit", name->user_unit);
    put(out, "user", name->user);
    put(out, "job", name->job);
    put(out, "machine", name->machine);
    out["kubernetes"] = name->kubernetes;
    out["description"] = json_text(name->description());
    return out;
}

Json usage_json(const OomMemcgUsage& usage) {
    Json out = {{"name", json_text(usage.name)}};
    put(out, "usage_kib", usage.usage_kib);
    put(out, "limit_kib", usage.unlimited() ? std::nullopt : usage.limit_kib);
    out["unlimited"] = usage.unlimited();
    put(out, "failcnt", usage.failcnt);
    return out;
}

Json memcg_json(const OomEvent& event, const OomVerdict& verdict) {
    const OomMemcg& memcg = event.memcg;
    Json out = Json::object();
    put(out, "oom_memcg", memcg.oom_path);
    put(out, "task_memcg", memcg.task_path);
    put(out, "group_kill", memcg.group_path);
    put(out, "min_protection_kib", memcg.min_protection_kib);
    put(out, "low_protection_kib", memcg.low_protection_kib);
    out["oom_memcg_name"] = cgroup_json(verdict.oom_cgroup);
    out["task_memcg_name"] = cgroup_json(verdict.task_cgroup);
    out["usage"] = list(memcg.usage, usage_json);
    out["stats"] = list(memcg.stats, [](const OomMemcgStats& stats) {
        return Json{{"path", json_text(stats.path)},
                    {"sizes_bytes", counters(stats.sizes_bytes)},
                    {"counts", counters(stats.counts)}};
    });
    return out;
}

Json blocks_json(const OomFreeBlocks& blocks) {
    return {{"size_kib", blocks.size_kib}, {"count", blocks.count}, {"types", json_text(blocks.types)}};
}

Json zone_json(const OomZone& zone) {
    Json out = Json::object();
    put(out, "node", zone.node);
    out["name"] = json_text(zone.name);
    put(out, "free_kib", zone.free_kib);
    put(out, "boost_kib", zone.boost_kib);
    put(out, "min_kib", zone.min_kib);
    put(out, "low_kib", zone.low_kib);
    put(out, "high_kib", zone.high_kib);
    put(out, "present_kib", zone.present_kib);
    put(out, "managed_kib", zone.managed_kib);
    out["counters_kib"] = counters(zone.counters_kib);
    put(out, "pages_scanned", zone.pages_scanned);
    put(out, "all_unreclaimable", zone.all_unreclaimable);
    out["lowmem_reserve_pages"] = zone.lowmem_reserve_pages;
    out["free_blocks"] = list(zone.free_blocks, blocks_json);
    put(out, "free_blocks_total_kib", zone.free_blocks_total_kib);
    return out;
}

Json node_json(const OomNode& node) {
    Json out = {{"node", node.id}, {"counters_kib", counters(node.counters_kib)}};
    put(out, "all_unreclaimable", node.all_unreclaimable);
    return out;
}

Json hugepages_json(const OomHugepages& pool) {
    Json out = Json::object();
    put(out, "node", pool.node);
    out["page_size_kib"] = pool.page_size_kib;
    out["total"] = pool.total;
    out["free"] = pool.free;
    out["surplus"] = pool.surplus;
    return out;
}

Json site_json(const OomAllocationSite& site) {
    return {{"bytes", site.bytes},
            {"calls", site.calls},
            {"file", json_text(site.file)},
            {"line", site.line},
            {"module", json_text(site.module)},
            {"function", json_text(site.function)}};
}

Json memory_json(const OomMemInfo& memory) {
    Json out = Json::object();
    put(out, "page_size_kib", memory.page_size_kib);
    out["totals_pages"] = counters(memory.totals_pages);
    out["page_counts"] = counters(memory.page_counts);
    out["nodes"] = list(memory.nodes, node_json);
    out["zones"] = list(memory.zones, zone_json);
    out["hugepages"] = list(memory.hugepages, hugepages_json);
    Json swap = Json::object();
    put(swap, "total_kib", memory.swap.total_kib);
    put(swap, "free_kib", memory.swap.free_kib);
    put(swap, "cache_pages", memory.swap.cache_pages);
    out["swap"] = std::move(swap);
    out["unreclaimable_slab"] = list(memory.slab, [](const OomSlabCache& cache) {
        return Json{
            {"name", json_text(cache.name)}, {"used_kib", cache.used_kib}, {"total_kib", cache.total_kib}};
    });
    out["allocations"] = list(memory.allocations, site_json);
    return out;
}

Json task_json(const OomTask& task) {
    Json out = {{"pid", task.pid}};
    put_if(out, "uid", task.uid);
    put_if(out, "tgid", task.tgid);
    put_if(out, "total_vm_pages", task.total_vm_pages);
    put_if(out, "rss_pages", task.rss_pages);
    put_if(out, "rss_anon_pages", task.rss_anon_pages);
    put_if(out, "rss_file_pages", task.rss_file_pages);
    put_if(out, "rss_shmem_pages", task.rss_shmem_pages);
    put_if(out, "page_table_pages", task.page_table_pages);
    put_if(out, "page_table_bytes", task.page_table_bytes);
    put_if(out, "swap_pages", task.swap_pages);
    put_if(out, "cpu", task.cpu);
    put_if(out, "oom_adj", task.oom_adj);
    put_if(out, "oom_score_adj", task.oom_score_adj);
    out["name"] = json_text(task.name);
    if (!task.other.empty()) out["other"] = counters(task.other);
    return out;
}

Json victim_json(const OomVictim& victim) {
    Json out = {{"pid", victim.pid}, {"comm", json_text(victim.comm)}, {"line", victim.line}};
    put(out, "uid", victim.uid);
    put(out, "total_vm_kib", victim.total_vm_kib);
    put(out, "anon_rss_kib", victim.anon_rss_kib);
    put(out, "file_rss_kib", victim.file_rss_kib);
    put(out, "shmem_rss_kib", victim.shmem_rss_kib);
    put(out, "page_table_kib", victim.page_table_kib);
    put(out, "oom_score_adj", victim.oom_score_adj);
    out["reaped"] = nullptr;
    if (victim.reaped) {
        Json left = Json::object();
        put(left, "anon_rss_kib", victim.reaped->anon_rss_kib);
        put(left, "file_rss_kib", victim.reaped->file_rss_kib);
        put(left, "shmem_rss_kib", victim.reaped->shmem_rss_kib);
        out["reaped"] = std::move(left);
    }
    out["unable_to_reap"] = victim.unable_to_reap;
    return out;
}

Json finding_json(const OomFinding& found) {
    return {
        {"kind", to_string(found.kind)},
        {"text", json_text(found.text)},
        {"numbers", list(found.numbers, [](const OomEvidence& number) {
             return Json{{"name", json_text(number.name)}, {"value", number.value}, {"unit", number.unit}};
         })}};
}

Json consumer_json(const OomHolder& consumer) {
    Json out = {{"name", json_text(consumer.name)},
                {"processes", consumer.processes},
                {"rss_pages", consumer.rss_pages},
                {"swap_pages", consumer.swap_pages}};
    put(out, "uid", consumer.uid);
    return out;
}

Json balance_json(const OomBalance& balance) {
    Json out = {{"total_kib", balance.total_kib},
                {"parts_kib", counters(balance.parts_kib)},
                {"unaccounted_kib", balance.unaccounted_kib}};
    put(out, "shmem_kib", balance.shmem_kib);
    out["page_size_assumed"] = balance.page_size_assumed;
    return out;
}

Json verdict_json(const OomVerdict& verdict) {
    return {{"summary", json_text(verdict.summary)},
            {"why", list(verdict.why, finding_json)},
            {"who", list(verdict.who, finding_json)},
            {"next_steps", texts(verdict.next_steps)},
            {"unknown", texts(verdict.unknown)},
            {"balance", verdict.balance ? balance_json(*verdict.balance) : Json(nullptr)},
            {"top_names", list(verdict.top_names, consumer_json)},
            {"top_users", list(verdict.top_users, consumer_json)}};
}

Json selected_json(const std::optional<OomSelected>& selected) {
    if (!selected) return nullptr;
    Json out = {{"comm", json_text(selected->comm)}};
    put(out, "pid", selected->pid);
    put(out, "uid", selected->uid);
    put(out, "score", selected->score);
    return out;
}

Json table_json(const OomTaskTable& table) {
    return {{"columns", texts(table.columns)},
            {"torn_rows", table.torn_rows},
            {"tasks", list(table.tasks, task_json)}};
}

Json event_json(const OomEvent& event, const OomVerdict& verdict, std::size_t number) {
    Json out = Json::object();
    if (number != 0) out["number"] = number;
    out["line"] = event.line;
    out["last_line"] = event.last_line;
    put(out, "seconds", event.seconds);
    out["time"] = event.time.empty() ? Json(nullptr) : json_text(event.time);
    out["host"] = event.host.empty() ? Json(nullptr) : json_text(event.host);
    out["scope"] = to_string(event.scope);
    out["constraint"] =
        event.constraint == OomConstraint::Unknown ? Json(nullptr) : Json(to_string(event.constraint));
    put(out, "nodemask", event.nodemask);
    put(out, "cpuset", event.cpuset);
    put(out, "mems_allowed", event.mems_allowed);
    out["has_header"] = event.has_header;
    out["sysrq"] = event.sysrq;
    out["page_fault"] = event.page_fault;
    out["oom_kill_allocating_task"] = event.allocating_task;
    out["compaction_disabled"] = event.compaction_disabled;
    out["no_killable_process"] = event.no_killable_process;
    put(out, "panic", event.panic);
    out["trigger"] = trigger_json(event);
    out["selected"] = selected_json(event.selected);
    out["victims"] = list(event.victims, victim_json);
    out["sharing_memory"] = list(event.sharing_memory, victim_json);
    out["already_exiting"] = list(event.already_exiting, victim_json);
    const bool in_cgroup = event.scope == OomScope::Memcg || event.memcg.task_path;
    out["memcg"] = in_cgroup ? memcg_json(event, verdict) : Json(nullptr);
    out["memory"] = event.has_mem_info ? memory_json(event.memory) : Json(nullptr);
    out["task_table"] = event.has_task_table ? table_json(event.task_table) : Json(nullptr);
    out["verdict"] = verdict_json(verdict);
    out["problems"] = texts(event.problems);
    return out;
}

}  // namespace

std::string to_json(const OomEvent& event, const OomVerdict& verdict, std::size_t number) {
    return event_json(event, verdict, number).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string OomJsonWriter::add(const OomEvent& event, const OomVerdict& verdict, std::size_t number) {
    const char* const lead = first_ ? "{\"events\": [\n" : ",\n";
    first_ = false;
    return lead + to_json(event, verdict, number);
}

// The parts are documents of their own.
std::string to_json(const OomState& state) {
    const auto part = [](const auto& answer) {
        std::string text = answer ? to_json(*answer) : "null";
        if (text.ends_with('\n')) text.pop_back();
        return text;
    };
    return fmt::format("{{\"verdict\": {},\n\"memory\": {},\n\"processes\": {},\n\"cgroups\": {}}}",
                       verdict_json(state.verdict).dump(-1, ' ', false, Json::error_handler_t::replace),
                       part(&state.memory), part(state.processes), part(state.cgroups));
}

std::string OomJsonWriter::finish(std::size_t found, const Problems& problems, const OomState* state) {
    return fmt::format("{}\n],\n\"event_count\": {},\n\"state\": {},\n\"problems\": {}}}\n",
                       first_ ? "{\"events\": [" : "", found, state ? to_json(*state) : "null",
                       json_problems(problems).dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace postmortem
