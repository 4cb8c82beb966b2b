#include <algorithm>

#include <fmt/format.h>

#include <postmortem/memory_search.h>

#include "base/checked.h"
#include "base/text.h"
#include "kernel/mm/vmalloc_areas.h"
#include "kernel/module/modules.h"
#include "report/memory_search/absent_frames.h"
#include "report/numbers/number_expression.h"

namespace postmortem {
namespace {

constexpr std::size_t shown_characters = 56;
constexpr std::size_t longest_needle = 4096;

// Addresses that follow one another, the last one included.
struct SearchedRange {
    std::uint64_t first = 0, last = 0;
};

class MemorySearcher {
  public:
    MemorySearcher(const Kernel& kernel, const MemorySearchRequest& request)
        : kernel_(kernel),
          request_(request),
          page_(kernel.physical().page_size()),
          machine_(checked_mul(kernel.dump().info().max_pfn, page_).value_or(~0ull)),
          absent_(kernel.dump()) {}

    Result<MemorySearch> make() {
        found_.unit = request_.unit == 0 ? kernel_.memory().word_size() : request_.unit;
        found_.strings = !request_.strings.empty();
        found_.big_endian = kernel_.memory().endian() == Endian::Big;
        if (auto done = take_values(); !done) return fail(std::move(done.error()));
        auto ranges = ranges_wanted();
        if (!ranges) return fail(std::move(ranges.error()));
        for (const SearchedRange& range : *ranges)
            if (!search(range)) break;
        std::sort(found_.matches.begin(), found_.matches.end(),
                  [](const MemoryMatch& a, const MemoryMatch& b) { return a.address < b.address; });
        if (found_.matches.size() >= request_.most)
            found_.problems.emplace_back(ErrorCode::Unsupported,
                                         fmt::format("there are more than {} matches", request_.most));
        if (found_.unreadable != 0)
            found_.problems.emplace_back(ErrorCode::PageMissing,
                                         fmt::format("{} pages could not be read", found_.unreadable));
        if (found_.excluded != 0)
            found_.problems.emplace_back(
                ErrorCode::PageExcluded,
                fmt::format("{} pages were left out by the dump filter, and are not searched",
                            found_.excluded));
        return std::move(found_);
    }

  private:
    Result<void> take_values();
    Result<std::vector<SearchedRange>> ranges_wanted();
    std::vector<SearchedRange> whole_space();
    bool search(const SearchedRange& range);
    std::optional<std::uint64_t> place_in_memory(std::uint64_t address) const;
    std::uint64_t absent_bytes(std::uint64_t address, std::uint64_t last);
    std::uint64_t unmapped_bytes(std::uint64_t address) const;
    Result<void> read(std::uint64_t address, MutableBytes out) const {
        return request_.physical ? kernel_.physical().read(address, out, Caching::Pass)
                                 : kernel_.memory().read(address, out, Caching::Pass);
    }
    void look_for_values(std::uint64_t address, Bytes page);
    void look_for_strings(std::uint64_t address, Bytes bytes, std::size_t known);
    void add_context(MemoryMatch& match) const;
    std::uint64_t value_at(Bytes bytes, std::size_t at) const;

    const Kernel& kernel_;
    const MemorySearchRequest& request_;
    std::uint64_t page_;
    std::uint64_t machine_;  ///< bytes of memory, as the dump claims
    AbsentFrames absent_;
    std::optional<std::uint64_t> direct_map_;
    std::vector<std::uint64_t> values_;
    MemorySearch found_;
};

Result<void> MemorySearcher::take_values() {
    const std::uint64_t largest = found_.unit >= 8 ? ~0ull : (1ull << (8 * found_.unit)) - 1;
    for (const std::string& word : request_.values) {
        const auto number = parse_u64(word, 16);
        const auto value =
            number ? Result<std::uint64_t>(*number) : evaluate_number_expression(kernel_, word);
        if (!value) return fail(value.error());
        if (*value > largest)
            return fail(ErrorCode::InvalidArgument,
                        fmt::format("{:x} is no value of {} bytes", *value, found_.unit));
        values_.push_back(*value & ~request_.mask);
    }
    for (const std::string& text : request_.strings)
        if (text.empty() || text.size() > longest_needle)
            return fail(ErrorCode::InvalidArgument, "a string to look for is empty, or too long");
    if (values_.empty() && request_.strings.empty())
        return fail(ErrorCode::InvalidArgument, "nothing to look for is named");
    return {};
}

// The direct map, what vmalloc() and modules have, and the kernel's image.
std::vector<SearchedRange> MemorySearcher::whole_space() {
    if (request_.physical) return {{0, machine_ == 0 ? 0 : machine_ - 1}};
    std::vector<SearchedRange> ranges;
    (void)kernel_.symbols();
    direct_map_ = kernel_.memory().direct_map_address(0);
    if (direct_map_ && machine_ != 0)
        ranges.push_back({*direct_map_, checked_add(*direct_map_, machine_ - 1).value_or(~0ull)});
    const VmallocAreas areas = read_vmalloc_areas(kernel_);
    for (const Error& problem : areas.problems) found_.problems.push_back(problem);
    for (const VmallocArea& area : areas.areas)
        if (area.bytes != 0 && (area.is_vmalloc() || area.pages != 0))
            ranges.push_back({area.address, checked_add(area.address, area.bytes - 1).value_or(~0ull)});
    const auto first = kernel_.symbol("_text"), end = kernel_.symbol("_end");
    if (first && end && *end > *first) ranges.push_back({*first, *end - 1});
    std::sort(ranges.begin(), ranges.end(),
              [](const SearchedRange& a, const SearchedRange& b) { return a.first < b.first; });
    return ranges;
}

Result<std::vector<SearchedRange>> MemorySearcher::ranges_wanted() {
    const auto address = [&](const std::string& word) -> Result<std::uint64_t> {
        const auto number = parse_u64(word, 16);
        return number ? Result<std::uint64_t>(*number) : evaluate_number_expression(kernel_, word);
    };
    std::vector<SearchedRange> whole = whole_space();
    if (request_.start.empty() && request_.end.empty() && !request_.length) return whole;
    const auto start = request_.start.empty() ? Result<std::uint64_t>(whole.empty() ? 0 : whole.front().first)
                                              : address(request_.start);
    if (!start) return fail(start.error());
    std::uint64_t last = ~0ull;
    if (!request_.end.empty()) {
        const auto end = address(request_.end);
        if (!end) return fail(end.error());
        if (*end <= *start)
            return fail(ErrorCode::InvalidArgument,
                        fmt::format("{:x} does not lie behind {:x}", *end, *start));
        last = *end - 1;
    } else if (request_.length) {
        last = checked_add(*start, std::max<std::uint64_t>(*request_.length, 1) - 1).value_or(~0ull);
    }
    // Both ends are named: whatever is mapped there. Else what of all that is searched lies there.
    if (!request_.start.empty() && last != ~0ull) return std::vector<SearchedRange>{{*start, last}};
    std::vector<SearchedRange> parts;
    for (const SearchedRange& range : whole)
        if (range.last >= *start && range.first <= last)
            parts.push_back({std::max(range.first, *start), std::min(range.last, last)});
    return parts;
}

std::uint64_t MemorySearcher::value_at(Bytes bytes, std::size_t at) const {
    const Endian endian = kernel_.memory().endian();
    switch (found_.unit) {
        case 2: return load<std::uint16_t>(bytes.data() + at, endian);
        case 4: return load<std::uint32_t>(bytes.data() + at, endian);
        default: return load<std::uint64_t>(bytes.data() + at, endian);
    }
}

void MemorySearcher::add_context(MemoryMatch& match) const {
    std::vector<std::byte> raw(found_.unit);
    for (std::size_t i = 1; i <= request_.context; ++i) {
        if (read(match.address - i * found_.unit, raw))
            match.before.insert(match.before.begin(), value_at(raw, 0));
        if (read(match.address + i * found_.unit, raw)) match.behind.push_back(value_at(raw, 0));
    }
}

void MemorySearcher::look_for_values(std::uint64_t address, Bytes page) {
    for (std::size_t at = 0; at + found_.unit <= page.size(); at += found_.unit) {
        const std::uint64_t value = value_at(page, at);
        for (const std::uint64_t wanted : values_) {
            if ((value & ~request_.mask) != wanted) continue;
            MemoryMatch match;
            match.address = address + at;
            match.value = value;
            add_context(match);
            found_.matches.push_back(std::move(match));
            break;
        }
    }
}

// `known` bytes were looked at before: they are here for strings that begin in them.
void MemorySearcher::look_for_strings(std::uint64_t address, Bytes bytes, std::size_t known) {
    const std::string_view text = as_text(bytes);
    for (const std::string& wanted : request_.strings)
        for (std::size_t at = text.find(wanted); at != npos; at = text.find(wanted, at + 1)) {
            if (at + wanted.size() <= known) continue;
            MemoryMatch match;
            match.address = address + at;
            std::vector<std::byte> raw(shown_characters);
            match.text = read(match.address, raw) ? std::string(as_text(raw)) : wanted;
            found_.matches.push_back(std::move(match));
        }
}

std::optional<std::uint64_t> MemorySearcher::place_in_memory(std::uint64_t address) const {
    if (request_.physical) return address;
    if (!direct_map_ || address < *direct_map_ || address - *direct_map_ >= machine_) return std::nullopt;
    return address - *direct_map_;
}

// How far the dump holds nothing of physical memory from `address` on. What the machine had there is counted.
std::uint64_t MemorySearcher::absent_bytes(std::uint64_t address, std::uint64_t last) {
    const auto place = place_in_memory(address);
    if (!place) return 0;
    const std::uint64_t first = *place / page_,
                        last_place = checked_add(*place, last - address).value_or(~0ull);
    const std::uint64_t end = absent_.end_of_gap(first, last_place / page_ + 1);
    if (end == first) return 0;
    const AbsentFrames::Count count = absent_.count(first, end);
    found_.excluded += count.excluded;
    found_.unreadable += count.unreadable;
    found_.pages += end - first;
    return checked_mul(end - first, page_).value_or(~0ull) - *place % page_;
}

// How far an entry of the page tables that is not present reaches; nothing where one is.
std::uint64_t MemorySearcher::unmapped_bytes(std::uint64_t address) const {
    const auto way = kernel_.memory().steps(address);
    if (!way || way->steps.empty() || way->steps.back().leaf) return 0;
    const std::uint64_t reach = way->steps.back().size;
    return reach <= page_ ? 0 : reach - address % reach;
}

// False where there are matches enough.
bool MemorySearcher::search(const SearchedRange& range) {
    std::size_t kept = 0;
    for (const std::string& text : request_.strings) kept = std::max(kept, text.size() - 1);
    std::vector<std::byte> window;  // the end of the page before, and this one
    for (std::uint64_t at = range.first; found_.matches.size() < request_.most;) {
        if (const std::uint64_t absent = absent_bytes(at, range.last); absent != 0) {
            window.clear();
            if (range.last - at < absent) return true;
            at += absent;
            continue;
        }
        std::uint64_t in_page = std::min(page_ - at % page_ - 1, range.last - at) + 1;
        std::vector<std::byte> page(in_page);
        ++found_.pages;
        if (const auto done = read(at, page); done) {
            if (!found_.strings) {
                look_for_values(at, page);
            } else {
                const std::size_t known = std::min(kept, window.size());
                window.erase(window.begin(), window.end() - static_cast<std::ptrdiff_t>(known));
                window.insert(window.end(), page.begin(), page.end());
                look_for_strings(at - known, window, known);
            }
        } else {
            window.clear();
            const ErrorCode code = done.error().code;
            if (code == ErrorCode::PageExcluded) ++found_.excluded;
            if (code == ErrorCode::PageMissing || code == ErrorCode::Corrupt) ++found_.unreadable;
            if (code == ErrorCode::NotMapped) in_page = std::max(in_page, unmapped_bytes(at));
        }
        if (range.last - at < in_page) return true;
        at += in_page;
        if (at == 0) return true;
    }
    return false;
}

}  // namespace

Result<MemorySearch> search_memory(const CrashDump& dump, const MemorySearchRequest& request) {
    return MemorySearcher(dump.kernel(), request).make();
}

}  // namespace postmortem
