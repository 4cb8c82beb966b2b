#include <system_error>

#include <fmt/format.h>

#include <postmortem/extract.h>

#include "base/problem_collector.h"
#include "dump/kdump_writer.h"
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
    Questioner(const Kernel& kernel, const ExtractOptions& options) : kernel_(kernel), options_(options) {}

    Problems ask_everything() {
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
        note(kernel_.modules().problems());
        for (const Module& module : kernel_.modules().all())
            if (auto symbols = kernel_.modules().symbols_of(module); !symbols) problems_.add(symbols.error());
        step("symbols");
        if (auto symbols = kernel_.symbols())
            if (auto whole = (*symbols)->for_each([](const Symbol&) { return true; }); !whole)
                problems_.add("kernel symbols", whole.error());
        return problems_.take();
    }

  private:
    void step(std::string_view name) const {
        if (options_.progress) options_.progress(name);
    }
    void note(const Problems& problems) { problems_.add_all(problems); }

    const Kernel& kernel_;
    const ExtractOptions& options_;
    ProblemCollector problems_;
};

// mm/memblock.c, and what memory was added to since. A damaged header may claim any number.
std::optional<std::uint64_t> frames_of(const Kernel& kernel) {
    const auto frames = kernel.word("max_pfn");
    if (!frames || *frames == 0) return std::nullopt;
    return *frames;
}

}  // namespace

Result<ExtractSummary> extract(const std::filesystem::path& source, const std::filesystem::path& target,
                               const ExtractOptions& options) {
    KernelOptions how = kernel_options(options.open);
    how.record_touched_pages = true;
    auto kernel = Kernel::open(source, how);
    if (!kernel) return fail(std::move(kernel.error()));
    std::error_code ignored;
    const std::filesystem::path dump_file = (*kernel)->dump().info().file;
    if (std::filesystem::equivalent(dump_file, target, ignored))
        return fail(ErrorCode::InvalidArgument,
                    fmt::format("{}: this is the dump itself; name another file to write", target.string()));

    const std::uint64_t page_size = (*kernel)->dump().page_size();
    ExtractSummary summary;
    summary.problems = Questioner(**kernel, options).ask_everything();
    const auto frames = frames_of(**kernel);
    const std::vector<std::uint64_t> pages = (*kernel)->physical().touched_pages();

    if (options.progress) options.progress("writing");
    KdumpContent content{.source = (*kernel)->dump(), .pfns = pages};
    content.frames = frames;
    // Where it was found in memory nobody has read it as the kernel's: it becomes a note.
    if ((*kernel)->dump().vmcoreinfo().empty()) content.vmcoreinfo = (*kernel)->vmcoreinfo().text();
    const auto carried = notes_to_carry(**kernel);
    for (const CarriedNote& note : carried)
        content.more_notes.push_back({CarriedNote::name, static_cast<std::uint32_t>(note.type), note.bytes});
    if (auto uts = read_uts(**kernel)) content.utsname = std::move(*uts);
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
    summary.source_bytes = std::filesystem::file_size(dump_file, ignored);
    return summary;
}

}  // namespace postmortem
