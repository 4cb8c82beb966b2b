#include <algorithm>

#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/stack_checks.h>

#include "base/problem_collector.h"
#include "kernel/cpus.h"
#include "kernel/unwind/unwind.h"
#include "report/backtrace/saved_frames.h"

namespace postmortem {
namespace {

Result<std::vector<std::uint32_t>> cpus_to_scan(const Kernel& kernel,
                                                const std::vector<std::uint32_t>& asked) {
    auto present = read_running_cpus(kernel);
    if (!present || asked.empty()) return present;
    for (const std::uint32_t cpu : asked)
        if (std::find(present->begin(), present->end(), cpu) == present->end())
            return fail(ErrorCode::InvalidArgument, fmt::format("there was no CPU {}", cpu));
    return asked;
}

// crash's: the interrupt stacks, then of each CPU the exceptions' in the order of their numbers in the TSS.
int place_of(StackKind kind) {
    switch (kind) {
        case StackKind::DoubleFault: return 0;
        case StackKind::Nmi: return 1;
        case StackKind::Debug: return 2;
        case StackKind::MachineCheck: return 3;
        default: return 4;
    }
}

bool earlier(const ScannedStack& a, const ScannedStack& b) {
    const bool irq_a = a.kind == StackKind::Irq, irq_b = b.kind == StackKind::Irq;
    if (irq_a != irq_b) return irq_a;
    return a.cpu != b.cpu ? a.cpu < b.cpu : place_of(a.kind) < place_of(b.kind);
}

}  // namespace

Result<StackScan> scan_cpu_stacks(const CrashDump& dump, const std::vector<std::uint32_t>& cpus) {
    const Kernel& kernel = dump.kernel();
    const auto wanted = cpus_to_scan(kernel, cpus);
    if (!wanted) return fail(wanted.error());
    StackScan scan;
    const Arch& arch = kernel.arch();
    scan.style = {arch.registers->names[arch.registers->ip], static_cast<std::uint8_t>(arch.word_size * 2),
                  arch.registers->printed_per_line};
    const Unwinder unwinder(kernel);
    FrameWalker walker = unwinder.walker();
    const Stacks stacks(kernel);
    ProblemCollector problems;
    for (const std::uint32_t cpu : *wanted) {
        for (const StackRange& range : stacks.of_cpu(cpu, scan.problems)) {
            // The few words of an entry are moved on at once; what has no memory is for machines of another
            // kind.
            const auto place = kernel.memory().translate(range.high - 1);
            const bool has_memory = place || place.error().code != ErrorCode::NotMapped;
            if (range.kind == StackKind::Entry || !has_memory) continue;
            ScannedStack& stack = scan.stacks.emplace_back();
            stack = {cpu, range.kind, range.low, range.high - range.low, {}};
            if (auto searched = find_saved_frames(range, walker, stack.saved); !searched)
                problems.add("what was saved on the stacks",
                             fmt::format("of CPU {} ({})", cpu, to_string(range.kind)), searched.error());
        }
    }
    problems.add_all(scan.problems);
    scan.problems = problems.take();
    std::stable_sort(scan.stacks.begin(), scan.stacks.end(), earlier);
    return scan;
}

}  // namespace postmortem
