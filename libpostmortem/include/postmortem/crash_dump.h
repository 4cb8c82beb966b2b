// The library's front door: open a crash dump, ask it questions. Each answer is a plain struct that owns its
// data and may outlive the dump; <postmortem/render.h> prints it as text or JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/backtrace.h>
#include <postmortem/cgroup_tree.h>
#include <postmortem/crash_report.h>
#include <postmortem/error.h>
#include <postmortem/kernel_log.h>
#include <postmortem/memory_picture.h>
#include <postmortem/oom_state.h>
#include <postmortem/oom_tasks.h>
#include <postmortem/panic.h>
#include <postmortem/run_queues.h>
#include <postmortem/system_info.h>
#include <postmortem/task_list.h>
#include <postmortem/type_sources.h>

namespace postmortem {

class Kernel;

struct OpenOptions {
    /// A vmlinux of the very build that crashed (its build-id is compared). Without one the dump alone
    /// answers; a kernel without BTF needs one, and it is then looked for in the usual places.
    std::optional<std::filesystem::path> vmlinux;
    bool search_vmlinux = true;
    TypeSources types = {};
    /// Open it also where its page tables cannot be followed: log() is whole all the same, as a rule, and
    /// little else can be had.
    bool without_page_tables = false;
    /// Further parts of a split dump; those beside the first are found without being named.
    std::vector<std::filesystem::path> more_parts;
    /// Where a compressed dump is unpacked to, into a file without a name; by default $TMPDIR, or /var/tmp.
    std::filesystem::path temporary_folder;
    /// How many bytes that may take.
    std::uint64_t max_temporary_bytes = ~std::uint64_t{0};
    /// Called now and then while a dump is unpacked: bytes of the compressed file done, and in all.
    std::function<void(std::uint64_t done, std::uint64_t total)> progress;
};

/// Where compressed dumps are unpacked to when nothing else is said: $TMPDIR, or /var/tmp.
POSTMORTEM_API std::filesystem::path default_temporary_folder();

/// A dump whose kernel is understood. Safe to question from several threads at once.
class POSTMORTEM_API CrashDump {
  public:
    /// `path` is a vmcore, also a compressed one, a part of a split one, an archive or a directory that holds
    /// one. The error's message is one sentence with the file's name and the next step.
    static Result<CrashDump> open(const std::filesystem::path& path, const OpenOptions& options = {});

    CrashDump(CrashDump&&) noexcept;
    CrashDump& operator=(CrashDump&&) noexcept;
    ~CrashDump();

    /// What happened, on one screen. Never fails as a whole.
    CrashReport report() const;

    /// Why it died: the log's events and their cause, what memory adds, and what is known of such crashes.
    PanicAnalysis panic() const;
    /// The part of it that the log gives: titles and ids. It needs neither symbols nor types.
    PanicAnalysis signature() const;

    /// Which kernel, on which machine, when, and why it died.
    SystemInfo system_info() const;

    /// Who had the memory: /proc/meminfo and its neighbours, and the sum of it all. Never fails as a whole.
    MemoryPicture memory(const MemoryRequest& request = {}) const;

    /// All tasks, or those that a selector names: a pid, the address of a task_struct, a command name.
    /// NotFound where a selector matches nothing.
    Result<TaskList> tasks(const std::vector<std::string>& selectors = {}) const;

    /// What waits for the CPUs, or for these. InvalidArgument where there is no such CPU.
    Result<RunQueues> run_queues(const std::vector<std::uint32_t>& cpus = {}) const;

    /// The processes as the OOM killer weighs them, and whom it would kill next. NotFound where the request
    /// names a control group or a task that is not there.
    Result<OomTable> oom_table(const OomTableRequest& request = {}) const;

    /// All of it in the terms of an OOM, with a verdict. Never fails as a whole.
    OomState oom_state() const;

    /// The control groups that memory is charged to. NotFound where the kernel has no such controller.
    Result<CgroupTree> cgroups() const;

    /// The kernel's log. It needs neither symbols nor types: VMCOREINFO alone says where it is.
    KernelLog log() const;
    /// What tasks were executing; the panic task where nothing else is asked for. NotFound where a selector
    /// matches nothing.
    Result<BacktraceList> backtraces(const BacktraceRequest& request = {}) const;
    /// The same, one by one in little memory: `visit` is called in order, and what is missing is returned.
    Result<Problems> visit_backtraces(const BacktraceRequest& request,
                                      const std::function<void(const Backtrace&)>& visit) const;

    /// Why the page tables cannot be followed; nothing where they can.
    std::optional<Error> no_page_tables() const;

    /// The layers below, for those who want more; their headers are not installed.
    const Kernel& kernel() const { return *kernel_; }

  private:
    // What is asked of it then is noted, page by page.
    friend Result<CrashDump> open_and_record(const std::filesystem::path& source, const OpenOptions& options);
    explicit CrashDump(std::unique_ptr<Kernel> kernel);

    std::unique_ptr<Kernel> kernel_;
};

/// The physical memory of a dump whose kernel need not be understood.
class POSTMORTEM_API PhysicalDump {
  public:
    static Result<PhysicalDump> open(const std::filesystem::path& path, const OpenOptions& options = {});

    PhysicalDump(PhysicalDump&&) noexcept;
    PhysicalDump& operator=(PhysicalDump&&) noexcept;
    ~PhysicalDump();

    /// Fills `out` with the bytes at physical address `address`, or fails on the first byte that the dump
    /// does not hold: PageExcluded, PageMissing, NoSuchMemory, Corrupt.
    Result<void> read(std::uint64_t address, std::span<std::byte> out) const;

    bool big_endian() const;
    /// What is wrong with the file as a whole.
    const std::vector<Error>& problems() const;

  private:
    struct State;
    explicit PhysicalDump(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

}  // namespace postmortem
