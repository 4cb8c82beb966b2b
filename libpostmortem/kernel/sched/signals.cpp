#include "kernel/sched/signals.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/problem_collector.h"
#include "kernel/lists.h"

namespace postmortem {
namespace {

constexpr std::uint64_t most_signals = 128;  // _NSIG is 64, and 128 on MIPS
constexpr std::size_t most_queued = 1u << 16;

class SignalReader {
  public:
    SignalReader(const Kernel& kernel, const Task& task)
        : kernel_(kernel), task_(kernel.object("task_struct", task.address)), pid_(task.pid) {}

    SignalsOfTask read() {
        found_.signal_struct = value("the signals", task_["signal"].u64());
        const bool has_given_up = found_.signal_struct == 0u;
        if (found_.signal_struct && !has_given_up) {
            // Until 2.6.35 (b3ac022cb9dc) those who shared it were its threads.
            const Object signals = task_["signal"];
            const bool is_old = !signals.has("nr_threads") && signals.has("count");
            found_.threads = value("the number of threads",
                                   (is_old ? signals["count"]["counter"] : signals["nr_threads"]).i64());
            read_handling();
            found_.shared = value("the signals of the process", pending(task_["signal"]["shared_pending"]));
        }
        found_.blocked = value("the blocked signals", set_of(task_["blocked"]));
        found_.own = value("the signals that wait", pending(task_["pending"]));
        // As recalc_sigpending() decides (kernel/signal.c). The flag that it then sets, TIF_SIGPENDING, has
        // had several numbers.
        if (found_.own && found_.blocked && (found_.shared || has_given_up)) {
            const std::uint64_t waiting = found_.own->set | (found_.shared ? found_.shared->set : 0);
            found_.has_pending = (waiting & ~*found_.blocked) != 0;
        }
        found_.problems = problems_.take();
        return std::move(found_);
    }

  private:
    void problem(std::string_view what, const Error& error) {
        problems_.add(what, fmt::format("of pid {}", pid_), error);
    }
    template <class T>
    std::optional<T> value(std::string_view what, Result<T> result) {
        if (result) return std::move(*result);
        problem(what, result.error());
        return std::nullopt;
    }

    // sigset_t: an array of longs, the lowest signals first.
    Result<std::uint64_t> set_of(const Object& set) const {
        const auto at = set["sig"].checked_address();
        if (!at) return fail(at.error());
        const AddressSpace& memory = kernel_.memory();
        if (memory.word_size() == 8) return memory.u64(*at);
        const auto low = memory.u32(*at), high = memory.u32(*at + 4);
        if (!low || !high) return fail(!low ? low.error() : high.error());
        return std::uint64_t{*high} << 32 | *low;
    }

    void read_handling() {
        const Object table = task_["sighand"];
        const auto address = table.u64();
        if (!address) return problem("the signal handlers", address.error());
        if (*address == 0) return;
        const Object actions = table["action"];
        if (!actions.ok()) return problem("the signal handlers", *actions.error());
        const std::uint64_t count = std::min<std::uint64_t>(actions.type().count, most_signals);
        for (std::uint64_t i = 0; i < count; ++i) {
            const Object action = actions.at(i), sa = action["sa"];
            const auto handler = sa["sa_handler"].u64(), flags = sa["sa_flags"].u64(),
                       mask = set_of(sa["sa_mask"]);
            for (const auto* part : {&handler, &flags, &mask})
                if (!*part) return problem("a signal handler", part->error());
            found_.handling.push_back({action.address(), *handler, *mask, *flags});
        }
    }

    Result<PendingSignals> pending(const Object& where) const {
        const auto set = set_of(where["signal"]);
        const auto head = where["list"].checked_address();
        const auto link = kernel_.types().offset_of("sigqueue", "list");
        const auto info = kernel_.types().offset_of("sigqueue", "info");
        for (const auto* part : {&set, &head, &link, &info})
            if (!*part) return fail(part->error());
        PendingSignals found{*set, {}};
        const auto walked = for_each_list_node(
            kernel_.memory(), *head,
            [&](std::uint64_t node) {
                const std::uint64_t at = node - *link + *info;
                // si_signo is the first member of every siginfo.
                if (const auto number = kernel_.memory().get<std::int32_t>(at))
                    found.queue.push_back({*number, at});
                return true;
            },
            most_queued);
        if (!walked) return fail(walked.error());
        return found;
    }

    const Kernel& kernel_;
    Object task_;
    std::int32_t pid_;
    SignalsOfTask found_;
    ProblemCollector problems_;
};

}  // namespace

SignalsOfTask read_signals(const Kernel& kernel, const Task& task) {
    return SignalReader(kernel, task).read();
}

}  // namespace postmortem
