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
    const TypeFinder& types = kernel.types();
    const auto find = [&](std::string_view type, std::initializer_list<std::string_view> paths) {
        auto field = Field::find(types, type, paths);
        if (!field && !missing_) missing_ = field.error();
        return field.value_or(Field());
    };
    total_vm_ = find("mm_struct", {"total_vm"});
    // Until 6.1 a struct of atomic_long_t, since 6.2 (f1a7941243c1) an array of struct percpu_counter.
    rss_stat_ = find("mm_struct", {"rss_stat.count", "rss_stat"});
    if (!Field::find(types, "mm_struct", {"rss_stat.count"})) {
        percpu_count_ = find("percpu_counter", {"count"});
        percpu_parts_ = find("percpu_counter", {"counters"});
        counter_size_ = types.size_of("percpu_counter").value_or(0);
        const std::uint32_t cpus = cpu_limit(kernel).value_or(0);
        for (std::uint32_t cpu = 0; cpu < cpus; ++cpu)
            cpu_offsets_.push_back(per_cpu_address(kernel, std::uint64_t{0}, cpu).value_or(0));
        return;
    }
    counter_size_ = sizeof(std::int64_t);
    // SPLIT_RSS_COUNTING, 2.6.34 to 6.1: each thread caches what it has not yet added to its mm.
    const auto cached = Field::find(types, "task_struct", {"rss_stat.count"});
    if (!cached) return;
    for (const Task& task : table.tasks) {
        if (task.mm == 0) continue;
        std::array<std::int32_t, counter_count> raw{};
        const auto bytes = std::as_writable_bytes(std::span(raw));
        if (!kernel.memory().read(cached->address_in(task.address), bytes)) continue;
        Counters& sum = cached_by_tgid_[task.tgid];
        for (std::size_t i = 0; i < counter_count; ++i)
            sum[i] += load<std::int32_t>(bytes.data() + i * sizeof(std::int32_t), kernel.memory().endian());
    }
}

Result<std::int64_t> TaskMemoryReader::counter(std::uint64_t mm, std::size_t index) const {
    const AddressSpace& memory = kernel_.memory();
    const std::uint64_t place = rss_stat_.address_in(mm) + index * counter_size_;
    if (!percpu_count_.present()) return memory.get<std::int64_t>(place);

    auto total = percpu_count_.i64(memory, place);
    const auto parts = percpu_parts_.u64(memory, place);
    if (!total) return total;
    if (!parts) return fail(parts.error());
    if (*parts == 0) return total;
    for (const std::uint64_t cpu_offset : cpu_offsets_) {
        if (cpu_offset == 0) continue;
        const auto part = memory.get<std::int32_t>(*parts + cpu_offset);
        if (!part) return fail(part.error());
        *total += *part;
    }
    return total;
}

Result<TaskMemory> TaskMemoryReader::read(const Task& task) const {
    TaskMemory memory;
    // A kernel thread may borrow an mm through kthread_use_mm(); what it holds is not its own.
    if (task.mm == 0 || task.is_kernel_thread()) return memory;
    if (missing_) return fail(*missing_);
    const auto total_vm = total_vm_.u64(kernel_.memory(), task.mm);
    if (!total_vm) return fail(total_vm.error());
    Counters counters{};
    if (const auto cached = cached_by_tgid_.find(task.tgid); cached != cached_by_tgid_.end())
        counters = cached->second;
    for (std::size_t i = 0; i < counter_count; ++i) {
        auto value = counter(task.mm, i);
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
