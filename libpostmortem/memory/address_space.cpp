#include "memory/address_space.h"

#include <algorithm>

#include "base/checked.h"
#include "base/parallel.h"

namespace postmortem {
namespace {

constexpr std::uint64_t small_page = 4096;

// What the tables themselves decide; any other error is a hole in the dump.
bool tables_were_readable(const Error& error) {
    return error.code == ErrorCode::NotMapped;
}

// Neighbouring frames must not differ as neighbouring pages do, or a torn cache entry could pass for another.
std::uint64_t mixed(std::uint64_t frame) {
    return frame * 0x9e3779b97f4a7c15ull;
}

}  // namespace

std::optional<std::uint64_t> LinearRange::to_physical(std::uint64_t vaddr) const {
    if (vaddr < first || vaddr > last) return std::nullopt;
    return paddr + (vaddr - first);
}

std::optional<std::uint64_t> LinearRange::to_virtual(std::uint64_t physical) const {
    if (physical < paddr || physical - paddr > last - first) return std::nullopt;
    return first + (physical - paddr);
}

AddressSpace::AddressSpace(const PhysicalMemory& physical, Result<std::unique_ptr<PageTableWalker>> walker,
                           std::vector<LinearRange> linear, std::uint32_t word_size)
    : physical_(physical),
      walker_(std::move(walker)),
      linear_(std::move(linear)),
      word_size_(word_size),
      cache_(cached_translations) {}

Result<Translation> AddressSpace::walk(std::uint64_t vaddr) const {
    Result<Translation> walked = walker_ ? (*walker_)->walk(vaddr) : without_tables(vaddr);
    if (walked || (walker_ && tables_were_readable(walked.error()))) return walked;
    if (const auto place = linear(vaddr)) return *place;
    return walked;
}

tl::unexpected<Error> AddressSpace::without_tables(std::uint64_t vaddr) const {
    return fail(walker_.error().code, walker_.error().message, vaddr);
}

std::optional<Translation> AddressSpace::linear(std::uint64_t vaddr) const {
    for (const LinearRange& range : linear_)
        if (const auto place = range.to_physical(vaddr)) return Translation{*place, small_page};
    const auto map = direct_map();
    const auto place = map ? map->to_physical(vaddr) : std::nullopt;
    return place ? std::optional(Translation{*place, small_page}) : std::nullopt;
}

bool AddressSpace::is_in_linear_range(std::uint64_t vaddr) const {
    return std::any_of(linear_.begin(), linear_.end(),
                       [&](const LinearRange& range) { return range.to_physical(vaddr).has_value(); });
}

void AddressSpace::set_direct_map(Result<LinearRange> range) const {
    std::call_once(direct_map_once_, [&] {
        direct_map_ = std::move(range);
        has_direct_map_.store(true, std::memory_order_release);
    });
}

std::optional<LinearRange> AddressSpace::direct_map() const {
    if (!has_direct_map_.load(std::memory_order_acquire) || !direct_map_) return std::nullopt;
    return *direct_map_;
}

Error AddressSpace::why_no_direct_map() const {
    if (has_direct_map_.load(std::memory_order_acquire) && !direct_map_) return direct_map_.error();
    return {ErrorCode::Unsupported, "where the kernel maps all memory is not known"};
}

std::optional<std::uint64_t> AddressSpace::direct_map_address(std::uint64_t paddr) const {
    const auto map = direct_map();
    return map ? map->to_virtual(paddr) : std::nullopt;
}

void AddressSpace::ignore_tags(std::uint64_t bits) const {
    tag_bits_.store(bits, std::memory_order_relaxed);
}

Result<Translation> AddressSpace::translate_whole(std::uint64_t vaddr) const {
    return walk(untagged(vaddr));
}

Result<std::uint64_t> AddressSpace::last_entry(std::uint64_t vaddr) const {
    if (!walker_) return without_tables(vaddr);
    return (*walker_)->last_entry(untagged(vaddr));
}

Result<TableWalk> AddressSpace::steps(std::uint64_t vaddr) const {
    if (!walker_) return without_tables(vaddr);
    return (*walker_)->steps(untagged(vaddr));
}

Result<std::uint64_t> AddressSpace::translate(std::uint64_t vaddr) const {
    const std::uint64_t page = align_down(untagged(vaddr), small_page);
    CachedTranslation& cached = cache_[(page / small_page) % cached_translations];
    // Bit 0 marks a filled entry: a page address never has it.
    const std::uint64_t key = page | 1;
    const std::uint64_t frame = cached.frame.load(std::memory_order_relaxed);
    if ((cached.tag.load(std::memory_order_relaxed) ^ mixed(frame)) == key) return frame + vaddr % small_page;

    auto walked = walk(page);
    if (!walked) {
        walked.error().address = vaddr;
        return fail(std::move(walked.error()));
    }
    cached.frame.store(walked->paddr, std::memory_order_relaxed);
    cached.tag.store(key ^ mixed(walked->paddr), std::memory_order_relaxed);
    return walked->paddr + vaddr % small_page;
}

Result<void> AddressSpace::read(std::uint64_t vaddr, MutableBytes out, Caching caching) const {
    if (!out.empty() && !checked_add(vaddr, out.size() - 1))
        return fail(ErrorCode::NotMapped, "the range reaches past the end of the address space", vaddr);
    while (!out.empty()) {
        const std::size_t length = std::min<std::size_t>(out.size(), small_page - vaddr % small_page);
        const auto paddr = translate(vaddr);
        if (!paddr) return fail(paddr.error());
        if (auto done = physical_.read(*paddr, out.first(length), caching); !done) {
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

std::size_t AddressSpace::read_large(std::uint64_t vaddr, MutableBytes out, std::byte filler) const {
    constexpr std::size_t pages_per_piece = 32;
    const std::uint64_t start = align_down(vaddr, small_page);
    const std::size_t pages = (vaddr - start + out.size() + small_page - 1) / small_page;
    std::atomic<std::size_t> lost = 0;
    parallel_for(pages, pages_per_piece, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) {
            const std::size_t from = i == 0 ? 0 : i * small_page - (vaddr - start);
            const std::size_t to = std::min(out.size(), (i + 1) * small_page - (vaddr - start));
            const MutableBytes piece = out.subspan(from, to - from);
            if (read(vaddr + from, piece, Caching::Pass)) continue;
            std::fill(piece.begin(), piece.end(), filler);
            ++lost;
        }
    });
    return lost;
}

}  // namespace postmortem
