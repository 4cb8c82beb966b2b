#include "kernel/mm/page_table_pages.h"

#include <set>

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

}  // namespace

Result<std::uint64_t> count_page_table_pages(const Kernel& kernel) {
    const auto bytes = Field::find(kernel.types(), "mm_struct", {"pgtables_bytes"});
    if (!bytes) return fail(bytes.error());
    const auto top = Field::find(kernel.types(), "mm_struct", {"pgd"});
    if (!top) return fail(top.error());
    const std::uint64_t page = kernel.dump().page_size();
    std::set<std::uint64_t> seen;
    std::uint64_t pages = 0;
    TopLevels top_levels;
    for (const Task& task : read_tasks(kernel).tasks) {
        if (task.mm == 0 || task.is_kernel_thread() || !seen.insert(task.mm).second) continue;
        const auto below = bytes->u64(kernel.memory(), task.mm);
        if (!below) return fail(below.error());
        pages += *below / page;
        top_levels.add(top->u64_or(kernel.memory(), task.mm, page), page);
    }
    return pages + top_levels.pages();
}

}  // namespace postmortem
