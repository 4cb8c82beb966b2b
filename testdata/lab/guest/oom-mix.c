// Processes of different sizes and kinds, with different oom_score_adj: what
// the OOM killer has to choose from. The same seed gives the same mix.
//   oom-mix hold SEED READY MEGABYTES [CGROUP...]  that much memory in all,
//       spread over the groups; writes the file READY when all are in place
//   oom-mix eat SEED [CGROUP]   eats until the kernel objects
// Sizes are in MiB, groups are folders of cgroupfs.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static unsigned long long state;

static unsigned pick(unsigned below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 33) % below;
}

// FNV-1a
static void sow(const char* seed) {
    state = 14695981039346656037ull;
    for (; *seed; seed++) state = (state ^ (unsigned char)*seed) * 1099511628211ull;
    for (int i = 0; i < 8; i++) pick(2);
}

static void write_to(const char* folder, const char* file, const char* text) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    int fd = open(path, O_WRONLY | O_CREAT, 0644);
    if (fd < 0 || write(fd, text, strlen(text)) < 0) perror(path);
    if (fd >= 0) close(fd);
}

static void set_adj(int adj) {
    char text[16];
    snprintf(text, sizeof text, "%d", adj);
    write_to("/proc/self", "oom_score_adj", text);
}

static void sleep_for_ever(void) {
    for (;;) pause();
}

static void* asleep(void* unused) {
    sleep_for_ever();
    return unused;
}

static int asleep_alone(void* unused) {
    (void)unused;
    sleep_for_ever();
    return 0;
}

static char* touched(size_t size, int flags, int fd) {
    char* room = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (room == MAP_FAILED) {
        perror("mmap");
        _exit(1);
    }
    for (size_t i = 0; i < size; i += 4096) room[i] = (char)(i >> 12) | 1;
    return room;
}

enum kind { plain, more_plain, shared, swapped, leaderless, shared_mm, with_vfork, of_user, kinds };

static void hold(enum kind kind, size_t size, int number, int ready) {
    static char stack[16384];
    if (kind == shared) {
        int fd = memfd_create("oom-mix", 0);
        if (ftruncate(fd, (off_t)size)) perror("ftruncate");
        touched(size, MAP_SHARED, fd);
    } else {
        char* room = touched(size, MAP_PRIVATE | MAP_ANONYMOUS, -1);
        if (kind == swapped) madvise(room, size / 2, 21 /* MADV_PAGEOUT, Linux 5.4 */);
    }
    if (kind == of_user &&
        setresuid(1000 + (unsigned)number, 1000 + (unsigned)number, 1000 + (unsigned)number))
        _exit(1);
    if (kind == shared_mm) clone(asleep_alone, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
    if (write(ready, "", 1) != 1) _exit(1);
    if (kind == leaderless) {
        pthread_t thread;
        pthread_create(&thread, NULL, asleep, NULL);
        pthread_exit(NULL);
    }
    if (kind == with_vfork && !vfork()) sleep_for_ever();
    sleep_for_ever();
}

static int hold_all(const char* ready_file, size_t megabytes, char** groups, int group_count) {
    static const int adjustments[] = {0,   0,   0,    0,    50,   100,  150,  200,  300,
                                      500, -50, -100, -200, -300, -500, -900, -1000};
    int ready[2];
    if (pipe(ready)) return 1;
    int count = 7 + (int)pick(5);
    for (int i = 0; i < count; i++) {
        size_t size = 1 + pick((unsigned)(2 * megabytes / (unsigned)count));
        int adj = adjustments[pick(sizeof adjustments / sizeof *adjustments)];
        enum kind kind = pick(kinds);
        const char* group = group_count ? groups[pick((unsigned)group_count)] : NULL;
        pid_t pid = fork();
        if (pid < 0) return 1;
        if (!pid) {
            char comm[16];
            snprintf(comm, sizeof comm, "mix-%d-%d", i, kind);
            prctl(PR_SET_NAME, comm);
            if (group) write_to(group, "cgroup.procs", "0");
            set_adj(adj);
            hold(kind, size << 20, i, ready[1]);
        }
    }
    for (int i = 0; i < count; i++) {
        char byte;
        if (read(ready[0], &byte, 1) != 1) return 1;
    }
    usleep(500000);
    write_to("/", ready_file, "ready\n");
    sleep_for_ever();
    return 0;
}

int main(int argc, char** argv) {
    static const int adjustments[] = {0, 0, 100, 300, -100, -300, -500, -900};
    if (argc < 3) return 2;
    sow(argv[2]);
    if (!strcmp(argv[1], "hold") && argc >= 5)
        return hold_all(argv[3], strtoul(argv[4], NULL, 10), argv + 5, argc - 5);
    if (strcmp(argv[1], "eat")) return 2;
    if (argc > 3) write_to(argv[3], "cgroup.procs", "0");
    set_adj(adjustments[pick(sizeof adjustments / sizeof *adjustments)]);
    for (;;) touched(1 << 20, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}
