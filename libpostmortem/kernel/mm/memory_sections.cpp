#include "kernel/mm/memory_sections.h"

#include <algorithm>

#include "base/problem_collector.h"
#include "kernel/mm/numa.h"
#include "object/field.h"

namespace postmortem {
namespace {

constexpr std::uint64_t has_mem_map = 2, pointer_bits = 7;
constexpr std::uint64_t most_roots = 1u << 24;  // in a table, of which hardly any lead anywhere
constexpr std::size_t most_roots_in_use = 1u << 16;
constexpr std::int64_t smallest_section_bits = 12, largest_section_bits = 40;

// VMCOREINFO names the table of roots. The symbol is since 4.15 (83e3c48729d9) a pointer to it, before it was
// the table itself. Its first word leads then to a root, whose first word is a section's, with flags in it,
// or zero where memory begins later.
Result<std::uint64_t> table_of_roots(const Kernel& kernel) {
    const auto told = kernel.vmcoreinfo().symbol("mem_section");
    const auto symbol = told ? Result<std::uint64_t>(*told) : kernel.symbol("mem_section");
    if (!symbol) return symbol;
    const auto first = kernel.memory().word(*symbol);
    if (!first) return first;
    if (told && *first == 0) return *told;
    const auto second = kernel.memory().word(*first);
    if (!second) return fail(second.error());
    const bool is_section = (*second & pointer_bits) != 0 || (told && *second == 0);
    return is_section ? *symbol : *first;
}

struct SectionRoot {
    std::uint64_t number = 0, address = 0;
};

// A table of all the memory that a machine could have is large, and zero behind what it has: there a dump may
// lack it, as pages of zeros are filtered out.
std::vector<SectionRoot> read_roots(const Kernel& kernel, std::uint64_t table, std::uint64_t count,
                                    std::uint64_t needed, ProblemCollector& problems) {
    const std::uint64_t word = kernel.memory().word_size(), page = kernel.dump().page_size();
    std::vector<SectionRoot> roots;
    for (std::uint64_t first = 0; first < count;) {
        const std::uint64_t address = table + first * word;
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

Result<std::uint64_t> section_size_bits(const Kernel& kernel) {
    const auto told = kernel.vmcoreinfo().number("SECTION_SIZE_BITS");
    const std::int64_t bits = told.value_or(kernel.arch().memory.section_bits);
    if (bits >= smallest_section_bits && bits <= largest_section_bits)
        return static_cast<std::uint64_t>(bits);
    return fail(ErrorCode::Unsupported, "VMCOREINFO does not tell how large a section is");
}

Result<MemorySections> read_memory_sections(const Kernel& kernel) {
    const auto bits = section_size_bits(kernel);
    const auto roots = kernel.vmcoreinfo().length("mem_section");
    const std::uint64_t page = kernel.dump().page_size();
    if (!bits || !roots || *roots == 0 || *roots > most_roots)
        return fail(ErrorCode::Unsupported, "VMCOREINFO does not say how memory is cut into sections");
    const auto size = kernel.types().size_of("mem_section");
    const auto map = Field::find(kernel.types(), "mem_section", {"section_mem_map"});
    if (!size || !map) return fail(!size ? size.error() : map.error());
    const auto table = table_of_roots(kernel);
    if (!table) return fail(table.error());
    MemorySections found;
    found.pages_of_each = (std::uint64_t{1} << *bits) / page;
    if (found.pages_of_each == 0 || *size == 0 || *size > page)
        return fail(ErrorCode::Corrupt, "sections of an impossible size");
    const std::uint64_t per_root = page / *size;
    ProblemCollector problems;
    const std::uint64_t needed = kernel.dump().info().max_pfn / found.pages_of_each / per_root + 1;
    for (const SectionRoot& root : read_roots(kernel, *table, *roots, needed, problems))
        for (std::uint64_t i = 0; i < per_root; ++i) {
            MemorySection section;
            section.number = root.number * per_root + i;
            section.address = root.address + i * *size;
            const auto word = map->u64(kernel.memory(), section.address);
            if (!word) problems.add("sections of memory", word.error());
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
