#include "kernel/unnamed_runqueues.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <fmt/format.h>

#include "base/checked.h"

namespace postmortem {
namespace {

constexpr std::uint64_t page = 4096;
constexpr std::uint64_t searched =
    256 * 1024;  ///< to either side; .data..percpu of large kernels has as much
constexpr std::uint64_t cache_line = 64;
constexpr std::uint64_t largest_runqueue = 16 * 1024, largest_task = 16 * 1024;

class RunqueueSearch {
  public:
    RunqueueSearch(const AddressSpace& memory, const PerCpuSurroundings& around)
        : memory_(memory), around_(around), word_(memory.word_size()) {}

    std::optional<std::uint64_t> run() const {
        std::set<std::uint64_t> found;
        const std::uint64_t first = align_down(around_.near - searched, page);
        for_each_word(first, first + 2 * searched, [&](std::uint64_t variable, std::uint64_t value) {
            if (value != around_.init_task || !is_idle_on_all(variable)) return;
            const auto start =
                around_.idle ? std::optional(variable - *around_.idle) : start_of_struct_around(variable);
            if (start) found.insert(*start);
        });
        return found.size() == 1 ? std::optional(*found.begin()) : std::nullopt;
    }

  private:
    /// Of CPU 0, by the address that the variable has without a CPU.
    template <class Visit>
    void for_each_word(std::uint64_t first, std::uint64_t end, const Visit& visit) const {
        std::vector<std::byte> bytes(page);
        for (std::uint64_t at = first; at < end; at += page) {
            if (!memory_.read(at + around_.offsets.front(), bytes, Caching::Pass)) continue;
            const ByteReader reader(bytes, memory_.endian());
            for (std::uint64_t offset = 0; offset < page; offset += word_)
                visit(at + offset, word_ == 8 ? *reader.u64(offset) : *reader.u32(offset));
        }
    }

    std::uint64_t at_cpu(std::uint64_t variable, std::size_t cpu) const {
        const std::uint64_t address = variable + around_.offsets[cpu];
        return word_ == 8 ? address : address & 0xffffffff;
    }
    std::uint64_t value_at_cpu(std::uint64_t variable, std::size_t cpu) const {
        return memory_.word(at_cpu(variable, cpu)).value_or(0);
    }

    bool is_idle_on_all(std::uint64_t variable) const {
        for (std::size_t cpu = 0; cpu < around_.offsets.size(); ++cpu) {
            const std::uint64_t idle = value_at_cpu(variable, cpu),
                                stop = value_at_cpu(variable + word_, cpu);
            const bool never_came_up = cpu != 0 && idle == 0 && stop == 0;
            if (!never_came_up && !(is_task(idle, fmt::format("swapper/{}", cpu)) &&
                                    is_task(stop, fmt::format("migration/{}", cpu))))
                return false;
        }
        return true;
    }

    bool is_task(std::uint64_t task, const std::string& name) const {
        std::string bytes(largest_task, '\0');
        for (std::size_t got = 0; got < bytes.size(); got += page) {
            const MutableBytes piece(reinterpret_cast<std::byte*>(bytes.data()) + got, page);
            if (!memory_.read(task + got, piece)) break;
        }
        return bytes.find(name + '\0') != std::string::npos;
    }

    // Of the structs that begin in front of the variable and hold their own address, the one that does most
    // often. (The head of a list that is empty holds its own, too, at its very start.)
    std::optional<std::uint64_t> start_of_struct_around(std::uint64_t variable) const {
        std::map<std::uint64_t, std::size_t> held;
        const std::uint64_t first = align_down(variable - largest_runqueue, page);
        for_each_word(first, variable + largest_runqueue, [&](std::uint64_t place, std::uint64_t value) {
            const std::uint64_t start = place - (at_cpu(place, 0) - value);
            const bool around = place - start >= cache_line && place - start < largest_runqueue &&
                                variable - start < largest_runqueue;
            if (around && start % cache_line == 0 && holds_itself_on_all(start, place)) ++held[start];
        });
        const auto most = std::max_element(held.begin(), held.end(), [](const auto& one, const auto& other) {
            return one.second <= other.second;  // of equals the nearest
        });
        return most == held.end() ? std::nullopt : std::optional(most->first);
    }
    bool holds_itself_on_all(std::uint64_t start, std::uint64_t place) const {
        for (std::size_t cpu = 0; cpu < around_.offsets.size(); ++cpu)
            if (value_at_cpu(place, cpu) != at_cpu(start, cpu)) return false;
        return true;
    }

    const AddressSpace& memory_;
    const PerCpuSurroundings& around_;
    const std::uint32_t word_;
};

}  // namespace

std::optional<std::uint64_t> find_runqueues(const AddressSpace& memory,
                                            const PerCpuSurroundings& surroundings) {
    if (surroundings.offsets.empty()) return std::nullopt;
    return RunqueueSearch(memory, surroundings).run();
}

}  // namespace postmortem
