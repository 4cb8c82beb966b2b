#include "report/system/system_info.h"

#include <fmt/format.h>

#include "kernel/build_of.h"
#include "kernel/cpus.h"
#include "kernel/hardware.h"
#include "kernel/mm/numa.h"
#include "kernel/mm/task_memory.h"
#include "kernel/panic/taint.h"
#include "kernel/sched/clock.h"
#include "kernel/sched/tasks.h"
#include "kernel/uts.h"
#include "report/log/kernel_log.h"
#include "report/panic/panic_message.h"

namespace postmortem {
namespace {

class SystemInfoMaker {
  public:
    explicit SystemInfoMaker(const Kernel& kernel) : kernel_(kernel) {}

    SystemInfo make(const SystemInfoParts& parts) {
        describe_dump();
        describe_kernel();
        describe_time();
        describe_machine();
        describe_memory();
        describe_crash(parts);
        report_missing();
        return std::move(info_);
    }

  private:
    void describe_dump();
    void describe_kernel();
    void describe_time();
    void describe_machine();
    void describe_memory();
    void describe_crash(const SystemInfoParts& parts);

    // One page that is absent can cost a dozen fields: a cause is told once, with all that it costs.
    void problem(const Error& error, std::string_view what) {
        for (auto& [cause, fields] : missing_) {
            if (cause.message != error.message) continue;
            fields += fmt::format(", {}", what);
            return;
        }
        missing_.emplace_back(error, what);
    }

    void report_missing() {
        for (const auto& [cause, fields] : missing_)
            info_.problems.emplace_back(cause.code, fmt::format("{}: {}", fields, cause.message),
                                        cause.address);
    }

    // The value goes into `into`; an error becomes a problem.
    template <class T, class Into>
    void take(Result<T> result, Into& into, std::string_view what) {
        if (result)
            into = std::move(*result);
        else
            problem(result.error(), what);
    }

    // The same for what some machines or configurations do not have: its absence is no problem.
    template <class T, class Into>
    void take_if_there(Result<T> result, Into& into, std::string_view what) {
        if (result || result.error().code != ErrorCode::NotFound) take(std::move(result), into, what);
    }

    const Kernel& kernel_;
    SystemInfo info_;
    std::vector<std::pair<Error, std::string>> missing_;
};

void SystemInfoMaker::describe_dump() {
    const DumpInfo& dump = kernel_.dump().info();
    info_.dump_path = kernel_.path().string();
    info_.dump_format = dump.format;
    info_.dump_level = dump.dump_level;
    info_.dump_incomplete = dump.incomplete;
    for (const Error& error : kernel_.dump().problems()) info_.problems.push_back(error);

    const auto symbols = kernel_.symbols();
    if (symbols)
        info_.symbol_source = (*symbols)->source();
    else
        problem(symbols.error(), "symbols");
    info_.type_source = kernel_.types().source();
    if (const auto* given = kernel_.given_vmlinux()) info_.vmlinux = given->string();
}

void SystemInfoMaker::describe_kernel() {
    if (auto uts = read_uts(kernel_)) {
        info_.nodename = std::move(uts->nodename);
        info_.release = std::move(uts->release);
        info_.version = std::move(uts->version);
        info_.machine = std::move(uts->machine);
    } else {
        problem(uts.error(), "uname");
        const std::string banner = banner_in_image(kernel_);
        info_.release = release_in_banner(banner).value_or("");
        info_.version = version_in_banner(banner);
    }
    if (info_.release.empty()) info_.release = kernel_.release();
    const VmcoreInfo& vmcoreinfo = kernel_.vmcoreinfo();
    info_.build_id = vmcoreinfo.string("BUILD-ID").value_or("");
    info_.kernel_offset = vmcoreinfo.hex("KERNELOFFSET");
    info_.page_size = vmcoreinfo.decimal("PAGESIZE");

    constexpr std::size_t longest_command_line = 4096;
    const auto line = kernel_.word("saved_command_line");
    take(line ? kernel_.memory().c_string(*line, longest_command_line) : fail(line.error()),
         info_.command_line, "the command line");
    take(read_taint_mask(kernel_), info_.taint_mask, "the taint mask");
    info_.taints = decode_taints(info_.taint_mask.value_or(0));
}

void SystemInfoMaker::describe_time() {
    constexpr double ns_per_second = 1e9;
    if (const auto clock = read_clock(kernel_)) {
        info_.crash_time = clock->real_seconds;
        info_.crash_time_ns = clock->real_ns;
        info_.uptime_seconds = static_cast<double>(clock->boottime_ns) / ns_per_second;
    } else {
        problem(clock.error(), "the kernel's clock");
        // The kexec path notes the same clock in whole seconds (crash_save_vmcoreinfo()).
        if (const auto noted = kernel_.vmcoreinfo().decimal("CRASHTIME"))
            info_.crash_time = static_cast<std::int64_t>(*noted);
    }
    const auto hz = ticks_per_second(kernel_);
    const auto ticks = hz ? ticks_since_boot(kernel_, *hz) : fail(hz.error());
    if (ticks)
        info_.jiffies_seconds = static_cast<double>(*ticks) / *hz;
    else
        problem(ticks.error(), "the jiffies counter");
    take(read_load_average(kernel_), info_.load_average, "the load average");
}

void SystemInfoMaker::describe_machine() {
    take(read_cpu_mask(kernel_, "possible"), info_.cpus_possible, "the possible CPUs");
    take(read_cpu_mask(kernel_, "present"), info_.cpus_present, "the present CPUs");
    take(read_cpu_mask(kernel_, "online"), info_.cpus_online, "the online CPUs");
    take_if_there(read_cpu_khz(kernel_), info_.cpu_khz, "the CPUs' speed");
    take_if_there(read_cpu_model(kernel_), info_.cpu_model, "the CPUs' model");
    take_if_there(read_hypervisor(kernel_), info_.hypervisor, "the hypervisor");
    take_if_there(read_dmi(kernel_), info_.dmi, "the firmware's strings");
}

void SystemInfoMaker::describe_memory() {
    const std::uint64_t page = kernel_.dump().page_size();
    const auto nodes = read_memory_nodes(kernel_);
    if (nodes) {
        std::uint64_t present = 0;
        for (const MemoryNode& node : *nodes) {
            present += node.present_pages * page;
            if (node.spanned_pages != 0)
                info_.nodes.push_back(
                    {node.id, node.start_pfn, node.spanned_pages * page, node.present_pages * page});
        }
        info_.memory_bytes = present;
    } else {
        problem(nodes.error(), "the memory nodes");
    }
    take(total_ram_pages(kernel_).map([&](std::uint64_t pages) { return pages * page; }), info_.usable_bytes,
         "the usable memory");
}

void SystemInfoMaker::describe_crash(const SystemInfoParts& parts) {
    // Every kernel has tasks: none means that they could not be read.
    if (parts.task_count) {
        if (*parts.task_count != 0) info_.task_count = parts.task_count;
    } else {
        TaskTable table = read_tasks(kernel_);
        if (!table.tasks.empty()) info_.task_count = table.tasks.size();
        for (Error& error : table.problems) info_.problems.push_back(std::move(error));
    }
    KernelLog own;
    const KernelLog* log = parts.log;
    if (!log) {
        own = make_kernel_log(kernel_);
        for (const Error& error : own.problems) info_.problems.push_back(error);
        log = &own;
    }
    info_.panic_message = find_panic_message(*log).value_or("");
}

}  // namespace

SystemInfo make_system_info(const Kernel& kernel, const SystemInfoParts& parts) {
    return SystemInfoMaker(kernel).make(parts);
}

}  // namespace postmortem
