#include "kernel/workqueue/workqueues.h"

#include <algorithm>

#include "kernel/idr.h"
#include "kernel/lists.h"
#include "kernel/sched/clock.h"

namespace postmortem {
namespace {

constexpr std::size_t most_pools = 1u << 16, most_pool_workers = 1u << 16, most_works = 1u << 20;
constexpr std::size_t longest_queue_name = 64;

Field member(const Kernel& kernel, std::string_view structure,
             std::initializer_list<std::string_view> paths) {
    return Field::find(kernel.types(), structure, paths).value_or(Field());
}

}  // namespace

Workqueues::Workqueues(const Kernel& kernel)
    : kernel_(kernel),
      entry_(member(kernel, "work_struct", {"entry"})),
      barrier_function_(kernel.symbol("wq_barrier_func").value_or(0)),
      older_(has_older_lines()) {
    if (older_) {
        read_older_queues();
    } else {
        read_pools();
        read_queues();
    }
}

void Workqueues::read_pools() {
    const Object idr = kernel_.variable("worker_pool_idr", "idr");
    if (!idr.ok()) return problems_.push_back(*idr.error());
    for_each_idr_entry(
        idr,
        [&](std::uint64_t, std::uint64_t pool) {
            read_pool(pool);
            return pools_.size() < most_pools;
        },
        [&](Error error) { problems_.push_back(std::move(error)); });
}

// A list since 3.17 (da028469ba17), numbered in an idr before.
void Workqueues::read_workers(const Object& pool, WorkerPool& made) {
    const auto add = [&](std::uint64_t address) {
        const Object worker = kernel_.object("worker", address);
        made.workers.push_back({address, worker["task"].u64_or(0), worker["current_func"].u64_or(0),
                                worker["current_work"].u64_or(0), worker["current_pwq"].u64_or(0),
                                pool.address()});
        return made.workers.size() < most_pool_workers;
    };
    if (!pool.has("workers") && pool.has("worker_idr"))
        return for_each_idr_entry(
            pool["worker_idr"], [&](std::uint64_t, std::uint64_t worker) { return add(worker); },
            [&](Error error) { problems_.push_back(std::move(error)); });
    const auto workers = pool["workers"].checked_address();
    const auto node = Field::find(kernel_.types(), "worker", {"node"});
    if (!workers || !node) return problems_.push_back(!workers ? workers.error() : node.error());
    const auto walked = for_each_list_node(
        kernel_.memory(), *workers, [&](std::uint64_t at) { return add(at - node->offset()); },
        most_pool_workers);
    if (!walked) problems_.push_back(walked.error());
}

void Workqueues::read_pool(std::uint64_t address) {
    const Object pool = kernel_.object("worker_pool", address);
    const auto id = pool["id"].i64(), cpu = pool["cpu"].i64();
    const auto line = pool["worklist"].checked_address();
    if (!id || !cpu || !line)
        return problems_.push_back(!id ? id.error() : !cpu ? cpu.error() : line.error());
    WorkerPool& made = pools_.emplace_back();
    made.address = address;
    made.id = static_cast<std::int32_t>(*id);
    if (*cpu >= 0) made.cpu = static_cast<std::uint32_t>(*cpu);
    read_workers(pool, made);
    read_line(made, *line);
    // 82607adcf9cd (4.5), with CONFIG_WQ_WATCHDOG
    const auto touched = pool["watchdog_ts"].u64(), now = kernel_.word("jiffies");
    const auto hz = ticks_per_second(kernel_);
    if (touched && now && hz && *hz != 0 && *now >= *touched)
        made.idle_since = static_cast<double>(*now - *touched) / *hz;
}

std::uint64_t Workqueues::function_of(std::uint64_t work) const {
    return kernel_.object("work_struct", work)["func"].u64_or(0);
}

void Workqueues::read_line(WorkerPool& pool, std::uint64_t line) {
    const auto walked = for_each_list_node(
        kernel_.memory(), line,
        [&](std::uint64_t at) {
            const std::uint64_t function = function_of(at - entry_.offset());
            if (barrier_function_ != 0 && function == barrier_function_) return true;
            if (pool.pending++ == 0) pool.next_function = function;
            return true;
        },
        most_works);
    if (!walked) problems_.push_back(walked.error());
}

void Workqueues::read_queues() {
    const auto head = kernel_.symbol("workqueues");
    std::optional<Error> missing;
    const FieldFinder find(kernel_.types(), missing);
    const Field link = find("workqueue_struct", {"list"}), pwq_link = find("pool_workqueue", {"pwqs_node"});
    if (!head || missing) return problems_.push_back(!head ? head.error() : *missing);
    const auto walked = for_each_list_node(
        kernel_.memory(), *head,
        [&](std::uint64_t at) {
            const Object queue = kernel_.object("workqueue_struct", at - link.offset());
            KnownWorkqueue& made = queues_.emplace_back();
            made.address = queue.address();
            // An array, but for 4.15 to 4.19 and since 6.8 alike
            made.name = queue["name"].string(longest_queue_name).value_or("");
            const auto pwqs = queue["pwqs"].checked_address();
            const auto inner = pwqs ? for_each_list_node(
                                          kernel_.memory(), *pwqs,
                                          [&](std::uint64_t pwq) {
                                              made.pwqs.push_back(pwq - pwq_link.offset());
                                              return true;
                                          },
                                          most_pools)
                                    : fail(pwqs.error());
            if (!inner) problems_.push_back(inner.error());
            return queues_.size() < most_pools;
        },
        most_pools);
    if (!walked) problems_.push_back(walked.error());
}

const PoolWorker* Workqueues::worker_of(std::uint64_t task) const {
    for (const WorkerPool& pool : pools_)
        for (const PoolWorker& worker : pool.workers)
            if (worker.task == task) return &worker;
    return nullptr;
}

std::string Workqueues::name_of_pwq(std::uint64_t pwq) const {
    for (const KnownWorkqueue& queue : queues_)
        if (std::find(queue.pwqs.begin(), queue.pwqs.end(), pwq) != queue.pwqs.end()) return queue.name;
    return {};
}

std::vector<const PoolWorker*> Workqueues::workers_of(const std::vector<std::uint64_t>& pwqs) const {
    std::vector<const PoolWorker*> found;
    for (const WorkerPool& pool : pools_)
        for (const PoolWorker& worker : pool.workers)
            if (worker.work != 0 && std::find(pwqs.begin(), pwqs.end(), worker.pwq) != pwqs.end())
                found.push_back(&worker);
    return found;
}

std::optional<FlushTarget> Workqueues::flush_of(std::uint64_t done, std::uint64_t task) const {
    if (auto target = by_barrier(done, task)) return target;
    return by_flusher(done);
}

bool Workqueues::BarrierPlace::hangs_in(std::uint64_t head) const {
    return std::find(ring.begin(), ring.end(), head) != ring.end();
}

// insert_wq_barrier(): the barrier stands right behind the work that is flushed, in its line, or among what
// the worker that runs it has still to do. Barriers of others may stand in between.
std::optional<Workqueues::BarrierPlace> Workqueues::place_of_barrier(std::uint64_t done,
                                                                     std::uint64_t task) const {
    const Field own = member(kernel_, "wq_barrier", {"done"}), who = member(kernel_, "wq_barrier", {"task"}),
                work = member(kernel_, "wq_barrier", {"work"});
    if (!own.present() || !work.present() || barrier_function_ == 0) return std::nullopt;
    const std::uint64_t barrier = done - own.offset();
    // 2607d7a6dba1 (3.16); before, that the task waits for what the barrier completes is all there is.
    if (who.present() && who.u64_or(kernel_.memory(), barrier, 0) != task) return std::nullopt;
    if (function_of(work.address_in(barrier)) != barrier_function_) return std::nullopt;
    const std::uint64_t node = entry_.address_in(work.address_in(barrier));
    BarrierPlace place{{node}, 0};
    const auto walked = for_each_list_node(
        kernel_.memory(), node,
        [&](std::uint64_t at) {
            place.ring.push_back(at);
            return true;
        },
        most_works);
    if (!walked) return std::nullopt;
    for (auto at = place.ring.rbegin(); at != place.ring.rend() && place.before == 0; ++at)
        if (function_of(*at - entry_.offset()) != barrier_function_) place.before = *at;
    return place;
}

std::optional<FlushTarget> Workqueues::by_barrier(std::uint64_t done, std::uint64_t task) const {
    const auto place = place_of_barrier(done, task);
    if (!place) return std::nullopt;
    for (const WorkerPool& pool : pools_)
        if (auto target = flushed_in(pool, *place)) return target;
    // 5.15 (f97a4a1a3f87)
    const Field inactive = member(kernel_, "pool_workqueue", {"inactive_works", "delayed_works"});
    for (const KnownWorkqueue& queue : queues_)
        for (const std::uint64_t pwq : queue.pwqs) {
            if (!inactive.present() || !place->hangs_in(inactive.address_in(pwq))) continue;
            FlushTarget target{FlushTarget::Place::Inactive, queue.name, 0, 0,
                               workers_of(queue.pwqs),       nullptr};
            add_flushed(target, *place, inactive.address_in(pwq));
            return target;
        }
    return std::nullopt;
}

std::optional<FlushTarget> Workqueues::flushed_in(const WorkerPool& pool, const BarrierPlace& place) const {
    if (older_) return flushed_in_line(pool, place);
    const Field scheduled = member(kernel_, "worker", {"scheduled"}),
                line = member(kernel_, "worker_pool", {"worklist"});
    if (!scheduled.present() || !line.present()) return std::nullopt;
    for (const PoolWorker& worker : pool.workers) {
        const std::uint64_t list = scheduled.address_in(worker.address);
        if (!place.hangs_in(list)) continue;
        FlushTarget target{FlushTarget::Place::Running,
                           name_of_pwq(worker.pwq),
                           worker.function,
                           worker.work,
                           {&worker},
                           nullptr};
        add_flushed(target, place, list);
        return target;
    }
    const std::uint64_t list = line.address_in(pool.address);
    if (!place.hangs_in(list)) return std::nullopt;
    FlushTarget target{FlushTarget::Place::Pending, {}, 0, 0, {}, &pool};
    add_flushed(target, place, list);
    for (const PoolWorker& worker : pool.workers)
        if (worker.work != 0) target.workers.push_back(&worker);
    return target;
}

// Where the list's head is before the barrier, the work has been taken out to be run.
void Workqueues::add_flushed(FlushTarget& target, const BarrierPlace& place, std::uint64_t list) const {
    if (place.before == 0 || place.before == list) return;
    target.work = place.before - entry_.offset();
    target.function = function_of(target.work);
}

bool Workqueues::flushes(const KnownWorkqueue& queue, std::uint64_t flusher) const {
    const Object object = kernel_.object("workqueue_struct", queue.address);
    if (object["first_flusher"].u64_or(0) == flusher) return true;
    const Field link = member(kernel_, "wq_flusher", {"list"});
    bool found = false;
    for (const auto* list : {"flusher_queue", "flusher_overflow"}) {
        const auto head = object[list].checked_address();
        if (!head) continue;
        (void)for_each_list_node(
            kernel_.memory(), *head,
            [&](std::uint64_t at) {
                found = found || at == link.address_in(flusher);
                return !found;
            },
            most_works);
    }
    return found;
}

// __flush_workqueue(): a struct wq_flusher on the stack.
std::optional<FlushTarget> Workqueues::by_flusher(std::uint64_t done) const {
    const Field own = member(kernel_, "wq_flusher", {"done"});
    if (!own.present()) return std::nullopt;
    for (const KnownWorkqueue& queue : queues_) {
        if (!flushes(queue, done - own.offset())) continue;
        FlushTarget target;
        target.place = FlushTarget::Place::Queue;
        target.workqueue = queue.name;
        target.workers = workers_of(queue.pwqs);
        return target;
    }
    return std::nullopt;
}

}  // namespace postmortem
