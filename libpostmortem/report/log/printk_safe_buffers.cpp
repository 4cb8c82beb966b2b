#include <algorithm>

#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/log_text.h>

#include "base/problem_collector.h"
#include "kernel/cpus.h"
#include "kernel/percpu.h"

namespace postmortem {
namespace {

constexpr std::uint64_t most_bytes = 1u << 20;  // CONFIG_PRINTK_SAFE_LOG_BUF_SHIFT is 17 at most

}  // namespace

// struct printk_safe_seq_buf of kernel/printk/printk_safe.c, 4.10 to 5.14 (93d102f094be took it away).
PrintkSafeBuffers printk_safe_buffers(const CrashDump& dump) {
    const Kernel& kernel = dump.kernel();
    PrintkSafeBuffers all;
    ProblemCollector problems;
    const auto cpus = read_running_cpus(kernel);
    if (!cpus) problems.add("the CPUs", cpus.error());
    for (const char* name : {"nmi_print_seq", "safe_print_seq"}) {
        if (!cpus || !kernel.symbol(name)) continue;
        for (const std::uint32_t cpu : *cpus) {
            const Object buffer = per_cpu_variable(kernel, name, "printk_safe_seq_buf", cpu);
            if (!buffer.ok()) {
                problems.add("the buffer", fmt::format("{} of CPU {}", name, cpu), *buffer.error());
                continue;
            }
            PrintkSafeBuffer& one = all.buffers.emplace_back();
            one.name = name;
            one.cpu = cpu;
            one.address = buffer.address();
            const auto length = buffer["len"].u64(), lost = buffer["message_lost"].u64();
            if (length) one.length = *length;
            if (lost) one.lost = *lost;
            for (const auto* value : {&length, &lost})
                if (!*value)
                    problems.add("the buffer", fmt::format("{} of CPU {}", name, cpu), value->error());
            const auto place = buffer["buffer"].checked_address();
            if (!length || *length == 0 || !place) continue;
            if (auto text = kernel.memory().c_string(*place, std::min(*length, most_bytes)))
                one.text = std::move(*text);
            else
                problems.add("the text", fmt::format("of {} of CPU {}", name, cpu), text.error());
        }
    }
    all.problems = problems.take();
    return all;
}

}  // namespace postmortem
