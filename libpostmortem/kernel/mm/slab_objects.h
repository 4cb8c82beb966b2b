// Single objects of SLUB's caches (mm/slub.c): which one an address lies in, and whether it is in use.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "kernel/kernel.h"
#include "kernel/mm/page_structs.h"
#include "kernel/mm/slab_caches.h"
#include "kernel/mm/slab_counts.h"
#include "kernel/mm/slab_sheaves.h"
#include "object/field.h"

namespace postmortem {

struct SlabObject {
    enum class State : std::uint8_t {
        Allocated,
        Free,
        KeptByCpu,     ///< free, and at hand for one CPU
        InSheaf,       ///< free, and in a sheaf of a CPU or node (since 6.18)
        InUseOrSheaf,  ///< in use, or in a sheaf that cannot be read
    };
    std::uint64_t address = 0;
    State state = State::Allocated;
    std::optional<std::uint32_t> cpu, node;  ///< that keeps it

    bool is_free() const { return state != State::Allocated && state != State::InUseOrSheaf; }
};

struct Slab {
    std::uint64_t address = 0;      ///< of its struct slab, or struct page
    std::uint64_t cache = 0;        ///< of its kmem_cache
    std::uint64_t memory = 0;       ///< where its first object lies
    std::uint64_t object_size = 0;  ///< from one object to the next
    std::uint64_t red_zone = 0;     ///< bytes in front of each that tell of overwriting; 0 but for debugging
    std::uint32_t objects = 0, in_use = 0;
    std::optional<std::uint32_t> node;
    std::optional<std::uint32_t> cpu;  ///< whose it is
    std::uint64_t kept_free = 0;  ///< objects at hand for this CPU or in sheaves, beside those not in use

    std::uint64_t object(std::uint32_t index) const { return memory + index * object_size + red_zone; }
};

class SlabObjects {
  public:
    /// Unsupported for SLAB, which is gone since 6.8.
    static Result<SlabObjects> open(const Kernel& kernel);

    /// The slab that a kernel address lies in; nothing where it lies in none.
    Result<std::optional<Slab>> slab_at(std::uint64_t address) const;
    /// The slab that a page belongs to, which is named by its struct page; nothing where it belongs to none.
    Result<std::optional<Slab>> slab_with_page(std::uint64_t page) const;
    /// Whether this is the address of a struct page.
    bool is_page_struct(std::uint64_t address) const { return pages_->frame_of(address).has_value(); }
    /// The object in it; nothing where the address is behind the last one. Errors: the memory's, where it
    /// cannot be told whether it is free.
    Result<std::optional<SlabObject>> object_at(const Slab& slab, std::uint64_t address) const;

    /// All of a slab, by address. Errors: the memory's, where it cannot be told which are free.
    Result<std::vector<SlabObject>> objects_of(const Slab& slab) const;
    /// The slab of a struct slab, or struct page before 5.17.
    Result<Slab> slab_of_page(std::uint64_t page) const;

    /// What a CPU keeps of a cache. None of them does on kernels with sheaves.
    struct CpuSlabs {
        std::uint32_t cpu = 0;
        std::uint64_t address = 0;           ///< of its kmem_cache_cpu
        std::uint64_t slab = 0;              ///< that it takes objects from; 0: none
        std::vector<std::uint64_t> partial;  ///< slabs
    };
    Result<std::vector<CpuSlabs>> slabs_of_cpus(std::uint64_t cache) const;

    /// Whether CPUs and nodes keep free objects of their own in sheaves, rather than slabs.
    bool has_sheaves() const { return sheaves_.present(); }
    /// Those of a cache; read once.
    const CacheSheaves& sheaves_of(std::uint64_t cache) const { return known_sheaves(cache).all; }

    /// Free objects of a cache that its CPUs keep at hand, which /proc/slabinfo counts as active.
    Result<std::uint64_t> kept_by_cpus(std::uint64_t cache) const;

  private:
    explicit SlabObjects(const Kernel& kernel) : kernel_(&kernel), sheaves_(kernel) {}

    struct CpuSlab {
        std::uint32_t cpu = 0;
        std::uint64_t address = 0, slab = 0, free_list = 0, partial = 0;
    };
    // The objects of a slab that are free.
    struct FreeObjects {
        std::unordered_set<std::uint64_t> listed, kept;
        std::uint32_t cpu = 0;  // that keeps the latter
    };
    struct KnownSheaves {
        CacheSheaves all;
        std::unordered_map<std::uint64_t, std::size_t> sheaf_of;  // an object
    };
    Result<FreeObjects> free_objects(const Slab& slab) const;
    SlabObject object(const Slab& slab, std::uint64_t address, const FreeObjects& free) const;
    const KnownSheaves& known_sheaves(std::uint64_t cache) const;
    Result<std::vector<CpuSlab>> cpu_slabs(std::uint64_t cache) const;
    Result<std::unordered_set<std::uint64_t>> free_list(const Slab& slab, std::uint64_t first) const;
    Result<std::uint64_t> next_free(const Slab& slab, std::uint64_t object) const;
    Result<Slab> read_slab(std::uint64_t page) const;
    Result<std::uint64_t> count_partial(std::uint64_t slab) const;

    const Kernel* kernel_;
    std::optional<PageStructs> pages_;
    SlabSheaves sheaves_;
    mutable std::unordered_map<std::uint64_t, KnownSheaves> known_sheaves_;  // by their cache
    Field slab_cache_, slab_free_list_, slab_next_;
    SlabCounts slab_counts_;
    Field cache_size_, cache_offset_, cache_red_zone_, cache_random_, cache_cpu_, cpu_slab_, cpu_free_list_,
        cpu_partial_;
    std::vector<std::uint64_t> cpu_offsets_;
};

}  // namespace postmortem
