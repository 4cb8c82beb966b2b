#include <algorithm>

#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/slab_contents.h>

#include "base/problem_collector.h"
#include "kernel/cpus.h"
#include "kernel/mm/slab_nodes.h"
#include "kernel/mm/slab_objects.h"
#include "report/kernel_memory/kernel_memory.h"
#include "report/kernel_memory/slab_rows.h"

namespace postmortem {
namespace {

constexpr std::size_t most_shown_objects = 1u << 22;

const char* kind_of(SlabSheaf::Place place) {
    switch (place) {
        case SlabSheaf::Place::Main: return "main";
        case SlabSheaf::Place::Spare: return "spare";
        case SlabSheaf::Place::RcuFree: return "rcu_free";
        case SlabSheaf::Place::RcuCalled: return "rcu_called";
        case SlabSheaf::Place::Barn: break;
    }
    return "barn";
}

class SlabContentsMaker {
  public:
    SlabContentsMaker(const Kernel& kernel, const SlabObjects& objects,
                      const std::vector<std::uint32_t>& cpus)
        : kernel_(kernel), objects_(objects), wanted_(cpus), memory_nodes_(memory_nodes(kernel, problems_)) {}

    CacheContent content(SlabCacheRow cache) {
        CacheContent content;
        content.cache = std::move(cache);
        const std::string of = "of " + content.cache.name;
        const auto cpus = objects_.slabs_of_cpus(content.cache.address);
        if (!cpus) problems_.add("the slabs of the CPUs", of, cpus.error());
        if (cpus)
            for (const SlabObjects::CpuSlabs& cpu : *cpus) content.cpus.push_back(of_cpu(cpu, of));
        const auto nodes = read_slab_nodes(kernel_, content.cache.address);
        if (!nodes) problems_.add("the slabs of the nodes", of, nodes.error());
        if (nodes)
            for (const SlabNode& node : *nodes) content.nodes.push_back(of_node(node, content.cpus, of));
        if (objects_.has_sheaves()) content.sheaves = sheaves(content.cache.address);
        std::erase_if(content.cpus, [&](const CpuSlabContent& cpu) { return !is_wanted(cpu.cpu); });
        return content;
    }

    std::optional<SlabContent> slab(std::uint64_t page, const std::string& of) {
        const auto found = objects_.slab_of_page(page);
        if (!found) {
            problems_.add("a slab", of, found.error());
            return std::nullopt;
        }
        SlabContent content;
        content.slab = found->address;
        content.memory = found->memory;
        content.node = node_of(kernel_, memory_nodes_, found->memory);
        content.total = found->objects;
        content.allocated = allocated_objects(*found);
        add_objects(*found, content, of);
        return content;
    }

    ProblemCollector& problems() { return problems_; }

  private:
    bool is_wanted(std::uint32_t cpu) const {
        return wanted_.empty() || std::find(wanted_.begin(), wanted_.end(), cpu) != wanted_.end();
    }

    // What of them cannot be read is told where the cache's objects are counted.
    std::vector<SheafContent> sheaves(std::uint64_t cache) const {
        const CacheSheaves& known = objects_.sheaves_of(cache);
        std::vector<SheafContent> contents;
        for (const SlabSheaf& sheaf : known.sheaves) {
            if (!sheaf.in_barn() && !is_wanted(sheaf.keeper)) continue;
            SheafContent content;
            content.kind = kind_of(sheaf.place);
            (sheaf.in_barn() ? content.node : content.cpu) = sheaf.keeper;
            content.address = sheaf.address;
            content.capacity = known.capacity;
            content.objects = sheaf.objects;
            contents.push_back(std::move(content));
        }
        return contents;
    }

    CpuSlabContent of_cpu(const SlabObjects::CpuSlabs& cpu, const std::string& of) {
        CpuSlabContent content;
        content.cpu = cpu.cpu;
        content.address = cpu.address;
        if (cpu.slab != 0) content.own = slab(cpu.slab, of);
        content.partial = slabs(cpu.partial, of);
        return content;
    }

    NodeSlabContent of_node(const SlabNode& node, const std::vector<CpuSlabContent>& cpus,
                            const std::string& of) {
        NodeSlabContent content;
        content.node = node.id;
        content.address = node.address;
        content.slabs = node.slabs;
        content.partial_count = node.partial_count;
        for (const CpuSlabContent& cpu : cpus) content.of_cpus += cpu.own && cpu.own->node == node.id;
        content.partial = slabs(node.partial, of);
        if (node.full) content.full = slabs(*node.full, of);
        return content;
    }

    std::vector<SlabContent> slabs(const std::vector<std::uint64_t>& pages, const std::string& of) {
        std::vector<SlabContent> contents;
        for (const std::uint64_t page : pages)
            if (auto content = slab(page, of)) contents.push_back(std::move(*content));
        return contents;
    }

    void add_objects(const Slab& slab, SlabContent& content, const std::string& of) {
        shown_ += slab.objects;
        if (shown_ > most_shown_objects)
            return problems_.add(
                "the objects of slabs", of,
                Error(ErrorCode::Unsupported, fmt::format("there are more than {}", most_shown_objects)));
        auto objects = object_states(objects_, slab);
        if (!objects) return problems_.add("the objects of a slab", of, objects.error());
        content.objects = std::move(*objects);
    }

    const Kernel& kernel_;
    const SlabObjects& objects_;
    const std::vector<std::uint32_t>& wanted_;
    std::size_t shown_ = 0;
    ProblemCollector problems_;
    std::vector<MemoryNode> memory_nodes_;
};

Result<SlabContents> contents_at(const Kernel& kernel, const SlabObjects& objects, std::uint64_t address,
                                 SlabContentsMaker& maker) {
    // A small number is a physical address, as for crash.
    if (!kernel.is_of_kernel(address))
        address = kernel.memory().direct_map_address(address).value_or(address);
    const auto slab =
        objects.is_page_struct(address) ? objects.slab_with_page(address) : objects.slab_at(address);
    if (!slab && slab.error().code != ErrorCode::NotMapped) return fail(slab.error());
    if (!slab || !*slab) return fail(Error(ErrorCode::NotFound, "this address lies in no slab", address));
    CacheContent content;
    content.cache = slab_cache_row(kernel, (*slab)->cache, maker.problems());
    content.only = maker.slab((*slab)->address, "of " + content.cache.name);
    SlabContents contents;
    contents.caches.push_back(std::move(content));
    contents.problems = maker.problems().take();
    return contents;
}

}  // namespace

Result<SlabContents> slab_contents(const CrashDump& dump, const SlabContentsRequest& request) {
    const Kernel& kernel = dump.kernel();
    const auto objects = SlabObjects::open(kernel);
    if (!objects) return fail(objects.error());
    const auto possible = read_cpu_mask(kernel, "possible");
    for (const std::uint32_t cpu : request.cpus)
        if (possible && std::find(possible->begin(), possible->end(), cpu) == possible->end())
            return fail(ErrorCode::InvalidArgument, fmt::format("the machine has no CPU {}", cpu));
    SlabContentsMaker maker(kernel, *objects, request.cpus);
    if (request.at) return contents_at(kernel, *objects, *request.at, maker);
    KernelMemory memory;
    memory.page_bytes = kernel.physical().page_size();
    auto known = add_slab_caches(kernel, {request.caches, request.ignored}, memory, maker.problems());
    if (!known && memory.caches.empty()) return fail(std::move(known.error()));
    if (!known) maker.problems().add(known.error());
    SlabContents contents;
    for (SlabCacheRow& cache : memory.caches)
        contents.caches.push_back(cache.ignored ? CacheContent{std::move(cache), {}, {}, {}}
                                                : maker.content(std::move(cache)));
    contents.problems = maker.problems().take();
    return contents;
}

}  // namespace postmortem
