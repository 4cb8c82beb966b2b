#include "arch/radix_walker.h"

#include <algorithm>

#include <fmt/format.h>

namespace postmortem {
namespace {

constexpr std::uint64_t ones(unsigned count) {
    return (std::uint64_t{1} << count) - 1;
}

}  // namespace

Result<Translation> RadixWalker::walk(std::uint64_t vaddr) const {
    const auto end = descend(vaddr);
    if (!end) return fail(end.error());
    const Meaning& page = end->meaning;
    if (!page.present) return fail(ErrorCode::NotMapped, "not mapped by the page tables", vaddr);
    const std::uint64_t inside = ones(page.shift);
    return Translation{(page.address & ~inside) | (vaddr & inside), inside + 1};
}

Result<std::uint64_t> RadixWalker::last_entry(std::uint64_t vaddr) const {
    return descend(vaddr).map([](const End& end) { return end.entry; });
}

Result<TableWalk> RadixWalker::steps(std::uint64_t vaddr) const {
    TableWalk way{static_cast<std::uint32_t>(levels_.size()), {}};
    if (auto end = descend(vaddr, &way.steps); !end) return fail(std::move(end.error()));
    return way;
}

std::vector<RadixWalker::Level> RadixWalker::equal_levels(unsigned page_shift, unsigned bits, unsigned count,
                                                          unsigned address_bits) {
    std::vector<Level> levels;
    for (unsigned below = count; below-- > 0;) levels.push_back({page_shift + bits * below, bits});
    levels.front().bits = std::min(bits, address_bits - levels.front().shift);
    return levels;
}

// Where the way down ends: at a page, or at an entry that is not present.
Result<RadixWalker::End> RadixWalker::descend(std::uint64_t vaddr, std::vector<TableWalk::Step>* way) const {
    if (const char* why = refused(vaddr)) return fail(ErrorCode::NotMapped, why, vaddr);
    std::uint64_t table = root_;
    auto below = static_cast<unsigned>(levels_.size());
    for (const Level& level : levels_) {
        --below;
        const std::uint64_t here = slot(table, level, vaddr);
        auto entry = entry_at(here);
        if (!entry) {
            entry.error().message = fmt::format("a level-{} page table at physical {:#x} cannot be read: {}",
                                                below + 1, table, entry.error().message);
            return fail(std::move(entry.error()));
        }
        Meaning meaning = this->meaning(*entry, below);
        if (meaning.shift == 0) meaning.shift = level.shift;
        if (way) way->push_back({here, *entry, below + 1, std::uint64_t{1} << level.shift, meaning.leaf});
        if (meaning.leaf || !meaning.present) return End{*entry, meaning};
        table = meaning.address;
    }
    return fail(ErrorCode::Corrupt, "the page tables do not end", vaddr);
}

std::optional<std::uint64_t> RadixWalker::lowest_table(std::uint64_t vaddr) const {
    std::uint64_t table = root_;
    for (std::size_t i = 0; i + 1 < levels_.size(); ++i) {
        const auto entry = entry_at(slot(table, levels_[i], vaddr));
        if (!entry) return std::nullopt;
        const Meaning next = meaning(*entry, static_cast<unsigned>(levels_.size() - i - 1));
        if (next.leaf || !next.present) return std::nullopt;
        table = next.address;
    }
    return table;
}

Result<std::uint64_t> RadixWalker::entry_at(std::uint64_t slot) const {
    if (entry_size_ == 8)
        return physical_.get<std::uint64_t>(slot).map(
            [this](std::uint64_t entry) { return swapped_ ? byte_swap(entry) : entry; });
    return physical_.get<std::uint32_t>(slot).map([](std::uint32_t entry) { return std::uint64_t{entry}; });
}

std::uint64_t RadixWalker::slot(std::uint64_t table, const Level& level, std::uint64_t vaddr) const {
    return table + (vaddr >> level.shift & ones(level.bits)) * entry_size_;
}

const char* level_name_of(std::uint32_t level, std::uint32_t levels) {
    constexpr const char* words[] = {"PTE", "PMD", "PUD", "P4D", "PGD"};
    return level == levels ? "PGD" : words[std::min<std::uint32_t>(level - 1, 4)];
}

}  // namespace postmortem
