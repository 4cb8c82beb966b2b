// One line of every shape in twenty years of OOM reports, taken from real logs, and what must be read from
// it.
#include "log/oom/oom_shape.h"

#include <doctest/doctest.h>

#include "log/oom/oom_anchors.h"
#include "log/oom/oom_header.h"
#include "log/oom/oom_kills.h"
#include "log/oom/oom_memory.h"
#include "log/oom/oom_tasks.h"

namespace oom_shape_test {

using namespace postmortem;
using namespace postmortem::oom;

TEST_CASE("the header, from 2.6.18 to now") {
    OomEvent event;
    const auto read = [&](std::string_view line) {
        event = OomEvent();
        REQUIRE(shape_of(line) == Shape::Header);
        read_header(line, event);
    };
    read("oom-killer: gfp_mask=0xd0, order=1");
    CHECK_FALSE(event.trigger.comm);
    CHECK(event.trigger.gfp_mask == 0xd0);
    CHECK(event.trigger.order == 1);

    read("nautilus invoked oom-killer: gfp_mask=0x201d2, order=0, oomkilladj=-17");
    CHECK(event.trigger.comm == "nautilus");
    CHECK(event.trigger.oom_adj == -17);
    CHECK(event.trigger.oom_adj_was_oomkilladj);

    read("php-fpm invoked oom-killer: gfp_mask=0x280da, order=0, oom_adj=-4, oom_score_adj=-235");
    CHECK(event.trigger.oom_adj == -4);
    CHECK(event.trigger.oom_score_adj == -235);

    read(
        "Web Content (1) invoked oom-killer: gfp_mask=0x14200ca(GFP_HIGHUSER_MOVABLE), nodemask=0,2-3, "
        "order=0, "
        "oom_score_adj=300");
    CHECK(event.trigger.comm == "Web Content (1)");
    CHECK(event.trigger.gfp_text == "GFP_HIGHUSER_MOVABLE");
    CHECK(event.trigger.nodemask == "0,2-3");
    CHECK(event.trigger.oom_score_adj == 300);

    read("syz-executor invoked oom-killer: gfp_mask=0x0(), order=0, oom_score_adj=1000");
    CHECK(event.page_fault);
    CHECK_FALSE(event.sysrq);

    read("kworker/0:2 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=-1, oom_score_adj=0");
    CHECK(event.sysrq);
}

TEST_CASE("the context line names pid, CPU, user and release") {
    OomTrigger trigger;
    REQUIRE(shape_of("Pid: 23212, comm: php-fpm Not tainted 2.6.32-642.11.1.el6.x86_64 #1") ==
            Shape::CpuLine);
    REQUIRE(read_cpu_line("Pid: 23212, comm: php-fpm Not tainted 2.6.32-642.11.1.el6.x86_64 #1", trigger));
    CHECK(trigger.pid == 23212);
    CHECK(trigger.kernel_release == "2.6.32-642.11.1.el6.x86_64");

    trigger = OomTrigger();
    trigger.comm = "Isolated Web Co";
    const std::string_view newer =
        "CPU: 3 UID: 1000 PID: 20957 Comm: Isolated Web Co Tainted: G S         OE      6.12.9-arch1-1 #1 "
        "20d30c48b78a";
    REQUIRE(shape_of(newer) == Shape::CpuLine);
    REQUIRE(read_cpu_line(newer, trigger));
    CHECK(trigger.cpu == 3);
    CHECK(trigger.uid == 1000);
    CHECK(trigger.pid == 20957);
    CHECK(trigger.kernel_release == "6.12.9-arch1-1");
    CHECK(trigger.taint == "Tainted: G S OE");
    CHECK_FALSE(read_cpu_line("CPU: 3 PID: 1 Comm: other Not tainted 6.1.0 #1", trigger));

    trigger = OomTrigger();
    REQUIRE(read_cpu_line(
        "CPU: 0 PID: 879 Comm: in:imjournal Kdump: loaded Not tainted 4.18.0-553.8.1.el8_10.x86_64 #1",
        trigger));
    CHECK(trigger.comm == "in:imjournal");
    CHECK(trigger.kernel_release == "4.18.0-553.8.1.el8_10.x86_64");
}

TEST_CASE("the summary of 5.0+, in which lists and names hold commas") {
    OomEvent event;
    const std::string_view line =
        "oom-kill:constraint=CONSTRAINT_MEMORY_POLICY,nodemask=0,2-3,cpuset=a,b,mems_allowed=0-3,7,global_"
        "oom,"
        "task_memcg=/user.slice/x,y.scope,task=Web Content,1,pid=13135,uid=1000";
    REQUIRE(shape_of(line) == Shape::Summary);
    read_summary(line, event);
    CHECK(event.constraint == OomConstraint::MemoryPolicy);
    CHECK(event.nodemask == "0,2-3");
    CHECK(event.cpuset == "a,b");
    CHECK(event.mems_allowed == "0-3,7");
    CHECK(event.scope == OomScope::Global);
    CHECK(event.memcg.task_path == "/user.slice/x,y.scope");
    CHECK(event.selected->comm == "Web Content,1");
    CHECK(event.selected->pid == 13135);
    CHECK(event.selected->uid == 1000);

    event = OomEvent();
    read_summary(
        "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),oom_memcg=/foo,task_memcg=/foo/"
        "bar,task=stress,pid=210,uid=0",
        event);
    CHECK(event.scope == OomScope::Memcg);
    CHECK(event.memcg.oom_path == "/foo");
    CHECK(event.memcg.task_path == "/foo/bar");
    CHECK_FALSE(event.cpuset);
}

TEST_CASE("who was killed, in every wording") {
    struct Case {
        std::string_view line;
        std::int64_t pid;
        std::string_view comm;
        std::optional<std::uint64_t> uid;
        std::optional<std::uint64_t> anon_kib;
    };
    const Case cases[] = {
        {"Out of Memory: Killed process 4322 (dd).", 4322, "dd", {}, {}},
        {"Out of memory: Killed process 2592, UID 27, (mysqld).", 2592, "mysqld", 27, {}},
        {"Killed process 18662 (amule)", 18662, "amule", {}, {}},
        {"Killed process 1234 (a (b) c) vsz:412kB, anon-rss:28kB, file-rss:300kB", 1234, "a (b) c", {}, 28},
        {"Killed process 40738, UID 27, (mysqld) total-vm:6424316kB, anon-rss:13128kB, file-rss:4kB", 40738,
         "mysqld", 27, 13128},
        {"Killed process 12345 (Web Content), UID 1000, total-vm:33kB, anon-rss:20kB, file-rss:0kB, "
         "shmem-rss:8kB",
         12345, "Web Content", 1000, 20},
        {"Out of memory (oom_kill_allocating_task): Killed process 77 (java) total-vm:2000kB, "
         "anon-rss:1000kB, "
         "file-rss:0kB, shmem-rss:0kB, UID:5 pgtables:16kB oom_score_adj:-3",
         77, "java", 5, 1000},
    };
    for (const Case& expected : cases) {
        CAPTURE(expected.line);
        CHECK(shape_of(expected.line) == Shape::Kill);
        const auto victim = read_kill(expected.line);
        REQUIRE(victim);
        CHECK(victim->pid == expected.pid);
        CHECK(victim->comm == expected.comm);
        CHECK(victim->uid == expected.uid);
        CHECK(victim->anon_rss_kib == expected.anon_kib);
    }
    const auto last = read_kill(cases[6].line);
    CHECK(last->page_table_kib == 16);
    CHECK(last->oom_score_adj == -3);
}

TEST_CASE("who was chosen, and under which limit") {
    CHECK(shape_of("Out of Memory: Kill process 4322 (dd) score 912 and children.") == Shape::Select);
    CHECK(shape_of("Out of memory: kill process 18662 (amule) score 56923 or a child") == Shape::Select);
    CHECK(shape_of("No available memory (MPOL_BIND): kill process 1 (x) score 2 or a child") ==
          Shape::Select);
    CHECK(shape_of("Kill process 3456 (java) sharing same memory") == Shape::KillSharing);
    const auto selected =
        read_selection("Memory cgroup out of memory: Kill process 1381 (a b) score 1046 or sacrifice child");
    CHECK(selected.pid == 1381);
    CHECK(selected.comm == "a b");
    CHECK(selected.score == 1046);
    CHECK(read_reason("Memory cgroup out of memory: Kill process 1 (x)").scope == OomScope::Memcg);
    CHECK(read_reason("Out of memory: Kill process 1 (x)").scope == OomScope::Global);
    CHECK(read_reason("No available memory in cpuset: kill process 1 (x)").constraint ==
          OomConstraint::Cpuset);
    CHECK(read_reason("Out of memory (oom_kill_allocating_task): Kill process 1 (x)").allocating_task);
}

TEST_CASE("the reaper, its typo and its surrender") {
    const auto reaped = read_reaping(
        "oom_reaper: reaped process 10596 (a.out), now anon-rss:0kB, file-rss:12kB, shmem-rss:0lB");
    REQUIRE(reaped);
    CHECK(reaped->pid == 10596);
    CHECK(reaped->comm == "a.out");
    REQUIRE(reaped->left);
    CHECK(reaped->left->file_rss_kib == 12);
    CHECK(reaped->left->shmem_rss_kib == 0);
    const auto failed = read_reaping("oom_reaper: unable to reap pid:77 (java)");
    REQUIRE(failed);
    CHECK(failed->pid == 77);
    CHECK_FALSE(failed->left);
    CHECK(shape_of("oom_reaper: unable to reap pid:77 (java)") == Shape::NotReaped);
}

TEST_CASE("panics are told apart from other panics") {
    CHECK(shape_of("Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled") ==
          Shape::Panic);
    CHECK(shape_of("Kernel panic - not syncing: out of memory. panic_on_oom is selected") == Shape::Panic);
    CHECK(shape_of("Kernel panic - not syncing: System is deadlocked on memory") == Shape::Panic);
    CHECK(shape_of("Kernel panic - not syncing: Fatal exception in interrupt") == Shape::Other);
    CHECK(read_panic("---[ end Kernel panic - not syncing: System is deadlocked on memory ]---") ==
          "System is deadlocked on memory");
    CHECK(shape_of("Out of memory and no killable processes...") == Shape::NoKillable);
    CHECK(shape_of("Memory cgroup out of memory: OOM victim 3804877 (stress) is already exiting. Skip "
                   "killing the task") == Shape::KillSkipped);
}

TEST_CASE("zones, old and new") {
    OomMemInfo memory;
    const auto read = [&](std::string_view line, Shape expected) {
        CAPTURE(line);
        REQUIRE(shape_of(line) == expected);
        CHECK(read_memory_line(expected, line, memory));
    };
    read(
        "Node 0 DMA32 free:46472kB boost:2048kB min:39032kB low:48788kB high:58544kB "
        "reserved_highatomic:4096KB "
        "active_anon:2052kB shiny_new_counter:7kB writepending:264kB present:2080624kB managed:2015088kB "
        "local_pcp:0kB",
        Shape::Zone);
    read("lowmem_reserve[]: 0 0 1334 0 0", Shape::LowmemReserve);
    read("Node 0 DMA32: 1188*4kB (UME) 2*8kB (UM) 0*4096kB = 4768kB", Shape::FreeList);
    REQUIRE(memory.zones.size() == 1);
    const OomZone& zone = memory.zones.front();
    CHECK(zone.title() == "Node 0 DMA32");
    CHECK(zone.free_kib == 46472);
    CHECK(zone.boost_kib == 2048);
    CHECK(zone.high_kib == 58544);
    CHECK(zone.managed_kib == 2015088);
    CHECK(find_counter(zone.counters_kib, "reserved_highatomic") == 4096);
    CHECK(find_counter(zone.counters_kib, "shiny_new_counter") == 7);
    CHECK(zone.lowmem_reserve_pages == std::vector<std::uint64_t>{0, 0, 1334, 0, 0});
    REQUIRE(zone.free_blocks.size() == 3);
    CHECK(zone.free_blocks[0].count == 1188);
    CHECK(zone.free_blocks[0].types == "UME");
    CHECK(zone.free_blocks[2].types.empty());
    CHECK(zone.free_blocks_total_kib == 4768);
    CHECK(memory.page_size_kib == 4);

    memory = OomMemInfo();
    read(
        "DMA free:3044kB min:72kB low:88kB high:108kB active:4088kB inactive:4008kB present:16256kB "
        "pages_scanned:13905 "
        "all_unreclaimable? yes",
        Shape::Zone);
    read("Normal free:4440kB min:3456kB low:4320kB high:5184kB", Shape::Zone);
    read("DMA: 1*16kB 92*32kB = 3044kB", Shape::FreeList);
    REQUIRE(memory.zones.size() == 2);
    CHECK(memory.zones[0].title() == "DMA");
    CHECK(memory.zones[0].pages_scanned == 13905);
    CHECK(memory.zones[0].all_unreclaimable == true);
    CHECK(memory.zones[0].free_blocks.size() == 2);
    CHECK(memory.page_size_kib == 16);
}

TEST_CASE("totals, nodes, pages, swap, huge pages, slab and allocation sites") {
    OomMemInfo memory;
    const auto read = [&](std::string_view line, Shape expected) {
        CAPTURE(line);
        REQUIRE(shape_of(line) == expected);
        CHECK(read_memory_line(expected, line, memory));
    };
    read(" slab_reclaimable:355621 slab_unreclaimable:422360", Shape::KeyValues);
    read("Active:91264 inactive:90907 dirty:0 writeback:0 unstable:0", Shape::KeyValues);
    read(
        "Node 3 active_anon:404kB inactive_anon:508kB shmem_thp: 16kB kernel_stack:1088kB all_unreclaimable? "
        "no",
        Shape::Node);
    read("Node 1 hugepages_total=8 hugepages_free=5 hugepages_surp=1 hugepages_size=1048576kB",
         Shape::Hugepages);
    read("1048442 pages RAM", Shape::PageCount);
    read("100155 total pagecache pages", Shape::PageCount);
    read("0 pages HighMem/MovableOnly", Shape::PageCount);
    read("197137 pages reserved", Shape::PageCount);
    read("11342 pages in swap cache", Shape::PageCount);
    read("Swap cache stats: add 31260615, delete 31249273, find 295999950/297583545", Shape::SwapCache);
    read("Free swap  = 93424kB", Shape::Swap);
    read("Total swap = 102396kB", Shape::Swap);
    read("Free swap:            7kB", Shape::Swap);
    read("filp                     259KB        315KB", Shape::SlabRow);
    read("   1047212032   511334 fs/xfs/xfs_icache.c:82 [xfs] func:xfs_inode_alloc", Shape::AllocationRow);
    read("    2.96 GiB   247900 mm/slub.c:2264 func:alloc_slab_page", Shape::AllocationRow);
    CHECK(memory.total("slab_unreclaimable") == 422360);
    CHECK(memory.total("Active") == 91264);
    REQUIRE(memory.nodes.size() == 1);
    CHECK(memory.nodes[0].id == 3);
    CHECK(find_counter(memory.nodes[0].counters_kib, "shmem_thp") == 16);
    CHECK(memory.nodes[0].all_unreclaimable == false);
    REQUIRE(memory.hugepages.size() == 1);
    CHECK(memory.hugepages[0].free == 5);
    CHECK(memory.ram_pages() == 1048442);
    CHECK(memory.reserved_pages() == 197137);
    CHECK(memory.swap.free_kib == 93424);
    CHECK(memory.swap.total_kib == 102396);
    CHECK(memory.swap.cache_pages == 11342);
    CHECK(memory.slab.at(0).total_kib == 315);
    REQUIRE(memory.allocations.size() == 2);
    CHECK(memory.allocations[0].module == "xfs");
    CHECK(memory.allocations[0].line == 82);
    CHECK(memory.allocations[1].function == "alloc_slab_page");
    CHECK(memory.allocations[1].bytes > 3'170'000'000);

    OomMemInfo old;
    CHECK(read_memory_line(Shape::PageCount, "196480 pages of RAM", old));
    CHECK(read_memory_line(Shape::PageCount, "2737 reserved pages", old));
    CHECK(old.ram_pages() == 196480);
    CHECK(old.reserved_pages() == 2737);
}

TEST_CASE("the task table is read by its own header") {
    OomTaskTable table;
    const std::string_view header =
        "[  pid  ]   uid  tgid total_vm      rss (01)nrss  pgtables_bytes swapents oom_score_adj name";
    REQUIRE(shape_of(header) == Shape::TableHeader);
    table.columns = read_table_header(header);
    const std::string_view row =
        "[  13135]     0 13135   787018   674666   674300  5439488        3          -998 (sd pam) 1";
    REQUIRE(shape_of(row) == Shape::TableRow);
    read_table_row(row, 5, table);
    REQUIRE(table.tasks.size() == 1);
    const OomTask& task = table.tasks.front();
    CHECK(task.pid == 13135);
    CHECK(task.rss_pages == 674666);
    CHECK(task.page_table_bytes == 5439488);
    CHECK(task.swap_pages == 3);
    CHECK(task.oom_score_adj == -998);
    CHECK(task.name == "(sd pam) 1");
    CHECK(find_counter(task.other, "(01)nrss") == 674300);
    CHECK(table.torn_rows == 0);
    read_table_row("[  13136]     0 13136   787018", 6, table);
    CHECK(table.torn_rows == 1);
    CHECK(table.tasks.at(1).total_vm_pages == 787018);
    CHECK_FALSE(table.tasks.at(1).rss_pages);

    OomTaskTable headless;
    read_table_row(
        "[ 2102]     0  2102     1873     1000      960       40         0    61440        0           250 "
        "531",
        1, headless);
    CHECK(headless.tasks.at(0).name == "531");
    CHECK(headless.tasks.at(0).rss_pages == 1000);
    CHECK_FALSE(headless.tasks.at(0).oom_score_adj);
}

TEST_CASE("cgroup lines of both versions") {
    OomMemcg memcg;
    read_memcg_task("Task in /docker/2e08/task killed as a result of limit of /docker/2e08", memcg);
    CHECK(memcg.task_path == "/docker/2e08/task");
    CHECK(memcg.oom_path == "/docker/2e08");
    REQUIRE(shape_of("memory+swap: usage 40940kB, limit 9007199254740988kB, failcnt 6") == Shape::MemcgUsage);
    read_memcg_usage("memory+swap: usage 40940kB, limit 9007199254740988kB, failcnt 6", memcg);
    read_memcg_usage("memory: usage 20480kB, limit 20480kB, failcnt 1204", memcg);
    CHECK(memcg.find_usage("memory+swap")->unlimited());
    CHECK_FALSE(memcg.find_usage("memory")->unlimited());
    CHECK(memcg.find_usage("memory")->failcnt == 1204);
    read_memcg_stats("Memory cgroup stats for /mem2: cache:0KB rss:980KB writeback:20KB", memcg);
    CHECK(memcg.stats.at(0).path == "/mem2");
    CHECK(find_counter(memcg.stats.at(0).sizes_bytes, "rss") == 980 * 1024);
    read_memcg_stats("Memory cgroup stats for /foo:", memcg);
    CHECK(memcg.stats.at(1).path == "/foo");
    CHECK(read_stat_row("slab_unreclaimable 274432", memcg.stats.at(1)));
    CHECK(read_stat_row("workingset_refault_anon 2145", memcg.stats.at(1)));
    CHECK(find_counter(memcg.stats.at(1).sizes_bytes, "slab_unreclaimable") == 274432);
    CHECK(find_counter(memcg.stats.at(1).counts, "workingset_refault_anon") == 2145);
}

TEST_CASE("lines that only resemble a report's") {
    for (const std::string_view line : {
             "[drm] Initialized",
             "[<ffffffff81131420>] ? dump_header+0x90/0x1b0",
             "[out_of_memory+389/448] out_of_memory+0x185",
             "usb 1-1: new high-speed USB device number 2",
             "CPU features: detected: SVE",
             "Node 0 something else",
             "EXT4-fs (vda1): mounted filesystem",
             "memory: something",
             "x: y",
             "",
             "a",
             "RIP: 0033:0x7f846e652f01",
             "page allocation is fine",
             "oom_kill_process+0x209/0x810",
             "Modules linked in: xfs",
             "12 monkeys",
         }) {
        CAPTURE(line);
        CHECK(shape_of(line) == Shape::Other);
    }
    CHECK(shape_of("kworker/u8:1: page allocation failure: order:4, mode:0xd0") == Shape::OtherMemInfo);
    CHECK(shape_of("sysrq: Show Memory") == Shape::OtherMemInfo);
}

TEST_CASE("the anchor search finds every anchor wherever it lies") {
    const Anchors& anchors = Anchors::get();
    const std::string noise(1000, 'o');
    for (const std::string_view word :
         {"oom-kill", "oom_reap", "t of mem", "Killed p", "total_vm", "Manual O"}) {
        for (std::size_t offset = 0; offset < 20; ++offset) {
            std::string text = noise.substr(0, offset);
            text += word;
            CHECK(anchors.find(text) == offset);
            CHECK(anchors.find(text + noise) == offset);
        }
    }
    CHECK(anchors.find(noise) == std::string_view::npos);
    CHECK(anchors.find("oom-kil") == std::string_view::npos);
    CHECK(anchors.find("") == std::string_view::npos);
}

}  // namespace oom_shape_test
