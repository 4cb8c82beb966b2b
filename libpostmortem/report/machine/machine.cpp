#include <array>

#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/machine.h>

#include "base/problem_collector.h"
#include "kernel/cpus.h"
#include "kernel/hardware.h"
#include "kernel/kernel_bases.h"
#include "kernel/mm/numa.h"
#include "kernel/percpu.h"
#include "kernel/sched/clock.h"
#include "kernel/unwind/stacks.h"

namespace postmortem {
namespace {

constexpr std::uint64_t most_ranges = 4096;

class MachineTeller {
  public:
    explicit MachineTeller(const CrashDump& dump) : dump_(dump), kernel_(dump.kernel()) {}

    Result<Machine> tell(const MachineRequest& request) {
        Machine made;
        made.type = kernel_.arch().name;
        made.page_bytes = kernel_.physical().page_size();
        const auto cpus = read_running_cpus(kernel_);
        if (!cpus) return fail(cpus.error());
        made.cpus = static_cast<std::uint32_t>(cpus->size());
        if (request.memory_map)
            if (auto done = add_memory_map(made); !done) return fail(std::move(done.error()));
        if (request.cpu_infos)
            if (auto done = add_cpu_infos(made, *cpus); !done) return fail(std::move(done.error()));
        if (!request.memory_map && !request.cpu_infos) add_summary(made, *cpus);
        made.problems = problems_.take();
        return made;
    }

  private:
    template <class T, class Into>
    void take(Result<T> value, Into& into, const char* what) {
        if (value)
            into = std::move(*value);
        else
            problems_.add(what, value.error());
    }

    void add_summary(Machine& made, const std::vector<std::uint32_t>& cpus) {
        take(memory_of_all_nodes(), made.memory_bytes, "the machine's memory");
        const auto present = read_cpu_mask(kernel_, "present"), online = read_cpu_mask(kernel_, "online");
        if (present && !present->empty()) made.cpus_counted = present->back() + 1;
        if (online) made.cpus_online = static_cast<std::uint32_t>(online->size());
        if (const auto name = read_hypervisor(kernel_); name && *name != "none") made.hypervisor = *name;
        if (kernel_.arch().hardware.cpu_khz) take(read_cpu_khz(kernel_), made.khz, "the speed");
        take(ticks_per_second(kernel_), made.hz, "HZ");
        if (const auto bases = kernel_.arch().memory.bases)
            for (const KernelBase& base : bases(kernel_.vmcoreinfo()))
                add_base(made, base.title, address_of(kernel_, base));
        else if (kernel_.arch().memory.direct_map_end)
            for (const char* title : {"KERNEL VIRTUAL BASE", "KERNEL VMALLOC BASE"})
                add_base(made, title, base_address(kernel_, title));
        const Stacks stacks(kernel_);
        const StackRange of_task = stacks.of_task(0);
        made.task_stack_bytes = of_task.high - of_task.low;
        for (const std::uint32_t cpu : cpus) {
            Problems lost;
            for (const StackRange& stack : stacks.of_cpu(cpu, lost)) {
                const auto place = kernel_.memory().translate(stack.low);
                const bool mapped = place || place.error().code != ErrorCode::NotMapped;
                if (!place && mapped) problems_.add("whether a stack is mapped", place.error());
                made.stacks.push_back({cpu, stack.kind, stack.low, stack.high - stack.low, mapped});
            }
            problems_.add_all(lost);
        }
    }

    void add_base(Machine& made, const char* title, const Result<std::uint64_t>& address) {
        if (!address) problems_.add(title, address.error());
        made.bases.push_back({title, address ? std::optional(*address) : std::nullopt});
    }

    Result<std::uint64_t> memory_of_all_nodes() const {
        const auto nodes = read_memory_nodes(kernel_);
        if (!nodes) return fail(nodes.error());
        std::uint64_t pages = 0;
        for (const MemoryNode& node : *nodes) pages += node.present_pages;
        return pages * kernel_.dump().page_size();
    }

    // A pointer to a table since 4.12 (544a0f47e780), before by the name of e820; until 4.9 (475339684ef1)
    // the table itself.
    Result<Object> firmware_map() const {
        if (const auto table = kernel_.symbol("e820_table");
            table || table.error().code != ErrorCode::NotFound) {
            const auto address = kernel_.word("e820_table");
            return address ? Result<Object>(kernel_.object("e820_table", *address)) : fail(address.error());
        }
        const auto older = kernel_.symbol("e820");
        if (!older && older.error().code == ErrorCode::NotFound)
            return fail(
                ErrorCode::Unsupported,
                fmt::format("this kernel keeps no map of {}'s firmware that is known", kernel_.arch().name));
        const auto first = older ? kernel_.word("e820") : fail(older.error());
        if (!first) return fail(first.error());
        const bool is_pointer = *first >= kernel_.arch().memory.lowest_kernel_address;
        return kernel_.object("e820map", is_pointer ? *first : *older);
    }

    Result<void> add_memory_map(Machine& made) {
        const auto found = firmware_map();
        if (!found) return fail(found.error());
        const Object& map = *found;
        const auto count = map.first_of({"nr_entries", "nr_map"}).u64();
        if (!count) return fail(count.error());
        if (*count > most_ranges)
            return fail(ErrorCode::Corrupt, fmt::format("{} ranges of memory", *count), map.address());
        for (std::uint64_t i = 0; i < *count; ++i) {
            const Object entry = map.first_of({"entries", "map"}).at(i);
            const auto first = entry["addr"].u64(), size = entry["size"].u64(), type = entry["type"].u64();
            for (const auto* part : {&first, &size, &type})
                if (!*part) {
                    problems_.add("a range of memory", part->error());
                    return {};
                }
            made.memory_map.push_back(
                {*first, *first + *size, static_cast<std::uint32_t>(*type), type_name(*type)});
        }
        return {};
    }

    // enum e820_type, by crash's names.
    static std::string type_name(std::uint64_t type) {
        constexpr std::array<const char*, 8> names = {nullptr,     "E820_RAM", "E820_RESERVED",
                                                      "E820_ACPI", "E820_NVS", "E820_UNUSABLE",
                                                      nullptr,     "E820_PMEM"};
        if (type < names.size() && names[type]) return names[type];
        return type == 12 ? "E820_PRAM" : type == 128 ? "E820_RESERVED_KERN" : fmt::format("type {}", type);
    }

    Result<void> add_cpu_infos(Machine& made, const std::vector<std::uint32_t>& cpus) {
        const VariablePlace& model = kernel_.arch().hardware.cpu_model;
        const auto variable = kernel_.symbol("cpu_info");
        if (!variable && variable.error().code != ErrorCode::NotFound) return fail(variable.error());
        if (!model.type || !variable)
            return fail(ErrorCode::Unsupported, "this kernel keeps nothing of each CPU that is known");
        made.cpu_type = model.type;
        for (const std::uint32_t cpu : cpus) {
            const auto place = per_cpu_address(kernel_, *variable, cpu);
            if (!place) {
                problems_.add("a CPU", fmt::format("number {}", cpu), place.error());
                continue;
            }
            StructRequest request;
            request.type = model.type;
            request.at = fmt::format("{:#x}", *place);
            auto view = struct_view(dump_, request);
            if (!view) {
                problems_.add("a CPU", fmt::format("number {}", cpu), view.error());
                continue;
            }
            problems_.add_all(view->problems);
            if (!view->instances.empty()) made.cpu_infos.push_back({cpu, std::move(view->instances.front())});
        }
        return {};
    }

    const CrashDump& dump_;
    const Kernel& kernel_;
    ProblemCollector problems_;
};

}  // namespace

Result<Machine> machine(const CrashDump& dump, const MachineRequest& request) {
    return MachineTeller(dump).tell(request);
}

}  // namespace postmortem
