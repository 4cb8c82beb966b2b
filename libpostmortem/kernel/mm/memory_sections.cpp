#include "kernel/mm/memory_sections.h"

#include <algorithm>

#include "base/problem_collector.h"
#include "object/field.h"

namespace postmortem {
namespace {

constexpr std::uint64_t has_mem_map = 2, pointer_bits = 7;
constexpr std::uint64_t most_roots = 1u << 20;
constexpr std::int64_t smallest_section_bits = 12, largest_section_bits = 40;

// Since 4.15 (83e3c48729d9) the symbol is a pointer to the roots, before it was their array. Its first word
// leads then to a root, whose first word is a section's, with flags in it.
Result<std::uint64_t> roots_of(const Kernel& kernel) {
    const auto symbol = kernel.symbol("mem_section");
    if (!symbol) return symbol;
    const auto first = kernel.memory().word(*symbol);
    if (!first) return first;
    const auto second = kernel.memory().word(*first);
    if (!second) return fail(second.error());
    return (*second & pointer_bits) != 0 ? *symbol : *first;
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
    const auto table = roots_of(kernel);
    if (!table) return fail(table.error());
    MemorySections found;
    found.pages_of_each = (std::uint64_t{1} << *bits) / page;
    if (found.pages_of_each == 0 || *size == 0 || *size > page)
        return fail(ErrorCode::Corrupt, "sections of an impossible size");
    const std::uint64_t per_root = page / *size;
    ProblemCollector problems;
    for (std::uint64_t root = 0; root < *roots; ++root) {
        const auto sections = kernel.memory().word(*table + root * kernel.memory().word_size());
        if (!sections) problems.add("sections of memory", sections.error());
        if (!sections || *sections == 0) continue;
        for (std::uint64_t i = 0; i < per_root; ++i) {
            MemorySection section;
            section.number = root * per_root + i;
            section.address = *sections + i * *size;
            const auto word = map->u64(kernel.memory(), section.address);
            if (!word) problems.add("sections of memory", word.error());
            if (!word || (*word & has_mem_map) == 0) continue;
            section.word = *word;
            section.first_pfn = section.number * found.pages_of_each;
            found.present.push_back(section);
        }
    }
    found.problems = problems.take();
    return found;
}

}  // namespace postmortem
