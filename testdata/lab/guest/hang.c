// Makes tasks stand still that wait for a device, a server or a processor:
//   hang dm|fuse|nfs|rt
// Comes back once they do.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char* what) {
    fprintf(stderr, "lab: hang: ");
    perror(what);
    exit(1);
}

static int named_fork(const char* name) {
    int pid = fork();
    if (pid == 0) prctl(PR_SET_NAME, name);
    return pid;
}

static void put(const char* path, const char* text) {
    int fd = open(path, O_WRONLY);
    if (fd < 0 || write(fd, text, strlen(text)) < 0) perror(path);
    if (fd >= 0) close(fd);
}

// ---- a device-mapper device that is suspended ----

static char dm_room[4096] __attribute__((aligned(8)));

static struct dm_ioctl* dm_ask(int fd, unsigned long request, unsigned flags) {
    struct dm_ioctl* io = (struct dm_ioctl*)dm_room;
    io->version[0] = DM_VERSION_MAJOR;
    io->version[1] = 0;
    io->version[2] = 0;
    io->data_size = sizeof dm_room;
    io->data_start = sizeof *io;
    io->flags = flags;
    strcpy(io->name, "lab-slow");
    if (ioctl(fd, request, io)) fail("dm");
    return io;
}

static void stage_dm(void) {
    int fd = open("/dev/mapper/control", O_RDWR);
    if (fd < 0) fail("/dev/mapper/control");
    dm_ask(fd, DM_DEV_CREATE, 0);
    memset(dm_room, 0, sizeof dm_room);
    struct dm_target_spec* target = (struct dm_target_spec*)(dm_room + sizeof(struct dm_ioctl));
    target->length = 65536;
    strcpy(target->target_type, "linear");
    strcpy((char*)(target + 1), "/dev/vdd 0");
    ((struct dm_ioctl*)dm_room)->target_count = 1;
    dm_ask(fd, DM_TABLE_LOAD, 0);
    memset(dm_room, 0, sizeof dm_room);
    dm_ask(fd, DM_DEV_SUSPEND, 0);  // resumes: the table becomes the live one
    memset(dm_room, 0, sizeof dm_room);
    dm_ask(fd, DM_DEV_SUSPEND, DM_SUSPEND_FLAG | DM_SKIP_LOCKFS_FLAG | DM_NOFLUSH_FLAG);
    static char block[4096];
    if (named_fork("dm-reader") == 0) {
        int disk = open("/dev/dm-0", O_RDONLY);
        if (disk < 0 || read(disk, block, sizeof block) < 0) fail("/dev/dm-0");
        exit(0);
    }
    if (named_fork("dm-writer") == 0) {
        int disk = open("/dev/dm-0", O_RDWR);
        if (disk < 0 || pwrite(disk, block, sizeof block, 1 << 20) < 0) fail("/dev/dm-0");
        fsync(disk);
        exit(0);
    }
}

// ---- a FUSE daemon that stops when a file is read ----

struct fuse_answer {
    struct fuse_out_header head;
    union {
        struct fuse_init_out init;
        struct fuse_attr_out attributes;
        struct fuse_entry_out entry;
        struct fuse_open_out open;
    } body;
};

static void describe(struct fuse_attr* attributes, int is_root) {
    attributes->ino = is_root ? 1 : 2;
    attributes->mode = is_root ? S_IFDIR | 0755 : S_IFREG | 0644;
    attributes->nlink = 1;
    attributes->size = is_root ? 0 : 65536;
    attributes->blksize = 4096;
}

static void serve(int fd) {
    static char room[1 << 18];
    for (;;) {
        ssize_t got = read(fd, room, sizeof room);
        struct fuse_in_header* in = (struct fuse_in_header*)room;
        struct fuse_answer answer = {.head = {.unique = in->unique}};
        size_t size = 0;
        if (got < (ssize_t)sizeof *in) continue;
        switch (in->opcode) {
            case FUSE_INIT:
                answer.body.init.major = FUSE_KERNEL_VERSION;
                answer.body.init.minor = 31;
                answer.body.init.max_readahead = 65536;
                answer.body.init.flags = FUSE_ASYNC_READ;
                answer.body.init.max_write = 4096;
                size = sizeof answer.body.init;
                break;
            case FUSE_GETATTR:
                describe(&answer.body.attributes.attr, in->nodeid == 1);
                size = sizeof answer.body.attributes;
                break;
            case FUSE_LOOKUP:
                answer.body.entry.nodeid = 2;
                answer.body.entry.entry_valid = answer.body.entry.attr_valid = 1000;
                describe(&answer.body.entry.attr, 0);
                size = sizeof answer.body.entry;
                break;
            case FUSE_OPEN: size = sizeof answer.body.open; break;
            case FUSE_READ: raise(SIGSTOP); continue;
            default: answer.head.error = -38; break;  // ENOSYS
        }
        answer.head.len = (unsigned)(sizeof answer.head + size);
        if (write(fd, &answer, answer.head.len) < 0) perror("lab: fuse");
    }
}

static void stage_fuse(void) {
    char options[128];
    int fd = open("/dev/fuse", O_RDWR);
    if (fd < 0) fail("/dev/fuse");
    mkdir("/tmp/fuse", 0755);
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
    if (mount("labfuse", "/tmp/fuse", "fuse", 0, options)) fail("fuse");
    if (named_fork("fuse-daemon") == 0) serve(fd);
    close(fd);
    if (named_fork("fuse-reader") == 0) {
        char block[4096];
        int file = open("/tmp/fuse/file", O_RDONLY);
        if (file < 0 || read(file, block, sizeof block) < 0) fail("/tmp/fuse/file");
        exit(0);
    }
}

// ---- an NFS server that takes connections and never answers ----

static void stage_nfs(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(2049)};
    int one = 1, server = socket(AF_INET, SOCK_STREAM, 0);
    inet_aton("127.0.0.1", &address.sin_addr);
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(server, (struct sockaddr*)&address, sizeof address) || listen(server, 5)) fail("listen");
    if (named_fork("dead-server") == 0)
        for (;;) pause();
    mkdir("/tmp/nfs", 0755);
    if (named_fork("nfs-mounter") == 0) {
        if (mount("127.0.0.1:/export", "/tmp/nfs", "nfs", 0,
                  "vers=4.1,proto=tcp,addr=127.0.0.1,clientaddr=127.0.0.1,hard,sec=sys"))
            fail("nfs");
        exit(0);
    }
}

// ---- a real-time task that leaves nothing to the others on its processor ----

static void run_on(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static void burn(void) {
    for (;;) __asm__ volatile("" ::: "memory");
}

static void stage_rt(void) {
    put("/proc/sys/kernel/sched_rt_runtime_us", "-1");
    // (since 6.8 there is a server for ordinary tasks: switched off, where it can be)
    put("/sys/kernel/debug/sched/fair_server/cpu1/runtime", "0");
    if (named_fork("rt-hog") == 0) {
        struct sched_param parameters = {.sched_priority = 50};
        run_on(1);
        if (sched_setscheduler(0, SCHED_FIFO, &parameters)) fail("rt");
        burn();
    }
    usleep(300000);
    if (named_fork("starved") == 0) {
        run_on(1);
        burn();
    }
}

int main(int argc, char** argv) {
    const char* how = argc > 1 ? argv[1] : "";
    if (!strcmp(how, "dm"))
        stage_dm();
    else if (!strcmp(how, "fuse"))
        stage_fuse();
    else if (!strcmp(how, "nfs"))
        stage_nfs();
    else if (!strcmp(how, "rt"))
        stage_rt();
    else
        return 2;
    return 0;
}
