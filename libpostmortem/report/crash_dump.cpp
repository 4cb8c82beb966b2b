#include <postmortem/crash_dump.h>

#include "dump/container/temporary_file.h"
#include "kernel/kernel.h"
#include "memory/physical_memory.h"
#include "report/backtrace/backtrace.h"
#include "report/cgroups/cgroup_tree.h"
#include "report/crash_report/crash_report.h"
#include "report/kernel_options.h"
#include "report/log/kernel_log.h"
#include "report/memory/memory_picture.h"
#include "report/oom/oom_state.h"
#include "report/oom/oom_tasks.h"
#include "report/panic/panic.h"
#include "report/run_queues/run_queues.h"
#include "report/system/system_info.h"
#include "report/tasks/task_list.h"

namespace postmortem {

CrashDump::CrashDump(std::unique_ptr<Kernel> kernel) : kernel_(std::move(kernel)) {}
CrashDump::CrashDump(CrashDump&&) noexcept = default;
CrashDump& CrashDump::operator=(CrashDump&&) noexcept = default;
CrashDump::~CrashDump() = default;

std::filesystem::path default_temporary_folder() {
    return TemporaryFile::default_folder();
}

Result<CrashDump> CrashDump::open(const std::filesystem::path& path, const OpenOptions& options) {
    auto kernel = Kernel::open(path, kernel_options(options));
    if (!kernel) return fail(std::move(kernel.error()));
    return CrashDump(std::move(*kernel));
}

CrashReport CrashDump::report() const {
    return make_crash_report(*kernel_);
}

PanicAnalysis CrashDump::panic() const {
    return make_panic_analysis(*kernel_);
}

PanicAnalysis CrashDump::signature() const {
    return make_signature(*kernel_);
}

SystemInfo CrashDump::system_info() const {
    return make_system_info(*kernel_);
}

MemoryPicture CrashDump::memory(const MemoryRequest& request) const {
    return make_memory_picture(*kernel_, request);
}

Result<TaskList> CrashDump::tasks(const std::vector<std::string>& selectors) const {
    return make_task_list(*kernel_, selectors);
}

Result<RunQueues> CrashDump::run_queues(const std::vector<std::uint32_t>& cpus) const {
    return make_run_queues(*kernel_, cpus);
}

Result<OomTable> CrashDump::oom_table(const OomTableRequest& request) const {
    return make_oom_table(*kernel_, request);
}

OomState CrashDump::oom_state() const {
    return make_oom_state(*kernel_);
}

Result<CgroupTree> CrashDump::cgroups() const {
    return make_cgroup_tree(*kernel_);
}

std::optional<Error> CrashDump::no_page_tables() const {
    const Error* why = kernel_->memory().no_tables();
    return why ? std::optional(*why) : std::nullopt;
}

KernelLog CrashDump::log() const {
    return make_kernel_log(*kernel_);
}

Result<BacktraceList> CrashDump::backtraces(const BacktraceRequest& request) const {
    return make_backtraces(*kernel_, request);
}

Result<Problems> CrashDump::visit_backtraces(const BacktraceRequest& request,
                                             const std::function<void(const Backtrace&)>& visit) const {
    return postmortem::visit_backtraces(*kernel_, request, visit);
}

struct PhysicalDump::State {
    explicit State(std::unique_ptr<DumpFile> opened) : dump(std::move(opened)), memory(*dump) {}

    std::unique_ptr<DumpFile> dump;
    PhysicalMemory memory;
};

PhysicalDump::PhysicalDump(std::unique_ptr<State> state) : state_(std::move(state)) {}
PhysicalDump::PhysicalDump(PhysicalDump&&) noexcept = default;
PhysicalDump& PhysicalDump::operator=(PhysicalDump&&) noexcept = default;
PhysicalDump::~PhysicalDump() = default;

Result<PhysicalDump> PhysicalDump::open(const std::filesystem::path& path, const OpenOptions& options) {
    auto dump = open_dump(path, dump_options(options));
    if (!dump) return fail(std::move(dump.error()));
    return PhysicalDump(std::make_unique<State>(std::move(*dump)));
}

Result<void> PhysicalDump::read(std::uint64_t address, std::span<std::byte> out) const {
    return state_->memory.read(address, out);
}

bool PhysicalDump::big_endian() const {
    return state_->dump->endian() == Endian::Big;
}

const std::vector<Error>& PhysicalDump::problems() const {
    return state_->dump->problems();
}

}  // namespace postmortem
