// Writes down what the kernel itself says about its tasks and its state, so
// that what is read from the dump can be compared with it. Usage:
//   witness OUTPUT [brief]
// Every file of /proc that is read comes as a line "=== PATH", its text, and
// a newline; links as one line "-> TARGET". `brief` leaves out the long
// per-task files, for guests with very many tasks. What counts memory is read
// once more at the end, as "=== PATH again": between the two readings lies
// what has changed meanwhile.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

static FILE* out;

static const char* mark = "";  // behind each name

static void copy(const char* path) {
    static char buffer[1 << 16];
    int fd = open(path, O_RDONLY | O_NONBLOCK);
    ssize_t got;
    char last = '\n';
    if (fd < 0) return;
    fprintf(out, "=== %s%s\n", path, mark);
    while ((got = read(fd, buffer, sizeof buffer)) > 0) {
        // cmdline and its like separate words by NUL bytes
        for (ssize_t i = 0; i < got; i++)
            if (!buffer[i]) buffer[i] = ' ';
        fwrite(buffer, 1, (size_t)got, out);
        last = buffer[got - 1];
    }
    if (last != '\n') fputc('\n', out);
    close(fd);
}

static void copy_link(const char* path) {
    char target[PATH_MAX];
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length < 0) return;
    target[length] = 0;
    fprintf(out, "=== %s\n-> %s\n", path, target);
}

static void for_each_entry(const char* dir, void (*visit)(const char*)) {
    struct dirent** entries;
    char path[PATH_MAX];
    int count = scandir(dir, &entries, NULL, versionsort);
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s", dir, entries[i]->d_name);
            visit(path);
        }
        free(entries[i]);
    }
    if (count >= 0) free(entries);
}

static int brief;

static void copy_below(const char* dir, const char* const* names) {
    char path[PATH_MAX];
    for (; *names; names++) {
        snprintf(path, sizeof path, "%s/%s", dir, *names);
        copy(path);
    }
}

static void thread(const char* dir) {
    static const char* const all[] = {"stat", "status", "comm", "stack", "wchan", "syscall", "oom_score",
                                      "oom_score_adj", "cgroup", NULL};
    static const char* const few[] = {"stat", "status", "stack", NULL};
    copy_below(dir, brief ? few : all);
}

static void process(const char* dir) {
    static const char* const all[] = {"stat",   "status",  "comm",   "oom_score", "oom_score_adj", "cgroup",
                                      "stack",  "limits",  "cmdline", "statm",    "maps",          "smaps_rollup",
                                      "sched",  "mountinfo", "io",   "environ",   NULL};
    static const char* const few[] = {"stat", "status", "oom_score", "cgroup", "cmdline", NULL};
    char below[PATH_MAX];
    if (strspn(dir + strlen("/proc/"), "0123456789") != strlen(dir + strlen("/proc/"))) return;
    copy_below(dir, brief ? few : all);
    snprintf(below, sizeof below, "%s/task", dir);
    for_each_entry(below, thread);
    if (brief) return;
    snprintf(below, sizeof below, "%s/ns", dir);
    for_each_entry(below, copy_link);
    snprintf(below, sizeof below, "%s/fd", dir);
    for_each_entry(below, copy_link);
    static const char* const links[] = {"exe", "cwd", "root", NULL};
    for (const char* const* link = links; *link; link++) {
        snprintf(below, sizeof below, "%s/%s", dir, *link);
        copy_link(below);
    }
}

// Of the kernel's symbols: a few that fix the addresses, and those of modules
static void symbols(void) {
    static const char* const wanted[] = {"_stext", "_etext", "init_task", "linux_banner", "init_pid_ns",
                                         "runqueues", "page_offset_base", "vmalloc_base", "vmemmap_base",
                                         "phys_base", "prb", "modules", "slab_caches", "panic", "swapper_pg_dir",
                                         "init_top_pgt", "crashing_cpu", "panic_cpu", NULL};
    FILE* in = fopen("/proc/kallsyms", "r");
    char* line = NULL;
    size_t room = 0;
    if (!in) return;
    fprintf(out, "=== /proc/kallsyms\n");
    while (getline(&line, &room, in) > 0) {
        char symbol[512] = "";
        int keep = strchr(line, '[') != NULL;
        if (!keep && sscanf(line, "%*s %*s %511s", symbol) == 1)
            for (const char* const* w = wanted; *w && !keep; w++) keep = !strcmp(symbol, *w);
        if (keep) fputs(line, out);
    }
    fclose(in);
}

static void control_group(const char* path) {
    static const char* const files[] = {"cgroup.procs", "cgroup.events", "cgroup.freeze", "memory.max",
                                        "memory.current", "memory.stat", "memory.events", "pids.max",
                                        "pids.current", "cpu.max", "cpu.stat",
                                        "memory.min", "memory.low", "memory.high", "memory.swap.current",
                                        "memory.swap.max", "memory.swap.events", "memory.events.local",
                                        "memory.oom.group", "memory.peak", "cgroup.stat",
                                        // and what version 1 has
                                        "memory.usage_in_bytes", "memory.limit_in_bytes", "memory.failcnt",
                                        "memory.max_usage_in_bytes", "memory.soft_limit_in_bytes",
                                        "memory.memsw.usage_in_bytes", "memory.memsw.limit_in_bytes",
                                        "memory.memsw.failcnt", "memory.kmem.usage_in_bytes",
                                        "memory.oom_control", "memory.swappiness", "memory.use_hierarchy", NULL};
    char below[PATH_MAX];
    snprintf(below, sizeof below, "%s/cgroup.procs", path);
    if (access(below, F_OK)) return;
    copy_below(path, files);
    for_each_entry(path, control_group);
}

// What df would say of each mount of memory
static void memory_mounts(void) {
    FILE* in = fopen("/proc/mounts", "r");
    char where[PATH_MAX], type[64];
    struct statfs fs;
    if (!in) return;
    fprintf(out, "=== statfs%s\n", mark);
    while (fscanf(in, "%*s %4095s %63s %*[^\n]", where, type) == 2)
        if ((!strcmp(type, "tmpfs") || !strcmp(type, "devtmpfs") || !strcmp(type, "rootfs")) && !statfs(where, &fs))
            fprintf(out, "%s blocks %lu free %lu size %ld\n", where, (unsigned long)fs.f_blocks,
                    (unsigned long)fs.f_bfree, (long)fs.f_bsize);
    fclose(in);
}

int main(int argc, char** argv) {
    static const char* const machine[] = {
        "version", "cmdline", "uptime", "loadavg", "meminfo", "mounts", "modules", "swaps", "slabinfo",
        "zoneinfo", "buddyinfo", "pagetypeinfo", "vmstat", "cpuinfo", "stat", "interrupts", "softirqs",
        "iomem", "ioports", "locks", "partitions", "diskstats", "filesystems", "devices", "misc", "consoles",
        "cgroups", "vmallocinfo", "timer_list", "sched_debug", "net/unix", "net/tcp", "net/udp", "net/dev",
        "net/tcp6", "net/udp6", "net/raw", "net/netlink", "net/packet", "sysvipc/shm", "sysvipc/sem", "sysvipc/msg", "sys/kernel/random/boot_id", "sys/kernel/tainted", "sys/kernel/hostname",
        "sys/kernel/pid_max", "sys/kernel/threads-max", "sys/kernel/panic_on_oops", "sys/vm/panic_on_oom",
        "sys/kernel/ns_last_pid", "sys/vm/overcommit_memory", "sys/vm/overcommit_ratio",
        "sys/vm/overcommit_kbytes", "sys/vm/swappiness", "sys/vm/min_free_kbytes", "sys/vm/watermark_scale_factor",
        "sys/vm/watermark_boost_factor", "sys/vm/oom_kill_allocating_task", "sys/vm/oom_dump_tasks",
        "sys/vm/admin_reserve_kbytes", "sys/vm/user_reserve_kbytes", NULL};
    // (Not lowmem_reserve_ratio: to read it makes the kernel compute the zones' reserves anew.)
    static const char* const counting[] = {"meminfo", "zoneinfo", "buddyinfo", "slabinfo", "vmstat", "swaps", NULL};
    static const char* const elsewhere[] = {"/sys/devices/system/cpu/online", "/sys/devices/system/cpu/possible",
                                            "/sys/devices/system/node/online", "/sys/kernel/kexec_crash_size",
                                            "/sys/kernel/vmcoreinfo", "/sys/kernel/debug/sched/debug",
                                            "/sys/block/zram0/mm_stat", "/sys/kernel/debug/zswap/stored_pages",
                                            "/sys/kernel/debug/zswap/pool_total_size", "/dev/kmsg", NULL};
    if (argc < 2 || !(out = fopen(argv[1], "w"))) return 1;
    brief = argc > 2 && !strcmp(argv[2], "brief");
    setvbuf(out, NULL, _IOFBF, 1 << 20);
    for_each_entry("/proc", process);
    copy_below("/proc", machine);
    for (const char* const* path = elsewhere; *path; path++) copy(*path);
    control_group("/sys/fs/cgroup");
    control_group("/cgroup/memory");
    symbols();
    memory_mounts();
    mark = " again";
    copy_below("/proc", counting);
    copy("/sys/block/zram0/mm_stat");
    fprintf(out, "=== end\n");
    fflush(out);
    fsync(fileno(out));
    return 0;
}
