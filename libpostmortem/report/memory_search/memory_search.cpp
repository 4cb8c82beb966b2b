#include <algorithm>

#include <fmt/format.h>

#include <postmortem/memory_search.h>

#include "base/checked.h"
#include "base/text.h"
#include "report/memory_search/absent_frames.h"
#include "report/memory_search/searched_space.h"
#include "report/numbers/number_expression.h"

namespace postmortem {
namespace {

constexpr std::size_t shown_characters = 56;
constexpr std::size_t longest_needle = 4096;

// A value to look for, and how it was written where that was no number.
struct Wanted {
    std::uint64_t value = 0;
    std::string name;
};

class MemorySearcher {
  public:
    MemorySearcher(const Kernel& kernel, const MemorySearchRequest& request)
        : kernel_(kernel),
          request_(request),
          page_(kernel.physical().page_size()),
          absent_(kernel.dump()),
          tries_left_(most_tries(kernel.dump())) {}

    Result<MemorySearch> make() {
        found_.unit = request_.unit == 0 ? kernel_.memory().word_size() : request_.unit;
        found_.strings = !request_.strings.empty();
        found_.big_endian = kernel_.memory().endian() == Endian::Big;
        if (auto done = take_values(); !done) return fail(std::move(done.error()));
        auto space = searched_space(kernel_, request_);
        if (!space) return fail(std::move(space.error()));
        space_ = std::move(*space);
        found_.problems = std::move(space_.problems);
        found_.rounded_start = space_.rounded_start;
        for (const SearchedRange& range : space_.ranges)
            if (!search(range)) break;
        add_problems();
        return std::move(found_);
    }

  private:
    static std::uint64_t most_tries(const DumpFile& dump);
    Result<void> take_values();
    Result<Wanted> wanted_value(const std::string& word) const;
    bool search(const SearchedRange& range);
    void search_pages(const SearchedRange& range);
    void search_page(std::uint64_t address, Bytes page);
    std::optional<std::uint64_t> place_in_memory(std::uint64_t address) const;
    std::uint64_t absent_bytes(std::uint64_t address, std::uint64_t last);
    std::uint64_t unmapped_bytes(std::uint64_t address) const;
    std::uint64_t passed_over(std::uint64_t address, ErrorCode why);
    bool has_enough() const { return found_.matches.size() >= most_matches(); }
    // As many values as without those around them.
    std::size_t most_matches() const { return request_.most / (2 * request_.context + 1) + 1; }
    bool has_tried_enough(std::uint64_t address);
    void add_problems();
    const AddressSpace& memory() const { return space_.user ? *space_.user : kernel_.memory(); }
    Result<void> read(std::uint64_t address, MutableBytes out) const {
        return is_physical() ? kernel_.physical().read(address, out, Caching::Pass)
                             : memory().read(address, out, Caching::Pass);
    }
    bool is_physical() const { return request_.where == MemorySearchRequest::Where::Physical; }
    void look_for_values(std::uint64_t address, Bytes page);
    void look_for_strings(std::uint64_t address, Bytes bytes, std::size_t known);
    void add_context(MemoryMatch& match) const;
    std::uint64_t value_at(Bytes bytes, std::size_t at) const;

    const Kernel& kernel_;
    const MemorySearchRequest& request_;
    std::uint64_t page_;
    AbsentFrames absent_;
    std::uint64_t tries_left_;
    std::optional<std::uint64_t> given_up_at_;
    SearchedSpace space_;
    std::vector<Wanted> values_;
    std::size_t kept_ = 0;  ///< bytes of a page that a string may begin in which ends in the next one
    std::vector<std::byte> window_;  ///< those of the page before, and this one
    MemorySearch found_;
};

// Page tables can map one page over and over, without an end. A kernel maps each a few times, and its tables
// have not many entries more that are empty.
std::uint64_t MemorySearcher::most_tries(const DumpFile& dump) {
    constexpr std::uint64_t for_each_frame = 16, more = 1u << 18;
    std::uint64_t frames = 0;
    dump.each_promised_run([&](FrameRun run) { frames += run.end_pfn - run.first_pfn; });
    return checked_add(checked_mul(frames, for_each_frame).value_or(~0ull), more).value_or(~0ull);
}

Result<Wanted> MemorySearcher::wanted_value(const std::string& word) const {
    const std::string name = request_.mask != 0 ? "" : word.starts_with('(') ? word : '(' + word + ')';
    // A symbol whose name looks like a number is a symbol, as for crash.
    if (const auto symbol = kernel_.symbol(word)) return Wanted{*symbol, name};
    if (const auto number = parse_u64(word, 16)) return Wanted{*number, {}};
    const auto value = evaluate_number_expression(kernel_, word);
    if (!value) return fail(value.error());
    return Wanted{*value, name};
}

Result<void> MemorySearcher::take_values() {
    const std::uint64_t largest = found_.unit >= 8 ? ~0ull : (1ull << (8 * found_.unit)) - 1;
    for (const std::string& word : request_.values) {
        auto wanted = wanted_value(word);
        if (!wanted) return fail(std::move(wanted.error()));
        if (wanted->value > largest)
            return fail(ErrorCode::InvalidArgument,
                        fmt::format("{:x} is no value of {} bytes", wanted->value, found_.unit));
        wanted->value &= ~request_.mask;
        values_.push_back(std::move(*wanted));
    }
    for (const std::string& text : request_.strings) {
        if (text.empty() || text.size() > longest_needle)
            return fail(ErrorCode::InvalidArgument, "a string to look for is empty, or too long");
        kept_ = std::max(kept_, text.size() - 1);
    }
    if (values_.empty() && request_.strings.empty())
        return fail(ErrorCode::InvalidArgument, "nothing to look for is named");
    return {};
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
        for (const Wanted& wanted : values_) {
            if ((value & ~request_.mask) != wanted.value) continue;
            MemoryMatch match;
            match.address = address + at;
            match.value = value;
            match.name = wanted.name;
            add_context(match);
            found_.matches.push_back(std::move(match));
        }
    }
}

// `known` bytes were looked at before: they are here for strings that begin in them. What stands behind a
// string is shown up to the end of the page that it ends in.
void MemorySearcher::look_for_strings(std::uint64_t address, Bytes bytes, std::size_t known) {
    const std::string_view text = as_text(bytes);
    for (const std::string& wanted : request_.strings)
        for (std::size_t at = text.find(wanted); at != npos; at = text.find(wanted, at + 1)) {
            if (at + wanted.size() <= known) continue;
            MemoryMatch match;
            match.address = address + at;
            match.text =
                text.substr(at, at < known ? std::max(shown_characters, wanted.size()) : shown_characters);
            found_.matches.push_back(std::move(match));
        }
}

std::optional<std::uint64_t> MemorySearcher::place_in_memory(std::uint64_t address) const {
    if (is_physical()) return address;
    const auto& map = space_.direct_map;
    return map ? map->to_physical(address) : std::nullopt;
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
    const auto way = memory().steps(address);
    if (!way || way->steps.empty() || way->steps.back().leaf) return 0;
    const std::uint64_t reach = way->steps.back().size;
    return reach <= page_ ? 0 : reach - address % reach;
}

// A page that cannot be read is counted. How far nothing can be read.
std::uint64_t MemorySearcher::passed_over(std::uint64_t address, ErrorCode why) {
    window_.clear();
    if (why == ErrorCode::PageExcluded) ++found_.excluded;
    if (why == ErrorCode::PageMissing || why == ErrorCode::Corrupt) ++found_.unreadable;
    return why == ErrorCode::NotMapped ? unmapped_bytes(address) : 0;
}

void MemorySearcher::search_page(std::uint64_t address, Bytes page) {
    if (!found_.strings) return look_for_values(address, page);
    const std::size_t known = std::min(kept_, window_.size());
    window_.erase(window_.begin(), window_.end() - static_cast<std::ptrdiff_t>(known));
    window_.insert(window_.end(), page.begin(), page.end());
    look_for_strings(address - known, window_, known);
}

// Physical memory and the direct map have an end of their own.
bool MemorySearcher::has_tried_enough(std::uint64_t address) {
    if (place_in_memory(address)) return false;
    if (tries_left_ == 0)
        given_up_at_ = address;
    else
        --tries_left_;
    return given_up_at_.has_value();
}

void MemorySearcher::search_pages(const SearchedRange& range) {
    window_.clear();
    std::vector<std::byte> page(page_);
    for (std::uint64_t at = range.first; !has_enough();) {
        std::uint64_t step = absent_bytes(at, range.last);
        if (step != 0) {
            window_.clear();
        } else {
            if (has_tried_enough(at)) return;
            step = std::min(page_ - at % page_ - 1, range.last - at) + 1;
            const MutableBytes bytes = MutableBytes(page).first(step);
            ++found_.pages;
            if (const auto done = read(at, bytes); done)
                search_page(at, bytes);
            else
                step = std::max(step, passed_over(at, done.error().code));
        }
        if (range.last - at < step) return;
        at += step;
        if (at == 0) return;
    }
}

// False where there are matches enough, or there is no end to what is mapped.
bool MemorySearcher::search(const SearchedRange& range) {
    const auto first = static_cast<std::ptrdiff_t>(found_.matches.size());
    search_pages(range);
    const auto added = found_.matches.begin() + first;
    std::stable_sort(added, found_.matches.end(),
                     [](const MemoryMatch& a, const MemoryMatch& b) { return a.address < b.address; });
    if (range.task)
        std::for_each(added, found_.matches.end(), [&](MemoryMatch& match) { match.task = range.task; });
    return !has_enough() && !given_up_at_;
}

void MemorySearcher::add_problems() {
    if (has_enough())
        found_.problems.emplace_back(ErrorCode::Unsupported,
                                     fmt::format("there are more than {} matches", most_matches()));
    if (given_up_at_)
        found_.problems.emplace_back(
            ErrorCode::Corrupt,
            "the page tables map far more than the dump holds: from here on it is not searched",
            *given_up_at_);
    if (found_.unreadable != 0)
        found_.problems.emplace_back(ErrorCode::PageMissing,
                                     fmt::format("{} pages could not be read", found_.unreadable));
    if (found_.excluded != 0)
        found_.problems.emplace_back(
            ErrorCode::PageExcluded,
            fmt::format("{} pages were left out by the dump filter, and are not searched", found_.excluded));
}

}  // namespace

Result<MemorySearch> search_memory(const CrashDump& dump, const MemorySearchRequest& request) {
    return MemorySearcher(dump.kernel(), request).make();
}

}  // namespace postmortem
