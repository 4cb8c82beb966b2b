#include <postmortem/slab_contents.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<SlabCacheRow>& row);

void describe(Describer<SlabObjectState>& object) {
    object.add("address", &SlabObjectState::address, "where it lies").address();
    object.add("is_free", &SlabObjectState::is_free, "nobody uses it");
    object.add("may_be_free", &SlabObjectState::may_be_free,
               "it is in use, or free in a sheaf that cannot be read (since 6.18)");
    object.add("cpu", &SlabObjectState::cpu, "that keeps it at hand, free");
    object.add("node", &SlabObjectState::node, "that keeps it in a sheaf, free");
    object.add("in_sheaf", &SlabObjectState::in_sheaf, "it is free in a sheaf of this CPU or node");
}

void describe(Describer<SlabContent>& slab) {
    slab.is("slab", "A slab with its objects");
    slab.add("slab", &SlabContent::slab, "its struct slab, or struct page").address();
    slab.add("memory", &SlabContent::memory, "where its first object lies").address();
    slab.add("node", &SlabContent::node, "of memory");
    slab.add("total", &SlabContent::total, "objects");
    slab.add("allocated", &SlabContent::allocated,
             "objects that are in use, or in a sheaf that cannot be read");
    slab.add("objects", &SlabContent::objects, "by address");
}

void describe(Describer<CpuSlabContent>& cpu) {
    cpu.add("cpu", &CpuSlabContent::cpu, "its number");
    cpu.add("address", &CpuSlabContent::address, "its kmem_cache_cpu").address();
    cpu.add("own", &CpuSlabContent::own, "the slab that it takes objects from");
    cpu.add("partial", &CpuSlabContent::partial, "slabs that it has in reserve");
}

void describe(Describer<SheafContent>& sheaf) {
    sheaf.is("sheaf", "Free objects that a CPU or node has at hand (since 6.18)");
    sheaf.add("kind", &SheafContent::kind,
              "`main`, `spare`, `rcu_free` (being filled by kfree_rcu()), `rcu_called` (among the RCU "
              "callbacks), `barn`");
    sheaf.add("cpu", &SheafContent::cpu, "whose it is, where it is no node's");
    sheaf.add("node", &SheafContent::node, "in whose barn it is");
    sheaf.add("address", &SheafContent::address, "its slab_sheaf").address();
    sheaf.add("capacity", &SheafContent::capacity, "objects that it has room for");
    sheaf.add("objects", &SheafContent::objects, "that it holds; the last one goes first").address();
}

void describe(Describer<NodeSlabContent>& node) {
    node.add("node", &NodeSlabContent::node, "its number");
    node.add("address", &NodeSlabContent::address, "its kmem_cache_node").address();
    node.add("slabs", &NodeSlabContent::slabs, "all of the cache on this node");
    node.add("partial_count", &NodeSlabContent::partial_count, "slabs with room, that no CPU has");
    node.add("of_cpus", &NodeSlabContent::of_cpus, "slabs that CPUs take objects from");
    node.add("partial", &NodeSlabContent::partial, "slabs with room, that no CPU has");
    node.add("full", &NodeSlabContent::full,
             "full slabs; the kernel lists them only where it debugs the cache");
}

void describe(Describer<CacheContent>& content) {
    content.add("cache", &CacheContent::cache, "the cache");
    content.add("cpus", &CacheContent::cpus, "slabs that each CPU keeps; none where there are sheaves");
    content.add("sheaves", &CacheContent::sheaves, "of CPUs and nodes; null where kernels have none");
    content.add("nodes", &CacheContent::nodes, "what each node of memory keeps");
    content.add("only", &CacheContent::only, "the slab in which an address lies, where that was asked for");
}

void describe(Describer<SlabContents>& contents) {
    contents.is_document();
    contents.add("caches", &SlabContents::caches, "in the kernel's order").answer();
    add_problems(contents);
}

std::string to_json(const SlabContents& contents) {
    return json_document(contents);
}

}  // namespace postmortem
