#include "kernel/unwind/stacks.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/checked.h"
#include "kernel/percpu.h"

namespace postmortem {
namespace {

constexpr std::uint64_t largest_stack_size = 1024 * 1024;
constexpr std::uint64_t smallest_stack_size = 4096;

bool usable_size(std::uint64_t size) {
    return size >= smallest_stack_size && size <= largest_stack_size;
}

// Of init_task's (include/asm-generic/vmlinux.lds.h): since 4.16 (0500871f21b2), under another name
// since 6.10 (8f69cba096b5). 0 where there are no such symbols.
std::uint64_t linked_stack_size(const Kernel& kernel) {
    for (const auto& [first, last] :
         {std::pair("__start_init_stack", "__end_init_stack"), {"__start_init_task", "__end_init_task"}}) {
        const auto start = kernel.symbol(first), end = kernel.symbol(last);
        if (start && end && *end > *start) return *end - *start;
    }
    return 0;
}

// A compiler leaves out a type of which no code has anything. A stack in vmalloc space takes a page at least.
std::uint64_t task_stack_size(const Kernel& kernel) {
    const auto type = kernel.types().find(TypeKind::Union, "thread_union");
    if (type && usable_size(kernel.types().get(*type).byte_size)) return kernel.types().get(*type).byte_size;
    if (const std::uint64_t size = linked_stack_size(kernel); usable_size(size)) return size;
    const std::uint64_t usual = kernel.arch().stacks.default_size;
    const bool in_vmalloc_space = kernel.object("task_struct", 0).has("stack_vm_area");
    return in_vmalloc_space ? std::max<std::uint64_t>(usual, kernel.physical().page_size()) : usual;
}

Object from_array(const Kernel& kernel, const StackPlace& place, std::uint32_t cpu) {
    auto array = kernel.symbol(place.variable);
    if (array && place.by_cpu == StackPlace::ByCpu::PointerToArray) array = kernel.memory().word(*array);
    auto address = array.and_then([&](std::uint64_t start) {
        return kernel.memory().word(start + std::uint64_t{cpu} * kernel.arch().word_size);
    });
    if (!address) return {kernel.memory(), kernel.types(), std::move(address.error())};
    return kernel.object(place.type, *address);
}

// The stack itself, or a pointer to it.
Result<std::uint64_t> read_place(const Kernel& kernel, const StackPlace& place, std::uint32_t cpu) {
    const bool itself = place.form == StackPlace::Form::Itself;
    if (place.type) {
        Object found = place.by_cpu != StackPlace::ByCpu::No
                           ? from_array(kernel, place, cpu)
                           : per_cpu_variable(kernel, place.variable, place.type, cpu);
        if (place.member) found = found.path(place.member);
        return itself ? found.checked_address() : found.u64();
    }
    auto address = per_cpu_address(kernel, place.variable, cpu);
    if (!address || itself) return address;
    return kernel.memory().word(*address);
}

// Where one is absent the next one, from an older kernel, may be there.
Result<std::uint64_t> read_places(const Kernel& kernel, const CpuStack& stack, std::uint32_t cpu,
                                  StackPlace::Form& form) {
    Result<std::uint64_t> found = fail(ErrorCode::NotFound, "nothing tells where it is");
    for (const StackPlace& place : stack.places) {
        found = read_place(kernel, place, cpu);
        form = place.form;
        if (found) break;
    }
    return found;
}

Result<std::uint64_t> size_of(const Kernel& kernel, const CpuStack& stack) {
    if (stack.size != 0) return stack.size;
    const auto size = kernel.types().size_of(stack.size_type);
    if (stack.needs_size) {
        if (size && *size > largest_stack_size) return fail(ErrorCode::Corrupt, "its size is impossible");
        return size;
    }
    return size && usable_size(*size) ? *size : task_stack_size(kernel);
}

Result<void> add_one(const Kernel& kernel, const CpuStack& stack, std::uint32_t cpu,
                     std::vector<StackRange>& stacks) {
    StackPlace::Form form = StackPlace::Form::PointsToTop;
    const auto place = read_places(kernel, stack, cpu, form);
    if (!place) return fail(place.error());
    if (*place == 0)
        return fail(ErrorCode::NotFound,
                    fmt::format("the {} pointer is null", stack.name ? stack.name : "stack"));
    const auto size = size_of(kernel, stack);
    if (!size) return fail(size.error());
    // An entry stack is smaller than a page.
    const std::uint64_t alignment = stack.needs_size ? 1 : smallest_stack_size;
    const bool top = form == StackPlace::Form::PointsToTop;
    const std::uint64_t low = top ? align_up(*place, alignment) - *size : *place;
    if (low + *size < low) return fail(ErrorCode::Corrupt, "it would lie at the end of all addresses");
    stacks.push_back({low, low + *size, stack.kind});
    return {};
}

Result<void> add_members(const Kernel& kernel, const CpuStack& stack, std::uint32_t cpu,
                         std::vector<StackRange>& stacks) {
    StackPlace::Form form = StackPlace::Form::PointsToBottom;
    const auto base = read_places(kernel, stack, cpu, form);
    if (!base) return fail(base.error());
    if (*base == 0) return {};
    const Object all = kernel.object(stack.set_type, *base);
    if (!all.ok()) return fail(*all.error());
    for (const auto& [name, kind] : stack.members) {
        const Object member = all[name];
        // Absent, or a stack of no bytes where the kernel was built without what it is for.
        if (!member.ok() || member.size() == 0 || member.size() > largest_stack_size) continue;
        stacks.push_back({member.address(), member.address() + member.size(), kind});
    }
    return {};
}

// What lies before the first end nobody tells: all but #DB's are equally large. (Ubuntu's 4.15 made them
// twice as large as others.)
std::uint64_t nearest(const std::vector<std::uint64_t>& ends, std::uint64_t otherwise) {
    std::uint64_t least = largest_stack_size;
    for (std::size_t i = 1; i < ends.size(); ++i)
        if (ends[i] > ends[i - 1]) least = std::min(least, ends[i] - ends[i - 1]);
    return ends.size() > 1 && usable_size(least) ? least : otherwise;
}

// A stack begins where the one before it ends.
Result<void> add_ends(const Kernel& kernel, const StackEnds& known, std::uint32_t cpu,
                      std::vector<StackRange>& stacks) {
    constexpr std::size_t most_ends = 7;  // as many as a TSS has room for
    const auto array =
        per_cpu_variable(kernel, known.variable, known.type, cpu)[known.member].checked_address();
    if (!array) return fail(array.error());
    std::vector<std::uint64_t> ends;
    for (std::size_t i = 0; i < most_ends; ++i) {
        const auto end = kernel.memory().word(*array + i * kernel.arch().word_size);
        if (!end) return fail(end.error());
        if (*end == 0) break;
        ends.push_back(*end);
    }
    const auto order = std::find_if(known.orders.begin(), known.orders.end(),
                                    [&](const auto& kinds) { return kinds.size() == ends.size(); });
    if (order == known.orders.end())
        return fail(ErrorCode::Unsupported, fmt::format("{} holds {} stacks", known.variable, ends.size()));
    const std::uint64_t usual = nearest(ends, known.smallest);
    for (std::size_t i = 0; i < ends.size(); ++i) {
        const std::uint64_t apart = i > 0 && ends[i] > ends[i - 1] ? ends[i] - ends[i - 1] : usual;
        const std::uint64_t size = usable_size(apart) ? apart : usual;
        if (ends[i] < size) return fail(ErrorCode::Corrupt, "the end of a stack is impossible", *array);
        stacks.push_back({ends[i] - size, ends[i], (*order)[i]});
    }
    return {};
}

Result<void> add_set(const Kernel& kernel, const CpuStack& stack, std::uint32_t cpu,
                     std::vector<StackRange>& stacks) {
    auto done = add_members(kernel, stack, cpu, stacks);
    if (done || !stack.ends || !per_cpu_address(kernel, stack.ends->variable, cpu)) return done;
    return add_ends(kernel, *stack.ends, cpu, stacks);
}

// A kernel that names its own variables, and none of these, has no such stack: i386 with stacks of 8 KiB,
// before 2.6.36.
bool has_no_such(const Kernel& kernel, const CpuStack& stack) {
    const auto is_absent = [&](const StackPlace& place) {
        const auto variable = kernel.symbol(place.variable);
        return !variable && variable.error().code == ErrorCode::NotFound;
    };
    return kernel.symbol("runqueues") && std::all_of(stack.places.begin(), stack.places.end(), is_absent);
}

}  // namespace

Stacks::Stacks(const Kernel& kernel) : kernel_(kernel), task_stack_size_(task_stack_size(kernel)) {}

std::vector<StackRange> Stacks::of_cpu(std::uint32_t cpu, Problems& problems) const {
    std::vector<StackRange> stacks;
    for (const CpuStack& stack : kernel_.arch().stacks.cpu) {
        const auto done = stack.members.empty() ? add_one(kernel_, stack, cpu, stacks)
                                                : add_set(kernel_, stack, cpu, stacks);
        if (done || !stack.name || has_no_such(kernel_, stack)) continue;
        problems.emplace_back(done.error().code,
                              fmt::format("the {} of CPU {}: {}", stack.name, cpu, done.error().message),
                              done.error().address);
    }
    return stacks;
}

}  // namespace postmortem
