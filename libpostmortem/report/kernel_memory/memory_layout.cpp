// Nodes, zones, sections and blocks of memory; every page.
#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include <postmortem/memory_layout.h>

#include "kernel/driver_core.h"
#include "kernel/mm/memory_sections.h"
#include "kernel/mm/numa.h"
#include "kernel/mm/page_structs.h"
#include "kernel/xarray.h"
#include "report/kernel_memory/kernel_memory.h"
#include "report/kernel_memory/page_row.h"

namespace postmortem {
namespace {

constexpr std::uint64_t most_zones_shown = 8;
constexpr std::size_t most_blocks = 1 << 20;

// include/linux/memory.h: bits, or in later kernels (and 6.12.118) enum memory_block_state, in which ONLINE
// is 0.
std::string block_state(const TypeFinder& types, std::uint64_t state) {
    constexpr std::string_view prefix = "MEM_";
    constexpr const char* bits[] = {"ONLINE",       "GOING_OFFLINE", "OFFLINE",
                                    "GOING_ONLINE", "CANCEL_ONLINE", "CANCEL_OFFLINE"};
    if (const auto type = types.find(TypeKind::Enum, "memory_block_state")) {
        for (const Enumerator& item : types.get(*type).enumerators)
            if (static_cast<std::uint64_t>(item.value) == state && item.name.starts_with(prefix))
                return item.name.substr(prefix.size());
        return fmt::format("{:x}", state);
    }
    for (std::size_t i = 0; i < std::size(bits); ++i)
        if (state == 1u << i) return bits[i];
    return fmt::format("{:x}", state);
}

class LayoutMaker {
  public:
    explicit LayoutMaker(const Kernel& kernel) : kernel_(kernel), pages_(PageStructs::open(kernel)) {
        if (!pages_) problems_.add("where page structs lie", pages_.error());
    }

    MemoryLayoutReport make() {
        MemoryLayoutReport layout;
        layout.page_bytes = kernel_.physical().page_size();
        const auto nodes = read_memory_nodes(kernel_);
        if (!nodes) problems_.add("the nodes of memory", nodes.error());
        if (nodes)
            for (const MemoryNode& node : *nodes) layout.nodes.push_back(row_of(node));
        const bool has_sections = !has_flat_memory_map(kernel_);
        const auto sections = has_sections ? read_memory_sections(kernel_) : MemorySections();
        if (!sections) problems_.add("the sections of memory", sections.error());
        if (has_sections && sections) {
            problems_.add_all(sections->problems);
            for (const MemorySection& section : sections->present) layout.sections.push_back(row_of(section));
            add_blocks(layout, *sections);
        }
        layout.problems = problems_.take();
        return layout;
    }

  private:
    std::optional<std::uint64_t> map_of(std::uint64_t pfn) const {
        const auto page = pages_ ? pages_->of_frame(pfn) : fail(pages_.error());
        return page ? std::optional(*page) : std::nullopt;
    }

    NodeRow row_of(const MemoryNode& node) {
        NodeRow row{node.id, node.address, node.spanned_pages, node.start_pfn, map_of(node.start_pfn), {}};
        const Object zones = kernel_.object("pglist_data", node.address)["node_zones"];
        if (!zones.ok()) problems_.add("the zones", *zones.error());
        const std::uint64_t count =
            zones.ok() ? std::min<std::uint64_t>(zones.type().count, most_zones_shown) : 0;
        for (std::uint64_t i = 0; i < count; ++i) {
            const Object zone = zones.at(i);
            const auto name = zone["name"].string();
            const auto size = zone["spanned_pages"].u64(), start = zone["zone_start_pfn"].u64();
            if (!name || !size || !start) {
                problems_.add("a zone", !name ? name.error() : !size ? size.error() : start.error());
                continue;
            }
            NodeZone one{zone.address(), static_cast<std::uint32_t>(i), *name, *size, 0, 0};
            if (*size != 0) {
                one.start_pfn = *start;
                one.mem_map = map_of(*start);
            }
            row.zones.push_back(std::move(one));
        }
        return row;
    }

    SectionRow row_of(const MemorySection& section) const {
        SectionRow row;
        row.number = section.number;
        row.address = section.address;
        row.coded_mem_map = section.coded_mem_map();
        const std::uint64_t size = kernel_.types().size_of("page").value_or(0);
        row.mem_map = row.coded_mem_map + section.first_pfn * size;
        constexpr std::string_view letters = "PMOED";
        for (std::size_t i = 0; i < letters.size(); ++i)
            if ((section.word >> i & 1) != 0) row.state += letters[i];
        row.first_pfn = section.first_pfn;
        return row;
    }

    void add_blocks(MemoryLayoutReport& layout, const MemorySections& sections) {
        std::uint64_t per_block = 1;
        if (const auto symbol = kernel_.symbol("sections_per_block"))
            per_block = kernel_.memory().u32(*symbol).value_or(1);
        const auto lost = [&](Error error) { problems_.add("the blocks of memory", error); };
        const auto add = [&](std::uint64_t address) {
            add_block(layout, address, sections.pages_of_each * per_block, sections.pages_of_each);
            return true;
        };
        const auto table = kernel_.symbol("memory_blocks");
        if (table) {
            for_each_xarray_entry(
                kernel_.object("xarray", *table),
                [&](std::uint64_t, std::uint64_t address) { return add(address); }, lost);
        } else if (table.error().code != ErrorCode::NotFound) {
            lost(table.error());
        } else if (auto found = add_blocks_by_bus(add, lost); !found) {
            lost(std::move(found.error()));
        }
    }

    // By their numbers since 5.8 (4fb6eabf1037); before, devices of a bus, since 3.3 (10fbcf4c6cb1).
    Result<void> add_blocks_by_bus(const std::function<bool(std::uint64_t)>& add,
                                   const std::function<void(Error)>& lost) {
        const auto bus = kernel_.symbol("memory_subsys");
        if (!bus) return bus.error().code == ErrorCode::NotFound ? Result<void>() : fail(bus.error());
        const auto device = kernel_.types().offset_of("memory_block", "dev");
        if (!device) return fail(device.error());
        return for_each_device(
            kernel_, kernel_.object("bus_type", *bus)["p"]["klist_devices"], DeviceKlist::Bus, most_blocks,
            [&](std::uint64_t address) { return add(address - *device); }, lost);
    }

    void add_block(MemoryLayoutReport& layout, std::uint64_t address, std::uint64_t pages,
                   std::uint64_t pages_of_section) {
        const Object block = kernel_.object("memory_block", address);
        const auto start = block["start_section_nr"].u64(), state = block["state"].u64();
        const auto name = block.path("dev.kobj.name").string();
        if (!start || !state || !name)
            return problems_.add("a block of memory", !start   ? start.error()
                                                      : !state ? state.error()
                                                               : name.error());
        MemoryBlockRow row;
        row.address = address;
        row.name = *name;
        row.first = *start * pages_of_section * layout.page_bytes;
        row.last = row.first + pages * layout.page_bytes - 1;
        row.node = block.has("nid") ? block["nid"].i64_or(0) : node_of(layout, *start * pages_of_section);
        row.state = block_state(kernel_.types(), *state);
        row.start_section = *start;
        layout.blocks.push_back(std::move(row));
    }

    // Before 4.19 (d84f2f5a7552) a block does not say.
    static std::int64_t node_of(const MemoryLayoutReport& layout, std::uint64_t pfn) {
        for (const NodeRow& node : layout.nodes)
            if (pfn >= node.start_pfn && pfn - node.start_pfn < node.size) return node.id;
        return 0;
    }

    const Kernel& kernel_;
    Result<PageStructs> pages_;
    ProblemCollector problems_;
};

}  // namespace

MemoryLayoutReport memory_layout(const CrashDump& dump) {
    return LayoutMaker(dump.kernel()).make();
}

Problems visit_pages(const CrashDump& dump, const std::function<bool(const PageRow&)>& visit) {
    const Kernel& kernel = dump.kernel();
    ProblemCollector problems;
    const auto pages = PageStructs::open(kernel);
    const auto frames = frames_with_pages(kernel);
    if (!pages) problems.add("where page structs lie", pages.error());
    if (!frames) problems.add("the sections of memory", frames.error());
    if (!pages || !frames) return problems.take();
    problems.add_all(frames->problems);
    const PageRowReader reader(kernel, *pages);
    for (const FramesWithPages::Run& run : frames->runs)
        for (std::uint64_t i = 0; i < run.count; ++i) {
            const auto row = reader.read((run.first + i) * kernel.physical().page_size());
            if (!row) problems.add("a struct page", row.error());
            if (row && !visit(*row)) return problems.take();
        }
    return problems.take();
}

PageList page_list(const CrashDump& dump) {
    PageList list;
    list.problems = visit_pages(dump, [&](const PageRow& row) { return list.pages.push_back(row), true; });
    return list;
}

}  // namespace postmortem
