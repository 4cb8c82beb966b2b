#include "kernel/unwind/stacks.h"

#include <array>

#include <fmt/format.h>

#include "base/checked.h"
#include "kernel/percpu.h"

namespace postmortem {
namespace {

constexpr std::uint64_t default_stack_size = 16 * 1024;  // THREAD_SIZE and IRQ_STACK_SIZE without KASAN
constexpr std::uint64_t largest_stack_size = 1024 * 1024;
constexpr std::uint64_t stack_page = 4096;

std::uint64_t size_or_default(Result<std::uint64_t> size) {
    return size && *size >= stack_page && *size <= largest_stack_size ? *size : default_stack_size;
}

std::uint64_t task_stack_size(const TypeFinder& types) {
    const auto type = types.find(TypeKind::Union, "thread_union");
    if (!type) return default_stack_size;
    return size_or_default(types.get(*type).byte_size);
}

// hardirq_stack_ptr since 5.8 (a member of pcpu_hot from 6.2 to 6.14), irq_stack_ptr before. It points at the
// top of the stack or at the last word below.
Result<std::uint64_t> irq_stack_top(const Kernel& kernel, std::uint32_t cpu) {
    const Object hot = per_cpu_variable(kernel, "pcpu_hot", "pcpu_hot", cpu)["hardirq_stack_ptr"];
    Result<std::uint64_t> pointer = hot.u64();
    for (const char* name : {"hardirq_stack_ptr", "irq_stack_ptr"}) {
        if (pointer) break;
        auto place = per_cpu_address(kernel, name, cpu);
        pointer = place ? kernel.memory().u64(*place) : fail(std::move(place.error()));
    }
    if (!pointer) return pointer;
    if (*pointer == 0) return fail(ErrorCode::NotFound, "the interrupt stack pointer is null");
    return align_up(*pointer, stack_page);
}

// The pointer to them is per CPU since 5.1 (7623f37e4111).
Result<void> add_exception_stacks(const Kernel& kernel, std::uint32_t cpu, std::vector<StackRange>& stacks) {
    static constexpr std::array<std::pair<const char*, StackKind>, 6> members = {{
        {"NMI_stack", StackKind::Nmi},
        {"DF_stack", StackKind::DoubleFault},
        {"DB_stack", StackKind::Debug},
        {"MCE_stack", StackKind::MachineCheck},
        {"VC_stack", StackKind::VmmCommunication},
        {"VC2_stack", StackKind::VmmCommunication},
    }};
    auto place = per_cpu_address(kernel, "cea_exception_stacks", cpu);
    if (!place) return fail(std::move(place.error()));
    auto base = kernel.memory().u64(*place);
    if (!base) return fail(std::move(base.error()));
    if (*base == 0) return {};
    const Object all = kernel.object("cea_exception_stacks", *base);
    if (!all.ok()) return fail(*all.error());
    for (const auto& [name, kind] : members) {
        const Object stack = all[name];
        // Absent, or a stack of no bytes where the kernel was built without SEV-ES.
        if (!stack.ok() || stack.size() == 0 || stack.size() > largest_stack_size) continue;
        stacks.push_back({stack.address(), stack.address() + stack.size(), kind});
    }
    return {};
}

// The stack on which the CPU enters from user mode ends where the TSS says (4.15, with page table isolation).
Result<StackRange> entry_stack(const Kernel& kernel, std::uint32_t cpu) {
    const auto top = per_cpu_variable(kernel, "cpu_tss_rw", "tss_struct", cpu)["x86_tss"]["sp0"].u64();
    if (!top) return fail(top.error());
    const auto size = kernel.types().size_of("entry_stack");
    if (!size) return fail(size.error());
    if (*top < *size || *size > largest_stack_size)
        return fail(ErrorCode::Corrupt, "the TSS holds no usable sp0");
    return StackRange{*top - *size, *top, StackKind::Entry};
}

}  // namespace

Stacks::Stacks(const Kernel& kernel) : kernel_(kernel), task_stack_size_(task_stack_size(kernel.types())) {}

std::vector<StackRange> Stacks::of_cpu(std::uint32_t cpu, Problems& problems) const {
    std::vector<StackRange> stacks;
    const auto problem = [&](const Error& error, const char* what) {
        problems.emplace_back(error.code, fmt::format("the {} of CPU {}: {}", what, cpu, error.message),
                              error.address);
    };
    if (const auto top = irq_stack_top(kernel_, cpu)) {
        const std::uint64_t size = size_or_default(kernel_.types().size_of("irq_stack"));
        stacks.push_back({*top - size, *top, StackKind::Irq});
    } else {
        problem(top.error(), "interrupt stack");
    }
    if (const auto done = add_exception_stacks(kernel_, cpu, stacks); !done)
        problem(done.error(), "exception stacks");
    // Without it only the first instructions after an entry are lost: no problem worth a line.
    if (const auto entry = entry_stack(kernel_, cpu)) stacks.push_back(*entry);
    return stacks;
}

}  // namespace postmortem
