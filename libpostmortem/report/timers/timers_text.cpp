// `timer` as crash prints it.
#include <algorithm>

#include <fmt/format.h>

#include <postmortem/timers.h>

#include "base/text.h"
#include "report/tasks/task_header_text.h"

namespace postmortem {
namespace {

std::string number_or_dash(const std::optional<std::int64_t>& value) {
    return value ? fmt::format("{}", *value) : "-";
}

std::string function_text(const PendingTimer& timer) {
    return fmt::format("{:16x}  <{}>", timer.function,
                       timer.function_name.empty() ? "?" : escaped(timer.function_name));
}

std::size_t longest_wait(const TimerQueue& queue) {
    std::size_t width = 0;
    for (const PendingTimer& timer : queue.timers) width = std::max(width, number_or_dash(timer.in).size());
    return width;
}

// The heads of the columns stand as far to the right as crash puts them.
std::string wheel_text(const TimerQueue& queue, std::uint32_t cpu, std::uint64_t jiffies) {
    std::string out = queue.name.empty()
                          ? fmt::format("TVEC_BASES[{}]: {:x}\n", cpu, queue.address)
                          : fmt::format("TIMER_BASES[{}][{}]: {:x}\n", cpu, queue.name, queue.address);
    std::size_t width = std::max<std::size_t>(7, fmt::formatted_size("{}", jiffies));
    for (const PendingTimer& timer : queue.timers)
        width = std::max(width, fmt::formatted_size("{}", static_cast<std::uint64_t>(timer.expires)));
    const std::size_t wait = std::max<std::size_t>(longest_wait(queue) + 1, 3);
    out += fmt::format("  {:<{}}  {:<{}}  {}  FUNCTION\n", "EXPIRES", 2 * width - 7, "TTE", wait,
                       centered("TIMER_LIST", 16));
    if (queue.timers.empty()) return out + "  (none)\n";
    for (const PendingTimer& timer : queue.timers)
        out += fmt::format("  {:>{}}  {:>{}}  {:16x}  {}\n", static_cast<std::uint64_t>(timer.expires), width,
                           number_or_dash(timer.in), wait, timer.address, function_text(timer));
    return out;
}

// Each CPU's time stands above its timers, and the columns are as wide as what is in them.
std::string older_wheel_text(const TimerQueue& queue, std::uint32_t cpu, const std::string& jiffies) {
    std::size_t width = std::max<std::size_t>(7, jiffies.size());
    for (const PendingTimer& timer : queue.timers)
        width = std::max(width, fmt::formatted_size("{}", static_cast<std::uint64_t>(timer.expires)));
    const std::size_t wait = std::max<std::size_t>(longest_wait(queue) + 1, 3);
    std::string out = fmt::format("TVEC_BASES[{}]: {:x}\n{}\n{:>{}}\n", cpu, queue.address,
                                  centered("JIFFIES", width, true), jiffies, width);
    out += fmt::format("{}  {}  {}  {}\n", centered("EXPIRES", width, true), centered("TTE", wait, true),
                       centered("TIMER_LIST", 16), centered("FUNCTION", 16));
    for (const PendingTimer& timer : queue.timers)
        out += fmt::format("{:>{}}  {:>{}}  {:16x}  {}\n", static_cast<std::uint64_t>(timer.expires), width,
                           number_or_dash(timer.in), wait, timer.address, function_text(timer));
    return out;
}

std::string clock_text(const TimerQueue& queue, std::size_t number) {
    std::string out = fmt::format("  CLOCK: {}  HRTIMER_CLOCK_BASE: {:x}  [{}]\n", number, queue.address,
                                  escaped(queue.name));
    if (queue.timers.empty()) return out + "  (empty)\n";
    const std::string now = number_or_dash(queue.now);
    std::size_t soft = std::max<std::size_t>(now.size(), 11), hard = std::max<std::size_t>(now.size(), 7);
    for (const PendingTimer& timer : queue.timers) {
        soft = std::max(soft, fmt::formatted_size("{}", timer.soft_expires));
        hard = std::max(hard, fmt::formatted_size("{}", timer.expires));
    }
    const std::size_t wait = std::max<std::size_t>(longest_wait(queue), 3);
    out += fmt::format("  {}\n  {}\n", centered("CURRENT", soft, true), centered(now, soft, true));
    out += fmt::format("  {}  {}  {}  {}  {}\n", centered("SOFTEXPIRES", soft, true),
                       centered("EXPIRES", hard, true), centered("TTE", wait, true), centered("HRTIMER", 16),
                       centered("FUNCTION", 16));
    for (const PendingTimer& timer : queue.timers)
        out += fmt::format("  {}  {}  {:>{}}  {:16x}  {}\n",
                           centered(fmt::format("{}", timer.soft_expires), soft, true),
                           centered(fmt::format("{}", timer.expires), hard, true), number_or_dash(timer.in),
                           wait, timer.address, function_text(timer));
    return out;
}

}  // namespace

std::string to_text(const PendingTimers& timers) {
    std::string out;
    const std::string jiffies = timers.jiffies ? fmt::format("{}", *timers.jiffies) : "-";
    const auto is_older = [](const CpuTimers& cpu) {
        return std::any_of(cpu.queues.begin(), cpu.queues.end(),
                           [](const TimerQueue& queue) { return queue.is_tvec_of_hlists; });
    };
    const bool older = !timers.cpus.empty() && is_older(timers.cpus.front());
    if (!timers.precise && !older) out += fmt::format("{:<10}\n{:<10}\n\n", "JIFFIES", jiffies);
    for (const CpuTimers& cpu : timers.cpus) {
        if (&cpu != &timers.cpus.front() && !older) out += '\n';
        if (timers.precise)
            out += fmt::format("CPU: {}  HRTIMER_CPU_BASE: {}\n", cpu.cpu,
                               cpu.address != 0 ? fmt::format("{:x}", cpu.address) : "-");
        for (std::size_t i = 0; i < cpu.queues.size(); ++i) {
            if (timers.precise && i > 0) out += '\n';
            out += timers.precise ? clock_text(cpu.queues[i], i)
                   : older        ? older_wheel_text(cpu.queues[i], cpu.cpu, jiffies)
                                  : wheel_text(cpu.queues[i], cpu.cpu, timers.jiffies.value_or(0));
        }
    }
    return out;
}

}  // namespace postmortem
