#include "kernel/mm/compound_pages.h"

namespace postmortem {

// compound_info since 7.1 or so, compound_head since 4.4 (1d798ca3f164). Before, a flag makes first_page a
// pointer: PG_tail, or with few flags PG_compound and PG_reclaim together (include/linux/page-flags.h).
Result<CompoundPages> CompoundPages::find(const Kernel& kernel) {
    const TypeFinder& types = kernel.types();
    CompoundPages pages(kernel);
    auto head = Field::find(types, "page", {"compound_info", "compound_head"});
    if (head) {
        pages.head_ = *head;
        return pages;
    }
    const auto first = Field::find(types, "page", {"first_page"}),
               flags = Field::find(types, "page", {"flags"});
    if (!first || !flags) return fail(std::move(head.error()));
    const auto bit = [&](const char* name) -> std::uint64_t {
        const auto number = types.enumerator("pageflags", name);
        return number && *number >= 0 && *number < 64 ? std::uint64_t{1} << *number : 0;
    };
    pages.tail_bits_ = bit("PG_tail");
    if (pages.tail_bits_ == 0 && bit("PG_compound") != 0 && bit("PG_reclaim") != 0)
        pages.tail_bits_ = bit("PG_compound") | bit("PG_reclaim");
    if (pages.tail_bits_ == 0)
        return fail(ErrorCode::Unsupported, "how this kernel marks the tails of compound pages is not known");
    pages.head_ = *first;
    pages.flags_ = *flags;
    return pages;
}

// A tail page has bit 0 set in this word. The rest is the head's address; or, since 7.1 or so where a struct
// page is a power of two of bytes, the mask that makes the head's address of the tail's.
Result<std::uint64_t> CompoundPages::head_of(std::uint64_t page) const {
    if (tail_bits_ != 0) {
        const auto flags = flags_.u64(*memory_, page);
        if (!flags) return flags;
        return (*flags & tail_bits_) == tail_bits_ ? head_.u64(*memory_, page) : Result<std::uint64_t>(page);
    }
    constexpr std::uint64_t widest_mask = std::uint64_t{1} << 40;
    const auto coded = head_.u64(*memory_, page);
    if (!coded) return coded;
    if ((*coded & 1) == 0) return page;
    const std::uint64_t rest = *coded & ~std::uint64_t{1}, cleared = ~rest;
    const bool is_mask = cleared < widest_mask && (cleared & (cleared + 1)) == 0;
    return is_mask ? page & rest : rest;
}

}  // namespace postmortem
