#include "memory/address_space.h"

#include <algorithm>

#include "base/checked.h"

namespace postmortem {
namespace {

constexpr std::uint64_t small_page = 4096;

// The two page states that the tables themselves decide; anything else is a hole in the dump.
bool tables_were_readable(const Error& error) {
    return error.code == ErrorCode::NotMapped;
}

}  // namespace

AddressSpace::AddressSpace(const PhysicalMemory& physical, std::unique_ptr<PageTableWalker> walker,
                           std::vector<LinearRange> linear)
    : physical_(physical),
      walker_(std::move(walker)),
      linear_(std::move(linear)),
      cache_(cached_translations) {}

Result<Translation> AddressSpace::walk(std::uint64_t vaddr) const {
    Result<Translation> walked =
        walker_ ? walker_->walk(vaddr) : fail(ErrorCode::NotMapped, "no page tables are known", vaddr);
    if (walked || (walker_ && tables_were_readable(walked.error()))) return walked;
    for (const LinearRange& range : linear_)
        if (vaddr >= range.first && vaddr <= range.last)
            return Translation{range.paddr + (vaddr - range.first), small_page};
    return walked;
}

Result<Translation> AddressSpace::translate_whole(std::uint64_t vaddr) const {
    return walk(vaddr);
}

Result<std::uint64_t> AddressSpace::translate(std::uint64_t vaddr) const {
    const std::uint64_t page = align_down(vaddr, small_page);
    CachedTranslation& cached = cache_[(page / small_page) % cached_translations];
    // Bit 0 marks a filled entry: a page address never has it.
    const std::uint64_t key = page | 1;
    const std::uint64_t frame = cached.frame.load(std::memory_order_relaxed);
    if ((cached.tag.load(std::memory_order_relaxed) ^ frame) == key) return frame | (vaddr - page);

    auto walked = walk(page);
    if (!walked) {
        walked.error().address = vaddr;
        return fail(std::move(walked.error()));
    }
    cached.frame.store(walked->paddr, std::memory_order_relaxed);
    cached.tag.store(key ^ walked->paddr, std::memory_order_relaxed);
    return walked->paddr + (vaddr - page);
}

Result<void> AddressSpace::read(std::uint64_t vaddr, MutableBytes out) const {
    if (!out.empty() && !checked_add(vaddr, out.size() - 1))
        return fail(ErrorCode::NotMapped, "the range reaches past the end of the address space", vaddr);
    while (!out.empty()) {
        const std::size_t length = std::min<std::size_t>(out.size(), small_page - vaddr % small_page);
        const auto paddr = translate(vaddr);
        if (!paddr) return fail(paddr.error());
        if (auto done = physical_.read(*paddr, out.first(length)); !done) {
            done.error().address = vaddr;
            return done;
        }
        vaddr += length;
        out = out.subspan(length);
    }
    return {};
}

Result<std::string> AddressSpace::c_string(std::uint64_t vaddr, std::size_t limit) const {
    std::string text;
    while (text.size() < limit) {
        std::array<char, 64> piece;
        const std::size_t until_page_end = small_page - vaddr % small_page;
        const std::size_t length = std::min({piece.size(), until_page_end, limit - text.size()});
        if (auto done = read(vaddr, {reinterpret_cast<std::byte*>(piece.data()), length}); !done)
            return fail(std::move(done.error()));
        const std::string_view got(piece.data(), length);
        text += until_nul(got);
        if (got.find('\0') != std::string_view::npos) break;
        vaddr += length;
    }
    return text;
}

Result<std::vector<std::byte>> AddressSpace::bytes(std::uint64_t vaddr, std::size_t size) const {
    std::vector<std::byte> buffer(size);
    if (auto done = read(vaddr, buffer); !done) return fail(std::move(done.error()));
    return buffer;
}

}  // namespace postmortem
