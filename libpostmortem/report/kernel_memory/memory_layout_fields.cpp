#include <postmortem/memory_layout.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<PageRow>& row);

void describe(Describer<FreeZone>& zone);

void describe(Describer<FreeMemory>& memory) {
    memory.is_document();
    memory.add("page_bytes", &FreeMemory::page_bytes, "size of a page");
    memory.add("nodes", &FreeMemory::nodes, "how many there are").or_null();
    memory.add("zones", &FreeMemory::zones, "node by node").answer();
    memory.add("counted", &FreeMemory::counted, "pages on all lists");
    memory.add("free", &FreeMemory::free, "pages, by the counters");
    add_problems(memory);
}

void describe(Describer<NodeZone>& zone) {
    zone.add("address", &NodeZone::address, "of its struct zone").address();
    zone.add("index", &NodeZone::index, "in the node");
    zone.add("name", &NodeZone::name, "`DMA32`, `Normal`");
    zone.add("size", &NodeZone::size, "pages that it spans");
    zone.add("start_pfn", &NodeZone::start_pfn, "its first frame; 0 where it spans none");
    zone.add("mem_map", &NodeZone::mem_map, "its first struct page").address();
}

void describe(Describer<NodeRow>& node) {
    node.add("id", &NodeRow::id, "its number");
    node.add("address", &NodeRow::address, "of its pglist_data").address();
    node.add("size", &NodeRow::size, "pages that it spans");
    node.add("start_pfn", &NodeRow::start_pfn, "its first frame");
    node.add("mem_map", &NodeRow::mem_map, "its first struct page").address();
    node.add("zones", &NodeRow::zones, "in their order");
}

void describe(Describer<SectionRow>& section) {
    section.add("number", &SectionRow::number, "by physical address");
    section.add("address", &SectionRow::address, "of its mem_section").address();
    section
        .add("coded_mem_map", &SectionRow::coded_mem_map,
             "where its page structs would start, were its first frame 0")
        .address();
    section.add("mem_map", &SectionRow::mem_map, "where they start").address();
    section.add(
        "state", &SectionRow::state,
        "a letter for each flag: present (P), has page structs (M), online (O), early (E), device (D)");
    section.add("first_pfn", &SectionRow::first_pfn, "its first frame");
}

void describe(Describer<MemoryBlockRow>& block) {
    block.add("address", &MemoryBlockRow::address, "of its memory_block").address();
    block.add("name", &MemoryBlockRow::name, "as in /sys/devices/system/memory");
    block.add("first", &MemoryBlockRow::first, "physical address").address();
    block.add("last", &MemoryBlockRow::last, "physical address of its last byte").address();
    block.add("node", &MemoryBlockRow::node, "whose it is");
    block.add("state", &MemoryBlockRow::state, "`ONLINE`, `OFFLINE`");
    block.add("start_section", &MemoryBlockRow::start_section, "number of its first section");
}

void describe(Describer<MemoryLayoutReport>& layout) {
    layout.is_document();
    layout.add("page_bytes", &MemoryLayoutReport::page_bytes, "size of a page");
    layout.add("nodes", &MemoryLayoutReport::nodes, "with their zones").answer();
    layout.add("sections", &MemoryLayoutReport::sections, "those with page structs");
    layout.add("blocks", &MemoryLayoutReport::blocks, "what can be plugged as one");
    add_problems(layout);
}

void describe(Describer<PageList>& list) {
    list.is_document();
    list.add("pages", &PageList::pages, "by their frames").answer();
    add_problems(list);
}

std::string to_json(const FreeMemory& memory) {
    return json_document(memory);
}

std::string to_json(const MemoryLayoutReport& layout) {
    return json_document(layout);
}

std::string to_json(const PageList& pages) {
    return json_document(pages);
}

}  // namespace postmortem
