// `kmem -f -F`, `kmem -n` and `kmem -p` as crash prints them.
#include <fmt/format.h>

#include <postmortem/memory_layout.h>

#include "base/text.h"
#include "report/kernel_memory/free_rows_text.h"
#include "report/kernel_memory/page_row_text.h"
#include "report/tasks/task_header_text.h"

namespace postmortem {
namespace {

constexpr std::size_t address_width = 16, place_width = 11;

std::string list_line(const FreeList& list, std::uint32_t page_bytes) {
    const auto number = [](const std::optional<std::uint64_t>& value) {
        return value ? fmt::format("{}", *value) : std::string("?");
    };
    const auto pages = list.blocks ? std::optional(*list.blocks << list.order) : std::nullopt;
    return fmt::format("{:3}  {:6}k  {:16x}  {:>6} {:>6}\n", list.order,
                       (std::uint64_t{page_bytes} << list.order) / 1024, list.address, number(list.blocks),
                       number(pages));
}

constexpr const char* list_heading = "AREA    SIZE  FREE_AREA_STRUCT\n";

// Where the blocks are named, not counted.
std::string list_text(const FreeList& list, std::uint32_t page_bytes) {
    std::string out = fmt::format("{}{:3}  {:6}k  {:16x}  \n", list_heading, list.order,
                                  (std::uint64_t{page_bytes} << list.order) / 1024, list.address);
    for (const std::uint64_t page : list.pages) out += fmt::format("{:x}\n", page);
    if (!list.blocks) out += "?\n";
    return out;
}

// "1st", "2nd", "3rd", "11th"
std::string ordinal(std::uint64_t number) {
    const std::uint64_t last = number % 10, tens = number % 100 / 10;
    const char* const ending = tens == 1 || last == 0 || last > 3 ? "th"
                               : last == 1                        ? "st"
                               : last == 2                        ? "nd"
                                                                  : "rd";
    return fmt::format("{}{}", number, ending);
}

std::string map_text(const std::optional<std::uint64_t>& address) {
    return address ? fmt::format("{:x}", *address) : "?";
}

std::string node_text(const NodeRow& node, std::uint32_t page_bytes) {
    std::string out = "NODE    SIZE      PGLIST_DATA       BOOTMEM_DATA       NODE_ZONES   \n";
    out += fmt::format("{:3}  {}  {:16x}  {}  ", node.id, centered(fmt::format("{}", node.size), 9, true),
                       node.address, centered("----", 16));
    for (std::size_t i = 0; i < node.zones.size(); ++i)
        out += fmt::format("{:{}}{:16x}\n", "", i == 0 ? 0 : 52, node.zones[i].address);
    out += fmt::format("    MEM_MAP          START_PADDR    START_MAPNR\n{}  {}  {}\n\n",
                       centered(map_text(node.mem_map), address_width),
                       centered(fmt::format("{:x}", node.start_pfn * page_bytes), 16),
                       centered(fmt::format("{}", node.start_pfn), place_width));
    out += "ZONE  NAME         SIZE       MEM_MAP      START_PADDR  START_MAPNR\n";
    for (const NodeZone& zone : node.zones)
        out += fmt::format("{:3}   {:<9} {:7}  {:>16} {:>12x} {:>12}\n", zone.index, escaped(zone.name),
                           zone.size, map_text(zone.mem_map), zone.start_pfn * page_bytes, zone.start_pfn);
    return out;
}

}  // namespace

std::string free_zone_text(const FreeZone& zone, std::uint32_t page_bytes) {
    return fmt::format(
        "ZONE  NAME        SIZE    FREE      MEM_MAP       START_PADDR  START_MAPNR\n"
        "{:3}   {:<9} {:6} {:>7}  {}  {}  {}\n",
        zone.index, escaped(zone.name), zone.size, zone.free ? fmt::format("{}", *zone.free) : "?",
        centered(map_text(zone.mem_map), address_width),
        centered(fmt::format("{:x}", zone.start_pfn * page_bytes), place_width, true),
        centered(fmt::format("{}", zone.pages_into_node), place_width, true));
}

// A block of one page has no others to tell it from; within a page lies a physical address alone, as for
// crash.
std::string free_block_text(const AddressView& view, std::uint32_t page_bytes) {
    const FreeBlock& block = *view.free;
    FreeList list = block.list;
    list.pages = {};
    list.blocks = 0;
    std::string out = block.nodes > 1 ? fmt::format("NODE\n{:3}\n", block.zone.node) : "";
    out += free_zone_text(block.zone, page_bytes) + list_text(list, page_bytes) +
           fmt::format("{:x}  ", block.page);
    if (list.order == 0) return out + '\n';
    const bool is_within = view.physical && view.address % page_bytes != 0;
    return out + fmt::format("({:x} is {}{} of {} pages)\n", view.address, is_within ? "in " : "",
                             ordinal(block.position + 1), std::uint64_t{1} << list.order);
}

std::string to_text(const FreeMemory& memory) {
    std::string out;
    std::optional<std::uint32_t> node;
    for (const FreeZone& zone : memory.zones) {
        if (memory.nodes > 1 && node != zone.node) out += fmt::format("NODE\n{:3}\n", zone.node);
        node = zone.node;
        out += free_zone_text(zone, memory.page_bytes);
        if (!zone.lists.empty() && !memory.with_pages)
            out += "AREA    SIZE  FREE_AREA_STRUCT  BLOCKS  PAGES\n";
        for (const FreeList& list : zone.lists)
            out +=
                memory.with_pages ? list_text(list, memory.page_bytes) : list_line(list, memory.page_bytes);
        out += '\n';
    }
    if (!memory.free) return out;
    out += fmt::format("nr_free_pages: {}  ", *memory.free);
    if (!memory.counted) return out + "(not verified)\n";
    return out + (memory.counted == memory.free ? std::string("(verified)\n")
                                                : fmt::format("(found {})\n", *memory.counted));
}

std::string to_text(const MemoryLayoutReport& layout) {
    std::string out;
    for (const NodeRow& node : layout.nodes) {
        if (!out.empty()) out += '\n';
        out += node_text(node, layout.page_bytes);
    }
    if (!layout.sections.empty())
        out += fmt::format(
            "\n{:-<67}\n\nNR      SECTION        CODED_MEM_MAP        MEM_MAP       STATE PFN\n", "");
    for (const SectionRow& row : layout.sections)
        out += fmt::format("{:2}  {:16x}  {:16x}  {:16x}  {:^5} {:<16}\n", row.number, row.address,
                           row.coded_mem_map, row.mem_map, row.state, row.first_pfn);
    if (!layout.blocks.empty())
        out += "\n   MEM_BLOCK        NAME        PHYSICAL RANGE     NODE  STATE   START_SECTION_NO\n";
    for (const MemoryBlockRow& row : layout.blocks)
        out += fmt::format(" {:16x}   {:<10} {:8x} - {:8x}  {:<4} {:<7} {:<12}\n", row.address,
                           escaped(row.name), row.first, row.last, row.node, row.state, row.start_section);
    return out;
}

std::string page_list_heading() {
    return page_row_heading;
}

std::string page_list_line(const PageRow& row) {
    return page_row_line(row);
}

std::string to_text(const PageList& pages) {
    std::string out = page_row_heading;
    for (const PageRow& row : pages.pages) out += page_row_line(row);
    return out;
}

}  // namespace postmortem
