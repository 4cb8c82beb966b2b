// What a kernel log says went wrong: every event in it, in order, and which of them killed the machine.
// Plain data with its own copies of everything; nothing here borrows from the log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postmortem/kernel_log.h>
#include <postmortem/problem.h>

namespace postmortem {

/// The kind of an event. The words that to_string() gives are stable: scripts and signatures hold on to them.
enum class EventClass {
    NullDereference,
    PageFault,
    GeneralProtectionFault,
    UnhandledFault,  ///< arm "Unhandled fault", "Internal error", alignment traps, bad modes, aborts
    DivideError,
    InvalidOpcode,
    Breakpoint,
    StackSegmentFault,
    StackOverflow,
    DoubleFault,
    AlignmentFault,
    BusError,  ///< the bus, the memory controller or memory protection refused an access
    FpuException,
    Trap,  ///< an exception of the processor that has no class of its own
    Oops,  ///< an oops whose first line is lost or of no other kind
    KernelBug,
    Warning,
    RustPanic,
    Kasan,
    Kmsan,
    Kcsan,
    Kfence,
    Ubsan,
    MemoryLeak,
    Lockdep,
    LockCorruption,  ///< spinlock and rwlock debugging
    SleepInAtomic,
    ScheduleInAtomic,
    Preemption,  ///< per-CPU data used in preemptible code
    SoftLockup,
    HardLockup,
    RcuStall,
    HungTask,
    WorkqueueLockup,
    UnhandledIrq,  ///< no handler took an interrupt that came again and again, and the line was switched off
    Refcount,
    ListCorruption,
    SlabCorruption,
    BadPage,
    UserCopy,
    StackCorruption,
    CfiFailure,  ///< a call or a return that control-flow integrity does not allow: kCFI, IBT, BTI, PAC
    OutOfMemory,
    AllocationFailure,
    MachineCheck,
    HardwareError,
    RootMountFailure,
    InitKilled,
    NetdeviceReference,
    FilesystemError,
    FilesystemShutdown,
    SplPanic,  ///< ZFS: a failed assertion of its porting layer; the thread sleeps for ever
    SysrqCrash,
    Panic,       ///< a panic() that is itself the reason
    Escalation,  ///< a panic that only follows from an earlier event: panic_on_warn, "Fatal exception", ...
    Reboot,
    OtherBug,  ///< "BUG:", "WARNING:", "INFO:" of a kind that has no class of its own
    OtherWarning,
    OtherInfo,
};

/// A stable lower-case word: "null-dereference", "soft-lockup".
POSTMORTEM_API std::string_view to_string(EventClass event_class);

/// One line of a call trace.
struct LogFrame {
    std::string symbol;    ///< as printed, with any compiler suffix
    std::string function;  ///< without it, demangled
    std::string module;    ///< empty for the kernel itself
    std::optional<std::uint64_t> offset, size, address;
    bool reliable = true;       ///< false for "? function" and "(unreliable)"
    bool in_interrupt = false;  ///< between <IRQ> or <NMI> and their end: not the code that was interrupted
};

/// Who made no progress, and for how long: RCU stalls, lockups, hung tasks.
struct LogStall {
    std::vector<unsigned> cpus;            ///< in the report's order
    std::vector<std::uint32_t> tasks;      ///< pids
    std::optional<std::uint64_t> jiffies;  ///< as RCU counts; how long one is the log does not say
    std::optional<double> seconds;
    std::string kthread;                           ///< the thread that drives grace periods, where it starved
    std::optional<std::uint64_t> starved_jiffies;  ///< for how long it did not run
    std::optional<unsigned> kthread_cpu;           ///< where it was to run
    std::vector<unsigned> silent_cpus;             ///< asked for their stacks, and gave none
};

/// What became of the machine, or of whoever was hit.
enum class Outcome {
    Unknown,
    WentOn,      ///< the kernel warned, or mended something, and went on
    KilledTask,  ///< a process died, the machine lived
    TaskSleeps,  ///< a task waits and nothing lets it go on
    CpuStuck,    ///< a CPU does no other work
    Died,        ///< the machine
};

/// A stable lower-case word: "went-on", "killed-task".
POSTMORTEM_API std::string_view to_string(Outcome outcome);

/// An event's part in the story of the whole log.
enum class EventRole {
    Killed,     ///< killed the machine, or led from that to the panic
    Aftermath,  ///< came behind the panic: what other CPUs said, or a machine that goes down
    Before,     ///< left the kernel in doubt before that, in the same boot
    Survived,   ///< the machine went on from it
    Unsettled,  ///< the log does not tell of a death, nor that all is well again
};

POSTMORTEM_API std::string_view to_string(EventRole role);

struct LogRegister {
    std::string name;
    std::uint64_t value = 0;
};

/// What an address looks like, in the kernel's own terms.
enum class AddressKind {
    Unknown,
    Null,             ///< zero
    NullOffset,       ///< a small number: a member of a structure at NULL, or an element of an array there
    NullMinusOffset,  ///< the last page, by the registers: container_of() of a NULL pointer
    ErrorPointer,     ///< the last page: ERR_PTR(-errno) used as a pointer
    FreedPoison,      ///< 6b6b...: slab memory after free (POISON_FREE)
    UnusedPoison,     ///< 5a5a...: slab memory never written (POISON_INUSE)
    ListPoison,       ///< dead000000000100 or ...122: a list entry after list_del()
    PagePoison,       ///< aaaa...: page_poisoning
    NonCanonical,     ///< no address at all on this architecture
    User,             ///< in the user half
    Kernel,
};

POSTMORTEM_API std::string_view to_string(AddressKind kind);

struct LogEvent {
    EventClass event_class = EventClass::OtherBug;
    std::string id;     ///< the signature: 12 hexadecimal digits, see docs and log/signature.h
    std::string title;  ///< in syzkaller's vocabulary
    std::vector<std::string> alternative_titles;
    std::string headline;  ///< the first line as the kernel wrote it
    std::size_t line = 0;  ///< of the headline, 1-based
    std::optional<double> seconds;
    std::string time;  ///< the wall clock of the headline, as written
    std::string host;

    bool corrupted = false;  ///< the report is torn or interleaved: do not trust the title
    std::string corruption;  ///< why

    /// Where the CPU was (as printed, with any compiler suffix), else the function to blame; its module and
    /// offset.
    std::string function;
    std::string module;
    std::optional<std::uint64_t> offset;
    std::string blamed;              ///< the function in the title: the first informative one
    std::string source;              ///< "mm/slub.c:123" where the kernel says so
    std::optional<LogFrame> ip;      ///< the instruction pointer, where the report has one
    std::optional<LogFrame> caller;  ///< what the link register held: LR, ra; s390: the last branch

    std::optional<std::uint64_t> fault_address;
    AddressKind address_kind = AddressKind::Unknown;

    std::optional<unsigned> cpu;
    std::optional<std::uint32_t> pid;
    std::string comm;
    std::string kernel;  ///< release
    std::string taint;   ///< letters, "" where not tainted or not said
    std::string hardware;
    std::optional<unsigned> die_count;  ///< the n of "[#n]"
    std::vector<LogRegister> registers;
    std::vector<LogFrame> frames;               ///< of the trace that the title was taken from
    std::vector<std::string> signature_frames;  ///< what went into the id

    std::optional<LogStall> stall;
    Outcome outcome = Outcome::Unknown;
    EventRole role = EventRole::Survived;
    std::optional<std::size_t> follows;  ///< index of the earlier event that this one only follows from
    bool first_oops_missing = false;     ///< an oops came before this one, and the log does not hold it

    std::size_t boot = 0;     ///< which boot of the log it belongs to, from 0
    std::size_t repeats = 0;  ///< how often the same one-line message followed
};

struct LogAnalysis {
    std::vector<LogEvent> events;      ///< in the order of the log
    std::optional<std::size_t> cause;  ///< index of the event that killed the machine, or is most serious
    bool panicked = false;             ///< the log holds a kernel panic
    std::string kernel;                ///< release of the boot that the cause belongs to
    bool died = false;                 ///< the machine did not go on from the cause
    std::string shape;  ///< what most lines begin with: "syslog, printk"; empty for bare messages
    std::size_t lines = 0;
    std::size_t boots = 0;
    std::size_t dropped_events = 0;  ///< found, but beyond LogAnalysisOptions::max_events
    Problems problems;               ///< what could not be read, and why
};

struct LogAnalysisOptions {
    /// Events beyond this many are counted, but the last ones are always kept.
    std::size_t max_events = 1000;
};

/// Reads a log in any of its forms: plain, syslog, journal, pstore, compressed. "-" is standard input.
/// Fails with Io where it cannot be opened; damage inside is a problem of the analysis.
POSTMORTEM_API Result<LogAnalysis> analyse_log(const std::filesystem::path& path,
                                               const LogAnalysisOptions& options = {});

/// The same for a log in memory, e.g. a dump's own.
POSTMORTEM_API LogAnalysis analyse_log_text(std::string_view text, const LogAnalysisOptions& options = {});

/// The same for the log that lay in a dump's memory; an event's line is then the record's number, from 1.
POSTMORTEM_API LogAnalysis analyse_log(const KernelLog& log, const LogAnalysisOptions& options = {});

/// Taint letters as words, in the kernel's order (Documentation/admin-guide/tainted-kernels.rst).
POSTMORTEM_API std::vector<std::string> taint_words(std::string_view letters);

}  // namespace postmortem
