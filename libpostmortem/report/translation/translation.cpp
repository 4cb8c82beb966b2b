#include <algorithm>

#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/translation.h>

#include "base/problem_collector.h"
#include "base/text.h"
#include "kernel/fs/paths.h"
#include "kernel/mm/user_space.h"
#include "kernel/mm/vm_areas.h"
#include "report/kernel_memory/page_row.h"
#include "report/tasks/context_tasks.h"
#include "report/tasks/task_mention.h"
#include "report/translation/entry_reader.h"
#include "report/values/address_word.h"

namespace postmortem {
namespace {

class AddressTranslator {
  public:
    explicit AddressTranslator(const Kernel& kernel)
        : kernel_(kernel), page_size_(kernel.physical().page_size()), entries_(kernel) {
        auto pages = PageStructs::open(kernel);
        if (pages)
            pages_ = std::move(*pages);
        else
            problems_.add("struct page", pages.error());
    }

    AddressTranslation of_kernel(std::uint64_t address) {
        AddressTranslation made;
        made.address = address;
        for (const char* name : {"init_top_pgt", "init_level4_pgt", "swapper_pg_dir"})
            if (const auto table = kernel_.symbol(name); table && !made.top_table) made.top_table = *table;
        add_walk(made, kernel_.memory());
        return made;
    }

    AddressTranslation of_task(std::uint64_t address, const Task& task) {
        AddressTranslation made;
        made.address = address;
        made.user = true;
        made.accessible = false;
        if (task.mm == 0) return made;
        const VmAreas found = read_vm_areas(kernel_, task.mm);
        for (const Error& error : found.problems)
            problems_.add("the address space", fmt::format("of pid {}", task.pid), error);
        const auto area = std::find_if(found.areas.begin(), found.areas.end(), [&](const VmArea& one) {
            return address >= one.start && address < one.end;
        });
        if (area == found.areas.end()) return made;
        made.accessible = true;
        const auto space = user_space(kernel_, task.mm);
        if (!space) {
            problems_.add("the page tables", fmt::format("of pid {}", task.pid), space.error());
            return made;
        }
        add_area(made, *area);
        add_walk(made, **space);
        if (made.physical || !made.area) return made;
        if (made.area->file.empty() || (made.entry && !made.entry->swap_file.empty())) return made;
        made.file = made.area->file;
        made.file_offset = area->file_page * page_size_ + (address & ~(page_size_ - 1)) - area->start;
        return made;
    }

    Problems take_problems() {
        Problems all = problems_.take();
        for (Error& error : entries_.take_problems()) all.push_back(std::move(error));
        return all;
    }

  private:
    void add_area(AddressTranslation& made, const VmArea& area) {
        made.area = UserArea{area.address, area.start, area.end, area.flags, {}, {}};
        if (area.file == 0) return;
        auto path = path_of_file(kernel_, kernel_.object("file", area.file));
        if (path)
            made.area->file = std::move(*path);
        else
            problems_.add("the file of an area", path.error());
    }

    void add_walk(AddressTranslation& made, const AddressSpace& space) {
        const auto walked = space.steps(made.address);
        // Where the tables themselves are not in the dump, the direct map may tell all the same.
        if (const auto place = space.translate_whole(made.address)) {
            made.physical = place->paddr;
            made.page_bytes = place->page_size;
            made.page = place->paddr & ~(place->page_size - 1);
        }
        if (!walked) {
            if (walked.error().code != ErrorCode::NotMapped) problems_.add(walked.error());
            return add_page_struct(made);
        }
        const auto name = kernel_.arch().memory.level_name;
        for (const TableWalk::Step& step : walked->steps)
            made.walk.push_back(
                {name ? name(step.level, walked->levels) : fmt::format("LEVEL {}", step.level), step.slot,
                 step.entry});
        if (!walked->steps.empty() && walked->steps.back().leaf && walked->steps.back().entry != 0) {
            const auto next = [&](unsigned index) -> std::optional<std::uint64_t> {
                const std::uint64_t place = made.address + (index + 1) * page_size_;
                if (!made.area || place >= made.area->end) return std::nullopt;
                return space.last_entry(place).value_or(0);
            };
            made.entry = entries_.read(walked->steps.back().entry, next);
            // The entry of a large page has flags where a small one's address goes on.
            if (made.entry->present) made.entry->physical = made.page;
        }
        add_page_struct(made);
    }

    void add_page_struct(AddressTranslation& made) {
        if (!made.physical || !pages_) return;
        auto row = page_row(kernel_, *pages_, *made.physical);
        if (row)
            made.page_struct = std::move(*row);
        else
            problems_.add("the page", fmt::format("at {:x}", *made.physical), row.error());
    }

    const Kernel& kernel_;
    std::uint64_t page_size_;
    EntryReader entries_;
    std::optional<PageStructs> pages_;
    ProblemCollector problems_;
};

bool is_of_kernel(const Kernel& kernel, std::uint64_t address, TranslationRequest::Kind kind) {
    switch (kind) {
        case TranslationRequest::Kind::User: return false;
        case TranslationRequest::Kind::Kernel: return true;
        case TranslationRequest::Kind::ByAddress: break;
        case TranslationRequest::Kind::ByAddressOfTask: return kernel.is_of_kernel_alone(address);
    }
    return kernel.is_named_of_kernel(address);
}

}  // namespace

Result<AddressTranslations> translate_addresses(const CrashDump& dump, const TranslationRequest& request) {
    const Kernel& kernel = dump.kernel();
    std::vector<std::uint64_t> addresses;
    for (const std::string& word : request.addresses) {
        const auto address = resolve_address(kernel, word);
        if (!address) return fail(address.error());
        addresses.push_back(*address);
    }
    const bool needs_task =
        request.each_task || std::any_of(addresses.begin(), addresses.end(), [&](std::uint64_t one) {
            return !is_of_kernel(kernel, one, request.kind);
        });
    const TaskTable table = needs_task ? read_tasks(kernel) : TaskTable();
    ChosenTasks chosen;
    if (needs_task) {
        auto found = context_tasks(kernel, table, request.which);
        if (!found) return fail(std::move(found.error()));
        chosen = std::move(*found);
        if (chosen.tasks.empty() && !chosen.problems.empty()) return fail(chosen.problems.front());
    }
    AddressTranslations made;
    AddressTranslator translator(kernel);
    const std::size_t tasks = request.each_task ? chosen.tasks.size() : 1;
    for (std::size_t i = 0; i < tasks; ++i)
        for (const std::uint64_t address : addresses) {
            made.addresses.push_back(is_of_kernel(kernel, address, request.kind)
                                         ? translator.of_kernel(address)
                                         : translator.of_task(address, *chosen.tasks[i]));
            if (request.each_task) made.tasks.push_back(mention(*chosen.tasks[i]));
        }
    made.problems = std::move(chosen.problems);
    for (Error& problem : translator.take_problems()) made.problems.push_back(std::move(problem));
    return made;
}

Result<TableEntries> page_table_entries(const CrashDump& dump, const std::vector<std::string>& words) {
    const Kernel& kernel = dump.kernel();
    if (!kernel.arch().memory.page_entry)
        return fail(ErrorCode::Unsupported,
                    fmt::format("page-table entries of {} are not known", kernel.arch().name));
    TableEntries made;
    EntryReader reader(kernel);
    for (const std::string& word : words) {
        const auto entry = parse_u64(word, 16);
        if (!entry)
            return fail(ErrorCode::InvalidArgument, fmt::format("'{}' is no hexadecimal number", word));
        made.entries.push_back(reader.read(*entry));
    }
    made.problems = reader.take_problems();
    return made;
}

}  // namespace postmortem
