// Runs a machine out of memory in one way or another; one word says which.
//   hold MIB ADJ [lock]      keep memory, with that oom_score_adj
//   eat                      take anonymous memory until killed
//   bind NODE                the same, from one NUMA node only
//   files N                  open N eventfds: slab that no process seems to own
//   pipes N                  fill N pipes of 1 MiB: pages that no counter shows
//   pieces N                 fill pipes, empty every second page of them, then fork
//   tables                   page tables of the zero page, and nothing else
//   name NAME COMMAND...     run COMMAND under that name
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void adjust(const char *value) {
    int fd = open("/proc/self/oom_score_adj", O_WRONLY);
    if (fd >= 0 && write(fd, value, strlen(value)) < 0) perror("oom_score_adj");
    close(fd);
}

static char *take(size_t size) {
    char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) exit(1);
    madvise(at, size, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < size; i += 4096) at[i] = 1;
    return at;
}

static void eat(void) {
    for (;;) take(1 << 20);
}

static void many_files(rlim_t count) {
    struct rlimit limit = {count + 64, count + 64};
    if (setrlimit(RLIMIT_NOFILE, &limit)) perror("setrlimit");
    for (rlim_t i = 0; i < count; i++)
        if (eventfd(0, 0) < 0) break;
}

enum { slots = 256 };

static int (*open_pipes(int count))[2] {
    static int pipes[4096][2];
    many_files(0);
    struct rlimit limit = {16384, 16384};
    setrlimit(RLIMIT_NOFILE, &limit);
    if (count > 4096) count = 4096;
    for (int i = 0; i < count; i++) {
        if (pipe2(pipes[i], O_NONBLOCK)) break;
        fcntl(pipes[i][1], F_SETPIPE_SZ, slots * 4096);
    }
    return pipes;
}

static void fill_pipes(int count) {
    static char page[4096];
    int(*pipes)[2] = open_pipes(count);
    // In turn, so that neighbours in memory belong to different pipes
    for (int slot = 0; slot < slots; slot++)
        for (int i = 0; i < count; i++)
            if (write(pipes[i][1], page, sizeof page) < 0) continue;
}

static void pieces(int count) {
    static char page[4096];
    int(*pipes)[2] = open_pipes(count);
    for (int slot = 0; slot < slots; slot++)
        for (int i = 0; i < count; i++)
            if (write(pipes[i][1], page, sizeof page) < 0) continue;
    for (int i = 0; i < count; i += 2)
        while (read(pipes[i][0], page, sizeof page) > 0) continue;
    puts("stage: pieces made");
    for (int i = 0; i < 1200; i++)
        if (fork() == 0) pause();
    pause();
}

static void tables(void) {
    for (;;) {
        size_t size = (size_t)1 << 32;
        char *at = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (at == MAP_FAILED) break;
        madvise(at, size, MADV_NOHUGEPAGE);
        for (size_t i = 0; i < size; i += 2 << 20) (void)*(volatile char *)(at + i);
    }
    pause();
}

int main(int argc, char **argv) {
    if (argc > 3 && !strcmp(argv[1], "name")) {
        prctl(PR_SET_NAME, argv[2]);
        argv += 2, argc -= 2;
    }
    if (argc < 2) return 2;
    if (!strcmp(argv[1], "hold") && argc > 3) {
        adjust(argv[3]);
        char *memory = take((size_t)atol(argv[2]) << 20);
        if (argc > 4 && mlock(memory, (size_t)atol(argv[2]) << 20)) perror("mlock");
        pause();
    }
    if (!strcmp(argv[1], "eat")) eat();
    if (!strcmp(argv[1], "bind") && argc > 2) {
        unsigned long mask = 1UL << atoi(argv[2]);
        if (syscall(SYS_set_mempolicy, 2 /* MPOL_BIND */, &mask, 64)) perror("set_mempolicy");
        eat();
    }
    if (!strcmp(argv[1], "files") && argc > 2) many_files(strtoul(argv[2], NULL, 0)), pause();
    if (!strcmp(argv[1], "pipes") && argc > 2) fill_pipes(atoi(argv[2])), pause();
    if (!strcmp(argv[1], "pieces") && argc > 2) pieces(atoi(argv[2]));
    if (!strcmp(argv[1], "tables")) tables();
    return 1;
}
