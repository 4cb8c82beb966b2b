#include "kernel/mm/vm_areas.h"

#include <fmt/format.h>

#include "base/problem_collector.h"
#include "kernel/maple_tree.h"
#include "object/field.h"

namespace postmortem {
namespace {

constexpr std::size_t most_areas = 1u << 20;  // sysctl vm.max_map_count is 65530 as shipped

class VmAreaReader {
  public:
    explicit VmAreaReader(const Kernel& kernel) : kernel_(kernel) {
        const FieldFinder find(kernel.types(), missing_);
        start_ = find("vm_area_struct", {"vm_start"});
        end_ = find("vm_area_struct", {"vm_end"});
        flags_ = find("vm_area_struct", {"vm_flags"});
        file_ = find("vm_area_struct", {"vm_file"});
        file_page_ = find("vm_area_struct", {"vm_pgoff"});
    }

    VmAreas read(std::uint64_t mm) {
        if (missing_) problems_.add(*missing_);
        const Object space = kernel_.object("mm_struct", mm);
        // A maple tree since 6.1 (d4af56c5c7c6); before, a list beside a red-black tree.
        if (space.has("mm_mt"))
            for_each_maple_entry(
                space["mm_mt"], [&](std::uint64_t, std::uint64_t, std::uint64_t entry) { return add(entry); },
                [&](const Error& error) { problems_.add("the areas of the address space", error); });
        else
            follow_list(space);
        found_.problems = problems_.take();
        return std::move(found_);
    }

  private:
    void follow_list(const Object& space) {
        auto next = space["mmap"].u64();
        const auto link = Field::find(kernel_.types(), "vm_area_struct", {"vm_next"});
        if (!link) return problems_.add("the areas of the address space", link.error());
        while (next && *next != 0) {
            const std::uint64_t area = *next;
            if (!add(area)) return;
            next = link->u64(kernel_.memory(), area);
        }
        if (!next) problems_.add("the areas of the address space", next.error());
    }

    bool add(std::uint64_t address) {
        const AddressSpace& memory = kernel_.memory();
        const auto start = start_.u64(memory, address), end = end_.u64(memory, address),
                   flags = flags_.u64(memory, address);
        for (const auto* part : {&start, &end, &flags})
            if (!*part) {
                problems_.add("an area of the address space", part->error());
                return true;
            }
        const bool in_order = found_.areas.empty() || *start >= found_.areas.back().end;
        if (*end <= *start || !in_order || found_.areas.size() >= most_areas) {
            problems_.add({ErrorCode::Corrupt, "the areas of the address space are out of order", address});
            return false;
        }
        found_.areas.push_back({address, *start, *end, *flags, file_.u64_or(memory, address, 0),
                                file_page_.u64_or(memory, address, 0)});
        return true;
    }

    const Kernel& kernel_;
    std::optional<Error> missing_;
    Field start_, end_, flags_, file_, file_page_;
    VmAreas found_;
    ProblemCollector problems_;
};

}  // namespace

VmAreas read_vm_areas(const Kernel& kernel, std::uint64_t mm) {
    return VmAreaReader(kernel).read(mm);
}

}  // namespace postmortem
