// Verdicts on situations that no staged kernel gets into: old machines, odd zones, half a report.
#include "report/oom/oom_verdict.h"

#include <algorithm>
#include <string>

#include <doctest/doctest.h>

#include <postmortem/oom.h>

namespace oom_verdict_test {

using namespace postmortem;
using Kind = OomFindingKind;

namespace {

OomVerdict verdict_on(const std::string& log) {
    const auto events = find_oom_events(log);
    REQUIRE(events.size() == 1);
    return explain(events.front());
}

bool advises(const OomVerdict& verdict, std::string_view words) {
    return std::any_of(verdict.next_steps.begin(), verdict.next_steps.end(),
                       [&](const std::string& step) { return step.find(words) != std::string::npos; });
}

std::string text_of(const OomVerdict& verdict, Kind kind) {
    for (const auto* const list : {&verdict.why, &verdict.who}) {
        for (const OomFinding& found : *list) {
            if (found.kind == kind) return found.text;
        }
    }
    return {};
}

// 1 GiB with highmem, as 2.6.24 printed it: low memory is used up by slab, high memory is not.
const std::string lowmem_2_6_24 =
    "cp invoked oom-killer: gfp_mask=0xd0, order=0, oomkilladj=0\n"
    "Pid: 4711, comm: cp Not tainted 2.6.24-1-686 #1\n"
    "Mem-info:\n"
    "Active:20000 inactive:10000 dirty:0 writeback:0 unstable:0\n"
    " free:70000 slab:200000 mapped:100 pagetables:100 bounce:0\n"
    "DMA free:3000kB min:3200kB low:4000kB high:4800kB active:0kB inactive:0kB present:16256kB "
    "pages_scanned:0 "
    "all_unreclaimable? yes\n"
    "lowmem_reserve[]: 0 873 1254 1254\n"
    "Normal free:3600kB min:3744kB low:4680kB high:5616kB active:0kB inactive:0kB present:894080kB "
    "pages_scanned:97 "
    "all_unreclaimable? yes\n"
    "lowmem_reserve[]: 0 0 3047 3047\n"
    "HighMem free:273400kB min:380kB low:788kB high:1200kB active:80000kB inactive:40000kB present:390084kB "
    "pages_scanned:0 all_unreclaimable? no\n"
    "lowmem_reserve[]: 0 0 0 0\n"
    "DMA: 2*4kB 4*8kB 3*16kB = 3000kB\n"
    "Normal: 2*4kB 4*8kB 3*16kB = 3600kB\n"
    "HighMem: 2*4kB 4*8kB 66*4096kB = 273400kB\n"
    "Free swap  = 524280kB\nTotal swap = 524280kB\n"
    "327520 pages of RAM\n98144 pages of HIGHMEM\n5120 reserved pages\n"
    "Out of memory: kill process 4000 (apache2) score 4223 or a child\n"
    "Killed process 4001 (apache2)\n";

// A small ARM board whose free memory is all in its CMA area.
const std::string cma_board =
    "kworker invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
    "CPU: 1 PID: 77 Comm: kworker Not tainted 6.1.0-rpi #1\n"
    "Mem-Info:\n"
    "active_anon:100000 inactive_anon:10000 isolated_anon:0\n active_file:100 inactive_file:100 "
    "isolated_file:0\n"
    " unevictable:0 dirty:0 writeback:0\n slab_reclaimable:1000 slab_unreclaimable:4000\n mapped:50 "
    "shmem:500 "
    "pagetables:800\n free:35000 free_pcp:0 free_cma:33000\n"
    "Node 0 DMA free:140000kB boost:0kB min:5000kB low:6000kB high:7000kB reserved_highatomic:0KB "
    "present:786432kB "
    "managed:663836kB free_cma:135500kB\n"
    "lowmem_reserve[]: 0 0 0 0\n"
    "Node 0 DMA: 10*4kB (UC) 20*4096kB (C) = 140000kB\n"
    "Free swap  = 0kB\nTotal swap = 102396kB\n"
    "196608 pages RAM\n0 pages HighMem/MovableOnly\n30649 pages reserved\n"
    "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n"
    "[    500]  1000   500   200000    90000   700000    20000             0 chromium\n"
    "Out of memory: Killed process 500 (chromium) total-vm:800000kB, anon-rss:360000kB, file-rss:0kB, "
    "shmem-rss:0kB, "
    "UID:1000 pgtables:683kB oom_score_adj:0\n";

}  // namespace

TEST_CASE("low memory is used up while high memory is free") {
    const OomVerdict verdict = verdict_on(lowmem_2_6_24);
    CHECK(verdict.has(Kind::ZoneExhausted));
    CHECK(verdict.has(Kind::SlabLeak));
    CHECK(verdict.has(Kind::VictimIsChild));
    CHECK_FALSE(verdict.has(Kind::SwapFull));
    CHECK(text_of(verdict, Kind::ZoneExhausted).find("HighMem has 273400 kB free") != std::string::npos);
    CHECK(advises(verdict, "64-bit kernel"));
    CHECK_FALSE(advises(verdict, "swap"));
}

TEST_CASE("a thread that was chosen is not its process's parent") {
    const std::string log =
        "java invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=-998\n"
        "Task in /pod killed as a result of limit of /pod\n"
        "memory: usage 524288kB, limit 524288kB, failcnt 500\n"
        "[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name\n"
        "[28438]     0 28438  5063909   119961    1661   136409          -998 java\n";
    const std::string killed =
        "Killed process 28438 (java) total-vm:20255636kB, anon-rss:466160kB, file-rss:0kB\n";
    const std::string choice =
        "Memory cgroup out of memory: Kill process 24572 (java) score 0 or sacrifice child\n";
    const std::string parent = "[24572]     0 24572      909      961      61        9          -998 java\n";
    CHECK_FALSE(verdict_on(log + choice + killed).has(Kind::VictimIsChild));
    CHECK(verdict_on(log + parent + choice + killed).has(Kind::VictimIsChild));
}

TEST_CASE("free memory that lies in CMA areas helps no kernel allocation") {
    const OomVerdict verdict = verdict_on(cma_board);
    CHECK(verdict.has(Kind::CmaUnusable));
    CHECK(verdict.has(Kind::Watermark));
    CHECK(verdict.has(Kind::SwapFull));
    CHECK_FALSE(verdict.has(Kind::ZoneExhausted));
    CHECK_FALSE(verdict.has(Kind::MemoryWasFree));
    CHECK(advises(verdict, "CMA area smaller"));
    CHECK(advises(verdict, "chromium (pid 500) holds most of the swap"));
}

TEST_CASE("a movable request may use CMA memory: then something else was wrong") {
    std::string log = cma_board;
    log.replace(log.find("0xcc0(GFP_KERNEL)"), 17, "0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP)");
    const OomVerdict verdict = verdict_on(log);
    CHECK_FALSE(verdict.has(Kind::CmaUnusable));
    CHECK(verdict.has(Kind::MemoryWasFree));
}

TEST_CASE("a page fault's report without a request") {
    const OomVerdict verdict = verdict_on(
        "qemu invoked oom-killer: gfp_mask=0x0(), order=0, oom_score_adj=0\n"
        "Mem-Info:\nactive_anon:1 inactive_anon:2 isolated_anon:0\n"
        "Node 0 Normal free:900000kB min:5000kB low:6000kB high:7000kB present:2000000kB managed:1900000kB\n"
        "lowmem_reserve[]: 0 0\n"
        "Out of memory: Killed process 9 (qemu) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB\n");
    CHECK(verdict.has(Kind::PageFault));
    CHECK(verdict.has(Kind::MemoryWasFree));
    CHECK_FALSE(verdict.has(Kind::Watermark));
    CHECK_FALSE(advises(verdict, "more memory"));
}

TEST_CASE("nobody left to kill, and why") {
    const OomVerdict verdict = verdict_on(
        "x invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=-1000\n"
        "[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name\n"
        "[    1]     0     1     5000      100      10        0             0 init\n"
        "[  200]     0   200   100000    90000     200        0         -1000 hog\n"
        "Kernel panic - not syncing: Out of memory and no killable processes...\n");
    CHECK(verdict.has(Kind::NoVictim));
    CHECK(text_of(verdict, Kind::NoVictim).find("every process in the table is exempt") != std::string::npos);
}

TEST_CASE("a kill that is all there is of an event claims nothing about its cause") {
    const OomVerdict verdict = verdict_on(
        "Out of memory: Killed process 9 (q) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB\n");
    CHECK(verdict.why.empty());
    CHECK_FALSE(verdict.unknown.empty());
    CHECK(advises(verdict, "look for the whole report"));
    CHECK(advises(verdict, "journalctl _PID=9 shows which unit q belonged to"));
    CHECK(advises(verdict, "to keep the next report"));
    CHECK_FALSE(advises(verdict, "MemoryMax="));
}

TEST_CASE("the kernel says of a cgroup, too, that no process could be killed") {
    const OomVerdict alone = verdict_on("Out of memory and no killable processes...\n");
    CHECK(alone.summary.find("The machine") == std::string::npos);
    CHECK(text_of(alone, Kind::NoVictim) == "no process could be killed");
    const OomVerdict memcg = verdict_on(
        "a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
        "memory: usage 102400kB, limit 102400kB, failcnt 9\nMemory cgroup stats for /jobs/7:\nanon 0\nshmem "
        "100000000\nTasks state (memory values in pages):\n"
        "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n"
        "Out of memory and no killable processes...\n");
    CHECK(memcg.has(Kind::MemcgLimit));
    CHECK(text_of(memcg, Kind::NoVictim).find("exempt") == std::string::npos);
    CHECK(text_of(memcg, Kind::NoVictim).find("no process is left in the cgroup") != std::string::npos);
}

TEST_CASE("the name of the cgroup may stand in its statistics alone") {
    const std::string log =
        "memory: usage 102400kB, limit 102400kB, failcnt 9\n"
        "Memory cgroup stats for /docker/{0}: cache:0KB rss:102000KB mapped_file:0KB\n"
        "Memory cgroup stats for /docker/{0}/sub: cache:0KB rss:10KB mapped_file:0KB\n"
        "Memory cgroup out of memory: Kill process 9 (a) score 900 or sacrifice child\n"
        "Killed process 9 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB\n";
    const auto events = find_oom_events(log);
    REQUIRE(events.size() == 1);
    CHECK(events.front().memcg.oom_path == "/docker/{0}");
    CHECK(events.front().scope == OomScope::Memcg);
    OomCgroupTreeBuilder tree;
    tree.add(events.front());
    const auto groups = tree.finish().groups;
    REQUIRE(groups.size() == 3);
    CHECK(groups.back().path == "/docker/{0}");
    CHECK(groups.back().limits_met == 1);
    // Two groups side by side: neither is the other's, and the one above them is not named.
    const auto torn = find_oom_events(
        "Memory cgroup stats for /a/x: cache:0KB rss:10KB\nMemory cgroup stats for /a/y: cache:0KB rss:9KB\n"
        "Memory cgroup out of memory: Killed process 9 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB\n");
    REQUIRE(torn.size() == 1);
    CHECK_FALSE(torn.front().memcg.oom_path);
}

TEST_CASE("a cgroup's swap limit") {
    const OomVerdict verdict = verdict_on(
        "a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
        "memory: usage 102400kB, limit 102400kB, failcnt 9\nswap: usage 51200kB, limit 51200kB, failcnt 2\n"
        "Memory cgroup stats for /jobs/7:\nanon 100000000\nfile 0\nshmem 0\n"
        "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/jobs/7,"
        "task_memcg=/jobs/7,task=a,pid=9,uid=0\n"
        "Memory cgroup out of memory: Killed process 9 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB, "
        "shmem-rss:0kB, UID:0 "
        "pgtables:8kB oom_score_adj:0\n");
    CHECK(verdict.has(Kind::MemcgLimit));
    CHECK(verdict.has(Kind::MemcgSwapLimit));
    CHECK_FALSE(verdict.has(Kind::MemcgParentLimit));
    CHECK(advises(verdict, "memory.swap.max"));
    CHECK_FALSE(advises(verdict, "give the machine more memory"));
}

TEST_CASE("a dump whose zones could not be read has nothing that is accounted to nothing") {
    OomEvent scene;
    scene.is_scene = true;
    OomVerdict blind;
    blind.balance.emplace();
    blind.balance->total_kib = 800'000;
    blind.balance->unaccounted_kib = 700'000;
    OomVerdict seeing = blind;
    oom::explain_holders(scene, blind);
    CHECK(text_of(blind, Kind::Unaccounted).empty());
    scene.memory.zones.emplace_back().name = "DMA32";
    oom::explain_holders(scene, seeing);
    CHECK_FALSE(text_of(seeing, Kind::Unaccounted).empty());
    OomVerdict half_blind;
    half_blind.balance = blind.balance;
    half_blind.balance->parts_unread = true;
    oom::explain_holders(scene, half_blind);
    CHECK(text_of(half_blind, Kind::Unaccounted).empty());
}

TEST_CASE("free memory in pieces is above its watermark, and no sentence says otherwise") {
    const std::string report =
        "sh invoked oom-killer: gfp_mask=0x400dc0(GFP_KERNEL_ACCOUNT|__GFP_ZERO), order=2, oom_score_adj=0\n"
        "CPU: 1 PID: 14450 Comm: sh Not tainted 6.6.32 #1\nMem-Info:\n"
        "active_anon:103 inactive_anon:909 isolated_anon:0\n free:50574 free_pcp:62 free_cma:0\n"
        "DMA free:202296kB boost:0kB min:22528kB low:28160kB high:33792kB reserved_highatomic:0KB "
        "present:2097152kB managed:1916000kB free_cma:0kB\n"
        "lowmem_reserve[]: 0 0 0 0\nDMA: 33806*4kB (UME) 8384*8kB (UME) 0*16kB = 202296kB\n";
    const OomVerdict verdict = verdict_on(report);
    CHECK(text_of(verdict, Kind::Fragmentation).find("largest usable block 8 kB") != std::string::npos);
    CHECK(text_of(verdict, Kind::Watermark).empty());
}

}  // namespace oom_verdict_test
