// Which lines make an event, and finding events in logs too large to take apart.
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <postmortem/oom.h>

namespace oom_log_test {

using namespace postmortem;

namespace {

std::string kill_line(int pid, const char* reason = "Out of memory") {
    return fmt::format(
        "{}: Killed process {} (p{}) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:0 "
        "pgtables:8kB oom_score_adj:0\n",
        reason, pid, pid);
}

constexpr const char* header =
    "worker invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n";

}  // namespace

TEST_CASE("a log without an OOM has no events") {
    CHECK(find_oom_events("").empty());
    CHECK(find_oom_events("Linux version 6.1.0\nmemory: 12 MB\n").empty());
    const auto failure = find_oom_events(
        "kworker: page allocation failure: order:4, mode:0xcc0\nMem-Info:\nactive_anon:1 inactive_anon:2\n"
        "Node 0 Normal free:1kB min:2kB low:3kB high:4kB\n100 pages RAM\n");
    CHECK(failure.empty());
}

TEST_CASE("a failed allocation's Mem-Info is not the next event's") {
    const auto events = find_oom_events(
        std::string(header) +
        "Mem-Info:\nactive_anon:1 inactive_anon:2\nNode 0 Normal free:1kB min:2kB low:3kB high:4kB\n" +
        kill_line(1) +
        "kworker: page allocation failure: order:4, mode:0xcc0\nMem-Info:\n"
        "active_anon:7 inactive_anon:7\nNode 0 Normal free:9kB min:2kB low:3kB high:4kB\n" +
        kill_line(2));
    REQUIRE(events.size() == 2);
    CHECK(events[0].memory.total("active_anon") == 1);
    CHECK(events[0].memory.zones.size() == 1);
    CHECK_FALSE(events[1].has_mem_info);
    CHECK(events[1].victims.at(0).pid == 2);
}

TEST_CASE("kills whose reports the kernel left out are events of their own") {
    const auto events =
        find_oom_events(kill_line(1) + kill_line(2, "Memory cgroup out of memory") + kill_line(3));
    REQUIRE(events.size() == 3);
    CHECK(events[0].scope == OomScope::Global);
    CHECK(events[1].scope == OomScope::Memcg);
    CHECK(events[2].victims.at(0).comm == "p3");
    CHECK_FALSE(events[2].problems.empty());
}

TEST_CASE("a group is killed as one event") {
    const std::string memcg = "Memory cgroup out of memory";
    const auto events = find_oom_events(
        header + kill_line(1, memcg.c_str()) +
        "Tasks in /system.slice/web.service are going to be killed due to memory.oom.group set\n" +
        kill_line(2, memcg.c_str()) +
        "Memory cgroup out of memory: OOM victim 9 (p9) is already exiting. Skip killing the task\n" +
        kill_line(3, memcg.c_str()) +
        "oom_reaper: reaped process 2 (p2), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB\n" + header +
        kill_line(4));
    REQUIRE(events.size() == 2);
    CHECK(events[0].memcg.group_path == "/system.slice/web.service");
    REQUIRE(events[0].victims.size() == 3);
    CHECK(events[0].victims[1].reaped);
    CHECK_FALSE(events[0].victims[2].reaped);
    CHECK(events[0].already_exiting.size() == 1);
    CHECK(events[1].victims.size() == 1);
}

TEST_CASE("2.6.18: the threads of one process, each on a line") {
    const auto events = find_oom_events(
        "oom-killer: gfp_mask=0xd0, order=1\nMem-info:\nDMA per-cpu:\ncpu 0 hot: high 0, batch 1 used:0\n"
        "Free pages:       18912kB (0kB HighMem)\nActive:253 inactive:1 dirty:0 writeback:0 unstable:0 "
        "free:4728 slab:5\n"
        "DMA free:2796kB min:36kB low:44kB high:52kB active:0kB inactive:0kB present:9120kB pages_scanned:0 "
        "all_unreclaimable? yes\n"
        "lowmem_reserve[]: 0 0 240 240\n"
        "DMA: 1*4kB 1*8kB 0*16kB 1*32kB = 2796kB\n"
        "Swap cache: add 1, delete 1, find 0/0, race 0+0\nFree swap  = 0kB\nTotal swap = 4kB\n"
        "65536 pages of RAM\n1024 reserved pages\n"
        "Out of Memory: Kill process 4300 (dd) score 912 and children.\n"
        "Out of memory: Killed process 4322 (dd).\nOut of memory: Killed process 4323 (dd).\n");
    REQUIRE(events.size() == 1);
    const OomEvent& event = events[0];
    CHECK(event.trigger.order == 1);
    CHECK(event.memory.zones.at(0).lowmem_reserve_pages.size() == 4);
    CHECK(event.memory.ram_pages() == 65536);
    CHECK(event.memory.swap.total_kib == 4);
    CHECK(event.selected->score == 912);
    CHECK(event.victims.size() == 2);
    CHECK(event.killed_other_than_selected());
}

TEST_CASE("no process to kill in a cgroup is not a machine out of memory") {
    const auto events = find_oom_events(
        "systemd invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=100\n"
        "CPU: 10 UID: 1000 PID: 20957 Comm: systemd Not tainted 6.17.3-arch2-1-lily #1 PREEMPT(full)  "
        "5546952e0558\n"
        "Call Trace:\n <TASK>\n dump_stack_lvl+0x5d/0x80\n dump_header+0x43/0x1aa\n "
        "out_of_memory.cold+0x8/0x78\n"
        " mem_cgroup_out_of_memory+0xc2/0xd0\n try_charge_memcg+0x416/0x600\n </TASK>\n"
        "Out of memory and no killable processes...\n");
    REQUIRE(events.size() == 1);
    CHECK(events[0].scope == OomScope::Memcg);
    CHECK(events[0].no_killable_process);
    CHECK(events[0].trigger.uid == 1000);
    CHECK(events[0].trigger.kernel_release == "6.17.3-arch2-1-lily");
}

TEST_CASE("prefixes without a date") {
    const auto events =
        find_oom_events(std::string("kernel: ") + header + "kernel: " + kill_line(1) +
                        "box kernel: " + header + "... kernel: [430837.193448] " + kill_line(2));
    REQUIRE(events.size() == 2);
    CHECK(events[0].trigger.comm == "worker");
    CHECK(events[1].victims.at(0).pid == 2);
}

TEST_CASE("what a monitor says about an OOM is not one") {
    const auto events = find_oom_events("Jan 11 22:31:37 box kernel: " + kill_line(1) +
                                        "Jan 11 22:31:38 box node-problem-detector[9]: " + kill_line(1));
    CHECK(events.size() == 1);
}

TEST_CASE("events far apart in a large log, with their line numbers") {
    std::string log;
    std::size_t line = 0;
    std::vector<std::size_t> expected;
    for (int event = 0; event < 10; ++event) {
        for (int i = 0; i < 15'000; ++i, ++line)
            log += fmt::format("[{:5}.{:06}] usb 1-1: reset high-speed USB device number {}\n", i, event, i);
        expected.push_back(line + 1);
        log += header;
        log += kill_line(event + 1);
        line += 2;
    }
    const auto events = find_oom_events(log);
    REQUIRE(events.size() == expected.size());
    for (std::size_t i = 0; i < events.size(); ++i) {
        CHECK(events[i].line == expected[i]);
        CHECK(events[i].last_line == expected[i] + 1);
        CHECK(events[i].victims.at(0).pid == static_cast<std::int64_t>(i + 1));
    }
}

TEST_CASE("a table longer than the search's blocks is read whole") {
    std::string log = header;
    log +=
        "Tasks state (memory values in pages):\n"
        "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n";
    for (int pid = 100; pid < 60'100; ++pid)
        log += fmt::format("[{:7}]     0 {:5}    12552      {}    36864       16             0 task{}\n", pid,
                           pid, pid % 7, pid);
    log += kill_line(100);
    const std::string noise(2'000'000, '\n');
    const auto events = find_oom_events(noise + log + noise);
    REQUIRE(events.size() == 1);
    CHECK(events[0].line == 2'000'001);
    CHECK(events[0].task_table.tasks.size() == 60'000);
    CHECK(events[0].task_table.torn_rows == 0);
}

TEST_CASE("a report that lost its head far into a log") {
    std::string log;
    for (int i = 0; i < 50'000; ++i) log += fmt::format("line {}\n", i);
    log +=
        "Node 0 Normal free:1kB min:2kB low:3kB high:4kB present:5kB managed:5kB\n"
        "Node 0 Normal: 1*4kB (U) = 4kB\n100 pages RAM\n2 pages reserved\n";
    log += kill_line(1);
    const auto events = find_oom_events(log);
    REQUIRE(events.size() == 1);
    CHECK(events[0].line == 50'001);
    CHECK(events[0].memory.zones.size() == 1);
    CHECK_FALSE(events[0].has_header);
}

TEST_CASE("rsyslog's #012 stands for a line end") {
    const auto events = find_oom_events(
        "Sep 29 08:12:34 box kernel: " + std::string(header) +
        "Sep 29 08:12:34 box kernel: Mem-Info:\n"
        "Sep 29 08:12:34 box kernel: active_anon:33632 inactive_anon:7#012 active_file:43 "
        "inactive_file:127#012 free:23902 free_pcp:1\n"
        "Sep 29 08:12:34 box kernel: Memory cgroup stats for /x:#012anon 4096#012file 8192#012pgfault 3\n"
        "Sep 29 08:12:34 box kernel: " +
        kill_line(1));
    REQUIRE(events.size() == 1);
    CHECK(events[0].memory.total("active_anon") == 33632);
    CHECK(events[0].memory.total("free") == 23902);
    REQUIRE(events[0].memcg.stats.size() == 1);
    CHECK(find_counter(events[0].memcg.stats[0].sizes_bytes, "file") == 8192);
}

TEST_CASE("another task's words do not get into the report") {
    const auto events = find_oom_events(
        "[  262.100000][ T1770] random invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, "
        "oom_score_adj=0\n"
        "[  262.100000][  T999] CPU: 3 PID: 999 Comm: random Not tainted 9.9.9 #1\n"
        "[  262.100000][ T1770] CPU: 1 PID: 1770 Comm: random Not tainted 5.8.0 #1\n"
        "[  262.100000][ T1770] Mem-Info:\n[  262.100000][  T999] active_anon:5 inactive_anon:5\n"
        "[  262.100000][ T1770] active_anon:1 inactive_anon:2\n[  262.200000][ T1770] " +
        kill_line(7));
    REQUIRE(events.size() == 1);
    CHECK(events[0].trigger.pid == 1770);
    CHECK(events[0].memory.total("active_anon") == 1);
}

TEST_CASE("who speaks of an OOM is no OOM") {
    for (const char* const line :
         {"I saw in dmesg: bash invoked oom-killer last night", "bash invoked oom-killer",
          "the monitor says that it has Killed process twice",
          "lowmemorykiller: Killing 'com.a' (123), adj 900,",
          "lowmemorykiller: Kill 'com.a' (3451), uid 10071, oom_adj 925 to free 40456kB",
          "there are no killable processes left in my list",
          "send sigkill to 4711 (browser), adj 8, size 4000",
          "kill process after the memory test: score 3"}) {
        CAPTURE(line);
        CHECK(find_oom_events(std::string(line) + "\n").empty());
    }
}

TEST_CASE("a report that was cut does not take the kill of another boot or another hour") {
    const std::string head =
        "[  100.000000] a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n";
    const auto kill = [](const char* seconds) {
        return std::string("[") + seconds +
               "] Out of memory: Killed process 7 (b) total-vm:8kB, anon-rss:4kB, file-rss:0kB, "
               "shmem-rss:0kB\n";
    };
    CHECK(find_oom_events(head + kill("  101.000000")).size() == 1);
    CHECK(find_oom_events(head + kill("   95.000000")).size() == 1);  // merged journals
    CHECK(find_oom_events(head + kill("90000.000000")).size() == 2);
    CHECK(find_oom_events(head + kill("    5.000000")).size() == 2);
    CHECK(find_oom_events(head + "[    0.000000] Linux version 6.1.0-9-amd64\n" + kill("   99.000000"))
              .size() == 2);
}

TEST_CASE("lines that a terminal cut in the middle of a word: the summary's keys, the table's columns") {
    const auto events = find_oom_events(
        "worker invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
        "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_ad\nj name\n"
        "[     11]     0    11      734      366    45056        0             0 worker\n"
        "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom\n"
        "_memcg=/widget,task_m\nemcg=/widget,task=worker,pid=11,uid=0\n");
    REQUIRE(events.size() == 1);
    const OomEvent& event = events.front();
    CHECK(event.mems_allowed == "0");
    CHECK(event.memcg.oom_path == "/widget");
    REQUIRE(event.task_table.tasks.size() == 1);
    CHECK(event.task_table.columns.back() == "name");
    CHECK(event.task_table.columns[event.task_table.columns.size() - 2] == "oom_score_adj");
}

}  // namespace oom_log_test
