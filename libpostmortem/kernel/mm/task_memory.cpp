#include "kernel/mm/task_memory.h"

#include <algorithm>

#include "kernel/percpu.h"
#include "memory/words.h"

namespace postmortem {
namespace {

// A counter may be briefly below zero; the kernel shows that as zero.
std::uint64_t clamped(std::uint64_t value) {
    return static_cast<std::int64_t>(value) < 0 ? 0 : value;
}

}  // namespace

Error TaskMemory::lacking() const {
    return {ErrorCode::NotFound, "the list of tasks lacks threads of the process, which kept a part of it"};
}

TaskMemoryReader::TaskMemoryReader(const Kernel& kernel, const TaskTable& table) : kernel_(kernel) {
    has_mm_ = FieldFinder(kernel.types(), missing_)("task_struct", {"mm"}).present();
    find_counters();
    for (const Task& task : table.tasks) {
        if (task.mm == 0) continue;
        Counters& sum = cached_by_tgid_[task.tgid];
        for (std::size_t i = 0; i < task.cached_rss.size(); ++i)
            sum[i] += static_cast<std::uint64_t>(std::int64_t{task.cached_rss[i]});
    }
    const bool threads_keep = Field::find(kernel.types(), "task_struct", {"rss_stat.count"}).has_value();
    if (threads_keep && !table.problems.empty()) find_lost_threads(table);
}

// Each process knows how many threads it has (signal_struct.nr_threads, 2.6.36).
void TaskMemoryReader::find_lost_threads(const TaskTable& table) {
    std::optional<Error> unknown;
    const FieldFinder find(kernel_.types(), unknown);
    const Field signal = find("task_struct", {"signal"}), threads = find("signal_struct", {"nr_threads"});
    std::unordered_map<std::int32_t, std::int64_t> found;
    for (const Task& task : table.tasks) ++found[task.tgid];
    for (const Task& task : table.tasks) {
        if (task.mm == 0 || unknown || lacking_.contains(task.tgid)) continue;
        const auto count = signal.u64(kernel_.memory(), task.address).and_then([&](std::uint64_t place) {
            return threads.i64(kernel_.memory(), place);
        });
        if (!count || *count > found[task.tgid]) lacking_.insert(task.tgid);
    }
}

void TaskMemoryReader::find_counters() {
    const TypeFinder& types = kernel_.types();
    const FieldFinder find(types, missing_);
    total_vm_ = find("mm_struct", {"total_vm"});
    if (const auto array = Field::find(types, "mm_struct", {"rss_stat.count"})) {
        // 2.6.34 to 6.1: a struct of atomic_long_t.
        for (std::size_t i = 0; i < std::min<std::size_t>(array->elements(), counters_.size()); ++i)
            counters_[i] = array->element(i, kernel_.memory().word_size());
        // RHEL 7 counts them apart, for the array could not grow (include/linux/mm_types.h of its 3.10).
        if (!counters_[ShmemPages].present())
            counters_[ShmemPages] = Field::find(types, "mm_struct", {"mm_shmempages"}).value_or(Field());
    } else if (const auto percpu = Field::find(types, "mm_struct", {"rss_stat"})) {
        // Since 6.2 (f1a7941243c1): an array of struct percpu_counter.
        percpu_count_ = find("percpu_counter", {"count"});
        percpu_parts_ = find("percpu_counter", {"counters"});
        const std::uint64_t size = types.size_of("percpu_counter").value_or(0);
        for (std::size_t i = 0; i < std::min<std::size_t>(percpu->elements(), counters_.size()); ++i)
            counters_[i] = percpu->element(i, size);
        find_cpu_offsets();
    } else {
        // 2.6.15 to 2.6.33.
        counters_[FilePages] = find("mm_struct", {"_file_rss"});
        counters_[AnonPages] = find("mm_struct", {"_anon_rss"});
    }
    if (!counters_[FilePages].present() && !missing_)
        missing_ = Error(ErrorCode::Corrupt, "mm_struct.rss_stat declares no counters");
}

// Without the parts of every CPU a sum would be too small.
void TaskMemoryReader::find_cpu_offsets() {
    const auto cpus = cpu_limit(kernel_);
    if (!cpus && !missing_) missing_ = cpus.error();
    for (std::uint32_t cpu = 0; cpu < cpus.value_or(0); ++cpu) {
        const auto offset = per_cpu_address(kernel_, std::uint64_t{0}, cpu);
        if (!offset && !missing_) missing_ = offset.error();
        cpu_offsets_.push_back(offset.value_or(0));
    }
}

Result<std::uint64_t> TaskMemoryReader::counter(std::uint64_t mm, std::size_t index, Parts wanted) const {
    const AddressSpace& memory = kernel_.memory();
    const Field& field = counters_[index];
    if (!field.present()) return std::uint64_t{0};
    const std::uint64_t place = field.address_in(mm);
    if (!percpu_count_.present())
        return signed_word(memory, place).map([](std::int64_t value) {
            return static_cast<std::uint64_t>(value);
        });

    auto total = percpu_count_.u64(memory, place);
    if (wanted == Parts::HandedIn) return total;
    const auto parts = percpu_parts_.u64(memory, place);
    if (!total) return total;
    if (!parts) return fail(parts.error());
    if (*parts == 0) return total;
    for (const std::uint64_t cpu_offset : cpu_offsets_) {
        if (cpu_offset == 0) continue;
        const auto part = memory.get<std::int32_t>(wrapped(memory, *parts + cpu_offset));
        if (!part) return fail(part.error());
        *total += static_cast<std::uint64_t>(std::int64_t{*part});
    }
    return total;
}

Result<TaskMemory> TaskMemoryReader::read(const Task& task, Parts parts) const {
    TaskMemory memory;
    if (task.mm == 0 && task.damage) return fail(*task.damage);
    if (!has_mm_) return fail(*missing_);
    // A kernel thread may borrow an mm through kthread_use_mm(); what it holds is not its own.
    if (task.mm == 0 || task.is_kernel_thread()) return memory;
    if (missing_) return fail(*missing_);
    const auto total_vm = total_vm_.u64(kernel_.memory(), task.mm);
    if (!total_vm) return fail(total_vm.error());
    Counters counters{};
    if (const auto cached = cached_by_tgid_.find(task.tgid);
        parts == Parts::All && cached != cached_by_tgid_.end())
        counters = cached->second;
    for (std::size_t i = 0; i < counters.size(); ++i) {
        auto value = counter(task.mm, i, parts);
        if (!value) return fail(std::move(value.error()));
        counters[i] += *value;
    }
    memory.lacks_threads = parts == Parts::All && lacking_.contains(task.tgid);
    memory.total_vm = *total_vm;
    memory.file = clamped(counters[FilePages]);
    memory.anon = clamped(counters[AnonPages]);
    memory.swap = clamped(counters[SwapEntries]);
    memory.shmem = clamped(counters[ShmemPages]);
    return memory;
}

Result<std::uint64_t> total_ram_pages(const Kernel& kernel) {
    // _totalram_pages since 5.0 (ca79b0c211af).
    return kernel.word({"_totalram_pages", "totalram_pages"});
}

}  // namespace postmortem
