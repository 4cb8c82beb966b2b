#include <fmt/format.h>

#include <postmortem/slab_contents.h>

#include "report/kernel_memory/slab_rows_text.h"

namespace postmortem {
namespace {

std::string sheaf_keeper(std::optional<std::uint32_t> cpu, std::optional<std::uint32_t> node) {
    return fmt::format("  ({} {} sheaf)", node ? "node" : "cpu", node ? *node : cpu.value_or(0));
}

// As crash does, all that is free in a CPU's slab is taken for what it keeps at hand.
std::string object_line(const SlabObjectState& object, const std::string& keeper) {
    if (object.may_be_free) return fmt::format("  [{:x}]  (or in a sheaf)\n", object.address);
    if (!object.is_free) return fmt::format("  [{:x}]\n", object.address);
    return fmt::format("   {:x}{}\n", object.address,
                       object.in_sheaf ? sheaf_keeper(object.cpu, object.node) : keeper);
}

std::string cpu_keeper(std::uint32_t cpu) {
    return fmt::format("  (cpu {} cache)", cpu);
}

std::string slab_text(const SlabContent& slab, const std::string& keeper = {}) {
    const std::string out = slab_line({slab.slab, slab.memory, slab.node, slab.total, slab.allocated});
    return out + slab_objects_text(slab.objects, keeper);
}

std::string slab_list_text(const std::vector<SlabContent>& slabs) {
    std::string out;
    for (const SlabContent& slab : slabs) out += slab_text(slab);
    return out.empty() ? "  (empty)\n" : out;
}

// Of a node's slabs crash shows no objects.
std::string slab_table(const std::vector<SlabContent>& slabs) {
    std::string out;
    for (const SlabContent& slab : slabs)
        out += slab_row({slab.slab, slab.memory, slab.node, slab.total, slab.allocated});
    return out.empty() ? "  (empty)\n" : slab_heading + out;
}

std::string cpu_text(const CpuSlabContent& cpu) {
    const std::string keeper = cpu_keeper(cpu.cpu);
    return fmt::format("CPU {} KMEM_CACHE_CPU:\n  {:x}\nCPU {} SLAB:\n{}CPU {} PARTIAL:\n{}", cpu.cpu,
                       cpu.address, cpu.cpu, cpu.own ? slab_text(*cpu.own, keeper) : "  (empty)\n", cpu.cpu,
                       slab_list_text(cpu.partial));
}

const char* sheaf_name(const SheafContent& sheaf) {
    if (sheaf.kind == "main") return "MAIN SHEAF";
    if (sheaf.kind == "spare") return "SPARE SHEAF";
    if (sheaf.kind == "barn") return "FULL SHEAF";
    return sheaf.kind == "rcu_free" ? "RCU SHEAF" : "RCU SHEAF, FULL";
}

std::string sheaf_text(const SheafContent& sheaf) {
    std::string out =
        fmt::format("{} {} {}:\n  SHEAF             SIZE  CAPACITY\n  {:<16x}  {:4}  {:8}\n",
                    sheaf.node ? "NODE" : "CPU", sheaf.node ? *sheaf.node : sheaf.cpu.value_or(0),
                    sheaf_name(sheaf), sheaf.address, sheaf.objects.size(), sheaf.capacity);
    const std::string keeper = sheaf_keeper(sheaf.cpu, sheaf.node);
    for (const std::uint64_t object : sheaf.objects) out += fmt::format("   {:x}{}\n", object, keeper);
    return out;
}

std::string sheaves_text(const std::vector<SheafContent>& sheaves) {
    std::string out;
    for (const SheafContent& sheaf : sheaves) out += sheaf_text(sheaf);
    return out.empty() ? "SHEAVES:\n  (none)\n" : out;
}

std::string node_text(const NodeSlabContent& node) {
    return fmt::format(
        "KMEM_CACHE_NODE   NODE  SLABS  PARTIAL  PER-CPU\n{:16x}  {:4}  {:5}  {:7}  {:7}\nNODE {} "
        "PARTIAL:\n{}"
        "NODE {} FULL:\n{}",
        node.address, node.node, node.slabs, node.partial_count, node.of_cpus, node.node,
        slab_table(node.partial), node.node, node.full ? slab_table(*node.full) : "  (not tracked)\n");
}

}  // namespace

std::string slab_objects_text(const std::vector<SlabObjectState>& objects, const std::string& keeper) {
    std::string out;
    for (const SlabObjectState& object : objects) out += object_line(object, keeper);
    return out;
}

std::string keeper_of(const std::vector<SlabObjectState>& objects) {
    for (const SlabObjectState& object : objects)
        if (object.cpu && !object.in_sheaf) return cpu_keeper(*object.cpu);
    return {};
}

std::string to_text(const SlabContents& contents) {
    std::string out;
    for (const CacheContent& content : contents.caches) {
        out += slab_cache_heading + slab_cache_line(content.cache);
        if (content.only) {
            out += slab_text(*content.only, keeper_of(content.only->objects));
            continue;
        }
        for (const CpuSlabContent& cpu : content.cpus) out += cpu_text(cpu);
        if (content.sheaves) out += sheaves_text(*content.sheaves);
        for (const NodeSlabContent& node : content.nodes) out += node_text(node);
        out += '\n';
    }
    return out;
}

}  // namespace postmortem
