#include "kernel/mm/vmalloc_areas.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/problem_collector.h"
#include "kernel/lists.h"
#include "object/field.h"

namespace postmortem {
namespace {

constexpr std::size_t most_vmap_areas = 1u << 21;
constexpr std::uint32_t most_vmap_nodes = 4096;

class VmallocReader {
  public:
    explicit VmallocReader(const Kernel& kernel) : kernel_(kernel), memory_(kernel.memory()) {}

    VmallocAreas read() {
        const auto chain = kernel_.symbol("vmlist");
        if (auto ready = prepare(); !ready) {
            problems_.add("the vmalloc areas", ready.error());
        } else if (!vm_.present()) {
            walk_chain(chain);
        } else if (const auto list = kernel_.symbol("vmap_area_list")) {
            walk(*list);
        } else {
            walk_nodes();
        }
        result_.problems = problems_.take();
        return std::move(result_);
    }

  private:
    Result<void> prepare();
    void walk(std::uint64_t head);
    void walk_nodes();
    void walk_chain(const Result<std::uint64_t>& first);
    void take(std::uint64_t area);
    void take_struct(std::uint64_t vm, std::uint64_t area = 0);
    using AreasByStruct = std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t>;
    AreasByStruct areas_by_struct() const;

    const Kernel& kernel_;
    const AddressSpace& memory_;
    Field link_, vm_, next_, address_, size_, flags_, pages_, caller_;
    VmallocAreas result_;
    ProblemCollector problems_;
};

Result<void> VmallocReader::prepare() {
    std::optional<Error> missing;
    const FieldFinder find(kernel_.types(), missing);
    link_ = find("vmap_area", {"list"});
    // Until 3.2 a nameless pointer (db1aecafef58), which outlives what it points to.
    vm_ = Field::find(kernel_.types(), "vmap_area", {"vm"}).value_or(Field());
    next_ = Field::find(kernel_.types(), "vm_struct", {"next"}).value_or(Field());
    address_ = find("vm_struct", {"addr"});
    size_ = find("vm_struct", {"size"});
    flags_ = find("vm_struct", {"flags"});
    pages_ = find("vm_struct", {"nr_pages"});
    caller_ = find("vm_struct", {"caller"});
    if (missing) return fail(std::move(*missing));
    return {};
}

void VmallocReader::walk(std::uint64_t head) {
    const auto walked = for_each_list_node(
        memory_, head,
        [&](std::uint64_t node) {
            take(node - link_.offset());
            return true;
        },
        most_vmap_areas);
    if (!walked) problems_.add("the list of vmalloc areas", walked.error());
}

// Since 6.9 (d093602919ad) the areas in use are spread over several nodes.
void VmallocReader::walk_nodes() {
    const auto nodes = kernel_.word("vmap_nodes");
    const auto count = kernel_.number<std::uint32_t>("nr_vmap_nodes");
    const auto stride = kernel_.types().size_of("vmap_node");
    const auto busy = Field::find(kernel_.types(), "vmap_node", {"busy.head"});
    if (!nodes) return problems_.add("the vmalloc areas", nodes.error());
    if (!count) return problems_.add("the vmalloc areas", count.error());
    if (!stride) return problems_.add("the vmalloc areas", stride.error());
    if (!busy) return problems_.add("the vmalloc areas", busy.error());
    for (std::uint32_t i = 0; i < std::min(*count, most_vmap_nodes); ++i)
        walk(busy->address_in(*nodes + i * *stride));
}

// Until 3.9 the structs form a chain of their own, which /proc/vmallocinfo shows (f1c4069e1dc1).
void VmallocReader::walk_chain(const Result<std::uint64_t>& first) {
    if (!first) return problems_.add("the vmalloc areas", first.error());
    const auto areas = areas_by_struct();
    std::uint64_t link = *first;
    for (std::size_t count = 0;; ++count) {
        const auto vm = memory_.word(link);
        if (!vm) return problems_.add("the chain of vmalloc areas", vm.error());
        if (*vm == 0) return;
        if (count == most_vmap_areas)
            return problems_.add({ErrorCode::Corrupt, "the chain of vmalloc areas has no end", *first});
        const auto area = areas.find({*vm, address_.u64_or(memory_, *vm, 0)});
        take_struct(*vm, area == areas.end() ? 0 : area->second);
        link = next_.address_in(*vm);
    }
}

// Each area by its struct and where it begins: the pointer of one that was given back may lead to a struct
// that has been made anew.
VmallocReader::AreasByStruct VmallocReader::areas_by_struct() const {
    AreasByStruct areas;
    const auto head = kernel_.symbol("vmap_area_list");
    const auto vm = Field::find(kernel_.types(), "vmap_area", {"private"});
    const auto start = Field::find(kernel_.types(), "vmap_area", {"va_start"});
    if (!head || !vm || !start) return areas;
    (void)for_each_list_node(
        memory_, *head,
        [&](std::uint64_t node) {
            const std::uint64_t area = node - link_.offset();
            const auto owner = vm->u64(memory_, area), first = start->u64(memory_, area);
            if (owner && first) areas.try_emplace({*owner, *first}, area);
            return true;
        },
        most_vmap_areas);
    return areas;
}

void VmallocReader::take(std::uint64_t area) {
    const auto vm = vm_.u64(memory_, area);
    if (!vm) return problems_.add("a vmalloc area", vm.error());
    if (*vm == 0) {
        ++result_.nameless;
        return;
    }
    take_struct(*vm, area);
}

void VmallocReader::take_struct(std::uint64_t vm, std::uint64_t area) {
    const auto size = size_.u64(memory_, vm);
    if (!size) return problems_.add("a vmalloc area", size.error());
    result_.areas.push_back({address_.u64_or(memory_, vm, 0), *size, flags_.u64_or(memory_, vm, 0),
                             pages_.u64_or(memory_, vm, 0), caller_.u64_or(memory_, vm, 0), vm, area});
}

}  // namespace

VmallocAreas read_vmalloc_areas(const Kernel& kernel) {
    return VmallocReader(kernel).read();
}

Result<std::uint64_t> counted_vmalloc_pages(const Kernel& kernel, const VmCounters& counters) {
    // A node's counter since 6.18 or so, a number of its own since 5.3 (97105f0ab7b8).
    if (auto counted = counters.get("NR_VMALLOC")) return counted;
    return kernel.word("nr_vmalloc_pages");
}

Result<std::uint64_t> vmalloc_pages(const Kernel& kernel, const VmCounters& counters) {
    auto counted = counted_vmalloc_pages(kernel, counters);
    if (counted || counted.error().code != ErrorCode::NotFound) return counted;
    const VmallocAreas found = read_vmalloc_areas(kernel);
    if (!found.problems.empty()) return fail(found.problems.front());
    std::uint64_t pages = 0;
    for (const VmallocArea& area : found.areas)
        if (area.is_vmalloc()) pages += area.pages;
    return pages;
}

Result<std::uint64_t> vmalloc_space(const Kernel& kernel) {
    const MemoryLayout& layout = kernel.arch().memory;
    if (!layout.vmalloc_bytes)
        return fail(ErrorCode::Unsupported, "the size of this architecture's vmalloc space is not known");
    std::vector<std::uint64_t> values;
    for (const char* variable : layout.vmalloc_variables) {
        const auto value = kernel.word(variable);
        if (!value && value.error().code != ErrorCode::NotFound) return value;
        values.push_back(value.value_or(0));
    }
    return layout.vmalloc_bytes(kernel.memory().physical(), kernel.vmcoreinfo(), values);
}

}  // namespace postmortem
