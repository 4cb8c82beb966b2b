#include <algorithm>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "report/oom/oom_text.h"

namespace oom_output_test {

using namespace postmortem;
using Json = nlohmann::json;

namespace {

OomEvent event_of(std::string_view log) {
    auto events = find_oom_events(log);
    REQUIRE(events.size() == 1);
    return std::move(events.front());
}

const std::string_view memcg_log =
    "[   15.113531] node invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=968\n"
    "[   15.113540] CPU: 0 UID: 0 PID: 135 Comm: node Not tainted 6.12.0 #1\n"
    "[   15.113544] memory: usage 24576kB, limit 24576kB, failcnt 21\n"
    "[   15.113545] swap: usage 0kB, limit 9007199254740988kB, failcnt 0\n"
    "[   15.113546] Memory cgroup stats for /system.slice/web.service:\n"
    "[   15.113547] anon 24000000\n"
    "[   15.113548] pgfault 77\n"
    "[   15.113549] Tasks state (memory values in pages):\n"
    "[   15.113550] [  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem shiny pgtables_bytes "
    "swapents oom_score_adj name\n"
    "[   15.113551] [    135]     0   135     6402     6047     6000        1        46    9    86016        "
    "0           968 node\n"
    "[   15.113552] [     12]   500    12     6402       47        0        1        46    9     4096        "
    "5             0 helper\n"
    "[   15.113553] "
    "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/system.slice/"
    "web.service,"
    "task_memcg=/system.slice/web.service,task=node,pid=135,uid=0\n"
    "[   15.113554] Memory cgroup out of memory: Killed process 135 (node) total-vm:25608kB, "
    "anon-rss:24000kB, file-rss:4kB, "
    "shmem-rss:184kB, UID:0 pgtables:84kB oom_score_adj:968\n";

}  // namespace

TEST_CASE("the screen of one event") {
    const OomEvent event = event_of(memcg_log);
    const std::string text = to_text(event, explain(event), 1);
    for (const char* const part :
         {"OOM event 1 (line 1, 15.113531 s after boot, kernel 6.12.0)",
          "The memory limit of web.service, 24 MiB, was met",
          "asked    node (pid 135) on CPU 0, order 0, gfp_mask 0xcc0 GFP_KERNEL", "limit of web.service",
          "memory   24 MiB used, limit 24 MiB, failed 21 times", "swap     0 kB used, no limit", "Why\n",
          "Who\n", "Next\n", "MemoryMax= of web.service", "shiny", "<- killed",
          "Processes (2 in the table"}) {
        CAPTURE(part);
        CHECK(text.find(part) != std::string::npos);
    }
    CHECK(text.find('#') == std::string::npos);
    CHECK(std::count(text.begin(), text.end(), '\n') < 50);
}

TEST_CASE("bars only where they are wanted") {
    const OomEvent event = event_of(
        "x invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\nMem-Info:\n"
        "active_anon:600 inactive_anon:0 isolated_anon:0\n active_file:0 inactive_file:0 isolated_file:0\n"
        " slab_reclaimable:0 slab_unreclaimable:0\n free:100 free_pcp:0\nNode 0 Normal free:400kB min:500kB "
        "low:600kB high:700kB\n"
        "lowmem_reserve[]: 0 0\nNode 0 Normal: 100*4kB (U) = 400kB\n1100 pages RAM\n100 pages reserved\n"
        "Out of memory: Killed process 1 (x) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB\n");
    CHECK(to_text(event, explain(event), 0).find('#') == std::string::npos);
    const std::string bars = to_text(event, explain(event), 0, {.bars = true});
    CHECK(bars.find("########################................") != std::string::npos);
    CHECK(bars.find("60 %") != std::string::npos);
}

TEST_CASE("the process table is sorted by any column") {
    const OomEvent event = event_of(memcg_log);
    const auto first_name = [&](std::string_view column) {
        const std::string table = oom_process_table(event, {.sort_by = std::string(column)});
        const std::size_t row = table.find('\n') + 1;
        const std::string line = table.substr(row, table.find('\n', row) - row);
        return line.substr(line.find_last_of(' ') == std::string::npos ? 0 : line.find_first_of("nh", 40));
    };
    CHECK(first_name("").starts_with("node"));
    CHECK(first_name("rss").starts_with("node"));
    CHECK(first_name("swapents").starts_with("helper"));
    CHECK(first_name("uid").starts_with("helper"));
    CHECK(first_name("name").starts_with("helper"));
}

TEST_CASE("text from the log cannot steer the terminal") {
    const OomEvent event = event_of(
        "ev\x01il\xff invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
        "Out of memory: Killed process 1 (a\x08\x08z) total-vm:8kB, anon-rss:4kB, file-rss:0kB, "
        "shmem-rss:0kB\n");
    const OomVerdict verdict = explain(event);
    for (const std::string& text : {to_text(event, verdict, 1), one_line(event, verdict, 1)}) {
        CHECK(std::none_of(text.begin(), text.end(),
                           [](char c) { return (c < ' ' && c != '\n' && c >= 0) || c == '\x7f'; }));
    }
    CHECK(to_text(event, verdict, 1).find("ev\\x01il\\xff") != std::string::npos);
    CHECK(Json::parse(to_json(event, verdict))["trigger"]["comm"] == "ev\\x01il\\xff");
}

TEST_CASE("the JSON holds every field by its unit") {
    const OomEvent event = event_of(memcg_log);
    const Json json = Json::parse(to_json(event, explain(event)));
    CHECK(json["line"] == 1);
    CHECK(json["scope"] == "memcg");
    CHECK(json["constraint"] == "CONSTRAINT_MEMCG");
    CHECK(json["trigger"]["gfp_mask"] == "0xcc0");
    CHECK(json["trigger"]["gfp_flags"] == Json::array({"GFP_KERNEL"}));
    CHECK(json["trigger"]["uid"] == 0);
    CHECK(json["memcg"]["usage"][0]["name"] == "memory");
    CHECK(json["memcg"]["usage"][0]["limit_kib"] == 24576);
    CHECK(json["memcg"]["usage"][1]["limit_kib"].is_null());
    CHECK(json["memcg"]["usage"][1]["unlimited"] == true);
    CHECK(json["memcg"]["stats"][0]["sizes_bytes"]["anon"] == 24000000);
    CHECK(json["memcg"]["stats"][0]["counts"]["pgfault"] == 77);
    CHECK(json["memcg"]["oom_memcg_name"]["unit"] == "web.service");
    CHECK(json["task_table"]["tasks"][0]["rss_anon_pages"] == 6000);
    CHECK(json["task_table"]["tasks"][1]["other"]["shiny"] == 9);
    CHECK(json["victims"][0]["page_table_kib"] == 84);
    CHECK(json["verdict"]["why"][0]["kind"] == "memcg-limit");
    CHECK(json["verdict"]["why"][0]["numbers"][0]["unit"] == "kB");
    CHECK(json["memory"].is_null());
    CHECK(to_json(event, explain(event)).find('\n') == std::string::npos);
}

}  // namespace oom_output_test
