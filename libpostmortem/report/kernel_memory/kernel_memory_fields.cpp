#include <postmortem/kernel_memory.h>

#include "output/json.h"

namespace postmortem {

using CpuOffset = std::pair<std::uint32_t, std::uint64_t>;

void describe(Describer<MemoryTotal>& total) {
    total.add("name", &MemoryTotal::name, "in crash's words");
    total.add("pages", &MemoryTotal::pages, "how many");
    total.add("of", &MemoryTotal::of, "the total that it is a part of; null for a total").or_null();
    total.add("percent", &MemoryTotal::percent, "of that, rounded down");
}

void describe(Describer<SlabCacheRow>& row) {
    row.is("slab cache by address", "A cache of the slab allocator");
    row.add("name", &SlabCacheRow::name, "its name");
    row.add("address", &SlabCacheRow::address, "of its kmem_cache").address();
    row.add("object_bytes", &SlabCacheRow::object_bytes, "that its users asked for");
    row.add("allocated", &SlabCacheRow::allocated, "objects; what CPUs keep at hand is free");
    row.add("total", &SlabCacheRow::total, "objects");
    row.add("slabs", &SlabCacheRow::slabs, "how many");
    row.add("slab_bytes", &SlabCacheRow::slab_bytes, "of each");
    row.add("ignored", &SlabCacheRow::ignored, "true where `-I` names it").or_left_out();
}

void describe(Describer<ZoneRow>& zone) {
    zone.add("node", &ZoneRow::node, "its memory node");
    zone.add("zone", &ZoneRow::index, "its number there");
    zone.add("name", &ZoneRow::name, "its name");
    zone.add("address", &ZoneRow::address, "of its struct zone").address();
    zone.add("size", &ZoneRow::size, "pages that it spans");
    zone.add("present", &ZoneRow::present, "pages that are there");
    zone.add("min", &ZoneRow::min, "watermark, pages");
    zone.add("low", &ZoneRow::low, "watermark, pages");
    zone.add("high", &ZoneRow::high, "watermark, pages");
    zone.add("all_unreclaimable", &ZoneRow::all_unreclaimable, "whether reclaim has given it up; until 3.11");
    zone.add("pages_scanned", &ZoneRow::pages_scanned, "since a page was last freed; until 3.11");
    zone.map("counters", &ZoneRow::counters, "by the kernel's names");
}

void describe(Describer<CounterGroup>& group) {
    group.add("name", &CounterGroup::name, "of the kernel's array");
    group.map("counters", &CounterGroup::counters, "by the kernel's names");
}

void describe(Describer<PageFlagRow>& flag) {
    flag.add("name", &PageFlagRow::name, "the kernel's");
    flag.add("bit", &PageFlagRow::bit, "its number");
}

void describe(Describer<HugePageRow>& row) {
    row.add("name", &HugePageRow::name, "of the pool");
    row.add("address", &HugePageRow::address, "of its hstate").address();
    row.add("page_bytes", &HugePageRow::page_bytes, "of each page");
    row.add("free", &HugePageRow::free, "pages");
    row.add("total", &HugePageRow::total, "pages");
}

void describe(Describer<VmallocRow>& row) {
    row.is("vmalloc area", "A part of the vmalloc space");
    row.add("area", &VmallocRow::area, "its vmap_area").address();
    row.add("vm", &VmallocRow::vm, "its vm_struct").address();
    row.add("start", &VmallocRow::start, "its first address").address();
    row.add("end", &VmallocRow::end, "behind its last").address();
    row.add("bytes", &VmallocRow::bytes, "of address space, guard page included");
}

void describe(Describer<SlabObjectState>& object);

void describe(Describer<SlabObjectRow>& row) {
    row.add("cache", &SlabObjectRow::cache, "what it is an object of");
    row.add("slab", &SlabObjectRow::slab, "its struct slab, or struct page").address();
    row.add("memory", &SlabObjectRow::memory, "where the slab's first object lies").address();
    row.add("node", &SlabObjectRow::node, "of memory");
    row.add("objects", &SlabObjectRow::objects, "in the slab");
    row.add("allocated", &SlabObjectRow::allocated, "of these");
    row.add("object", &SlabObjectRow::object, "the one that holds the address").address();
    row.add("state", &SlabObjectRow::state, "`allocated`, `free`, `free, kept by CPU 1`").or_null();
    row.add("whole_slab", &SlabObjectRow::whole_slab,
            "its objects, where a struct page of the slab was named")
        .or_left_out();
}

void describe(Describer<PageRow>& row) {
    row.add("page", &PageRow::page, "its struct page").address();
    row.add("physical", &PageRow::physical, "where it lies").address();
    row.add("mapping", &PageRow::mapping, "`mapping`").address();
    row.add("index", &PageRow::index, "`index`");
    row.add("count", &PageRow::count, "references");
    row.add("flags", &PageRow::flags, "as a number").address();
    row.add("flag_names", &PageRow::flag_names, "those that are set");
}

void describe(Describer<FreeList>& list) {
    list.add("order", &FreeList::order, "blocks of 2^order pages");
    list.add("address", &FreeList::address, "of its list_head").address();
    list.add("blocks", &FreeList::blocks, "on it; null where it cannot be followed to its end");
    list.add("pages", &FreeList::pages, "the first struct page of each, with `-F`").address().or_left_out();
}

void describe(Describer<FreeZone>& zone) {
    zone.add("node", &FreeZone::node, "whose it is");
    zone.add("index", &FreeZone::index, "in the node");
    zone.add("name", &FreeZone::name, "`DMA32`, `Normal`");
    zone.add("size", &FreeZone::size, "pages that it spans");
    zone.add("free", &FreeZone::free, "pages, by its own counter");
    zone.add("start_pfn", &FreeZone::start_pfn, "its first frame; 0 where it spans none");
    zone.add("pages_into_node", &FreeZone::pages_into_node, "how far behind the node's first frame that is");
    zone.add("mem_map", &FreeZone::mem_map, "its first struct page").address();
    zone.add("lists", &FreeZone::lists, "by the size of the blocks, of each one for every kind of mobility")
        .left_out_unless([](const FreeZone& one) { return one.size == 0 || !one.lists.empty(); });
}

void describe(Describer<FreeBlock>& block) {
    block.add("zone", &FreeBlock::zone, "that it lies in");
    block.add("list", &FreeBlock::list, "that it is on");
    block.add("page", &FreeBlock::page, "its first struct page").address();
    block.add("position", &FreeBlock::position, "of the page that was asked for, from 0");
}

void describe(Describer<TaskContext>& context);

void describe(Describer<AddressView>& view) {
    view.add("address", &AddressView::address, "that was asked for").address();
    view.add("physical", &AddressView::physical, "it is a physical address");
    view.add("symbol", &AddressView::symbol, "of the kernel or a module").or_null();
    view.add("slab", &AddressView::slab, "the slab that it lies in");
    view.add("vmalloc", &AddressView::vmalloc, "the vmalloc area that it lies in");
    view.add("task", &AddressView::task, "whose task_struct or stack it lies in");
    view.add("on_stack", &AddressView::on_stack,
             "it lies on the task's kernel stack, not in its task_struct");
    view.add("free", &AddressView::free, "the block of free pages that it lies in").or_left_out();
    view.add("page", &AddressView::page, "the page that it lies in");
}

void describe(Describer<CpuOffset>& offset) {
    offset.add("cpu", &CpuOffset::first, "its number");
    offset.add("offset", &CpuOffset::second, "of its per-CPU variables").address();
}

void describe(Describer<KernelMemory>& memory) {
    memory.is_document();
    memory.add("page_bytes", &KernelMemory::page_bytes, "of a page");
    memory.add("totals", &KernelMemory::totals, "with `-i`").or_left_out();
    memory.add("caches", &KernelMemory::caches, "with `-s`").or_left_out();
    memory.add("zones", &KernelMemory::zones, "with `-z`").or_left_out();
    memory.add("counters", &KernelMemory::counters, "with `-V`").or_left_out();
    memory.add("per_cpu", &KernelMemory::per_cpu, "with `-o`").or_left_out();
    memory.add("page_flags", &KernelMemory::page_flags, "with `-g`").or_left_out();
    memory.add("huge_pages", &KernelMemory::huge_pages, "with `-h`").or_left_out();
    memory.add("vmalloc", &KernelMemory::vmalloc, "with `-v`").or_left_out();
    memory.add("address", &KernelMemory::address, "what lies at the address that was named").or_left_out();
    add_problems(memory);
}

std::string to_json(const KernelMemory& memory) {
    return json_document(memory);
}

}  // namespace postmortem
