#include "kernel/time/timers.h"

#include <algorithm>

#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/timers.h>

#include "base/problem_collector.h"
#include "kernel/cpus.h"
#include "kernel/sched/clock.h"
#include "kernel/symbol_finder.h"

namespace postmortem {
namespace {

class TimerTeller {
  public:
    explicit TimerTeller(const Kernel& kernel) : kernel_(kernel), symbols_(kernel) {
        const auto jiffies = kernel.word("jiffies");
        if (jiffies)
            jiffies_ = *jiffies;
        else
            problems_.add("the time", jiffies.error());
        if (const auto since_boot = time_since_boot(kernel))
            monotonic_ = static_cast<std::int64_t>(*since_boot);
        else
            problems_.add("the time", since_boot.error());
    }

    std::optional<std::uint64_t> jiffies() const { return jiffies_; }

    CpuTimers wheels(std::uint32_t cpu) {
        CpuTimers made{cpu, 0, {}};
        Problems lost;
        auto found = read_timer_wheels(kernel_, cpu, lost);
        tell(cpu, lost);
        if (!found) {
            problems_.add("the timers", fmt::format("of CPU {}", cpu), found.error());
            return made;
        }
        for (const TimerWheel& wheel : *found) {
            TimerQueue& queue = made.queues.emplace_back();
            queue.name = wheel.name;
            queue.address = wheel.address;
            queue.is_tvec_of_hlists = wheel.is_tvec_of_hlists;
            for (const WheelTimer& timer : wheel.timers) queue.timers.push_back(told(timer));
        }
        return made;
    }

    CpuTimers clocks(std::uint32_t cpu) {
        CpuTimers made{cpu, 0, {}};
        Problems lost;
        auto found = read_timer_clocks(kernel_, cpu, lost);
        tell(cpu, lost);
        if (!found) {
            problems_.add("the timers", fmt::format("of CPU {}", cpu), found.error());
            return made;
        }
        made.address = found->address;
        for (const TimerClock& clock : found->clocks) {
            TimerQueue& queue = made.queues.emplace_back();
            queue.name = clock.name;
            queue.address = clock.address;
            if (monotonic_) queue.now = *monotonic_ + clock.offset;
            for (const PreciseTimer& timer : clock.timers) {
                PendingTimer& one = queue.timers.emplace_back();
                one.address = timer.address;
                one.expires = timer.expires;
                one.soft_expires = timer.soft_expires;
                if (queue.now)
                    one.in = static_cast<std::int64_t>(static_cast<std::uint64_t>(timer.expires) -
                                                       static_cast<std::uint64_t>(*queue.now));
                name(one, timer.function);
            }
        }
        return made;
    }

    Problems take_problems() {
        symbols_.tell(problems_);
        return problems_.take();
    }

  private:
    PendingTimer told(const WheelTimer& timer) {
        PendingTimer one;
        one.address = timer.address;
        one.expires = static_cast<std::int64_t>(timer.expires);
        // Jiffies wrap around where a long has 32 bits.
        const std::uint64_t far = jiffies_ ? timer.expires - *jiffies_ : 0;
        if (jiffies_)
            one.in = kernel_.memory().word_size() == 4 ? static_cast<std::int32_t>(far)
                                                       : static_cast<std::int64_t>(far);
        name(one, timer.function);
        return one;
    }

    void name(PendingTimer& timer, std::uint64_t function) {
        timer.function = function;
        if (const auto hit = symbols_.at(function)) timer.function_name = hit->symbol.name;
    }

    void tell(std::uint32_t cpu, const Problems& lost) {
        for (const Error& error : lost) problems_.add("the timers", fmt::format("of CPU {}", cpu), error);
    }

    const Kernel& kernel_;
    SymbolFinder symbols_;
    ProblemCollector problems_;
    std::optional<std::uint64_t> jiffies_;
    std::optional<std::int64_t> monotonic_;
};

}  // namespace

Result<PendingTimers> pending_timers(const CrashDump& dump, const TimerRequest& request) {
    const Kernel& kernel = dump.kernel();
    const auto running = read_running_cpus(kernel);
    if (!running) return fail(running.error());
    for (const std::uint32_t cpu : request.cpus)
        if (std::find(running->begin(), running->end(), cpu) == running->end())
            return fail(ErrorCode::InvalidArgument, fmt::format("there was no CPU {}", cpu));
    PendingTimers made;
    made.precise = request.precise;
    TimerTeller teller(kernel);
    made.jiffies = teller.jiffies();
    for (const std::uint32_t cpu : request.cpus.empty() ? *running : request.cpus)
        made.cpus.push_back(request.precise ? teller.clocks(cpu) : teller.wheels(cpu));
    made.problems = teller.take_problems();
    return made;
}

}  // namespace postmortem
