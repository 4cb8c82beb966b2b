#include "kernel/sched/task_accounts.h"

#include <algorithm>

#include "kernel/sched/policies.h"

namespace postmortem {
namespace {

// RLIMIT_CPU and on (include/uapi/asm-generic/resource.h); the numbers never changed.
constexpr std::string_view limit_names[] = {"CPU",      "FSIZE",  "DATA",    "STACK", "CORE",  "RSS",
                                            "NPROC",    "NOFILE", "MEMLOCK", "AS",    "LOCKS", "SIGPENDING",
                                            "MSGQUEUE", "NICE",   "RTPRIO",  "RTTIME"};
constexpr std::uint64_t start_ns_per_second = 1'000'000'000;

}  // namespace

TaskAccountReader::TaskAccountReader(const Kernel& kernel) : kernel_(kernel) {
    const auto find = [&](std::string_view type, std::initializer_list<std::string_view> paths) {
        return Field::find(kernel.types(), type, paths);
    };
    start_is_timespec_ = find("task_struct", {"start_time.tv_sec"}).has_value();
    start_ = find("task_struct", {"start_time.tv_sec", "start_time"});
    user_ = find("task_struct", {"utime"});
    system_ = find("task_struct", {"stime"});
    last_arrival_ = find("task_struct", {"sched_info.last_arrival"});
    policy_ = find("task_struct", {"policy"});
    priority_ = find("task_struct", {"prio"});
    signal_ = find("task_struct", {"signal"});
    limits_ = find("signal_struct", {"rlim"});
}

Result<std::uint64_t> TaskAccountReader::read(const Result<Field>& field, const Task& task) const {
    return field ? field->u64(kernel_.memory(), task.address) : fail(field.error());
}

Result<TaskTimes> TaskAccountReader::times(const Task& task) const {
    const auto start = read(start_, task), user = read(user_, task), system = read(system_, task);
    for (const auto* part : {&start, &user, &system})
        if (!*part) return fail(part->error());
    return TaskTimes{*start, start_is_timespec_ ? *start : *start / start_ns_per_second, *user, *system};
}

Result<std::uint64_t> TaskAccountReader::policy(const Task& task) const {
    return read(policy_, task).map(plain_policy);
}

Result<std::int64_t> TaskAccountReader::priority(const Task& task) const {
    return read(priority_, task).map([](std::uint64_t value) { return static_cast<std::int64_t>(value); });
}

Result<std::vector<ResourceLimit>> TaskAccountReader::limits(const Task& task) const {
    const auto signal = read(signal_, task);
    if (!signal) return fail(signal.error());
    if (!limits_) return fail(limits_.error());
    if (*signal == 0) return fail(ErrorCode::NotFound, "the task has given up its signal_struct");
    const AddressSpace& memory = kernel_.memory();
    const std::uint64_t unlimited = memory.word_size() == 4 ? 0xffffffff : ~std::uint64_t{0};
    const auto value_at = [&](std::uint64_t index) {
        return memory.word(limits_->address_in(*signal) + index * memory.word_size());
    };
    std::vector<ResourceLimit> limits;
    const std::size_t count = std::min<std::uint64_t>(limits_->elements(), std::size(limit_names));
    for (std::size_t i = 0; i < count; ++i) {
        const auto current = value_at(2 * i), maximum = value_at(2 * i + 1);
        if (!current || !maximum) return fail(!current ? current.error() : maximum.error());
        ResourceLimit& limit = limits.emplace_back();
        limit.name = limit_names[i];
        if (*current != unlimited) limit.current = *current;
        if (*maximum != unlimited) limit.maximum = *maximum;
    }
    return limits;
}

}  // namespace postmortem
