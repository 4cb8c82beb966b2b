#include <algorithm>

#include <fmt/format.h>

#include <postmortem/kernel_memory.h>

#include "base/text.h"
#include "report/kernel_memory/free_rows_text.h"
#include "report/kernel_memory/page_row_text.h"
#include "report/kernel_memory/slab_rows_text.h"

namespace postmortem {
namespace {

// crash's pages_to_size(): "716.5 MB", "44 KB", "0".
std::string size_words(std::uint64_t pages, std::uint32_t page_bytes) {
    const std::uint64_t bytes = pages * page_bytes;
    if (bytes == 0) return "0";
    const auto in_units = [&](std::uint64_t unit, const char* name) {
        std::string text = fmt::format("{:.1f}", static_cast<double>(bytes) / static_cast<double>(unit));
        if (text.ends_with(".0")) text.resize(text.size() - 2);
        return fmt::format("{} {}", text, name);
    };
    if (bytes >= 1ull << 30) return in_units(1ull << 30, "GB");
    if (bytes >= 1ull << 20) return in_units(1ull << 20, "MB");
    return fmt::format("{} KB", bytes >> 10);
}

std::string totals_text(const KernelMemory& memory) {
    std::string out = "                 PAGES        TOTAL      PERCENTAGE\n";
    for (const MemoryTotal& total : memory.totals) {
        const bool begins_group = total.of.empty() || total.name == "TOTAL HIGH";
        if (begins_group && &total != &memory.totals.front()) out += '\n';
        const std::string part =
            total.percent ? fmt::format("{:3}% of {}", *total.percent, total.of) : "       ----";
        out += fmt::format("{:>13}  {:7}  {:>11}  {}\n", total.name, total.pages,
                           size_words(total.pages, memory.page_bytes), part);
    }
    return out;
}

std::string slabs_text(const KernelMemory& memory) {
    std::string out = memory.names_alone ? "" : slab_cache_heading;
    for (const SlabCacheRow& row : memory.caches)
        out += memory.names_alone ? fmt::format("{:x} {}\n", row.address, escaped(row.name))
                                  : slab_cache_line(row);
    return out;
}

std::string zone_text(const ZoneRow& zone) {
    std::string out = fmt::format("NODE: {}  ZONE: {}  ADDR: {:x}  NAME: \"{}\"\n", zone.node, zone.index,
                                  zone.address, escaped(zone.name));
    if (zone.size == 0) return out + "  [unpopulated]\n";
    const std::string present = zone.present != zone.size ? fmt::format("  PRESENT: {}", zone.present) : "";
    out += fmt::format("  SIZE: {}{}  MIN/LOW/HIGH: {}/{}/{}\n  VM_STAT:\n", zone.size, present, zone.min,
                       zone.low, zone.high);
    std::size_t width = 0;
    for (const auto& [name, value] : zone.counters) width = std::max(width, name.size());
    for (const auto& [name, value] : zone.counters) out += fmt::format("{:>{}}: {}\n", name, width, value);
    if (zone.all_unreclaimable && zone.pages_scanned)
        out += fmt::format("  ALL_UNRECLAIMABLE: {}  PAGES_SCANNED: {}\n",
                           *zone.all_unreclaimable ? "yes" : "no", *zone.pages_scanned);
    return out + '\n';
}

std::size_t longest_counter(const CounterGroup& group) {
    std::size_t width = 0;
    for (const auto& [name, value] : group.counters) width = std::max(width, name.size());
    return width;
}

// Zones and nodes share a column, events have another.
std::string counters_text(const KernelMemory& memory) {
    std::size_t shared = 0;
    for (const CounterGroup& group : memory.counters)
        if (group.name != "VM_EVENT_STATES") shared = std::max(shared, longest_counter(group));
    std::string out;
    for (const CounterGroup& group : memory.counters) {
        const std::size_t width = group.name == "VM_EVENT_STATES" ? longest_counter(group) : shared;
        out += fmt::format("{}  {}:\n", out.empty() ? "" : "\n", group.name);
        for (const auto& [name, value] : group.counters)
            out += fmt::format("{:>{}}: {}\n", name, width, value);
    }
    return out;
}

std::string page_flags_text(const KernelMemory& memory) {
    const std::string_view indent = memory.flags ? "  " : "";
    const std::size_t width = memory.longest_flag;
    std::string out = memory.flags ? fmt::format("FLAGS: {:x}\n", *memory.flags) : "";
    out += fmt::format("{}{:<{}} BIT  VALUE\n", indent, "PAGE-FLAG", width);
    for (const PageFlagRow& row : memory.page_flags)
        out += fmt::format("{}{:<{}} {:3}  {:0{}x}\n", indent, row.name, width, row.bit, 1ull << row.bit,
                           memory.flag_digits);
    return out;
}

std::string huge_pages_text(const std::vector<HugePageRow>& rows) {
    std::string out = "     HSTATE        SIZE    FREE   TOTAL  NAME\n";
    if (rows.empty()) out += "  (none)\n";
    for (const HugePageRow& row : rows) {
        const bool gigabytes = row.page_bytes >= 1ull << 30;
        const std::string size =
            row.page_bytes >= 1ull << 20
                ? fmt::format("{}{}", row.page_bytes >> (gigabytes ? 30 : 20), gigabytes ? "GB" : "MB")
                : fmt::format("{}KB", row.page_bytes >> 10);
        out +=
            fmt::format("{:16x}  {:>5}  {:6}  {:6}  {}\n", row.address, size, row.free, row.total, row.name);
    }
    return out;
}

constexpr const char* vmalloc_heading =
    "   VMAP_AREA         VM_STRUCT                 ADDRESS RANGE                SIZE\n";

std::string vmalloc_line(const VmallocRow& row) {
    return fmt::format("{:16x}  {:16x}  {:16x} - {:16x}  {:7}\n", row.area, row.vm, row.start, row.end,
                       row.bytes);
}

std::string slab_object_text(const SlabObjectRow& row) {
    const std::string out = slab_cache_heading + slab_cache_line(row.cache) +
                            slab_line({row.slab, row.memory, row.node, row.objects, row.allocated});
    if (!row.whole_slab.empty()) return out + slab_objects_text(row.whole_slab, keeper_of(row.whole_slab));
    if (!row.object) return out + "   (behind the last object)\n";
    return out + slab_objects_text({row.found}, keeper_of({row.found}));
}

std::string address_text(const AddressView& view, std::uint32_t page_bytes) {
    std::vector<std::string> parts;
    if (!view.symbol.empty())
        parts.push_back(fmt::format("{:x} ({}) {}\n", view.address, view.symbol_type, escaped(view.symbol)));
    if (view.slab) parts.push_back(slab_object_text(*view.slab));
    if (view.vmalloc) parts.push_back(vmalloc_heading + vmalloc_line(*view.vmalloc));
    if (view.task) parts.push_back(to_text(*view.task));
    if (view.free) parts.push_back(free_block_text(view, page_bytes));
    if (view.page) parts.push_back(page_row_heading + page_row_line(*view.page));
    std::string out;
    for (const std::string& part : parts) out += (out.empty() ? "" : "\n") + part;
    return out;
}

}  // namespace

std::string slab_cache_line(const SlabCacheRow& row) {
    if (row.ignored) return fmt::format("{:16x} {:<43}  {}\n", row.address, "[IGNORED]", escaped(row.name));
    return fmt::format("{:16x} {:8}  {:>9} {:9}  {:5} {:5}k  {}\n", row.address, row.object_bytes,
                       row.allocated ? fmt::format("{}", *row.allocated) : "-", row.total, row.slabs,
                       row.slab_bytes / 1024, escaped(row.name));
}

std::string slab_row(const SlabColumns& slab) {
    return fmt::format("  {:16x}  {:16x}  {:>4}  {:5}  {:9}  {:4}\n", slab.slab, slab.memory,
                       slab.node ? fmt::format("{}", *slab.node) : "-", slab.total, slab.allocated,
                       slab.total - slab.allocated);
}

std::string slab_line(const SlabColumns& slab) {
    return slab_heading + slab_row(slab) + "  FREE / [ALLOCATED]\n";
}

std::string page_row_line(const PageRow& row) {
    std::string names;
    for (const std::string& name : row.flag_names) names += (names.empty() ? " " : ",") + name;
    return fmt::format("{:16x} {:8x} {:>16x} {:8x} {:2} {:x}{}\n", row.page, row.physical, row.mapping,
                       row.index, row.count, row.flags, names);
}

std::string to_text(const KernelMemory& memory) {
    std::string out;
    if (!memory.totals.empty()) out += totals_text(memory);
    if (!memory.caches.empty()) out += slabs_text(memory);
    for (const ZoneRow& zone : memory.zones) out += zone_text(zone) + '\n';
    if (!memory.counters.empty()) out += counters_text(memory);
    if (!memory.per_cpu.empty()) out += "PER-CPU OFFSET VALUES:\n";
    for (const auto& [cpu, offset] : memory.per_cpu)
        out += fmt::format("{:>5} {}: {:x}\n", "CPU", cpu, offset);
    if (!memory.page_flags.empty()) out += page_flags_text(memory);
    if (memory.huge_pages) out += huge_pages_text(*memory.huge_pages);
    if (!memory.vmalloc.empty()) out += vmalloc_heading;
    for (const VmallocRow& row : memory.vmalloc) out += vmalloc_line(row);
    if (memory.address) out += address_text(*memory.address, memory.page_bytes);
    return out;
}

}  // namespace postmortem
