#include "kernel/mm/memory_sections.h"

#include <algorithm>
#include <bit>

#include "base/problem_collector.h"
#include "kernel/mm/numa.h"
#include "object/field.h"

namespace postmortem {
namespace {

constexpr std::uint64_t has_mem_map = 2, pointer_bits = 7;
constexpr std::uint64_t most_roots = 1u << 24;  // in a table, of which hardly any lead anywhere
constexpr std::size_t most_roots_in_use = 1u << 16;
constexpr std::int64_t smallest_section_bits = 12, largest_section_bits = 40;

struct TableOfRoots {
    std::uint64_t address = 0;
    bool has_pointers = true;
};

// VMCOREINFO names the table of roots. The symbol is since 4.15 (83e3c48729d9) a pointer to it, before it was
// the table itself. Its first word leads then to a root, whose first word is a section's, with flags in it,
// or zero where memory begins later. Where the table's first word has such flags, it is the sections' own.
Result<TableOfRoots> table_of_roots(const Kernel& kernel) {
    const auto told = kernel.vmcoreinfo().symbol("mem_section");
    const auto symbol = told ? Result<std::uint64_t>(*told) : kernel.symbol("mem_section");
    if (!symbol) return fail(symbol.error());
    const auto first = kernel.memory().word(*symbol);
    if (!first) return fail(first.error());
    if ((*first & has_mem_map) != 0) return TableOfRoots{*symbol, false};
    if (told && *first == 0) return TableOfRoots{*told};
    const auto second = kernel.memory().word(*first);
    if (!second) return fail(second.error());
    const bool is_section = (*second & pointer_bits) != 0 || (told && *second == 0);
    return TableOfRoots{is_section ? *symbol : *first};
}

// Of a table without pointers nothing but its own last section tells before 5.8: that one has the last frame
// of memory.
std::int64_t size_bits_by_last_section(const Kernel& kernel, const SectionTable& table) {
    const auto map = Field::find(kernel.types(), "mem_section", {"section_mem_map"});
    const auto nodes = read_memory_nodes(kernel);
    if (!map || !nodes) return 0;
    std::uint64_t last_section = 0;
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(table.roots, most_roots_in_use); ++i) {
        const auto word = map->u64(kernel.memory(), table.address + i * table.bytes_of_each);
        if (word && (*word & has_mem_map) != 0) last_section = i;
    }
    const auto frames = end_of_nodes(*nodes);
    if (!frames) return 0;
    const auto bits =
        static_cast<int>(std::bit_width(*frames - 1)) - static_cast<int>(std::bit_width(last_section));
    if (bits < 0 || (*frames - 1) >> bits != last_section) return 0;
    return bits + std::countr_zero(kernel.dump().page_size());
}

struct SectionRoot {
    std::uint64_t number = 0, address = 0;
};

// A table of all the memory that a machine could have is large, and zero behind what it has: there a dump may
// lack it, as pages of zeros are filtered out.
std::vector<SectionRoot> read_roots(const Kernel& kernel, const SectionTable& table, std::uint64_t needed,
                                    ProblemCollector& problems) {
    std::vector<SectionRoot> roots;
    if (!table.has_pointers) {
        for (std::uint64_t i = 0; i < std::min<std::uint64_t>(table.roots, most_roots_in_use); ++i)
            roots.push_back({i, table.address + i * table.bytes_of_each});
        return roots;
    }
    const std::uint64_t word = kernel.memory().word_size(), page = kernel.dump().page_size();
    const std::uint64_t count = table.roots;
    for (std::uint64_t first = 0; first < count;) {
        const std::uint64_t address = table.address + first * word;
        const std::uint64_t here =
            std::max<std::uint64_t>(std::min((page - address % page) / word, count - first), 1);
        const auto bytes = kernel.memory().bytes(address, here * word);
        if (!bytes && first < needed) problems.add("sections of memory", bytes.error());
        for (std::uint64_t i = 0; bytes && i < here; ++i) {
            const std::byte* at = bytes->data() + i * word;
            const Endian endian = kernel.memory().endian();
            const std::uint64_t root =
                word == 8 ? load<std::uint64_t>(at, endian) : std::uint64_t{load<std::uint32_t>(at, endian)};
            if (root != 0) roots.push_back({first + i, root});
        }
        if (roots.size() > most_roots_in_use) {
            problems.add(
                {ErrorCode::Corrupt, "there are more sections of memory than any machine has", address});
            roots.resize(most_roots_in_use);
            break;
        }
        first += here;
    }
    return roots;
}

}  // namespace

Result<SectionTable> find_section_table(const Kernel& kernel) {
    const VmcoreInfo& info = kernel.vmcoreinfo();
    const auto roots = info.length("mem_section");
    if (!roots || *roots == 0 || *roots > most_roots)
        return fail(ErrorCode::Unsupported, "VMCOREINFO does not say how memory is cut into sections");
    const auto told = info.size("mem_section");
    const auto bytes = told ? Result<std::uint64_t>(*told) : kernel.types().size_of("mem_section");
    if (!bytes) return fail(bytes.error());
    const auto place = table_of_roots(kernel);
    if (!place) return fail(place.error());
    const std::uint64_t page = kernel.dump().page_size();
    if (*bytes == 0 || *bytes > page) return fail(ErrorCode::Corrupt, "sections of an impossible size");
    SectionTable table{place->address, *roots, page / *bytes, place->has_pointers, *bytes};
    if (!table.has_pointers) table.per_root = 1;
    const auto told_bits = info.number("SECTION_SIZE_BITS");
    const std::int64_t bits = told_bits            ? *told_bits
                              : table.has_pointers ? std::int64_t{kernel.arch().memory.section_bits}
                                                   : size_bits_by_last_section(kernel, table);
    if (bits < smallest_section_bits || bits > largest_section_bits)
        return fail(ErrorCode::Unsupported, "VMCOREINFO does not tell how large a section is");
    table.size_bits = static_cast<std::uint64_t>(bits);
    return table;
}

Result<std::uint64_t> SectionTable::section(const AddressSpace& memory, std::uint64_t number) const {
    if (number / per_root >= roots) return 0;
    if (!has_pointers) return address + number * bytes_of_each;
    return memory.word(address + number / per_root * memory.word_size()).map([&](std::uint64_t root) {
        return root == 0 ? 0 : root + number % per_root * bytes_of_each;
    });
}

Result<MemorySections> read_memory_sections(const Kernel& kernel) {
    const auto table = find_section_table(kernel);
    if (!table) return fail(table.error());
    const auto map = Field::find(kernel.types(), "mem_section", {"section_mem_map"});
    if (!map) return fail(map.error());
    MemorySections found;
    found.pages_of_each = (std::uint64_t{1} << table->size_bits) / kernel.dump().page_size();
    if (found.pages_of_each == 0) return fail(ErrorCode::Corrupt, "sections of an impossible size");
    ProblemCollector problems;
    const std::uint64_t needed = kernel.dump().info().max_pfn / found.pages_of_each / table->per_root + 1;
    for (const SectionRoot& root : read_roots(kernel, *table, needed, problems))
        for (std::uint64_t i = 0; i < table->per_root; ++i) {
            MemorySection section;
            section.number = root.number * table->per_root + i;
            section.address = root.address + i * table->bytes_of_each;
            const auto word = map->u64(kernel.memory(), section.address);
            if (!word && root.number < needed) problems.add("sections of memory", word.error());
            if (!word || (*word & has_mem_map) == 0) continue;
            section.word = *word;
            section.first_pfn = section.number * found.pages_of_each;
            found.present.push_back(section);
        }
    found.problems = problems.take();
    if (found.present.empty() && found.problems.empty())
        found.problems.emplace_back(ErrorCode::NotFound, "no section of memory has page structs");
    return found;
}

bool has_flat_memory_map(const Kernel& kernel) {
    return !kernel.vmcoreinfo().length("mem_section") && kernel.symbol("contig_page_data") &&
           Field::find(kernel.types(), "pglist_data", {"node_mem_map"});
}

Result<FramesWithPages> frames_with_pages(const Kernel& kernel) {
    FramesWithPages frames;
    if (has_flat_memory_map(kernel)) {
        const auto nodes = read_memory_nodes(kernel);
        if (!nodes) return fail(nodes.error());
        const std::uint64_t end = kernel.dump().info().max_pfn;  // a damaged node may span anything
        for (const MemoryNode& node : *nodes)
            if (node.start_pfn < end)
                frames.runs.push_back({node.start_pfn, std::min(node.spanned_pages, end - node.start_pfn)});
        return frames;
    }
    auto sections = read_memory_sections(kernel);
    if (!sections) return fail(std::move(sections.error()));
    for (const MemorySection& section : sections->present)
        frames.runs.push_back({section.first_pfn, sections->pages_of_each});
    frames.problems = std::move(sections->problems);
    return frames;
}

}  // namespace postmortem
