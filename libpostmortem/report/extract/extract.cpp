#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include <postmortem/address_spaces.h>
#include <postmortem/devices.h>
#include <postmortem/extract.h>
#include <postmortem/interrupt_vectors.h>
#include <postmortem/interrupts.h>
#include <postmortem/io_resources.h>
#include <postmortem/ipc_list.h>
#include <postmortem/kernel_memory.h>
#include <postmortem/loaded_modules.h>
#include <postmortem/log_text.h>
#include <postmortem/machine.h>
#include <postmortem/memory_layout.h>
#include <postmortem/mount_list.h>
#include <postmortem/neighbours.h>
#include <postmortem/network.h>
#include <postmortem/open_files.h>
#include <postmortem/pci_devices.h>
#include <postmortem/process_status.h>
#include <postmortem/socket_structs.h>
#include <postmortem/swap_list.h>
#include <postmortem/system_parts.h>
#include <postmortem/task_signals.h>
#include <postmortem/task_structs.h>
#include <postmortem/timers.h>

#include "base/problem_collector.h"
#include "dump/kdump/kdump_writer.h"
#include "kernel/carried_notes.h"
#include "kernel/kernel.h"
#include "kernel/module/modules.h"
#include "kernel/uts.h"
#include "report/backtrace/backtrace.h"
#include "report/crash_report/crash_report.h"
#include "report/hang/hang.h"
#include "report/kernel_options.h"
#include "report/log/kernel_log.h"
#include "report/oom/oom_state.h"
#include "report/panic/panic.h"
#include "report/run_queues/run_queues.h"
#include "report/tasks/task_list.h"

namespace postmortem {
namespace {

/// Asks all that the commands ask, for the sake of what it reads.
class Questioner {
  public:
    Questioner(const CrashDump& dump, const ExtractOptions& options)
        : dump_(dump), kernel_(dump.kernel()), options_(options) {}

    Problems ask_everything() {
        ask_why_it_died();
        ask_about_tasks();
        ask_about_subsystems();
        ask_about_the_system();
        return problems_.take();
    }

  private:
    void ask_why_it_died() {
        step("log");
        note(make_kernel_log(kernel_).problems);
        step("tasks");
        if (const auto tasks = make_task_list(kernel_)) note(tasks->problems);
        step("backtraces");
        BacktraceRequest every_task;
        every_task.which = BacktraceRequest::Which::All;
        if (auto missing = visit_backtraces(kernel_, every_task, [](const Backtrace&) {})) note(*missing);
        step("run queues");
        if (const auto queues = make_run_queues(kernel_, {})) note(queues->problems);
        step("report");
        note(make_crash_report(kernel_).problems);
        step("panic");
        note(make_panic_analysis(kernel_).problems);
        step("hang");
        note(make_hang_report(kernel_).problems);
        step("memory");
        note(make_oom_state(kernel_).problems);
        step("modules");
        note(loaded_modules(dump_).problems);
        for (const Module& module : kernel_.modules().all())
            if (auto symbols = kernel_.modules().symbols_of(module); !symbols) problems_.add(symbols.error());
        step("symbols");
        if (auto symbols = kernel_.symbols())
            if (auto whole = (*symbols)->for_each([](const Symbol&) { return true; }); !whole)
                problems_.add("kernel symbols", whole.error());
    }

    void ask_about_tasks() {
        step("files, sockets, signals, areas");
        const auto tasks = chosen_tasks(dump_, {});
        if (!tasks) return;
        TaskChoice each;
        for (const TaskMention& task : tasks->tasks)
            each.selectors.push_back(fmt::format("{:#x}", task.task));
        take(open_files(dump_, {each, {}}));
        take(open_sockets(dump_, each));
        take_structs(socket_structs(dump_, each));
        take(task_signals(dump_, {each, false}));
        take(address_spaces(dump_, {each}));
        if (const auto names = vm_flags_text(dump_, 0); !names) problems_.add(names.error());
        take_structs(task_structs(dump_, {each.selectors, {}, false}));
    }

    void ask_about_subsystems() {
        step("devices, interrupts, timers, mounts");
        take(net_devices(dump_));
        take(neighbours(dump_));
        take(interrupts(dump_));
        take(interrupt_vectors(dump_));
        note(io_resources(dump_).problems);
        for (const bool precise : {false, true}) take(pending_timers(dump_, {precise, {}}));
        take(mounts(dump_));
        take(ipc_list(dump_));
        note(devices(dump_).problems);
        take(pci_buses(dump_));
        note(swap_list(dump_).problems);
        note(unsent_audits(dump_).problems);
        KernelMemoryRequest everything;
        everything.totals = everything.slabs = everything.zones = everything.counters = true;
        everything.per_cpu = everything.huge_pages = everything.vmalloc = true;
        take(kernel_memory(dump_, everything));
        note(memory_layout(dump_).problems);
    }

    void ask_about_the_system() {
        step("machine, configuration");
        for (const MachineRequest& part : {MachineRequest{}, {true, false}, {false, true}})
            take_structs(machine(dump_, part));
        take(system_calls(dump_));
        take(kernel_config(dump_));
        take(firmware_strings(dump_));
    }

    // What the source refuses, the new dump does.
    template <typename Answer>
    void take(const Result<Answer>& answer) {
        if (answer) note(answer->problems);
    }
    // They are asked for their memory: whether all their members are known is no matter of the new dump.
    template <typename Answer>
    void take_structs(Result<Answer> answer) {
        if (!answer) return;
        std::erase_if(answer->problems,
                      [](const Error& problem) { return problem.code == ErrorCode::MissingDebugInfo; });
        note(answer->problems);
    }
    void step(std::string_view name) const {
        if (options_.progress) options_.progress(name);
    }
    // Many answers lack the same.
    void note(const Problems& problems) {
        for (const Error& problem : problems)
            if (told_.emplace(problem.message, problem.address).second) problems_.add(problem);
    }

    const CrashDump& dump_;
    const Kernel& kernel_;
    const ExtractOptions& options_;
    ProblemCollector problems_;
    std::set<std::pair<std::string, std::optional<std::uint64_t>>> told_;
};

// mm/memblock.c, and what memory was added to since. A damaged header may claim any number.
std::optional<std::uint64_t> frames_of(const Kernel& kernel) {
    const auto frames = kernel.word("max_pfn");
    if (!frames || *frames == 0) return std::nullopt;
    return *frames;
}

// Also a packed file, which was unpacked and is read no longer.
bool is_of_dump(const DumpInfo& info, const std::filesystem::path& file) {
    std::vector<std::filesystem::path> all = info.files;
    all.push_back(info.file);
    std::error_code ignored;
    return std::any_of(all.begin(), all.end(), [&](const std::filesystem::path& one) {
        return std::filesystem::equivalent(one, file, ignored);
    });
}

}  // namespace

Result<CrashDump> open_and_record(const std::filesystem::path& source, const OpenOptions& options) {
    KernelOptions how = kernel_options(options);
    how.record_touched_pages = true;
    auto kernel = Kernel::open(source, how);
    if (!kernel) return fail(std::move(kernel.error()));
    return CrashDump(std::move(*kernel));
}

Result<ExtractSummary> extract(const std::filesystem::path& source, const std::filesystem::path& target,
                               const ExtractOptions& options) {
    const auto dump = open_and_record(source, options.open);
    if (!dump) return fail(dump.error());
    const Kernel& kernel = dump->kernel();
    if (is_of_dump(kernel.dump().info(), target))
        return fail(ErrorCode::InvalidArgument,
                    fmt::format("{}: this is the dump itself, or a part of it; name another file to write",
                                target.string()));

    const std::uint64_t page_size = kernel.dump().page_size();
    ExtractSummary summary;
    summary.problems = Questioner(*dump, options).ask_everything();
    const auto frames = frames_of(kernel);
    const std::vector<std::uint64_t> pages = kernel.physical().touched_pages();

    if (options.progress) options.progress("writing");
    KdumpContent content{.source = kernel.dump(), .pfns = pages};
    content.frames = frames;
    // Where it was found in memory nobody has read it as the kernel's: it becomes a note.
    if (kernel.dump().vmcoreinfo().empty()) content.vmcoreinfo = kernel.vmcoreinfo().text();
    const auto carried = notes_to_carry(kernel);
    for (const CarriedNote& note : carried)
        content.more_notes.push_back({CarriedNote::name, static_cast<std::uint32_t>(note.type), note.bytes});
    if (auto uts = read_uts(kernel)) content.utsname = std::move(*uts);
    auto written = write_kdump(target, content, {Codec::Zstd, options.compression_level});
    if (!written) return fail(std::move(written.error()));
    if (written->noted_in_part)
        summary.problems.push_back(
            {ErrorCode::Unsupported,
             fmt::format("the dump claims memory beyond {} TiB: which of it existed is "
                         "kept only where pages of it are",
                         *written->noted_in_part * page_size >> 40),
             {}});
    summary.pages = written->pages;
    summary.bytes = written->bytes;
    std::error_code ignored;
    summary.source_bytes = std::filesystem::file_size(kernel.dump().info().file, ignored);
    return summary;
}

}  // namespace postmortem
