// The sandbox's filter of system calls: a list of what reading, answering, threads and the end of a process
// need. All else fails with EPERM.
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"

namespace tool {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t this_machine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t this_machine = AUDIT_ARCH_AARCH64;
#elif defined(__s390x__)
constexpr std::uint32_t this_machine = AUDIT_ARCH_S390X;
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
constexpr std::uint32_t this_machine = AUDIT_ARCH_PPC64LE;
#else
constexpr std::uint32_t this_machine = 0;  // no filter
#endif

// Whatever its arguments. A sanitizer's run-time needs more: programs built with one are not filtered.
constexpr long harmless[] = {
    // files that are open, or were opened for reading
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_pread64,
    SYS_pwrite64,
    SYS_lseek,
    SYS_close,
    SYS_dup,
    SYS_fstat,
    SYS_statfs,
    SYS_fstatfs,
    SYS_statx,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_readlinkat,
    SYS_getcwd,
    SYS_getdents64,
    SYS_ftruncate,
    SYS_fallocate,
    SYS_fadvise64,
    SYS_fsync,
    SYS_fdatasync,
    SYS_ppoll,
    // memory
    SYS_brk,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    // threads, and the end of the process
    SYS_futex,
    SYS_set_robust_list,
    SYS_rseq,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_gettid,
    SYS_getpid,
    SYS_exit,
    SYS_exit_group,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_sigaltstack,
    SYS_restart_syscall,
    // what time it is, and what machine this is
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_gettimeofday,
    SYS_getrandom,
    SYS_sysinfo,
    SYS_uname,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
#ifdef SYS_newfstatat
    SYS_newfstatat,
#endif
#ifdef SYS_stat
    SYS_stat,
    SYS_lstat,
    SYS_access,
    SYS_readlink,
    SYS_poll,
    SYS_time,
#endif
};

class Filter {
  public:
    Filter() {
        load(offsetof(seccomp_data, arch));
        code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, this_machine, 1, 0));
        code_.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
        load(offsetof(seccomp_data, nr));
    }

    void allow(long call) { when(call, {give(SECCOMP_RET_ALLOW)}); }
    void refuse(long call, int error) {
        when(call, {give(SECCOMP_RET_ERRNO | static_cast<unsigned>(error))});
    }

    /// Where argument `index`, as far as `mask` goes, is one of `values`.
    void allow(long call, unsigned index, std::uint32_t mask, std::initializer_list<std::uint32_t> values) {
        std::vector<sock_filter> then = {load_lower_half(index), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask)};
        for (const std::uint32_t value : values) {
            then.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
            then.push_back(give(SECCOMP_RET_ALLOW));
        }
        then.push_back(denied());
        when(call, then);
    }

    /// Where the file is opened to be read, or has no name, or is new.
    void allow_opening(long call, unsigned flags_at, NewFiles new_files) {
        constexpr std::uint32_t nameless = O_TMPFILE, fresh = O_CREAT | O_EXCL;
        std::vector<sock_filter> then = {load_lower_half(flags_at)};
        allow_where(then, O_ACCMODE | O_CREAT | O_TRUNC | nameless, {O_RDONLY, O_RDONLY | O_DIRECTORY});
        allow_where(then, nameless, {nameless});
        if (new_files == NewFiles::Allowed) allow_where(then, fresh, {fresh});
        then.push_back(denied());
        when(call, then);
    }

    bool install() {
        code_.push_back(denied());
        sock_fprog program{static_cast<unsigned short>(code_.size()), code_.data()};
        return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
    }

  private:
    static sock_filter give(std::uint32_t action) { return BPF_STMT(BPF_RET | BPF_K, action); }
    static sock_filter denied() { return give(SECCOMP_RET_ERRNO | EPERM); }
    static sock_filter load_lower_half(unsigned index) {
        constexpr unsigned lower = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;
        return BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                        static_cast<unsigned>(offsetof(seccomp_data, args)) + 8 * index + lower);
    }
    void load(std::size_t offset) {
        code_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offset)));
    }

    // For `value` in a word of which what matters is `mask`; then the word is as it was.
    static void allow_where(std::vector<sock_filter>& code, std::uint32_t mask,
                            std::initializer_list<std::uint32_t> values) {
        code.push_back(BPF_STMT(BPF_MISC | BPF_TAX, 0));
        code.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask));
        for (const std::uint32_t value : values) {
            code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
            code.push_back(give(SECCOMP_RET_ALLOW));
        }
        code.push_back(BPF_STMT(BPF_MISC | BPF_TXA, 0));
    }

    // Every block ends in a verdict, so that the call's number is still loaded behind it.
    void when(long call, const std::vector<sock_filter>& then) {
        code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0,
                                 static_cast<std::uint8_t>(then.size())));
        code_.insert(code_.end(), then.begin(), then.end());
    }

    std::vector<sock_filter> code_;
};

void allow_with_conditions(Filter& filter, NewFiles new_files) {
    filter.allow_opening(SYS_openat, 2, new_files);
#ifdef SYS_open
    filter.allow_opening(SYS_open, 1, new_files);
#endif
    // Threads, and no processes; of clone3() the filter cannot see the flags, and glibc does without it.
    filter.allow(SYS_clone, 0,
                 CLONE_THREAD | CLONE_VM | CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWPID,
                 {CLONE_THREAD | CLONE_VM});
    filter.refuse(SYS_clone3, ENOSYS);
    // No memory that is both filled and run.
    filter.allow(SYS_mmap, 2, PROT_EXEC, {0});
    filter.allow(SYS_mprotect, 2, PROT_EXEC, {0});
    filter.allow(SYS_ioctl, 1, ~0u, {TCGETS, TIOCGWINSZ});
    filter.allow(SYS_fcntl, 1, ~0u, {F_GETFD, F_SETFD, F_GETFL, F_DUPFD, F_DUPFD_CLOEXEC});
    filter.allow(SYS_tgkill, 0, ~0u, {static_cast<std::uint32_t>(::getpid())});  // abort()
    filter.allow(SYS_prlimit64, 0, ~0u, {0, static_cast<std::uint32_t>(::getpid())});
#ifdef SYS_getrlimit
    filter.allow(SYS_getrlimit);
#endif
    if (new_files == NewFiles::Denied) return;
    for (const long call : {SYS_mkdirat, SYS_unlinkat, SYS_renameat2}) filter.allow(call);
#ifdef SYS_renameat
    filter.allow(SYS_renameat);
#endif
#ifdef SYS_rename
    filter.allow(SYS_mkdir);
    filter.allow(SYS_rename);
    filter.allow(SYS_unlink);
#endif
}

}  // namespace

bool filter_system_calls(NewFiles new_files) {
    if constexpr (this_machine == 0) return false;
    Filter filter;
    for (const long call : harmless) filter.allow(call);
    allow_with_conditions(filter, new_files);
    return filter.install();
}

}  // namespace tool
