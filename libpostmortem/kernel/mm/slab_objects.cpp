#include "kernel/mm/slab_objects.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/percpu.h"
#include "memory/words.h"

namespace postmortem {
namespace {

constexpr unsigned most_cpu_partial_slabs = 4096;

}  // namespace

Result<SlabObjects> SlabObjects::open(const Kernel& kernel) {
    SlabObjects objects(kernel);
    auto pages = PageStructs::open(kernel);
    if (!pages) return fail(std::move(pages.error()));
    objects.pages_.emplace(std::move(*pages));
    const TypeFinder& types = kernel.types();
    // A struct of its own since 5.17 (d122019bf061).
    const std::string_view slab = types.find_struct("slab") ? "slab" : "page";
    std::optional<Error> missing;
    const FieldFinder find(types, missing);
    objects.slab_cache_ = find(slab, {"slab_cache", "slab"});
    objects.slab_free_list_ = find(slab, {"freelist"});
    objects.cache_size_ = find("kmem_cache", {"size"});
    objects.cache_offset_ = find("kmem_cache", {"offset"});
    if (missing) return fail(ErrorCode::Unsupported, fmt::format("this is not SLUB: {}", missing->message));
    const auto slab_type = types.find_struct(slab);
    const auto counts = slab_type ? SlabCounts::find(types, *slab_type) : fail(slab_type.error());
    if (!counts) return fail(counts.error());
    objects.slab_counts_ = *counts;
    const auto optional = [&](std::string_view type, std::initializer_list<std::string_view> paths) {
        return Field::find(types, type, paths).value_or(Field());
    };
    objects.slab_next_ = optional(slab, {"next"});
    objects.cache_red_zone_ = optional("kmem_cache", {"red_left_pad"});  // since 4.6 (d86bd1bece6f)
    objects.cache_random_ = optional("kmem_cache", {"random"});          // CONFIG_SLAB_FREELIST_HARDENED
    objects.cache_cpu_ = optional("kmem_cache", {"cpu_slab"});
    objects.cpu_slab_ = optional("kmem_cache_cpu", {"slab", "page"});
    objects.cpu_free_list_ = optional("kmem_cache_cpu", {"freelist"});
    objects.cpu_partial_ = optional("kmem_cache_cpu", {"partial"});
    const std::uint32_t cpus = cpu_limit(kernel).value_or(0);
    for (std::uint32_t cpu = 0; cpu < cpus; ++cpu)
        objects.cpu_offsets_.push_back(per_cpu_address(kernel, std::uint64_t{0}, cpu).value_or(0));
    (void)kernel.symbols();  // which give the direct map away
    if (!kernel.memory().direct_map()) return fail(kernel.memory().why_no_direct_map());
    return objects;
}

Result<Slab> SlabObjects::read_slab(std::uint64_t page) const {
    const AddressSpace& memory = kernel_->memory();
    const auto cache = slab_cache_.u64(memory, page);
    const auto counts = slab_counts_.read(memory, page);
    if (!cache) return fail(cache.error());
    if (!counts) return fail(counts.error());
    const auto size = cache_size_.u64(memory, *cache);
    if (!size) return fail(size.error());
    Slab slab;
    slab.address = page;
    slab.cache = *cache;
    slab.object_size = *size;
    slab.red_zone = cache_red_zone_.u64_or(memory, *cache, 0);
    slab.in_use = counts->in_use;
    slab.objects = counts->objects;
    if (slab.object_size == 0 || slab.objects == 0 || slab.in_use > slab.objects)
        return fail(ErrorCode::Corrupt, "a slab counts more objects in use than it has", page);
    const auto place = memory.direct_map_address(*pages_->frame_of(page) * kernel_->physical().page_size());
    if (!place) return fail(ErrorCode::Corrupt, "a slab lies where the kernel maps no memory", page);
    slab.memory = *place;
    return slab;
}

Result<std::optional<Slab>> SlabObjects::slab_at(std::uint64_t address) const {
    const auto physical = kernel_->memory().translate(address);
    if (!physical) return fail(physical.error());
    const auto page = pages_->of_frame(*physical / kernel_->physical().page_size());
    if (!page) return fail(page.error());
    return slab_with_page(*page);
}

Result<std::optional<Slab>> SlabObjects::slab_with_page(std::uint64_t page) const {
    const auto head = pages_->head_of(page);
    if (!head) return fail(head.error());
    const auto is_slab = pages_->is_slab(*head);
    if (!is_slab) return fail(is_slab.error());
    if (!*is_slab) return std::optional<Slab>();
    auto slab = slab_of_page(*head);
    if (!slab) return fail(std::move(slab.error()));
    return std::optional<Slab>(std::move(*slab));
}

Result<Slab> SlabObjects::slab_of_page(std::uint64_t page) const {
    if (!pages_->frame_of(page))
        return fail(ErrorCode::Corrupt, "what should be a slab is no struct page", page);
    auto slab = read_slab(page);
    if (!slab) return slab;
    const auto own_slabs = cpu_slabs(slab->cache);
    if (!own_slabs) return fail(own_slabs.error());
    for (const CpuSlab& own : *own_slabs) {
        if (own.slab != page) continue;
        const auto kept = free_list(*slab, own.free_list);
        if (!kept) return fail(kept.error());
        slab->cpu = own.cpu;
        slab->kept_free = kept->size();
    }
    const auto& in_sheaves = known_sheaves(slab->cache).sheaf_of;
    for (std::uint32_t i = 0; i < slab->objects && !in_sheaves.empty(); ++i)
        slab->kept_free += in_sheaves.count(slab->object(i));
    return slab;
}

Result<std::vector<SlabObjects::CpuSlab>> SlabObjects::cpu_slabs(std::uint64_t cache) const {
    std::vector<CpuSlab> slabs;
    if (!cache_cpu_.present() || !cpu_slab_.present()) return slabs;
    const AddressSpace& memory = kernel_->memory();
    const auto base = cache_cpu_.u64(memory, cache);
    if (!base) return fail(base.error());
    if (*base == 0) return slabs;
    for (std::uint32_t cpu = 0; cpu < cpu_offsets_.size(); ++cpu) {
        if (cpu_offsets_[cpu] == 0) continue;
        const std::uint64_t own = wrapped(memory, *base + cpu_offsets_[cpu]);
        const auto slab = cpu_slab_.u64(memory, own), list = cpu_free_list_.u64(memory, own);
        const auto partial = cpu_partial_.present() ? cpu_partial_.u64(memory, own) : 0;
        for (const auto* part : {&slab, &list, &partial})
            if (!*part) return fail(part->error());
        slabs.push_back({cpu, own, *slab, *list, *partial});
    }
    return slabs;
}

// A pointer is mixed with a number of the cache and, since 5.7 (1ad53d9fa3f6), with its own address, turned
// around: whichever leads to an object of the slab holds.
Result<std::uint64_t> SlabObjects::next_free(const Slab& slab, std::uint64_t object) const {
    const AddressSpace& memory = kernel_->memory();
    const auto offset = cache_offset_.u64(memory, slab.cache);
    if (!offset) return offset;
    const std::uint64_t at = object + *offset;
    const auto stored = memory.word(at);
    if (!stored) return stored;
    if (!cache_random_.present()) return memory.untagged(*stored);
    const auto random = cache_random_.u64(memory, slab.cache);
    if (!random) return random;
    const auto fits = [&](std::uint64_t next) {
        if (next == 0) return true;
        return next >= slab.memory && next < slab.memory + slab.objects * slab.object_size;
    };
    const std::uint64_t around =
        memory.word_size() == 4 ? byte_swap(static_cast<std::uint32_t>(at)) : byte_swap(at);
    const std::uint64_t turned = memory.untagged(*stored ^ *random ^ around),
                        plain = memory.untagged(*stored ^ *random ^ at);
    if (fits(turned)) return turned;
    if (fits(plain)) return plain;
    return fail(ErrorCode::Corrupt, "the list of a slab's free objects leads out of it", at);
}

Result<std::unordered_set<std::uint64_t>> SlabObjects::free_list(const Slab& slab,
                                                                 std::uint64_t first) const {
    std::unordered_set<std::uint64_t> free;
    const std::uint64_t end = slab.memory + slab.objects * slab.object_size;
    for (std::uint64_t at = kernel_->memory().untagged(first);
         at >= slab.memory && at < end && free.size() < slab.objects;) {
        if (!free.insert(at).second) break;
        const auto next = next_free(slab, at);
        if (!next) return fail(next.error());
        at = *next;
    }
    return free;
}

Result<SlabObjects::FreeObjects> SlabObjects::free_objects(const Slab& slab) const {
    const auto first = slab_free_list_.u64(kernel_->memory(), slab.address);
    auto listed = first ? free_list(slab, *first) : fail(first.error());
    const auto own_slabs = cpu_slabs(slab.cache);
    if (!listed) return fail(std::move(listed.error()));
    if (!own_slabs) return fail(own_slabs.error());
    FreeObjects free;
    free.listed = std::move(*listed);
    for (const CpuSlab& own : *own_slabs) {
        if (own.slab != slab.address) continue;
        auto kept = free_list(slab, own.free_list);
        if (!kept) return fail(std::move(kept.error()));
        free.kept = std::move(*kept);
        free.cpu = own.cpu;
    }
    return free;
}

const SlabObjects::KnownSheaves& SlabObjects::known_sheaves(std::uint64_t cache) const {
    const auto [entry, is_new] = known_sheaves_.try_emplace(cache);
    KnownSheaves& known = entry->second;
    if (!is_new) return known;
    known.all = sheaves_.of(cache);
    for (std::size_t i = 0; i < known.all.sheaves.size(); ++i)
        for (const std::uint64_t object : known.all.sheaves[i].objects)
            known.sheaf_of.emplace(kernel_->memory().untagged(object), i);
    return known;
}

SlabObject SlabObjects::object(const Slab& slab, std::uint64_t address, const FreeObjects& free) const {
    using State = SlabObject::State;
    const KnownSheaves& sheaves = known_sheaves(slab.cache);
    SlabObject object;
    object.address = address;
    if (free.kept.count(address) != 0) {
        object.state = State::KeptByCpu;
        object.cpu = free.cpu;
    } else if (free.listed.count(address) != 0) {
        object.state = State::Free;
    } else if (const auto held = sheaves.sheaf_of.find(address); held != sheaves.sheaf_of.end()) {
        const SlabSheaf& sheaf = sheaves.all.sheaves[held->second];
        object.state = State::InSheaf;
        (sheaf.in_barn() ? object.node : object.cpu) = sheaf.keeper;
    } else if (!sheaves.all.complete) {
        object.state = State::InUseOrSheaf;
    }
    return object;
}

Result<std::optional<SlabObject>> SlabObjects::object_at(const Slab& slab, std::uint64_t address) const {
    const std::uint64_t index = (kernel_->memory().untagged(address) - slab.memory) / slab.object_size;
    if (index >= slab.objects) return std::optional<SlabObject>();
    const auto free = free_objects(slab);
    if (!free) return fail(free.error());
    return std::optional<SlabObject>(object(slab, slab.object(static_cast<std::uint32_t>(index)), *free));
}

Result<std::vector<SlabObject>> SlabObjects::objects_of(const Slab& slab) const {
    const auto free = free_objects(slab);
    if (!free) return fail(free.error());
    std::vector<SlabObject> objects;
    for (std::uint32_t i = 0; i < slab.objects; ++i) objects.push_back(object(slab, slab.object(i), *free));
    return objects;
}

Result<std::vector<SlabObjects::CpuSlabs>> SlabObjects::slabs_of_cpus(std::uint64_t cache) const {
    const auto own_slabs = cpu_slabs(cache);
    if (!own_slabs) return fail(own_slabs.error());
    std::vector<CpuSlabs> cpus;
    for (const CpuSlab& own : *own_slabs) {
        CpuSlabs one{own.cpu, own.address, own.slab, {}};
        for (std::uint64_t at = own.partial; at != 0 && slab_next_.present();) {
            if (one.partial.size() == most_cpu_partial_slabs)
                return fail(ErrorCode::Corrupt, "a CPU's list of partial slabs does not end", own.address);
            one.partial.push_back(at);
            const auto next = slab_next_.u64(kernel_->memory(), at);
            if (!next) return fail(next.error());
            at = *next;
        }
        cpus.push_back(std::move(one));
    }
    return cpus;
}

Result<std::uint64_t> SlabObjects::count_partial(std::uint64_t slab) const {
    const AddressSpace& memory = kernel_->memory();
    std::uint64_t free = 0;
    for (unsigned i = 0; slab != 0 && slab_next_.present() && i < most_cpu_partial_slabs; ++i) {
        const auto counts = slab_counts_.read(memory, slab);
        const auto next = slab_next_.u64(memory, slab);
        if (!counts || !next) return fail(!counts ? counts.error() : next.error());
        free += counts->free();
        slab = *next;
    }
    return free;
}

Result<std::uint64_t> SlabObjects::kept_by_cpus(std::uint64_t cache) const {
    const auto own_slabs = cpu_slabs(cache);
    if (!own_slabs) return fail(own_slabs.error());
    std::uint64_t kept = 0;
    for (const CpuSlab& own : *own_slabs) {
        const auto partial = count_partial(own.partial);
        if (!partial) return partial;
        kept += *partial;
        if (own.slab == 0 || !pages_->frame_of(own.slab)) continue;
        const auto slab = read_slab(own.slab);
        const auto at_hand = slab ? free_list(*slab, own.free_list) : fail(slab.error());
        if (!at_hand) return fail(at_hand.error());
        kept += at_hand->size() + (slab->objects - slab->in_use);
    }
    return kept;
}

}  // namespace postmortem
