// What the buddy allocator has on its lists, zone by zone (mm/page_alloc.c).
#include <algorithm>

#include <postmortem/memory_layout.h>

#include "base/problem_collector.h"
#include "kernel/lists.h"
#include "kernel/mm/numa.h"
#include "kernel/mm/page_structs.h"
#include "object/field.h"
#include "report/kernel_memory/free_block.h"
#include "report/kernel_memory/kernel_memory.h"

namespace postmortem {
namespace {

constexpr std::uint64_t most_zones = 8, most_orders = 32, most_kinds = 16;

class FreeMemoryMaker {
  public:
    explicit FreeMemoryMaker(const Kernel& kernel) : kernel_(kernel), pages_(PageStructs::open(kernel)) {
        if (!pages_) problems_.add("where page structs lie", pages_.error());
        free_index_ = kernel.types().enumerator("zone_stat_item", "NR_FREE_PAGES").value_or(0);
        if (const auto link =
                Field::find(kernel.types(), "page", {"buddy_list", "lru"}))  // the former since 5.19
            link_offset_ = link->offset();
    }

    void name_blocks() { names_blocks_ = true; }
    /// Leaves out the zones that this frame does not lie in.
    void only_around(std::uint64_t frame) { frame_ = frame; }

    FreeMemory make() {
        FreeMemory memory;
        memory.page_bytes = kernel_.physical().page_size();
        const auto nodes = read_memory_nodes(kernel_);
        if (!nodes) problems_.add("the nodes of memory", nodes.error());
        if (nodes) {
            memory.nodes = static_cast<std::uint32_t>(nodes->size());
            for (const MemoryNode& node : *nodes) add_node(memory, node);
            memory.free = sum_of(memory.zones, [](const FreeZone& zone) { return zone.free; });
            memory.counted = sum_of(memory.zones, pages_on_lists);
        }
        memory.problems = problems_.take();
        return memory;
    }

  private:
    template <class Count>
    static std::optional<std::uint64_t> sum_of(const std::vector<FreeZone>& zones, Count count) {
        std::uint64_t sum = 0;
        for (const FreeZone& zone : zones) {
            const std::optional<std::uint64_t> one = count(zone);
            if (!one) return std::nullopt;
            sum += *one;
        }
        return sum;
    }

    static std::optional<std::uint64_t> pages_on_lists(const FreeZone& zone) {
        std::uint64_t pages = 0;
        for (const FreeList& list : zone.lists) {
            if (!list.blocks) return std::nullopt;
            pages += *list.blocks << list.order;
        }
        return pages;
    }

    void add_node(FreeMemory& memory, const MemoryNode& node) {
        const Object zones = kernel_.object("pglist_data", node.address)["node_zones"];
        if (!zones.ok()) return problems_.add("the zones", *zones.error());
        const std::uint64_t count = std::min<std::uint64_t>(zones.type().count, most_zones);
        for (std::uint64_t i = 0; i < count; ++i) {
            const Object zone = zones.at(i);
            FreeZone row;
            row.node = node.id;
            row.index = static_cast<std::uint32_t>(i);
            const auto name = zone["name"].string();
            const auto size = zone["spanned_pages"].u64(), start = zone["zone_start_pfn"].u64();
            if (!name || !size || !start) {
                problems_.add("a zone", !name ? name.error() : !size ? size.error() : start.error());
                continue;
            }
            row.name = *name;
            row.size = *size;
            const auto free = zone["vm_stat"].at(static_cast<std::uint64_t>(free_index_)).i64();
            if (free)
                row.free = static_cast<std::uint64_t>(std::max<std::int64_t>(*free, 0));
            else
                problems_.add("a zone's counters", free.error());
            if (frame_ && (*frame_ < *start || *frame_ - *start >= row.size)) continue;
            if (row.size != 0) add_place_and_lists(row, zone, *start, node);
            memory.zones.push_back(std::move(row));
        }
    }

    void add_place_and_lists(FreeZone& row, const Object& zone, std::uint64_t start, const MemoryNode& node) {
        row.start_pfn = start;
        row.pages_into_node = start - std::min(start, node.start_pfn);
        const auto first = pages_ ? pages_->of_frame(start) : fail(pages_.error());
        row.mem_map = first ? std::optional(*first) : std::nullopt;
        const Object areas = zone["free_area"];
        if (!areas.ok()) return problems_.add("the free lists", *areas.error());
        const std::uint64_t orders = std::min<std::uint64_t>(areas.type().count, most_orders);
        for (std::uint64_t order = 0; order < orders; ++order) {
            const Object lists = areas.at(order)["free_list"];
            if (!lists.ok()) return problems_.add("the free lists", *lists.error());
            const std::uint64_t kinds = std::min<std::uint64_t>(lists.type().count, most_kinds);
            for (std::uint64_t kind = 0; kind < kinds; ++kind)
                row.lists.push_back(
                    list_of(static_cast<std::uint32_t>(order), lists.at(kind).address(), row.size));
        }
    }

    FreeList list_of(std::uint32_t order, std::uint64_t head, std::uint64_t pages_of_zone) {
        FreeList list{order, head, std::uint64_t{0}};
        const auto walked = for_each_list_node(
            kernel_.memory(), head,
            [&](std::uint64_t node) {
                if (names_blocks_ && link_offset_) list.pages.push_back(node - *link_offset_);
                return ++*list.blocks, true;
            },
            static_cast<std::size_t>(pages_of_zone) + 1);
        if (walked) return list;
        problems_.add("a list of free blocks", walked.error());
        list.blocks.reset();
        return list;
    }

    const Kernel& kernel_;
    Result<PageStructs> pages_;
    std::int64_t free_index_ = 0;
    std::optional<std::uint64_t> link_offset_, frame_;
    bool names_blocks_ = false;
    ProblemCollector problems_;
};

// Which block of the zone's lists the frame lies in.
std::optional<FreeBlock> block_with(const FreeZone& zone, const PageStructs& pages, std::uint64_t frame) {
    for (const FreeList& list : zone.lists)
        for (const std::uint64_t page : list.pages) {
            const auto first = pages.frame_of(page);
            if (!first || frame < *first || (frame - *first) >> list.order != 0) continue;
            FreeBlock block{zone, 1, list, page, frame - *first};
            block.zone.lists.clear();
            block.list.pages.clear();
            return block;
        }
    return std::nullopt;
}

}  // namespace

FreeMemory free_memory(const CrashDump& dump, bool with_pages) {
    FreeMemoryMaker maker(dump.kernel());
    if (with_pages) maker.name_blocks();
    FreeMemory memory = maker.make();
    memory.with_pages = with_pages;
    return memory;
}

std::optional<FreeBlock> free_block_of(const Kernel& kernel, const PageStructs& pages, std::uint64_t frame,
                                       ProblemCollector& problems) {
    FreeMemoryMaker maker(kernel);
    maker.name_blocks();
    maker.only_around(frame);
    const FreeMemory memory = maker.make();
    problems.add_all(memory.problems);
    for (const FreeZone& zone : memory.zones)
        if (auto block = block_with(zone, pages, frame)) {
            block->nodes = memory.nodes;
            return block;
        }
    return std::nullopt;
}

}  // namespace postmortem
