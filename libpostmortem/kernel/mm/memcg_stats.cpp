#include "kernel/mm/memcg_stats.h"

#include <algorithm>

#include "kernel/mm/memcg_stat_names.h"
#include "kernel/percpu.h"
#include "memory/words.h"

namespace postmortem {
namespace {

constexpr std::size_t most_numbers = 1024;
constexpr std::byte no_place{0xff};

// How many elements the array has that is a member of a struct.
std::size_t array_count(const TypeFinder& types, std::string_view struct_name, std::string_view member) {
    const auto type = types.find_struct(struct_name);
    if (!type) return 0;
    const auto place = types.member(*type, member);
    if (!place || types.get(place->type).kind != TypeKind::Array) return 0;
    return types.get(place->type).count;
}

// As wide as a long, where that is not told.
std::uint64_t element_bytes(const TypeFinder& types, std::string_view struct_name, std::string_view member) {
    const auto type = types.find_struct(struct_name);
    const auto place = type ? types.member(*type, member) : fail(type.error());
    if (!place || types.get(place->type).kind != TypeKind::Array) return 0;
    return types.get(types.get(place->type).target).byte_size;
}

std::vector<std::int64_t> wide_numbers(Bytes raw, Endian endian) {
    std::vector<std::int64_t> numbers;
    for (std::size_t at = 0; at + 8 <= raw.size(); at += 8)
        numbers.push_back(load<std::int64_t>(raw.data() + at, endian));
    return numbers;
}

// Unsigned, so that damaged numbers wrap around instead of overflowing.
void add_up(std::vector<std::int64_t>& sum, const std::vector<std::int64_t>& more, bool negative = false) {
    for (std::size_t i = 0; i < std::min(sum.size(), more.size()); ++i) {
        const auto one = static_cast<std::uint64_t>(more[i]);
        sum[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(sum[i]) + (negative ? 0 - one : one));
    }
}

}  // namespace

MemcgStatReader::MemcgStatReader(const Kernel& kernel) : kernel_(kernel) {
    auto found = find_layout();
    if (found) found = read_names();
    if (!found) missing_ = found.error();
}

Result<void> MemcgStatReader::find_layout() {
    const TypeFinder& types = kernel_.types();
    const auto find = [&](std::string_view type, std::initializer_list<std::string_view> names) {
        return Field::find(types, type, names);
    };
    if (!types.offset_of("mem_cgroup", "vmstats")) {
        if (auto found = find_layout_before_vmstats(); !found) return found;
        return find_cpus();
    }
    const auto vmstats = find("mem_cgroup", {"vmstats"});
    if (!vmstats) return fail(vmstats.error());
    vmstats_ = *vmstats;
    const auto percpu = find("mem_cgroup", {"vmstats_percpu"});
    if (!percpu) return fail(percpu.error());
    percpu_ = *percpu;
    if (types.find_struct("memcg_vmstats")) {
        // rstat: 5.13 (2d146aa3aa84), embedded until 5.19 (7e87e91acb9c).
        const auto memcg = types.find_struct("mem_cgroup");
        const auto place = types.member(*memcg, "vmstats");
        by_pointer_ = place && types.get(place->type).kind == TypeKind::Pointer;
        const auto state = find("memcg_vmstats", {"state"});
        const auto pending = find("memcg_vmstats", {"state_pending"});
        const auto now = find("memcg_vmstats_percpu", {"state"});
        const auto before = find("memcg_vmstats_percpu", {"state_prev"});
        if (!state || !pending || !now || !before)
            return fail(ErrorCode::Unsupported,
                        "this kernel keeps the statistics of control groups elsewhere");
        state_ = *state;
        pending_ = *pending;
        percpu_state_ = *now;
        percpu_before_ = *before;
        count_ = array_count(types, "memcg_vmstats", "state");
    } else {
        // From 5.2 (42a300353577) to 5.12 each change reaches all groups above at once, but for what a CPU
        // keeps back.
        of_group_alone_ = !types.offset_of("mem_cgroup", "vmstats_local");
        const auto now = find("memcg_vmstats_percpu", {"stat"});
        if (!now) return fail(now.error());
        percpu_state_ = *now;
        count_ = array_count(types, "mem_cgroup", "vmstats");
    }
    if (auto found = find_cpus(); !found) return found;
    // Statistics that no group ever counts have had no room since 6.11 (ff48c71c26aa).
    if (const auto table = kernel_.symbol("mem_cgroup_stats_index")) {
        const auto hit = kernel_.symbol_at(*table);
        if (!hit) return fail(hit.error());
        auto bytes = kernel_.memory().bytes(*table, std::min<std::uint64_t>(hit->size, most_numbers));
        if (!bytes) return fail(bytes.error());
        index_ = std::move(*bytes);
    }
    return {};
}

// Before 5.1: a group's own numbers, since 4.16 (a983b5ebee57) as an array beside what CPUs keep back, before
// that with each CPU alone, and those of CPUs that went offline in nocpu_base, where there is one.
Result<void> MemcgStatReader::find_layout_before_vmstats() {
    const TypeFinder& types = kernel_.types();
    const auto counts = Field::find(types, "mem_cgroup_stat_cpu", {"count"});
    if (!counts) return fail(counts.error());
    percpu_state_ = *counts;
    count_ = array_count(types, "mem_cgroup_stat_cpu", "count");
    number_bytes_ = element_bytes(types, "mem_cgroup_stat_cpu", "count");
    of_group_alone_ = true;
    // Until 2.6.34 the CPUs' numbers were the end of the group, as 64 bits each.
    if (const auto within = Field::find(types, "mem_cgroup", {"stat.cpustat"})) {
        percpu_ = *within;
        flushed_at_once_ = is_part_of_group_ = true;
        return {};
    }
    const auto beside = Field::find(types, "mem_cgroup", {"stat_cpu"});
    auto percpu = beside ? beside : Field::find(types, "mem_cgroup", {"stat"});
    if (!percpu) return fail(std::move(percpu.error()));
    percpu_ = *percpu;
    flushed_at_once_ = !beside;
    if (beside)
        vmstats_ = Field::find(types, "mem_cgroup", {"stat"}).value_or(Field());
    else
        vmstats_ = Field::find(types, "mem_cgroup", {"nocpu_base.count"}).value_or(Field());
    return {};
}

Result<void> MemcgStatReader::find_cpus() {
    if (count_ == 0 || count_ > most_numbers)
        return fail(ErrorCode::Unsupported, "the size of a control group's statistics cannot be told");
    const auto cpus = cpu_limit(kernel_);
    if (!cpus) return fail(cpus.error());
    const auto apart = kernel_.types().size_of("mem_cgroup_stat_cpu");
    if (is_part_of_group_ && !apart) return fail(apart.error());
    for (std::uint32_t cpu = 0; cpu < *cpus; ++cpu) {
        const auto offset = is_part_of_group_ ? Result<std::uint64_t>(cpu * *apart)
                                              : per_cpu_address(kernel_, std::uint64_t{0}, cpu);
        if (!offset) return fail(offset.error());
        cpu_offsets_.push_back(*offset);
    }
    return {};
}

Result<std::size_t> MemcgStatReader::place_of(std::uint64_t item) const {
    if (index_.empty()) return item;
    if (item >= index_.size()) return fail(ErrorCode::Corrupt, "a statistic's number is out of range");
    // 6.11 counted from one and kept zero for what has no place; later kernels count from zero.
    const bool from_zero = std::find(index_.begin(), index_.end(), no_place) != index_.end();
    const auto place = std::to_integer<std::size_t>(index_[item]);
    if (from_zero) return place;
    if (place == 0) return fail(ErrorCode::NotFound, "a statistic has no place");
    return place - 1;
}

Result<void> MemcgStatReader::read_names() {
    auto names = read_memcg_stat_names(kernel_);
    if (!names) return fail(std::move(names.error()));
    for (MemcgStatName& name : *names) {
        const auto place = place_of(name.number);
        if (place && *place < count_) items_.push_back({std::move(name.word), *place, name.unit});
    }
    if (items_.empty()) return fail(ErrorCode::Corrupt, "no statistic of control groups has a place");
    const bool are_among_them = std::any_of(items_.begin(), items_.end(), [](const Item& item) {
        return item.name == MemcgLists::names.front();
    });
    if (are_among_them) return {};
    auto lists = MemcgLists::open(kernel_);
    if (!lists)
        return lists.error().code == ErrorCode::NotFound ? Result<void>() : fail(std::move(lists.error()));
    lists_ = std::move(*lists);
    const auto page_size = static_cast<std::int64_t>(kernel_.dump().page_size());
    for (std::size_t i = 0; i < MemcgLists::names.size(); ++i)
        items_.push_back({std::string(MemcgLists::names[i]), count_ + i, page_size});
    return {};
}

Result<std::vector<std::int64_t>> MemcgStatReader::numbers_at(std::uint64_t address) const {
    const AddressSpace& memory = kernel_.memory();
    const std::uint64_t start = wrapped(memory, address);
    if (number_bytes_ != sizeof(std::int64_t)) return signed_words(memory, start, count_);
    const auto raw = memory.bytes(start, count_ * sizeof(std::int64_t));
    if (!raw) return fail(raw.error());
    return wide_numbers(*raw, memory.endian());
}

Result<MemcgStatReader::Numbers> MemcgStatReader::read(std::uint64_t memcg) const {
    if (missing_) return fail(*missing_);
    const AddressSpace& memory = kernel_.memory();
    Numbers numbers;
    numbers.flushed.assign(count_, 0);
    numbers.waiting.assign(count_, 0);
    std::uint64_t base = vmstats_.address_in(memcg);
    if (by_pointer_) {
        const auto target = memory.word(base);
        if (!target) return fail(target.error());
        base = *target;
    }
    if (vmstats_.present()) {
        auto flushed = numbers_at(state_.present() ? state_.address_in(base) : base);
        if (!flushed) return fail(std::move(flushed.error()));
        numbers.flushed = std::move(*flushed);
    }
    const auto add = [&](const Result<std::vector<std::int64_t>>& more, bool negative = false) {
        if (more) add_up(flushed_at_once_ ? numbers.flushed : numbers.waiting, *more, negative);
    };
    if (pending_.present()) {
        const auto from_below = numbers_at(pending_.address_in(base));
        if (!from_below) return fail(from_below.error());
        add(from_below);
    }
    const auto percpu =
        is_part_of_group_ ? Result<std::uint64_t>(percpu_.address_in(memcg)) : percpu_.u64(memory, memcg);
    if (!percpu) return fail(percpu.error());
    for (const std::uint64_t offset : cpu_offsets_) {
        const auto now = numbers_at(percpu_state_.address_in(*percpu + offset));
        if (!now) return fail(now.error());
        add(now);
        if (!percpu_before_.present()) continue;
        const auto before = numbers_at(percpu_before_.address_in(*percpu + offset));
        if (!before) return fail(before.error());
        add(before, true);
    }
    if (lists_) {
        const auto pages = lists_->pages(memcg);
        if (!pages) return fail(pages.error());
        numbers.flushed.insert(numbers.flushed.end(), pages->begin(), pages->end());
        numbers.waiting.resize(numbers.flushed.size());
    }
    return numbers;
}

void MemcgStatReader::hand_up(const Numbers& group, Numbers& above) const {
    add_up(above.waiting, group.waiting);
    if (of_group_alone_) add_up(above.flushed, group.flushed);
}

std::vector<CgroupStat> MemcgStatReader::lines(const Numbers& numbers) const {
    // The kernel shows what is briefly below zero as zero.
    const auto shown = [](std::int64_t value, std::int64_t unit) {
        return std::clamp<std::int64_t>(value, 0, INT64_MAX / unit) * unit;
    };
    std::vector<CgroupStat> lines;
    std::uint64_t slab = 0, slab_flushed = 0;  // of its two kinds
    for (const Item& item : items_) {
        const std::int64_t flushed = numbers.flushed[item.index];
        const auto whole = static_cast<std::int64_t>(static_cast<std::uint64_t>(flushed) +
                                                     static_cast<std::uint64_t>(numbers.waiting[item.index]));
        lines.push_back({item.name, shown(whole, item.unit), shown(flushed, item.unit)});
        if (!item.name.starts_with("slab_")) continue;
        slab += static_cast<std::uint64_t>(lines.back().value);
        slab_flushed += static_cast<std::uint64_t>(lines.back().flushed);
    }
    const bool has_slab = std::any_of(items_.begin(), items_.end(),
                                      [](const Item& item) { return item.name.starts_with("slab_"); });
    if (has_slab)
        lines.push_back({"slab", static_cast<std::int64_t>(slab), static_cast<std::int64_t>(slab_flushed)});
    return lines;
}

}  // namespace postmortem
