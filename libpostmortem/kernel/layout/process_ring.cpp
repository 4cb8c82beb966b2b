#include "kernel/layout/process_ring.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/checked.h"
#include "kernel/layout/struct_image.h"

namespace postmortem {
namespace {

constexpr std::uint64_t largest_task_struct = 32 * 1024;
constexpr std::uint64_t smallest_task_struct = 1024;
constexpr std::size_t fewest_processes = 8;  // fewer prove nothing
constexpr std::string_view first_name = "swapper", thread_maker = "kthreadd";

class RingSearch {
  public:
    RingSearch(const Kernel& kernel, std::uint64_t init_task, std::uint64_t size)
        : kernel_(kernel),
          memory_(kernel.memory()),
          init_(memory_, init_task, size),
          size_(size),
          word_(memory_.word_size()) {
        const auto bytes =
            checked_mul(kernel.dump().info().max_pfn, std::uint64_t{kernel.dump().page_size()});
        most_processes_ = std::min<std::uint64_t>(bytes.value_or(~0ull) / smallest_task_struct, 1u << 22) + 1;
    }

    Result<ProcessRing> run() const {
        std::vector<ProcessRing> rings;
        const auto names = places_of_name();
        for (std::uint64_t tasks = 0; tasks + 2 * word_ <= size_; tasks += word_)
            for (const std::uint64_t comm : names)
                if (may_be_ring(tasks, comm))
                    if (auto ring = follow(tasks, comm)) rings.push_back(std::move(*ring));
        if (rings.size() == 1) return std::move(rings.front());
        return fail(ErrorCode::NotFound,
                    rings.empty() ? "no list of processes begins at init_task"
                                  : "more than one list at init_task may be that of the processes");
    }

  private:
    // "swapper/0" or, before 3.2 and on kernels for one CPU, "swapper".
    std::vector<std::uint64_t> places_of_name() const {
        std::vector<std::uint64_t> places;
        for (std::uint64_t at = 0; at + task_name_bytes <= size_; at += 4) {
            const auto name = init_.text(at, task_name_bytes);
            if (name && (*name == first_name || *name == "swapper/0")) places.push_back(at);
        }
        return places;
    }

    bool is_pointer(std::uint64_t value) const {
        return value >= kernel_.arch().memory.lowest_kernel_address && value % word_ == 0;
    }

    // Nodes behind and before init_task lead back to it; the second task that was made is kthreadd.
    bool may_be_ring(std::uint64_t tasks, std::uint64_t comm) const {
        const std::uint64_t head = init_.address() + tasks;
        const auto next = init_.word(tasks), previous = init_.word(tasks + word_);
        if (!next || !previous || *next == head || *next == *previous) return false;
        if (!is_pointer(*next) || !is_pointer(*previous)) return false;
        const auto back = memory_.word(*next + word_), second = memory_.word(*next);
        if (back != head || (second && !is_pointer(*second))) return false;
        if (!second) return true;
        const auto name = memory_.c_string(*second - tasks + comm, task_name_bytes);
        return !name || *name == thread_maker;
    }

    bool has_name(std::uint64_t task, std::uint64_t comm) const {
        const auto name = memory_.c_string(task + comm, task_name_bytes);
        return !name || name->size() < task_name_bytes;
    }

    enum class End { Closed, PageLost, NoRing };

    // Follows one of the two links; each node must point back to where the walk came from.
    End walk(std::uint64_t tasks, std::uint64_t comm, std::uint64_t along, std::uint64_t back,
             std::vector<std::uint64_t>& found) const {
        const std::uint64_t head = init_.address() + tasks;
        std::uint64_t from = head;
        auto node = memory_.word(head + along);
        while (node && *node != head) {
            if (!is_pointer(*node) || found.size() >= most_processes_) return End::NoRing;
            const auto returns = memory_.word(*node + back);
            if (!returns) return End::PageLost;
            if (*returns != from || !has_name(*node - tasks, comm)) return End::NoRing;
            found.push_back(*node - tasks);
            from = *node;
            node = memory_.word(*node + along);
        }
        return node ? End::Closed : End::PageLost;
    }

    std::optional<ProcessRing> follow(std::uint64_t tasks, std::uint64_t comm) const {
        ProcessRing ring{tasks, comm, size_, {init_.address()}, true};
        const End end = walk(tasks, comm, 0, word_, ring.processes);
        if (end == End::NoRing) return std::nullopt;
        if (end == End::PageLost) {
            ring.closed = false;
            std::vector<std::uint64_t> behind;
            if (walk(tasks, comm, word_, 0, behind) == End::NoRing) return std::nullopt;
            ring.processes.insert(ring.processes.end(), behind.rbegin(), behind.rend());
        }
        if (ring.processes.size() < fewest_processes) return std::nullopt;
        return ring;
    }

    const Kernel& kernel_;
    const AddressSpace& memory_;
    StructImage init_;
    std::uint64_t size_;
    std::uint64_t word_;
    std::uint64_t most_processes_ = 0;
};

// The next symbol may lie far behind init_task, but no two tasks overlap.
std::uint64_t smallest_distance(std::vector<std::uint64_t> tasks, std::uint64_t at_most) {
    std::sort(tasks.begin(), tasks.end());
    for (std::size_t i = 1; i < tasks.size(); ++i) at_most = std::min(at_most, tasks[i] - tasks[i - 1]);
    return at_most;
}

}  // namespace

Result<ProcessRing> find_process_ring(const Kernel& kernel) {
    const auto init_task = kernel.symbol("init_task");
    if (!init_task) return fail(init_task.error());
    const auto symbols = kernel.symbols();
    const auto hit = symbols ? (*symbols)->containing(*init_task) : fail(symbols.error());
    const bool sized = hit && hit->size >= smallest_task_struct;
    auto ring =
        RingSearch(kernel, *init_task, sized ? std::min(hit->size, largest_task_struct) : largest_task_struct)
            .run();
    if (ring) ring->size = smallest_distance(ring->processes, ring->size);
    return ring;
}

}  // namespace postmortem
