// Real OOM reports with their facts, kept outside the tree: $POSTMORTEM_CORPUS/oom/NAME.txt and NAME.json.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <postmortem/oom.h>

#include "support/files.h"

namespace oom_corpus_test {

using namespace postmortem;
using Json = nlohmann::json;

namespace {

template <class T>
Json json_of(const std::optional<T>& value) {
    return value ? Json(*value) : Json(nullptr);
}

// A fact of the corpus as our event states it. Unknown names are a bug of the test, not a pass.
Json fact(const OomEvent& event, const std::string& name) {
    const OomVictim none;
    const OomVictim& victim = event.victims.empty() ? none : event.victims.front();
    const OomMemcgUsage* const usage = event.memcg.find_usage("memory");
    const OomMemcgUsage empty_usage;
    const OomMemcgUsage& memory = usage == nullptr ? empty_usage : *usage;
    const auto selected = event.selected.value_or(OomSelected());
    if (name == "line") return event.line;
    if (name == "trigger_comm") return json_of(event.trigger.comm);
    if (name == "trigger_pid") return json_of(event.trigger.pid);
    if (name == "gfp_mask") {
        std::ostringstream hex;
        hex << std::hex << "0x" << event.trigger.gfp_mask.value_or(~0ULL);
        return hex.str();
    }
    if (name == "gfp_flags") return json_of(event.trigger.gfp_text);
    if (name == "order") return json_of(event.trigger.order);
    if (name == "trigger_oom_score_adj") return json_of(event.trigger.oom_score_adj);
    if (name == "trigger_oom_adj" || name == "trigger_oomkilladj") return json_of(event.trigger.oom_adj);
    if (name == "header_nodemask") return json_of(event.trigger.nodemask);
    if (name == "kernel") return json_of(event.trigger.kernel_release);
    if (name == "task_memcg") return json_of(event.memcg.task_path);
    if (name == "oom_memcg") return json_of(event.memcg.oom_path);
    if (name == "memcg_usage_kb") return json_of(memory.usage_kib);
    if (name == "memcg_limit_kb") return json_of(memory.limit_kib);
    if (name == "memcg_failcnt") return json_of(memory.failcnt);
    if (name == "free_swap_kb") return json_of(event.memory.swap.free_kib);
    if (name == "total_swap_kb") return json_of(event.memory.swap.total_kib);
    if (name == "pages_ram") return json_of(event.memory.ram_pages());
    if (name == "table_columns") return event.task_table.columns;
    if (name == "table_rows") return event.task_table.tasks.size();
    if (name == "constraint")
        return event.constraint == OomConstraint::Unknown ? Json(nullptr) : Json(to_string(event.constraint));
    if (name == "nodemask") return json_of(event.nodemask);
    if (name == "global_oom") return event.scope == OomScope::Global;
    if (name == "cpuset") return json_of(event.cpuset);
    if (name == "mems_allowed") return json_of(event.mems_allowed);
    if (name == "selected_pid") return json_of(selected.pid);
    if (name == "selected_comm") return selected.comm;
    if (name == "score") return json_of(selected.score);
    if (name == "scope")
        return event.scope == OomScope::Unknown ? Json(nullptr) : Json(to_string(event.scope));
    if (name == "panic") return json_of(event.panic);
    if (name == "sysrq") return event.sysrq;
    if (name == "killed_pid") return event.victims.empty() ? Json(nullptr) : Json(victim.pid);
    if (name == "killed_comm") return event.victims.empty() ? Json(nullptr) : Json(victim.comm);
    if (name == "killed_uid") return json_of(victim.uid);
    if (name == "killed_oom_score_adj") return json_of(victim.oom_score_adj);
    if (name == "total_vm_kb") return json_of(victim.total_vm_kib);
    if (name == "anon_rss_kb") return json_of(victim.anon_rss_kib);
    if (name == "file_rss_kb") return json_of(victim.file_rss_kib);
    if (name == "shmem_rss_kb") return json_of(victim.shmem_rss_kib);
    if (name == "pgtables_kb") return json_of(victim.page_table_kib);
    if (name == "reaped") return victim.reaped.has_value();
    return "no such fact: " + name;
}

}  // namespace

TEST_CASE("every fact of the corpus of real OOM reports") {
    const char* const corpus = std::getenv("POSTMORTEM_CORPUS");
    if (corpus == nullptr) {
        MESSAGE("skipped: set POSTMORTEM_CORPUS to the folder that holds oom/*.txt and oom/*.json");
        return;
    }
    std::size_t logs = 0;
    std::size_t facts = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(corpus) / "oom")) {
        if (entry.path().extension() != ".json") continue;
        const std::string name = entry.path().stem().string();
        CAPTURE(name);
        const Json expected = Json::parse(test::file_contents(entry.path()));
        std::filesystem::path log = entry.path();
        const auto events = find_oom_events(test::file_contents(log.replace_extension(".txt")));
        REQUIRE(events.size() == expected["events"].size());
        for (std::size_t i = 0; i < events.size(); ++i) {
            for (const auto& [key, value] : expected["events"][i].items()) {
                const Json ours = fact(events[i], key);
                // A log without the header line has no trigger for the corpus; a panic's CPU line names it to
                // us.
                if (key == "trigger_comm" && value.is_null() && events[i].panic) continue;
                CAPTURE(i);
                CAPTURE(key);
                CHECK(ours.dump() == value.dump());
                ++facts;
            }
        }
        ++logs;
    }
    CHECK(logs > 0);
    MESSAGE(logs << " logs, " << facts << " facts");
}

}  // namespace oom_corpus_test
