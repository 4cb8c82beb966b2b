// The inhabitants of a guest: tasks in every state a reader of dumps should
// know, with names and owners that are told apart easily. Writes the file
// given as argv[1] once everybody is in place, then sleeps for ever.
// `people many N` makes N more tasks, ten to a process, and nothing else.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void name(const char* comm) { prctl(PR_SET_NAME, comm); }

static void sleep_for_ever(void) {
    for (;;) pause();
}

static void pin(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

// Forks; returns 1 in the child, which already bears the name.
static int born(const char* comm) {
    pid_t pid = fork();
    if (pid < 0) {
        perror(comm);
        exit(1);
    }
    if (pid) return 0;
    name(comm);
    return 1;
}

static void write_file(const char* path, const char* text) {
    int fd = open(path, O_WRONLY | O_CREAT, 0644);
    if (fd < 0) return;
    if (write(fd, text, strlen(text)) < 0) perror(path);
    close(fd);
}

// ---- one process whose threads sleep in different system calls ----

static int held_lock = -1;

static void* t_nanosleep(void* unused) {
    name("t-nanosleep");
    for (;;) sleep(100000);
    return unused;
}
static void* t_futex(void* unused) {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    name("t-futex");
    pthread_mutex_lock(&mutex);
    pthread_mutex_lock(&mutex);
    return unused;
}
static void* t_pipe(void* unused) {
    int fds[2];
    char byte;
    name("t-pipe");
    if (!pipe(fds) && read(fds[0], &byte, 1) >= 0) {}
    return unused;
}
static void* t_poll(void* unused) {
    struct pollfd nothing = {.fd = eventfd(0, 0), .events = POLLIN};
    name("t-poll");
    poll(&nothing, 1, -1);
    return unused;
}
static void* t_epoll(void* unused) {
    struct epoll_event event = {.events = EPOLLIN};
    int fd = epoll_create1(0);
    name("t-epoll");
    epoll_ctl(fd, EPOLL_CTL_ADD, eventfd(0, 0), &event);
    epoll_wait(fd, &event, 1, -1);
    return unused;
}
static void* t_accept(void* unused) {
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/tmp/people.socket"};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    name("t-accept");
    bind(fd, (struct sockaddr*)&address, sizeof address);
    listen(fd, 5);
    accept(fd, NULL, NULL);
    return unused;
}
static void* t_flock(void* unused) {
    name("t-flock");
    flock(open("/tmp/people.lock", O_RDWR | O_CREAT, 0600), LOCK_EX);
    return unused;
}
static void* t_inotify(void* unused) {
    char buffer[4096];
    int fd = inotify_init();
    name("t-inotify");
    inotify_add_watch(fd, "/", IN_DELETE_SELF);
    if (read(fd, buffer, sizeof buffer) >= 0) {}
    return unused;
}
static void* t_sigwait(void* unused) {
    sigset_t set;
    int got;
    name("t-sigwait");
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    sigwait(&set, &got);
    return unused;
}

static void threads(void) {
    void* (*bodies[])(void*) = {t_nanosleep, t_futex, t_pipe,    t_poll,   t_epoll,
                                t_accept,    t_flock, t_inotify, t_sigwait};
    held_lock = open("/tmp/people.lock", O_RDWR | O_CREAT, 0600);
    flock(held_lock, LOCK_EX);
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, bodies[i], NULL);
    }
    sleep_for_ever();
}

// ---- states ----

static void* leaderless(void* unused) {
    name("leaderless");
    sleep_for_ever();
    return unused;
}

static void states(void) {
    if (born("stopped")) {
        raise(SIGSTOP);
        sleep_for_ever();
    }
    if (born("tracer")) {
        pid_t pid = fork();
        if (!pid) {
            name("traced");
            ptrace(PTRACE_TRACEME, 0, NULL, NULL);
            raise(SIGUSR1);
            sleep_for_ever();
        }
        waitpid(pid, NULL, __WALL);
        sleep_for_ever();
    }
    if (born("zombie-parent")) {
        if (born("zombie")) _exit(3);
        sleep_for_ever();
    }
    if (born("zombie-leader")) {
        pthread_t thread;
        pthread_create(&thread, NULL, leaderless, NULL);
        pthread_exit(NULL);
    }
    // vfork leaves the parent in state D (killable) while the child lives
    if (born("vfork-parent")) {
        if (!vfork()) {
            prctl(PR_SET_NAME, "vfork-child");
            for (;;) pause();
        }
        _exit(0);
    }
    if (born("pending")) {
        sigset_t set;
        sigfillset(&set);
        sigprocmask(SIG_BLOCK, &set, NULL);
        kill(getpid(), SIGTERM);
        kill(getpid(), SIGRTMIN + 3);
        sleep_for_ever();
    }
}

// ---- who keeps the processors busy ----

static void busy(int cpus) {
    if (cpus > 1 && born("busy-user")) {
        pin(1);
        for (volatile unsigned long n = 0;; n++) {}
    }
    if (cpus > 2 && born("busy-kernel")) {
        size_t size = 32 << 20;
        char* room = malloc(size);
        int zero = open("/dev/zero", O_RDONLY);
        pin(2);
        while (read(zero, room, size) > 0) {}
        _exit(1);
    }
}

// ---- priorities, owners, names ----

static void deadline(void) {
    struct {
        unsigned size, policy;
        unsigned long long flags;
        int nice;
        unsigned priority;
        unsigned long long runtime, deadline, period;
    } attr = {sizeof attr, SCHED_DEADLINE, 0, 0, 0, 10000000, 100000000, 100000000};
    if (syscall(SYS_sched_setattr, 0, &attr, 0)) perror("sched_setattr");
}

static void priorities(void) {
    struct sched_param fifty = {50}, one = {1}, none = {0};
    if (born("fifo-50")) {
        sched_setscheduler(0, SCHED_FIFO, &fifty);
        sleep_for_ever();
    }
    if (born("rr-1")) {
        sched_setscheduler(0, SCHED_RR, &one);
        sleep_for_ever();
    }
    if (born("deadline")) {
        deadline();
        sleep_for_ever();
    }
    if (born("batch")) {
        sched_setscheduler(0, SCHED_BATCH, &none);
        sleep_for_ever();
    }
    if (born("idle-class")) {
        sched_setscheduler(0, SCHED_IDLE, &none);
        sleep_for_ever();
    }
    if (born("nice-19")) {
        setpriority(PRIO_PROCESS, 0, 19);
        sleep_for_ever();
    }
    if (born("nice-minus-20")) {
        setpriority(PRIO_PROCESS, 0, -20);
        sleep_for_ever();
    }
    if (born("oom-500")) {
        write_file("/proc/self/oom_score_adj", "500");
        sleep_for_ever();
    }
    if (born("oom-never")) {
        write_file("/proc/self/oom_score_adj", "-1000");
        sleep_for_ever();
    }
    if (born("user-1000")) {
        gid_t groups[] = {4, 24, 27, 1000};
        setgroups(4, groups);
        if (setresgid(1000, 1000, 1000) || setresuid(1000, 1001, 1002)) _exit(1);
        sleep_for_ever();
    }
    if (born("limits")) {
        struct rlimit limit = {1234, 5678};
        setrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = limit.rlim_max = 300 << 20;
        setrlimit(RLIMIT_AS, &limit);
        sleep_for_ever();
    }
}

static void names(void) {
    static const char* const odd[] = {"sp ace",     "par)en ( 7 R", "new\nline",         "\033[31mred",
                                      "caf\303\251", "\377\376raw",  "fifteen-letter-name", "",
                                      "<b>&amp;\"",  "back\\slash",  "tab\tbed"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        if (born(odd[i])) sleep_for_ever();
}

static void deep(int depth) {
    char comm[16];
    snprintf(comm, sizeof comm, "deep-%d", depth);
    if (!born(comm)) return;
    if (depth < 9) deep(depth + 1);
    sleep_for_ever();
}

// ---- namespaces: an init with children, and another one inside it ----

static pid_t clone_like_fork(unsigned long flags) { return syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0); }

static void namespaces(void) {
    pid_t pid = clone_like_fork(CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET);
    if (pid) {
        if (pid < 0) perror("clone");
        return;
    }
    name("ns1-init");
    sethostname("inner", 5);
    if (born("ns1-child")) sleep_for_ever();
    if (born("ns1-sibling")) sleep_for_ever();
    if (!clone_like_fork(CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWUSER)) {
        name("ns2-init");
        sethostname("innermost", 9);
        if (born("ns2-child")) sleep_for_ever();
        sleep_for_ever();
    }
    sleep_for_ever();
}

// ---- memory and files ----

static void* touched(size_t size, int flags, int fd) {
    char* room = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (room == MAP_FAILED) {
        perror("mmap");
        return NULL;
    }
    for (size_t i = 0; i < size; i += 4096) room[i] = (char)(i >> 12) | 1;
    return room;
}

static void memory(void) {
    if (born("anon-32m")) {
        touched(32 << 20, MAP_PRIVATE | MAP_ANONYMOUS, -1);
        sleep_for_ever();
    }
    if (born("shmem-8m")) {
        int fd = memfd_create("people-shmem", 0);
        if (ftruncate(fd, 8 << 20)) perror("ftruncate");
        touched(8 << 20, MAP_SHARED, fd);
        sleep_for_ever();
    }
    if (born("locked-4m")) {
        void* room = touched(4 << 20, MAP_PRIVATE | MAP_ANONYMOUS, -1);
        mlock(room, 4 << 20);
        sleep_for_ever();
    }
    if (born("file-2m")) {
        int fd = open("/mnt/people.data", O_RDWR | O_CREAT, 0644);
        if (fd < 0) fd = open("/tmp/people.data", O_RDWR | O_CREAT, 0644);
        if (ftruncate(fd, 2 << 20)) perror("ftruncate");
        touched(2 << 20, MAP_SHARED, fd);
        sleep_for_ever();
    }
    // half in swap
    if (born("swapped-8m")) {
        char* room = touched(16 << 20, MAP_PRIVATE | MAP_ANONYMOUS, -1);
        madvise(room, 8 << 20, 21 /* MADV_PAGEOUT, Linux 5.4 */);
        sleep_for_ever();
    }
    if (born("files")) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(8080)};
        int pair[2], fd;
        for (int i = 0; i < 70; i++) open("/dev/null", O_RDONLY);
        fd = open("/tmp/deleted file", O_RDWR | O_CREAT, 0600);
        if (write(fd, "gone", 4) != 4) perror("write");
        unlink("/tmp/deleted file");
        socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
        fd = socket(AF_INET, SOCK_STREAM, 0);
        bind(fd, (struct sockaddr*)&address, sizeof address);
        listen(fd, 16);
        fd = socket(AF_INET, SOCK_DGRAM, 0);
        address.sin_port = htons(5353);
        bind(fd, (struct sockaddr*)&address, sizeof address);
        sleep_for_ever();
    }
}

// ---- shared memory, semaphores, queues ----

static void ipc(void) {
    if (born("ipc")) {
        int shared = shmget(0x5a01, 10000, IPC_CREAT | 0640), doomed = shmget(IPC_PRIVATE, 1 << 20, IPC_CREAT | 0600);
        int semaphores = semget(0x5b01, 3, IPC_CREAT | 0666), queue = msgget(0x5c01, IPC_CREAT | 0600);
        struct {
            long type;
            char text[6000];
        } message = {7, "a letter that nobody fetches"};
        struct sembuf wait = {1, -1, 0};
        shmget(0x5a02, 4096, IPC_CREAT | 0600);  // nobody has it attached
        char* room = shmat(shared, NULL, 0);
        if (room != (char*)-1) room[5000] = 1;
        room = shmat(doomed, NULL, 0);
        shmctl(doomed, IPC_RMID, NULL);
        semctl(semaphores, 2, SETVAL, 41);
        msgget(0x5c02, IPC_CREAT | 0644);
        if (msgsnd(queue, &message, 28, 0) || msgsnd(queue, &message, 6000, 0)) perror("msgsnd");
        if (born("ipc-sem")) {
            semop(semaphores, &wait, 1);
            _exit(1);
        }
        if (born("ipc-receiver") && msgrcv(queue, &message, 10, 9, 0) >= 0) _exit(1);
        sleep_for_ever();
    }
}

// ---- sockets: listening, connected, half closed, with something unread, of both internet protocols and of unix ----

static int bound(int family, int type, unsigned port) {
    struct sockaddr_in six_less = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    int fd = socket(family, type, 0);
    if (family == AF_INET) six_less.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, family == AF_INET ? (void*)&six_less : (void*)&six, family == AF_INET ? sizeof six_less : sizeof six))
        perror("bind");
    if (type == SOCK_STREAM && listen(fd, 5)) perror("listen");
    return fd;
}

static int called(int listener) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    getsockname(listener, (void*)&address, &length);
    int fd = socket(address.ss_family, SOCK_STREAM, 0);
    if (connect(fd, (void*)&address, length)) perror("connect");
    return fd;
}

static void sockets(void) {
    if (born("sockets")) {
        struct sockaddr_un named = {.sun_family = AF_UNIX, .sun_path = "/tmp/people.letters"},
                           abstract = {.sun_family = AF_UNIX, .sun_path = "\0people.abstract"};
        struct sockaddr_nl names = {.nl_family = AF_NETLINK};
        int four = bound(AF_INET, SOCK_STREAM, 7001), six = bound(AF_INET6, SOCK_STREAM, 7002), local;
        int there = called(four);
        accept(four, NULL, NULL);
        if (write(there, "unread", 6) != 6) perror("write");
        there = called(four);
        accept(four, NULL, NULL);
        shutdown(there, SHUT_WR);
        called(six);
        accept(six, NULL, NULL);
        called(four);  // not accepted
        bound(AF_INET, SOCK_DGRAM, 7003);
        bound(AF_INET6, SOCK_DGRAM, 7004);
        local = socket(AF_UNIX, SOCK_DGRAM, 0);
        if (bind(local, (void*)&named, sizeof named)) perror("bind");
        local = socket(AF_UNIX, SOCK_SEQPACKET, 0);
        if (bind(local, (void*)&abstract, sizeof(sa_family_t) + 16) || listen(local, 3)) perror("bind");
        there = socket(AF_UNIX, SOCK_SEQPACKET, 0);
        if (connect(there, (void*)&abstract, sizeof(sa_family_t) + 16)) perror("connect");
        accept(local, NULL, NULL);
        local = socket(AF_NETLINK, SOCK_RAW, 0);
        if (bind(local, (void*)&names, sizeof names)) perror("bind");
        socket(AF_PACKET, SOCK_RAW, 0);
        socket(AF_INET, SOCK_RAW, 1);
        sleep_for_ever();
    }
}

// ---- many ----

static void* idle_thread(void* unused) {
    for (;;) pause();
    return unused;
}

static int many(long wanted) {
    char comm[16];
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 65536);
    for (long made = 0; made < wanted; made += 10) {
        snprintf(comm, sizeof comm, "many-%u", (unsigned)(made / 10) % 1000000);
        if (!born(comm)) continue;
        for (int i = 0; i < 9; i++) {
            pthread_t thread;
            if (pthread_create(&thread, &attr, idle_thread, NULL)) _exit(1);
        }
        sleep_for_ever();
    }
    return 0;
}

int main(int argc, char** argv) {
    signal(SIGUSR1, SIG_DFL);
    if (argc == 3 && !strcmp(argv[1], "many")) return many(atol(argv[2]));
    if (argc != 2) return 2;
    name("people");
    int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (born("threads")) threads();
    states();
    priorities();
    names();
    deep(0);
    namespaces();
    memory();
    ipc();
    sockets();
    busy(cpus);
    sleep(2);
    write_file(argv[1], "ready\n");
    sleep_for_ever();
}
