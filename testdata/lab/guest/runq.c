// Gives each processor more tasks than it can run, of every scheduling class, has the kernel say who is
// runnable where, and crashes the machine. Usage: runq fair|deadline, as root; which of the two says what
// runs on the crashing processor. The kernel's words (the runnable rows of sched/debug) go into the kernel's
// log behind "lab: runq: ", so that they lie in the dump itself.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GROUPS "/sys/fs/cgroup"

struct deadline_attributes {  // struct sched_attr, include/uapi/linux/sched/types.h
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

static void put(const char* path, const char* text) {
    int fd = open(path, O_WRONLY);
    if (fd < 0 || write(fd, text, strlen(text)) < 0) fprintf(stderr, "lab: runq: %s: %m\n", path);
    if (fd >= 0) close(fd);
}

static void run_on(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static void set_policy(int policy, int priority) {
    struct sched_param parameters = {.sched_priority = priority};
    if (sched_setscheduler(0, policy, &parameters)) fprintf(stderr, "lab: runq: policy %d: %m\n", policy);
}

static void set_deadline(uint64_t runtime_ms, uint64_t deadline_ms) {
    const uint64_t ms = 1000000;
    struct deadline_attributes wanted = {sizeof wanted,   6 /* SCHED_DEADLINE */, 0,        0, 0,
                                         runtime_ms * ms, deadline_ms * ms,       1000 * ms};
    if (syscall(SYS_sched_setattr, 0, &wanted, 0)) fprintf(stderr, "lab: runq: deadline: %m\n");
}

static void burn(void) {
    for (;;) __asm__ volatile("" ::: "memory");
}

// Sleeps again and again after having run for longer than is its share (delayed dequeue, Linux 6.12)
static void doze(void) {
    for (;;) {
        for (volatile int i = 0; i < 3000000; i++) {
        }
        usleep(20000);
    }
}

struct kind {
    const char* name;
    int cpu;            // -1: any
    const char* group;  // below GROUPS
    int nice, policy, priority;
    int session;  // gets a group of its own (CONFIG_SCHED_AUTOGROUP)
    void (*work)(void);
};

static const struct kind kinds[] = {
    {"fair-zero", 0, NULL, 0, SCHED_OTHER, 0, 0, burn},
    {"fair-zero-kind", 0, NULL, 7, SCHED_OTHER, 0, 0, burn},
    {"fair-root", 1, NULL, 0, SCHED_OTHER, 0, 0, burn},
    {"fair-root-mean", 1, NULL, -5, SCHED_OTHER, 0, 0, burn},
    {"fair-first", 1, "lab-runq/first", 0, SCHED_OTHER, 0, 0, burn},
    {"fair-first-too", 1, "lab-runq/first", 3, SCHED_OTHER, 0, 0, burn},
    {"fair-deep", 1, "lab-runq/inner/deep", 0, SCHED_OTHER, 0, 0, burn},
    {"fair-deep-too", 1, "lab-runq/inner/deep", 0, SCHED_OTHER, 0, 0, burn},
    {"fair-session", 1, NULL, 0, SCHED_OTHER, 0, 1, burn},
    {"fair-starved", 2, NULL, 0, SCHED_OTHER, 0, 0, burn},
    {"fair-starved-in", 2, "lab-runq/first", 0, SCHED_OTHER, 0, 0, burn},
    {"fair-tight", 3, "lab-tight/in", 0, SCHED_OTHER, 0, 0, burn},
    {"fair-tight-too", 3, "lab-tight/in", 0, SCHED_OTHER, 0, 0, burn},
    {"fair-batch", 3, NULL, 0, SCHED_BATCH, 0, 0, burn},
    {"fair-idle", 3, NULL, 0, SCHED_IDLE, 0, 0, burn},
    {"fair-doze-1", 3, NULL, 0, SCHED_OTHER, 0, 0, doze},
    {"fair-doze-2", 3, "lab-runq/first", 0, SCHED_OTHER, 0, 0, doze},
    {"fair-doze-3", 3, NULL, 0, SCHED_OTHER, 0, 0, doze},
    {"rt-fifo", 2, NULL, 0, SCHED_FIFO, 50, 0, burn},
    {"rt-fifo-too", 2, NULL, 0, SCHED_FIFO, 50, 0, burn},
    {"rt-rr", 2, NULL, 0, SCHED_RR, 10, 0, burn},
    {"rt-rr-too", 2, NULL, 0, SCHED_RR, 10, 0, burn},
    {"rt-last", 2, NULL, 0, SCHED_FIFO, 1, 0, burn},
};

static void begin(const struct kind* kind) {
    if (fork()) return;
    prctl(PR_SET_NAME, kind->name);
    if (kind->session) setsid();
    if (kind->group) {
        char path[256];
        snprintf(path, sizeof path, GROUPS "/%s/cgroup.procs", kind->group);
        put(path, "0");
    }
    if (kind->nice && nice(kind->nice) == -1) {
    }
    if (kind->cpu >= 0) run_on(kind->cpu);
    if (kind->policy != SCHED_OTHER) set_policy(kind->policy, kind->priority);
    usleep(200000);  // until all are there and have what they ask for
    kind->work();
}

static void begin_deadline(int number) {
    char name[16];
    if (fork()) return;
    snprintf(name, sizeof name, "deadline-%d", number);
    prctl(PR_SET_NAME, name);
    set_deadline(300, 1000);
    usleep(1000000);
    burn();
}

static void make_groups(void) {
    put(GROUPS "/cgroup.subtree_control", "+cpu");
    for (const char* const* group = (const char* const[]){"lab-runq", "lab-tight", NULL}; *group; group++) {
        char path[256];
        snprintf(path, sizeof path, GROUPS "/%s", *group);
        mkdir(path, 0755);
        strcat(path, "/cgroup.subtree_control");
        put(path, "+cpu");
    }
    mkdir(GROUPS "/lab-runq/first", 0755);
    mkdir(GROUPS "/lab-runq/inner", 0755);
    put(GROUPS "/lab-runq/inner/cgroup.subtree_control", "+cpu");
    mkdir(GROUPS "/lab-runq/inner/deep", 0755);
    mkdir(GROUPS "/lab-tight/in", 0755);
    put(GROUPS "/lab-tight/cpu.max", "2000 1000000");
}

static char* read_debug(void) {
    static char text[1 << 20];
    size_t size = 0;
    ssize_t got;
    int fd = open("/sys/kernel/debug/sched/debug", O_RDONLY);
    if (fd < 0) fd = open("/proc/sched_debug", O_RDONLY);  // until 5.12
    while (fd >= 0 && size < sizeof text - 1 && (got = read(fd, text + size, sizeof text - 1 - size)) > 0)
        size += (size_t)got;
    return text;
}

static void tell(int kmsg, const char* format, ...) {
    char line[512];
    va_list values;
    va_start(values, format);
    int length = vsnprintf(line, sizeof line, format, values);
    va_end(values);
    if (length > 0 && write(kmsg, line, (size_t)length) < 0) {
    }
}

// "cpu#1, …" and the rows of tasks in state R, or running ('>')
static void tell_runnable(int kmsg, char* text) {
    for (char* line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        if (!strncmp(line, "cpu#", 4) || !strncmp(line, ">R", 2) || !strncmp(line, " R", 2))
            tell(kmsg, "<6>lab: runq: %s\n", line);
    }
    tell(kmsg, "<6>lab: runq: end\n");
}

int main(int argc, char** argv) {
    const int by_deadline = argc > 1 && !strcmp(argv[1], "deadline");
    put("/proc/sys/kernel/printk_devkmsg", "on\n");
    put("/proc/sys/kernel/printk", "1\n");
    make_groups();
    int kmsg = open("/dev/kmsg", O_WRONLY), trigger = open("/proc/sysrq-trigger", O_WRONLY);
    if (!by_deadline) run_on(0);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) begin(&kinds[i]);
    for (int i = 1; by_deadline && i <= 7; i++) begin_deadline(i);
    // With an earlier deadline than the others it runs before them
    if (by_deadline) set_deadline(450, 500);
    usleep(1200000);
    tell_runnable(kmsg, read_debug());
    if (write(trigger, "c", 1) < 0) {
    }
    return 1;
}
