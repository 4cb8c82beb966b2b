#include "report/memory_search/searched_space.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/checked.h"
#include "base/problem_collector.h"
#include "base/text.h"
#include "kernel/mm/numa.h"
#include "kernel/mm/page_structs.h"
#include "kernel/mm/user_space.h"
#include "kernel/mm/vm_areas.h"
#include "kernel/mm/vmalloc_areas.h"
#include "kernel/sched/tasks.h"
#include "kernel/unwind/stacks.h"
#include "report/numbers/number_expression.h"
#include "report/tasks/context_tasks.h"
#include "report/tasks/task_mention.h"

namespace postmortem {
namespace {

using Where = MemorySearchRequest::Where;

class SpaceMaker {
  public:
    SpaceMaker(const Kernel& kernel, const MemorySearchRequest& request)
        : kernel_(kernel), request_(request) {
        space_.machine_bytes =
            checked_mul(kernel.dump().info().max_pfn, std::uint64_t{kernel.physical().page_size()})
                .value_or(~0ull);
    }

    Result<SearchedSpace> make() {
        if (auto done = add_whole(); !done) return fail(std::move(done.error()));
        if (auto done = narrow(); !done) return fail(std::move(done.error()));
        for (Error& problem : problems_.take()) space_.problems.push_back(std::move(problem));
        return std::move(space_);
    }

  private:
    Result<void> add_whole();
    void add_linear();
    void add_mapped();
    void add_page_structs();
    Result<void> add_user();
    void add_stacks(bool active_alone);
    void add(std::uint64_t first, std::uint64_t bytes);
    void join();
    Result<void> narrow();
    bool has_both_ends() const {
        return !request_.start.empty() && (!request_.end.empty() || request_.length);
    }
    Result<std::uint64_t> address(const std::string& word) const;
    Result<std::optional<std::uint64_t>> named_end(std::uint64_t start) const;

    const Kernel& kernel_;
    const MemorySearchRequest& request_;
    SearchedSpace space_;
    ProblemCollector problems_;
};

void SpaceMaker::add(std::uint64_t first, std::uint64_t bytes) {
    if (bytes != 0) space_.ranges.push_back({first, checked_add(first, bytes - 1).value_or(~0ull)});
}

Result<void> SpaceMaker::add_whole() {
    switch (request_.where) {
        case Where::Physical: add(0, space_.machine_bytes); break;
        case Where::User: return add_user();
        case Where::Stacks: add_stacks(false); break;
        case Where::ActiveStacks: add_stacks(true); break;
        case Where::Linear: add_linear(); break;
        case Where::Mapped: add_mapped(); break;
        case Where::Kernel:
            add_linear();
            if (!has_both_ends()) add_mapped();
            break;
    }
    return {};
}

void SpaceMaker::add_linear() {
    (void)kernel_.symbols();
    space_.direct_map = kernel_.memory().direct_map();
    if (const auto& map = space_.direct_map; map && map->paddr < space_.machine_bytes)
        add(map->first, std::min(map->last - map->first + 1, space_.machine_bytes - map->paddr));
    const auto first = kernel_.symbol("_text"), end = kernel_.symbol("_end");
    if (first && end && *end > *first)
        add(*first, *end - *first);
    else if (!first || !end)
        problems_.add("the kernel's image", !first ? first.error() : end.error());
    join();
}

// All areas: vmap() maps pages that the area does not count as its own, such as the stacks of interrupts.
void SpaceMaker::add_mapped() {
    const VmallocAreas areas = read_vmalloc_areas(kernel_);
    problems_.add_all(areas.problems);
    for (const VmallocArea& area : areas.areas) add(area.address, area.bytes);
    add_page_structs();
    join();
}

// Up to the last page of the last node. Where page structs have no place of their own, the direct map holds
// them.
void SpaceMaker::add_page_structs() {
    const auto pages = PageStructs::open(kernel_);
    if (!pages && pages.error().code == ErrorCode::Unsupported && !kernel_.arch().memory.page_structs) return;
    if (!pages) return problems_.add("the page structs", pages.error());
    const auto nodes = read_memory_nodes(kernel_);
    const auto frames = nodes ? end_of_nodes(*nodes) : std::nullopt;
    const auto first = pages->of_frame(0),
               end = pages->of_frame(frames.value_or(kernel_.dump().info().max_pfn));
    if (first && end && *end > *first) add(*first, *end - *first);
}

Result<void> SpaceMaker::add_user() {
    const TaskTable table = read_tasks(kernel_);
    auto chosen = context_tasks(kernel_, table, request_.whose);
    if (!chosen) return fail(std::move(chosen.error()));
    if (chosen->tasks.empty())
        return fail(chosen->problems.empty() ? Error(ErrorCode::NotFound, "no such task")
                                             : chosen->problems.front());
    const Task& task = *chosen->tasks.front();
    auto user = user_space(kernel_, task.mm);
    if (!user) return fail(std::move(user.error()));
    space_.user = std::move(*user);
    const VmAreas areas = read_vm_areas(kernel_, task.mm);
    problems_.add_all(areas.problems);
    for (const VmArea& area : areas.areas)
        if (area.end > area.start) add(area.start, area.end - area.start);
    join();
    return {};
}

void SpaceMaker::add_stacks(bool active_alone) {
    const Stacks stacks(kernel_);
    const TaskTable table = read_tasks(kernel_);
    problems_.add_all(table.problems);
    for (const Task& task : table.tasks) {
        const StackRange stack = stacks.of_task(task.stack);
        if (task.stack == 0 || stack.high <= stack.low || (active_alone && !task.active)) continue;
        space_.ranges.push_back({stack.low, stack.high - 1, mention(task)});
    }
}

// In order; what lies in two of them, as an image in the direct map does, is searched once.
void SpaceMaker::join() {
    std::vector<SearchedRange>& ranges = space_.ranges;
    std::sort(ranges.begin(), ranges.end(),
              [](const SearchedRange& a, const SearchedRange& b) { return a.first < b.first; });
    std::vector<SearchedRange> joined;
    for (const SearchedRange& range : ranges) {
        const bool meets =
            !joined.empty() && (range.first <= joined.back().last || range.first - 1 == joined.back().last);
        if (meets)
            joined.back().last = std::max(joined.back().last, range.last);
        else
            joined.push_back(range);
    }
    ranges = std::move(joined);
}

Result<std::uint64_t> SpaceMaker::address(const std::string& word) const {
    const auto number = parse_u64(word, 16);
    return number ? Result<std::uint64_t>(*number) : evaluate_number_expression(kernel_, word);
}

// Where the words say that the search ends; nothing where they do not. As for crash at a long.
Result<std::optional<std::uint64_t>> SpaceMaker::named_end(std::uint64_t start) const {
    std::optional<std::uint64_t> end;
    if (!request_.end.empty()) {
        const auto named = address(request_.end);
        if (!named) return fail(named.error());
        if (*named <= start)
            return fail(ErrorCode::InvalidArgument,
                        fmt::format("{:x} does not lie behind {:x}", *named, start));
        end = *named;
    } else if (request_.length) {
        end = checked_add(start, *request_.length).value_or(~0ull);
    }
    if (end) end = align_down<std::uint64_t>(*end, kernel_.memory().word_size());
    return end;
}

// To what lies between the ends that are named.
Result<void> SpaceMaker::narrow() {
    if (request_.start.empty() && request_.end.empty() && !request_.length) return {};
    const std::uint64_t lowest = space_.ranges.empty() ? 0 : space_.ranges.front().first;
    const auto named = request_.start.empty() ? Result<std::uint64_t>(lowest) : address(request_.start);
    if (!named) return fail(named.error());
    const bool of_kernel = request_.where != Where::Physical && request_.where != Where::User;
    if (of_kernel && !kernel_.is_named_of_kernel(*named))
        return fail(ErrorCode::InvalidArgument, fmt::format("{:x} is no address of the kernel", *named));
    const auto start = align_down<std::uint64_t>(*named, kernel_.memory().word_size());
    if (start != *named) space_.rounded_start = start;
    const auto end = named_end(start);
    if (!end) return fail(end.error());
    std::vector<SearchedRange> parts;
    // Of kernel memory between two ends that are named all is searched, whoever mapped it.
    if (has_both_ends() && (request_.where == Where::Kernel || request_.where == Where::Physical)) {
        if (**end > start) parts.push_back({start, **end - 1});
    } else {
        for (const SearchedRange& range : space_.ranges)
            if (range.last >= start && (!*end || range.first < **end))
                parts.push_back({std::max(range.first, start),
                                 *end ? std::min(range.last, **end - 1) : range.last, range.task});
    }
    space_.ranges = std::move(parts);
    return {};
}

}  // namespace

Result<SearchedSpace> searched_space(const Kernel& kernel, const MemorySearchRequest& request) {
    return SpaceMaker(kernel, request).make();
}

}  // namespace postmortem
