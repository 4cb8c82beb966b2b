// Free objects of SLUB's caches that lie in sheaves (struct slab_sheaf in mm/slub.c, since 6.18,
// 2d517aa09bbc): arrays that each CPU has at hand, that wait for RCU, and that a node keeps full in its barn.
// A slab counts them as in use.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <postmortem/problem.h>

#include "kernel/kernel.h"
#include "object/field.h"

namespace postmortem {

struct SlabSheaf {
    enum class Place : std::uint8_t {
        Main,       ///< that its CPU takes objects from and puts them into
        Spare,      ///< beside it
        RcuFree,    ///< filled by kfree_rcu(), one at a time
        RcuCalled,  ///< full of these, among the CPU's RCU callbacks
        Barn,
    };
    std::uint64_t address = 0;
    Place place = Place::Main;
    std::uint32_t keeper = 0;  ///< the number of its CPU, or of its node where it is in a barn
    std::vector<std::uint64_t> objects;

    bool in_barn() const { return place == Place::Barn; }
};

struct CacheSheaves {
    std::uint64_t capacity = 0;  ///< of each; 0: the cache has none
    std::vector<SlabSheaf> sheaves;
    Problems problems;     ///< sheaves of this cache that cannot be read
    bool complete = true;  ///< else what is in none of these may lie in one that cannot be read

    std::uint64_t objects() const;
};

class SlabSheaves {
  public:
    explicit SlabSheaves(const Kernel& kernel);

    /// Whether caches of this kernel have sheaves.
    bool present() const { return cpu_sheaves_.present(); }
    /// What keeps sheaves of all caches from being found.
    const Problems& problems() const { return problems_; }
    /// Those of a cache, but for the empty ones in barns. None where `present()` is false.
    CacheSheaves of(std::uint64_t cache) const;

  private:
    // Among RCU's callbacks.
    struct Called {
        std::uint64_t sheaf = 0, cache = 0;
        std::uint32_t cpu = 0;
    };
    using Functions = std::array<std::uint64_t, 2>;
    Result<void> prepare();
    void read_callbacks();
    void read_callbacks(std::uint32_t cpu, const Functions& functions, std::uint64_t head);
    Result<void> walk_callbacks(std::uint32_t cpu, const Functions& functions, std::uint64_t head);
    void add_all(std::uint64_t cache, CacheSheaves& found) const;
    void add_of_cpu(std::uint64_t cache, std::uint32_t cpu, CacheSheaves& found) const;
    void add_called(std::uint64_t cache, CacheSheaves& found) const;
    void add_barn(std::uint64_t cache, std::uint32_t node, CacheSheaves& found) const;
    void add(std::uint64_t cache, SlabSheaf sheaf, CacheSheaves& found) const;
    Result<void> fill(std::uint64_t cache, std::uint64_t capacity, SlabSheaf& sheaf) const;
    Result<std::uint64_t> barn_of(std::uint64_t cache, std::uint32_t node) const;

    const Kernel* kernel_;
    bool ready_ = false;
    Field cpu_sheaves_, capacity_, main_, spare_, rcu_free_;
    Field size_, cache_, objects_, callback_, barn_link_, full_;
    Field per_node_, barn_in_slot_, barn_in_node_;
    std::uint64_t per_node_stride_ = 0;
    std::vector<std::uint32_t> cpus_, nodes_;
    std::vector<Called> called_;
    Problems problems_;
};

}  // namespace postmortem
