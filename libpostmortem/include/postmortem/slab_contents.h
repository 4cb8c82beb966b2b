// The answer to `kmem -S`: the slabs of caches, and each object in them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/error.h>
#include <postmortem/kernel_memory.h>
#include <postmortem/problem.h>

namespace postmortem {

class CrashDump;

struct SlabContentsRequest {
    std::vector<std::string> caches;   ///< by name; empty: all
    std::vector<std::string> ignored;  ///< -I: of these the name alone
    std::optional<std::uint64_t>
        at;  ///< of all slabs the one in which this kernel address lies, or whose struct page it is
    std::vector<std::uint32_t> cpus = {};  ///< whose slabs are shown; empty: of all
};

struct SlabContent {
    std::uint64_t slab = 0;             ///< its struct slab, or struct page
    std::uint64_t memory = 0;           ///< where its first object lies
    std::optional<std::uint32_t> node;  ///< of memory
    std::uint32_t total = 0, allocated = 0;
    std::vector<SlabObjectState> objects;
};

struct CpuSlabContent {
    std::uint32_t cpu = 0;
    std::uint64_t address = 0;       ///< of its kmem_cache_cpu
    std::optional<SlabContent> own;  ///< that it takes objects from
    std::vector<SlabContent> partial;
};

/// Free objects that a CPU or node has at hand.
struct SheafContent {
    std::string kind;                        ///< "main", "spare", "rcu_free", "rcu_called", "barn"
    std::optional<std::uint32_t> cpu, node;  ///< whose it is: a node's in a barn
    std::uint64_t address = 0;
    std::uint64_t capacity = 0;  ///< objects
    std::vector<std::uint64_t> objects;
};

struct NodeSlabContent {
    std::uint32_t node = 0;
    std::uint64_t address = 0;  ///< of its kmem_cache_node
    std::uint64_t slabs = 0, partial_count = 0, of_cpus = 0;
    std::vector<SlabContent> partial;
    std::optional<std::vector<SlabContent>> full;  ///< tracked only for caches with SLAB_STORE_USER
};

struct CacheContent {
    SlabCacheRow cache;
    std::vector<CpuSlabContent> cpus;                  ///< none of them keeps slabs since 7.0
    std::optional<std::vector<SheafContent>> sheaves;  ///< since 6.18
    std::vector<NodeSlabContent> nodes;
    std::optional<SlabContent> only = {};  ///< the one slab that was asked for
};

struct SlabContents {
    std::vector<CacheContent> caches;
    Problems problems;
};

/// NotFound where a name is of no cache, or the address in no slab; InvalidArgument for a CPU that there is
/// not; Unsupported on kernels with SLAB.
POSTMORTEM_API Result<SlabContents> slab_contents(const CrashDump& dump, const SlabContentsRequest& request);
POSTMORTEM_API std::string to_text(const SlabContents& contents);
POSTMORTEM_API std::string to_json(const SlabContents& contents);

}  // namespace postmortem
