// What lies at an address: a symbol, a slab object, a vmalloc area, a task or its stack, and the page.
#include <algorithm>

#include <fmt/format.h>

#include "kernel/mm/page_structs.h"
#include "kernel/mm/slab_objects.h"
#include "kernel/mm/vmalloc_areas.h"
#include "kernel/sched/tasks.h"
#include "report/kernel_memory/free_block.h"
#include "report/kernel_memory/kernel_memory.h"
#include "report/kernel_memory/page_row.h"
#include "report/kernel_memory/slab_rows.h"
#include "report/values/symbolic.h"

namespace postmortem {
namespace {

std::string state_words(const SlabObject& object) {
    switch (object.state) {
        case SlabObject::State::Allocated: return "allocated";
        case SlabObject::State::Free: return "free";
        case SlabObject::State::KeptByCpu: return fmt::format("free, kept by CPU {}", object.cpu.value_or(0));
        case SlabObject::State::InSheaf:
            return object.node ? fmt::format("free, in a sheaf of node {}", *object.node)
                               : fmt::format("free, in a sheaf of CPU {}", object.cpu.value_or(0));
        case SlabObject::State::InUseOrSheaf: break;
    }
    return "allocated, or free in a sheaf";
}

class AddressViewer {
  public:
    AddressViewer(const CrashDump& dump, std::uint64_t address, ProblemCollector& problems)
        : dump_(dump), kernel_(dump.kernel()), address_(address), problems_(problems) {}

    AddressView make(AddressPart part, bool physical) {
        AddressView view;
        view.address = address_;
        // A small number is a physical address, as for crash.
        physical = physical || !kernel_.is_of_kernel(address_);
        view.physical = physical;
        if (!physical) address_ = kernel_.memory().untagged(address_);
        if (physical)
            add_physical_parts(view, part);
        else
            add_virtual_parts(view, part);
        const bool page_alone = part == AddressPart::Page;
        if (page_alone || part == AddressPart::All || part == AddressPart::Free) add_page(view, physical);
        if (view.page && !view.slab && !page_alone) add_free_block(view);
        if (part == AddressPart::Free) view.page.reset();
        return view;
    }

  private:
    void add_virtual_parts(AddressView& view, AddressPart part) {
        const bool all = part == AddressPart::All;
        if (all) add_symbol(view);
        if (all || part == AddressPart::Slab) add_slab(view, part);
        if (all || part == AddressPart::Vmalloc) add_vmalloc_area(view);
        if (all) add_task(view);
    }

    void add_physical_parts(AddressView& view, AddressPart part) {
        const bool all = part == AddressPart::All;
        if (all || part == AddressPart::Slab) add_slab(view, part);
        if (!view.slab && (all || part == AddressPart::Vmalloc)) add_area_with_page(view);
    }

    // What has a user is on no list of free blocks.
    void add_free_block(AddressView& view) {
        const auto pages = PageStructs::open(kernel_);
        if (!pages || view.page->count != 0) return;
        view.free =
            free_block_of(kernel_, *pages, view.page->physical / kernel_.physical().page_size(), problems_);
    }

    void add_symbol(AddressView& view) {
        const SymbolicNames names(kernel_);
        const auto hit = names.hit(address_);
        if (auto damage = names.take_damage()) problems_.add(std::move(*damage));
        if (!hit) return;
        view.symbol = names.of(address_) + (hit->module.empty() ? "" : fmt::format(" [{}]", hit->module));
        view.symbol_type = hit->symbol.type;
    }

    void add_slab(AddressView& view, AddressPart part) {
        const auto objects = SlabObjects::open(kernel_);
        if (!objects) return problems_.add("slab objects", objects.error());
        // Slabs lie in the kernel's own map of all memory.
        const auto at = view.physical ? kernel_.memory().direct_map_address(address_) : address_;
        if (!at) return;
        const bool by_page = objects->is_page_struct(*at);
        const auto slab = by_page ? objects->slab_with_page(*at) : objects->slab_at(*at);
        if (!slab) {
            if (slab.error().code != ErrorCode::NotMapped) problems_.add("the slab", slab.error());
            return;
        }
        if (!*slab) return;
        // As crash has it, of several pages the first one stands for the slab where nobody asks for slabs.
        if (by_page && part == AddressPart::All && (*slab)->address != *at) return;
        SlabObjectRow row;
        row.slab = (*slab)->address;
        row.memory = (*slab)->memory;
        row.objects = (*slab)->objects;
        row.node = node_of(kernel_, memory_nodes(kernel_, problems_), (*slab)->memory);
        row.allocated = allocated_objects(**slab);
        if (by_page)
            add_whole_slab(row, *objects, **slab);
        else
            add_object(row, *objects, **slab, *at);
        row.cache = slab_cache_row(kernel_, (*slab)->cache, problems_);
        view.slab = std::move(row);
    }

    void add_whole_slab(SlabObjectRow& row, const SlabObjects& objects, const Slab& slab) {
        auto states = object_states(objects, slab);
        if (!states) return problems_.add("the state of the slab's objects", states.error());
        row.whole_slab = std::move(*states);
    }

    void add_object(SlabObjectRow& row, const SlabObjects& objects, const Slab& slab, std::uint64_t at) {
        const auto found = objects.object_at(slab, at);
        if (!found) problems_.add("the state of the slab's objects", found.error());
        const auto object = found.value_or(std::nullopt);
        if (!object) return;
        row.object = object->address;
        row.state = state_words(*object);
        row.found = object_state(*object);
    }

    void add_vmalloc_area(AddressView& view) {
        if (view.slab) return;
        for (const VmallocRow& row : vmalloc_rows(kernel_, problems_))
            if (address_ >= row.start && address_ < row.end) view.vmalloc = row;
    }

    // The page tables alone tell which area maps a page.
    void add_area_with_page(AddressView& view) {
        const std::uint64_t size = kernel_.physical().page_size();
        constexpr std::uint64_t most_pages = 1u << 22;
        std::uint64_t pages_left = most_pages;
        std::optional<Error> lost;
        for (const VmallocRow& row : vmalloc_rows(kernel_, problems_))
            for (std::uint64_t at = row.start; at < row.end && row.end - at >= size && !view.vmalloc;
                 at += size) {
                if (pages_left-- == 0)
                    return problems_.add("which vmalloc area maps the page",
                                         Error(ErrorCode::Unsupported, "the areas have too many pages", at));
                const auto frame = kernel_.memory().translate(at);
                if (frame && *frame / size == address_ / size) view.vmalloc = row;
                if (!frame && frame.error().code != ErrorCode::NotMapped) lost = frame.error();
            }
        if (lost && !view.vmalloc) problems_.add("which vmalloc area maps the page", *lost);
    }

    // The kernel allocates less than its type says where the processor has fewer registers to save
    // (arch_task_struct_size), so that the next one may begin within: the nearest one in front is meant.
    void add_task(AddressView& view) {
        const auto size = kernel_.types().size_of("task_struct");
        const TaskTable table = read_tasks(kernel_);
        const Task* found = nullptr;
        for (const Task& task : table.tasks) {
            const std::uint64_t start = kernel_.memory().untagged(task.address);
            const bool is_task = address_ >= start && address_ - start < size.value_or(1);
            if (is_task && (!found || task.address > found->address)) found = &task;
        }
        view.on_stack = found == nullptr;
        for (const Task& task : table.tasks) {
            const bool on_stack = view.vmalloc && task.stack != 0 && task.stack >= view.vmalloc->start &&
                                  task.stack < view.vmalloc->end;
            if (!found && on_stack) found = &task;
        }
        view.on_stack = view.on_stack && found != nullptr;
        if (!found && !size) problems_.add("the task", size.error());
        if (!found) return;
        auto context = task_context(dump_, {fmt::format("{:x}", found->address), std::nullopt});
        if (!context) return problems_.add("the task", context.error());
        context->problems.clear();  // of the list of tasks as a whole
        view.task = std::move(*context);
    }

    void add_page(AddressView& view, bool is_physical) {
        const auto pages = PageStructs::open(kernel_);
        if (!pages) return problems_.add("the page", pages.error());
        const std::uint64_t size = kernel_.physical().page_size();
        Result<std::uint64_t> physical = address_;
        if (const auto frame = pages->frame_of(address_))
            physical = *frame * size;
        else if (!is_physical)
            physical = kernel_.memory().translate(address_);
        if (!physical) return problems_.add("the page", physical.error());
        auto row = page_row(kernel_, *pages, *physical);
        if (!row) return problems_.add("the page", row.error());
        view.page = std::move(*row);
    }

    const CrashDump& dump_;
    const Kernel& kernel_;
    std::uint64_t address_;
    ProblemCollector& problems_;
};

}  // namespace

PageRowReader::PageRowReader(const Kernel& kernel, const PageStructs& pages)
    : kernel_(kernel), pages_(pages), names_(page_flag_rows(kernel)) {
    const FieldFinder find(kernel.types(), missing_);
    flags_ = find("page", {"flags.f", "flags"});  // a struct since 6.18
    mapping_ = find("page", {"mapping"});
    index_ = find("page", {"index", "__folio_index"});
    count_ = find("page", {"_refcount", "_count"});  // since 4.6 (0139aa7b7fa1)
}

Result<PageRow> PageRowReader::read(std::uint64_t physical) const {
    if (missing_) return fail(*missing_);
    const AddressSpace& memory = kernel_.memory();
    const std::uint64_t size = kernel_.physical().page_size();
    const auto page = pages_.of_frame(physical / size);
    if (!page) return fail(page.error());
    PageRow row;
    row.page = *page;
    row.physical = physical / size * size;
    const auto flags = flags_.u64(memory, row.page), mapping = mapping_.u64(memory, row.page),
               index = index_.u64(memory, row.page);
    const auto count = memory.u32(count_.address_in(row.page));
    if (!flags) return fail(flags.error());
    if (!mapping) return fail(mapping.error());
    if (!index) return fail(index.error());
    if (!count) return fail(count.error());
    row.flags = *flags;
    row.mapping = *mapping;
    row.index = *index;
    row.count = static_cast<std::int32_t>(*count);
    std::uint64_t told = 0;
    for (const PageFlagRow& flag : names_) {
        const std::uint64_t mask = 1ull << flag.bit;
        if (!(row.flags & mask) || (told & mask)) continue;
        told |= mask;
        row.flag_names.push_back(flag.name.substr(3));
    }
    return row;
}

Result<PageRow> page_row(const Kernel& kernel, const PageStructs& pages, std::uint64_t physical) {
    return PageRowReader(kernel, pages).read(physical);
}

std::vector<VmallocRow> vmalloc_rows(const Kernel& kernel, ProblemCollector& problems) {
    const VmallocAreas areas = read_vmalloc_areas(kernel);
    problems.add_all(areas.problems);
    std::vector<VmallocRow> rows;
    for (const VmallocArea& area : areas.areas)
        rows.push_back({area.area, area.vm, area.address, area.address + area.bytes, area.bytes});
    std::sort(rows.begin(), rows.end(),
              [](const VmallocRow& a, const VmallocRow& b) { return a.start < b.start; });
    return rows;
}

void add_vmalloc(const Kernel& kernel, KernelMemory& memory, ProblemCollector& problems) {
    memory.vmalloc = vmalloc_rows(kernel, problems);
}

void add_address(const CrashDump& dump, const KernelMemoryRequest& request, KernelMemory& memory,
                 ProblemCollector& problems) {
    AddressView view = AddressViewer(dump, *request.address, problems).make(request.part, request.physical);
    const char* missing = nullptr;
    if (request.part == AddressPart::Slab && !view.slab) missing = "lies in no slab";
    if (request.part == AddressPart::Vmalloc && !view.vmalloc) missing = "lies in no vmalloc area";
    if (request.part == AddressPart::Free && !view.free) missing = "lies in no block of free pages";
    if (missing != nullptr)
        problems.add(Error(ErrorCode::NotFound, fmt::format("{:x} {}", *request.address, missing)));
    memory.address = std::move(view);
}

}  // namespace postmortem
