#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <postmortem/address_spaces.h>
#include <postmortem/crash_dump.h>

#include "base/bytes.h"
#include "base/problem_collector.h"
#include "base/text.h"
#include "kernel/fs/paths.h"
#include "kernel/mm/numa.h"
#include "kernel/mm/swapped_pages.h"
#include "kernel/mm/task_memory.h"
#include "kernel/mm/user_space.h"
#include "kernel/mm/vm_areas.h"
#include "report/tasks/context_tasks.h"
#include "report/tasks/task_mention.h"

namespace postmortem {
namespace {

constexpr std::uint64_t most_pages = 1u << 22;  // that are told of one task: 16 GiB of small ones

class AddressSpaceMaker {
  public:
    AddressSpaceMaker(const Kernel& kernel, const TaskTable& table, const AddressSpaceRequest& request)
        : kernel_(kernel),
          request_(request),
          memory_(kernel, table),
          page_size_(kernel.dump().page_size()),
          swapped_(kernel) {}

    TaskAddressSpace make(const Task& task) {
        TaskAddressSpace made;
        made.task = mention(task);
        made.mm = task.mm;
        made.rss_kib = made.total_kib = 0;
        if (task.mm == 0) return made;
        const auto tables = kernel_.object("mm_struct", task.mm)["pgd"].u64();
        made.pgd = tables.value_or(0);
        if (!tables) problem("the page tables", task, tables.error());
        add_sizes(made, task);
        const auto space = with_pages() ? user_space(kernel_, task.mm) : fail(Error());
        if (with_pages() && !space) problem("user memory", task, space.error());
        VmAreas found = read_vm_areas(kernel_, task.mm);
        for (const Error& error : found.problems) problem("the address space", task, error);
        std::uint64_t pages_left = most_pages;
        for (const VmArea& area : found.areas) {
            if (request_.area && area.address != *request_.area) continue;
            made.areas.push_back({area.address, area.start, area.end, area.flags, file_of(area, task), {}});
            if (space) add_pages(made.areas.back(), area, **space, pages_left, task);
        }
        if (request_.area && made.areas.empty())
            problem("the area", task, Error(ErrorCode::NotFound, "it is none of the task's", *request_.area));
        return made;
    }

    /// Keeps what the request looks for; false where there is nothing of it.
    bool keep_reference(TaskAddressSpace& space, const Task& task) {
        const std::optional<std::uint64_t> number = parse_u64(request_.reference, 16);
        if (number && *number != 0 && (*number == space.mm || *number == space.pgd)) {
            space.areas.clear();
            return true;
        }
        std::erase_if(space.areas, [&](UserArea& area) { return !has_reference(area, number, task); });
        return !space.areas.empty();
    }

    Problems take_problems() {
        Problems all = problems_.take();
        for (Error& error : swapped_.take_problems()) all.push_back(std::move(error));
        return all;
    }

  private:
    bool has_reference(UserArea& area, const std::optional<std::uint64_t>& number, const Task& task) {
        if (number && (*number == area.area || *number == area.flags)) return true;
        if (number && *number != 0 && *number % page_size_ == 0) add_pages_at(area, *number, task);
        if (!area.pages.empty()) return true;
        return request_.reference == "/" ? area.file == "/" : contains(area.file, request_.reference);
    }

    // The page of that virtual address, and those that are mapped to that physical one.
    void add_pages_at(UserArea& area, std::uint64_t number, const Task& task) {
        const bool is_virtual = number >= area.start && number < area.end;
        const bool is_physical = number / page_size_ < kernel_.dump().info().max_pfn;
        if (!is_virtual && !is_physical) return;
        const auto space = user_space(kernel_, task.mm);
        if (!space) return problem("user memory", task, space.error());
        if (is_virtual) {
            const VmArea whole = {area.area,
                                  area.start,
                                  area.end,
                                  area.flags,
                                  area.file.empty() ? 0u : 1u,
                                  kernel_.object("vm_area_struct", area.area)["vm_pgoff"].u64_or(0)};
            area.pages.push_back(page_at(number, whole, area.file, **space, task));
        }
        if (is_physical) {
            const auto mapped = addresses_mapped_to(**space, area.start, area.end, number);
            if (!mapped) return problem("the page tables", task, mapped.error());
            for (const std::uint64_t address : *mapped)
                if (address != number) area.pages.push_back({address, number, {}, 0, {}, 0, false});
        }
        std::sort(area.pages.begin(), area.pages.end(),
                  [](const UserPage& a, const UserPage& b) { return a.address < b.address; });
    }

    // What is looked for is looked for among the pages in any case, and only those of it are kept.
    bool with_pages() const { return (request_.pages && request_.reference.empty()) || request_.area; }

    void problem(std::string_view what, const Task& task, const Error& error) {
        problems_.add(what, fmt::format("of pid {}", task.pid), error);
    }

    void add_sizes(TaskAddressSpace& made, const Task& task) {
        const auto memory = memory_.read(task);
        if (!memory) {
            made.rss_kib = made.total_kib = std::nullopt;
            return problem("the memory", task, memory.error());
        }
        made.total_kib = memory->total_vm * page_size_ / bytes_per_kib;
        made.rss_kib = memory->rss() * page_size_ / bytes_per_kib;
        if (!memory->lacks_threads) return;
        made.rss_kib = std::nullopt;
        problem("the RSS", task, memory->lacking());
    }

    std::string file_of(const VmArea& area, const Task& task) {
        if (area.file == 0) return {};
        const auto [known, is_new] = paths_.try_emplace(area.file);
        if (!is_new) return known->second;
        auto path = path_of_file(kernel_, kernel_.object("file", area.file));
        if (path)
            known->second = std::move(*path);
        else
            problem("the file of an area", task, path.error());
        return known->second;
    }

    void add_pages(UserArea& made, const VmArea& area, const AddressSpace& space, std::uint64_t& left,
                   const Task& task) {
        for (std::uint64_t address = area.start; address < area.end; address += page_size_) {
            if (left-- == 0)
                return problem("the pages", task,
                               Error(ErrorCode::Unsupported, "there are too many", address));
            made.pages.push_back(page_at(address, area, made.file, space, task));
        }
    }

    UserPage page_at(std::uint64_t address, const VmArea& area, const std::string& file,
                     const AddressSpace& space, const Task& task) {
        UserPage page;
        page.address = address;
        const auto place = space.translate_whole(address);
        if (place) {
            page.physical = place->paddr;
            return page;
        }
        if (place.error().code != ErrorCode::NotMapped) {
            page.unknown = true;
            problem("the page tables", task, place.error());
            return page;
        }
        const auto next = [&](unsigned index) { return entry_at(space, area, address, index + 1); };
        if (auto swapped = swapped_.find(space.last_entry(address).value_or(0), next)) {
            page.swap_file = std::move(swapped->path);
            page.swap_page = swapped->page;
        } else if (area.file != 0) {
            page.file = file;
            page.file_offset = area.file_page * page_size_ + (address - area.start);
        }
        return page;
    }

    std::optional<std::uint64_t> entry_at(const AddressSpace& space, const VmArea& area,
                                          std::uint64_t address, unsigned pages) const {
        const std::uint64_t place = address + pages * page_size_;
        return place < area.end ? std::optional(space.last_entry(place).value_or(0)) : std::nullopt;
    }

    const Kernel& kernel_;
    const AddressSpaceRequest& request_;
    TaskMemoryReader memory_;
    std::uint64_t page_size_;
    SwappedPages swapped_;
    std::map<std::uint64_t, std::string> paths_;
    ProblemCollector problems_;
};

// A dump of the whole machine goes on to what lies behind memory, its firmware.
std::uint64_t end_of_memory(const Kernel& kernel) {
    const auto nodes = read_memory_nodes(kernel);
    const auto frames = nodes ? end_of_nodes(*nodes) : std::nullopt;
    return frames.value_or(kernel.dump().info().max_pfn) * kernel.dump().page_size();
}

}  // namespace

Result<AddressSpaces> address_spaces(const CrashDump& dump, const AddressSpaceRequest& request) {
    const Kernel& kernel = dump.kernel();
    const TaskTable table = read_tasks(kernel);
    auto chosen = context_tasks(kernel, table, request.which);
    if (!chosen) return fail(std::move(chosen.error()));
    AddressSpaces spaces;
    spaces.physical_digits =
        std::max<unsigned>(8, static_cast<unsigned>(fmt::formatted_size("{:x}", end_of_memory(kernel))));
    spaces.virtual_digits = kernel.memory().word_size() == 4 ? 8 : 10;
    spaces.problems = table.problems;
    AddressSpaceMaker maker(kernel, table, request);
    for (const Task* task : chosen->tasks) {
        TaskAddressSpace space = maker.make(*task);
        if (request.reference.empty() || maker.keep_reference(space, *task))
            spaces.tasks.push_back(std::move(space));
    }
    if (spaces.tasks.empty() && !chosen->tasks.empty())
        spaces.problems.emplace_back(
            ErrorCode::NotFound,
            fmt::format("'{}' was found in no address space of these tasks", escaped(request.reference)));
    for (Error& problem : chosen->problems) spaces.problems.push_back(std::move(problem));
    for (Error& problem : maker.take_problems()) spaces.problems.push_back(std::move(problem));
    return spaces;
}

}  // namespace postmortem
