#include "kernel/task_memory.h"

#include <algorithm>

#include "kernel/percpu.h"

namespace postmortem {
namespace {

// MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS, MM_SHMEMPAGES: an anonymous enum, in this order since 4.5
// (eca56ff906bd).
constexpr std::size_t file_pages = 0, anon_pages = 1, swap_entries = 2, shmem_pages = 3;

// A counter may be briefly below zero; the kernel shows that as zero.
std::uint64_t clamped(std::int64_t value) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0));
}

}  // namespace

TaskMemoryReader::TaskMemoryReader(const Kernel& kernel, const TaskTable& table) : kernel_(kernel) {
    cpus_ = cpu_limit(kernel).value_or(0);
    // SPLIT_RSS_COUNTING, 2.6.34 to 6.1 (gone with f1a7941243c1).
    const auto task_type = kernel.types().find_struct("task_struct");
    if (!task_type || !kernel.types().member(*task_type, "rss_stat")) return;
    for (const Task& task : table.tasks) {
        if (task.mm == 0) continue;
        const Object cached = kernel.object("task_struct", task.address)["rss_stat"]["count"];
        Counters& sum = cached_by_tgid_[task.tgid];
        for (std::size_t i = 0; i < counter_count; ++i) sum[i] += cached.at(i).i64_or(0);
    }
}

Result<std::int64_t> TaskMemoryReader::counter(const Object& mm, std::size_t index) const {
    const Object stat = mm["rss_stat"];
    if (!stat.ok()) return fail(*stat.error());
    // Until 6.1 a struct of atomic_long_t, since 6.2 an array of struct percpu_counter.
    if (stat.type().kind != TypeKind::Array) return stat["count"].at(index).i64();

    const Object percpu = stat.at(index);
    auto total = percpu["count"].i64();
    if (!total) return total;
    const auto base = percpu["counters"].u64();
    if (!base) return fail(base.error());
    if (*base == 0) return total;
    for (std::uint32_t cpu = 0; cpu < cpus_; ++cpu) {
        const auto place = per_cpu_address(kernel_, *base, cpu);
        if (!place) return fail(place.error());
        const auto part = kernel_.memory().get<std::int32_t>(*place);
        if (!part) return fail(part.error());
        *total += *part;
    }
    return total;
}

Result<TaskMemory> TaskMemoryReader::read(const Task& task) const {
    TaskMemory memory;
    // A kernel thread may borrow an mm through kthread_use_mm(); what it holds is not its own.
    if (task.mm == 0 || task.is_kernel_thread()) return memory;
    const Object mm = kernel_.object("mm_struct", task.mm);
    const auto total_vm = mm["total_vm"].u64();
    if (!total_vm) return fail(total_vm.error());
    Counters counters{};
    if (const auto cached = cached_by_tgid_.find(task.tgid); cached != cached_by_tgid_.end())
        counters = cached->second;
    for (std::size_t i = 0; i < counter_count; ++i) {
        auto value = counter(mm, i);
        if (!value) return fail(std::move(value.error()));
        counters[i] += *value;
    }
    memory.total_vm = *total_vm;
    memory.file = clamped(counters[file_pages]);
    memory.anon = clamped(counters[anon_pages]);
    memory.swap = clamped(counters[swap_entries]);
    memory.shmem = clamped(counters[shmem_pages]);
    return memory;
}

Result<std::uint64_t> total_ram_pages(const Kernel& kernel) {
    // _totalram_pages since 5.0 (ca79b0c211af).
    auto pages = kernel.number<std::uint64_t>("_totalram_pages");
    return pages ? pages : kernel.number<std::uint64_t>("totalram_pages");
}

}  // namespace postmortem
