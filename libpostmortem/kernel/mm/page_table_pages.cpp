#include "kernel/mm/page_table_pages.h"

#include <set>
#include <vector>

#include "kernel/sched/tasks.h"
#include "object/field.h"

namespace postmortem {
namespace {

// A top level takes two pages, side by side and aligned, where the kernel was built for page-table isolation
// (until 6.14 or so, whether it is in use or not; since then only where it is). No symbol tells; where they
// lie does.
class TopLevels {
  public:
    void add(std::uint64_t place, std::uint64_t page) {
        ++count_;
        if (place % (2 * page) != 0) all_aligned_ = false;
    }
    std::uint64_t pages() const { return count_ >= enough_to_tell && all_aligned_ ? count_ * 2 : count_; }

  private:
    static constexpr std::uint64_t enough_to_tell = 8;
    std::uint64_t count_ = 0;
    bool all_aligned_ = true;
};

/// What an mm_struct counts: bytes of all levels below the top one (4.15, af5b0f6a09e4), or pages by level.
class CountedTables {
  public:
    explicit CountedTables(const Kernel& kernel) : kernel_(kernel) {
        const auto find = [&](const char* name) {
            return Field::find(kernel.types(), "mm_struct", {name}).value_or(Field());
        };
        bytes_ = find("pgtables_bytes");
        if (bytes_.present()) return;
        for (const char* name : {"nr_ptes", "nr_pmds", "nr_puds"})
            if (const Field level = find(name); level.present()) levels_.push_back(level);
    }
    bool any() const { return bytes_.present() || !levels_.empty(); }
    bool all_levels() const { return bytes_.present() || levels_.size() == 3; }

    Result<std::uint64_t> pages_of(std::uint64_t mm, std::uint64_t page) const {
        if (bytes_.present())
            return bytes_.u64(kernel_.memory(), mm).map([&](std::uint64_t bytes) { return bytes / page; });
        std::uint64_t pages = 0;
        for (const Field& level : levels_) {
            const auto count = level.u64(kernel_.memory(), mm);
            if (!count) return count;
            pages += *count;
        }
        return pages;
    }

  private:
    const Kernel& kernel_;
    Field bytes_;
    std::vector<Field> levels_;
};

}  // namespace

Result<PageTablePages> count_page_table_pages(const Kernel& kernel) {
    const CountedTables counted(kernel);
    if (!counted.any()) return fail(ErrorCode::NotFound, "this kernel does not count page tables by process");
    const auto top = Field::find(kernel.types(), "mm_struct", {"pgd"});
    if (!top) return fail(top.error());
    const std::uint64_t page = kernel.dump().page_size();
    std::set<std::uint64_t> seen;
    std::uint64_t pages = 0;
    TopLevels top_levels;
    for (const Task& task : read_tasks(kernel).tasks) {
        if (task.mm == 0 || task.is_kernel_thread() || !seen.insert(task.mm).second) continue;
        const auto below = counted.pages_of(task.mm, page);
        if (!below) return fail(below.error());
        pages += *below;
        top_levels.add(top->u64_or(kernel.memory(), task.mm, page), page);
    }
    return PageTablePages{pages + top_levels.pages(), counted.all_levels()};
}

}  // namespace postmortem
