#include "log/oom/oom_memory.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "log/oom/oom_words.h"
#include "log/text/cursor.h"

namespace postmortem::oom {
namespace {

// Bounds for a hostile log: no machine has more.
constexpr std::size_t max_zones = 16 * 1024;
constexpr std::size_t max_counters = 512;
constexpr std::size_t max_caches = 16 * 1024;
constexpr std::uint64_t max_hugepages = std::uint64_t{1} << 32;
constexpr std::uint64_t max_hugepage_kib = 16 * 1024 * 1024;

void set_counter(OomCounters& counters, std::string_view name, std::uint64_t value) {
    const auto same = [&](const OomCounter& counter) { return counter.name == name; };
    const auto found = std::find_if(counters.begin(), counters.end(), same);
    if (found != counters.end()) {
        found->value = value;
    } else if (counters.size() < max_counters) {
        counters.push_back({std::string(name), value});
    }
}

// "Node 0 " in front, if there is one.
std::optional<std::int64_t> take_node(Cursor& cursor) {
    Cursor at = cursor;
    if (!at.take("Node ")) return std::nullopt;
    const auto node = at.number();
    if (!node || *node > 1 << 20) return std::nullopt;
    at.skip_blanks();
    cursor = at;
    return static_cast<std::int64_t>(*node);
}

OomZone* find_zone(OomMemInfo& memory, std::optional<std::int64_t> node, std::string_view name) {
    for (OomZone& zone : memory.zones) {
        if (zone.node == node && zone.name == name) return &zone;
    }
    if (memory.zones.size() >= max_zones) return nullptr;
    OomZone zone;
    zone.node = node;
    zone.name = std::string(name);
    return &memory.zones.emplace_back(std::move(zone));
}

bool read_totals(std::string_view text, OomMemInfo& memory) {
    const KeyValues values = parse_key_values(text);
    bool any = false;
    for (const KeyValue& pair : values.pairs) {
        if (!pair.unit.empty()) continue;
        // 2.6.28 to 2.6.31 began the list with a capital: mm/page_alloc.c: show_free_areas
        set_counter(memory.totals_pages, pair.key == "Active_anon" ? "active_anon" : pair.key, pair.value);
        any = true;
    }
    return any;
}

bool read_node(std::string_view text, OomMemInfo& memory) {
    Cursor cursor(text);
    const auto id = take_node(cursor);
    if (!id || memory.nodes.size() >= max_zones) return false;
    OomNode node;
    node.id = *id;
    const KeyValues values = parse_key_values(cursor.rest());
    for (const KeyValue& pair : values.pairs) set_counter(node.counters_kib, pair.key, pair.value);
    node.all_unreclaimable = values.all_unreclaimable;
    memory.nodes.push_back(std::move(node));
    return true;
}

bool read_zone(std::string_view text, OomMemInfo& memory) {
    Cursor cursor(text);
    const auto node = take_node(cursor);
    OomZone* const zone = find_zone(memory, node, cursor.word());
    if (zone == nullptr) return false;
    const std::array<std::pair<std::string_view, std::optional<std::uint64_t>*>, 7> fields = {{
        {"free", &zone->free_kib},
        {"boost", &zone->boost_kib},
        {"min", &zone->min_kib},
        {"low", &zone->low_kib},
        {"high", &zone->high_kib},
        {"present", &zone->present_kib},
        {"managed", &zone->managed_kib},
    }};
    const KeyValues values = parse_key_values(cursor.rest());
    for (const KeyValue& pair : values.pairs) {
        const auto field = std::find_if(fields.begin(), fields.end(),
                                        [&](const auto& entry) { return entry.first == pair.key; });
        if (field != fields.end()) {
            *field->second = pair.value;
        } else if (pair.key == "pages_scanned") {
            zone->pages_scanned = pair.value;
        } else if (pair.is_size()) {
            set_counter(zone->counters_kib, pair.key, pair.value);
        }
    }
    if (values.all_unreclaimable) zone->all_unreclaimable = values.all_unreclaimable;
    return true;
}

// The line belongs to the zone that was printed last.
bool read_lowmem_reserve(std::string_view text, OomMemInfo& memory) {
    if (memory.zones.empty() || !memory.zones.back().lowmem_reserve_pages.empty()) return false;
    Cursor cursor(text);
    if (!cursor.until(":")) return false;
    std::vector<std::uint64_t>& reserve = memory.zones.back().lowmem_reserve_pages;
    for (cursor.skip_blanks(); reserve.size() < 16; cursor.skip_blanks()) {
        const auto pages = cursor.number();
        if (!pages) break;
        reserve.push_back(std::min(*pages, max_value));
    }
    return true;
}

// "(UME)" behind a count.
std::string_view take_types(Cursor& cursor) {
    Cursor at = cursor;
    at.skip_blanks();
    if (!at.take('(')) return {};
    const auto types = at.until(")");
    if (!types || types->size() > 16) return {};
    cursor = at;
    return *types;
}

bool read_free_list(std::string_view text, OomMemInfo& memory) {
    Cursor cursor(text);
    const auto node = take_node(cursor);
    const auto name = cursor.until(":");
    if (!name) return false;
    OomZone* const zone = find_zone(memory, node, *name);
    if (zone == nullptr || !zone->free_blocks.empty()) return false;
    while (zone->free_blocks.size() < 32) {
        cursor.skip_blanks();
        Cursor at = cursor;
        OomFreeBlocks blocks;
        const auto count = at.number();
        if (!count || !at.take('*')) break;
        const auto size = at.number();
        if (!size || !at.take("kB")) break;
        blocks.count = std::min(*count, max_value);
        blocks.size_kib = std::min(*size, max_value);
        blocks.types = std::string(take_types(at));
        zone->free_blocks.push_back(std::move(blocks));
        cursor = at;
    }
    cursor.skip_blanks();
    if (cursor.take('=')) {
        cursor.skip_blanks();
        zone->free_blocks_total_kib = cursor.number();
    }
    const std::uint64_t smallest = zone->free_blocks.empty() ? 0 : zone->free_blocks.front().size_kib;
    if (!memory.page_size_kib && smallest >= 4 && smallest <= 256) memory.page_size_kib = smallest;
    return true;
}

bool read_hugepages(std::string_view text, OomMemInfo& memory) {
    Cursor cursor(text);
    OomHugepages pages;
    pages.node = take_node(cursor);
    const auto total = number_behind(text, "hugepages_total=");
    if (!total || memory.hugepages.size() >= max_zones) return false;
    pages.total = std::min(*total, max_hugepages);
    pages.free = number_behind(text, "hugepages_free=").value_or(0);
    pages.surplus = number_behind(text, "hugepages_surp=").value_or(0);
    pages.page_size_kib = std::min(number_behind(text, "hugepages_size=").value_or(0), max_hugepage_kib);
    memory.hugepages.push_back(pages);
    return true;
}

// "123 pages RAM", "123 pages of RAM", "123 reserved pages": one name for what changed its wording.
bool read_page_count(std::string_view text, OomMemInfo& memory) {
    Cursor cursor(text);
    const auto pages = cursor.number();
    if (!pages) return false;
    cursor.skip_blanks();
    std::string_view name = without_trailing_blanks(cursor.rest());
    if (name.starts_with("pages ")) name.remove_prefix(6);
    if (name.starts_with("of ")) name.remove_prefix(3);
    if (name == "total pagecache pages") name = "pagecache";
    if (name.ends_with(" pages")) name.remove_suffix(6);
    if (name == "in swap cache" || name == "swap cached") {
        memory.swap.cache_pages = *pages;
        return true;
    }
    set_counter(memory.page_counts, name, std::min(*pages, max_value));
    return true;
}

bool read_swap(std::string_view text, OomSwap& swap) {
    const bool old_total =
        contains(text, "swap:");  // "Free swap:  0kB" repeats the line with the equals sign
    const auto size = number_behind(text, old_total ? ":" : "=");
    if (!size) return false;
    std::optional<std::uint64_t>& field = text.starts_with("Free") ? swap.free_kib : swap.total_kib;
    if (!field) field = std::min(*size, max_value);
    return true;
}

bool read_slab_row(std::string_view text, OomMemInfo& memory) {
    Cursor cursor(text);
    OomSlabCache cache;
    cache.name = std::string(cursor.word());
    cursor.skip_blanks();
    const auto used = cursor.number();
    if (!used || !cursor.take("KB") || memory.slab.size() >= max_caches) return false;
    cursor.skip_blanks();
    cache.used_kib = std::min(*used, max_value);
    cache.total_kib = std::min(cursor.number().value_or(*used), max_value);
    memory.slab.push_back(std::move(cache));
    return true;
}

// "3176243200" of 6.10, "2.96 GiB" of later kernels (lib/string_helpers.c: string_get_size).
std::optional<std::uint64_t> take_bytes(Cursor& cursor) {
    static constexpr std::array<std::string_view, 7> units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    const auto whole = cursor.number();
    if (!whole) return std::nullopt;
    double value = static_cast<double>(*whole);
    if (cursor.take('.')) {
        double scale = 0.1;
        for (const char digit : cursor.take_while(is_digit)) {
            value += scale * (digit - '0');
            scale /= 10;
        }
    }
    Cursor unit = cursor;
    unit.skip_blanks();
    const std::string_view word = unit.word();
    const auto found = std::find(units.begin(), units.end(), word);
    if (found == units.end()) return whole;
    cursor = unit;
    for (auto at = units.begin(); at != found; ++at) value *= 1024;
    return value < 1.8e19 ? std::optional(static_cast<std::uint64_t>(value)) : std::nullopt;
}

bool read_allocation_row(std::string_view text, OomMemInfo& memory) {
    Cursor cursor(without_leading_blanks(text));
    OomAllocationSite site;
    const auto bytes = take_bytes(cursor);
    if (!bytes) return false;
    site.bytes = *bytes;
    cursor.skip_blanks();
    site.calls = cursor.number().value_or(0);
    cursor.skip_blanks();
    const std::string_view place = cursor.word();
    const std::size_t colon = place.rfind(':');
    site.file = std::string(place.substr(0, colon));
    if (colon != std::string_view::npos) site.line = parse_u64(place.substr(colon + 1), 10).value_or(0);
    if (const auto module = text_between(cursor.rest(), "[", "]"); module && contains(cursor.rest(), "]"))
        site.module = std::string(*module);
    if (const auto function = text_between(cursor.rest(), "func:", " "))
        site.function = std::string(*function);
    if (memory.allocations.size() < 256) memory.allocations.push_back(std::move(site));
    return true;
}

}  // namespace

bool read_memory_line(Shape shape, std::string_view text, OomMemInfo& memory) {
    switch (shape) {
        case Shape::KeyValues: return read_totals(text, memory);
        case Shape::Node: return read_node(text, memory);
        case Shape::Zone: return read_zone(text, memory);
        case Shape::LowmemReserve: return read_lowmem_reserve(text, memory);
        case Shape::FreeList: return read_free_list(text, memory);
        case Shape::Hugepages: return read_hugepages(text, memory);
        case Shape::PageCount: return read_page_count(text, memory);
        case Shape::Swap: return read_swap(text, memory.swap);
        case Shape::SlabRow: return read_slab_row(text, memory);
        case Shape::AllocationRow: return read_allocation_row(text, memory);
        case Shape::FreePagesTotal:  // its pages follow in the totals, as "free:"
        case Shape::SwapCache:
        case Shape::PerCpu: return true;
        default: return false;
    }
}

}  // namespace postmortem::oom
