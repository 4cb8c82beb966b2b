#include "kernel/irq/irq_descriptors.h"

#include "kernel/maple_tree.h"
#include "kernel/xarray.h"

namespace postmortem {
namespace {

constexpr std::uint32_t most_irqs = 1u << 20;

// Before 2.6.36, with CONFIG_SPARSE_IRQ: an array of pointers, behind a pointer since 2.6.30. The first lines are
// those of an array of their own.
Result<void> visit_pointers(const Kernel& kernel, std::uint64_t variable,
                            const std::function<void(std::uint64_t number, std::uint64_t descriptor)>& visit) {
    const auto limit = irq_limit(kernel);
    const auto first = kernel.memory().word(variable);
    if (!limit || !first) return fail(!limit ? limit.error() : first.error());
    const auto legacy = kernel.symbol("irq_desc_legacy");
    const std::uint64_t array = legacy && *legacy == *first ? variable : *first;
    for (std::uint32_t number = 0; number < *limit; ++number) {
        const auto descriptor =
            kernel.memory().word(array + std::uint64_t{number} * kernel.memory().word_size());
        if (!descriptor) return fail(descriptor.error());
        if (*descriptor != 0) visit(number, *descriptor);
    }
    return {};
}

}  // namespace

void for_each_irq(const Kernel& kernel,
                  const std::function<void(std::uint64_t number, std::uint64_t descriptor)>& visit,
                  const std::function<void(Error)>& broken) {
    if (kernel.symbol("sparse_irqs")) {
        for_each_maple_entry(
            kernel.variable("sparse_irqs", "maple_tree"),
            [&](std::uint64_t first, std::uint64_t, std::uint64_t entry) {
                visit(first, entry);
                return true;
            },
            broken);
        return;
    }
    if (kernel.symbol("irq_desc_tree")) {
        // A radix tree is an xarray by another name since 4.20 (f8d5d0cc145c).
        const bool renamed = kernel.types().find_struct("xarray").has_value();
        for_each_xarray_entry(
            kernel.variable("irq_desc_tree", renamed ? "xarray" : "radix_tree_root"),
            [&](std::uint64_t number, std::uint64_t entry) {
                visit(number, entry);
                return true;
            },
            broken);
        return;
    }
    if (const auto pointers = kernel.symbol("irq_desc_ptrs")) {
        if (auto done = visit_pointers(kernel, *pointers, visit); !done) broken(std::move(done.error()));
        return;
    }
    const auto array = kernel.symbol("irq_desc");
    const auto size = kernel.types().size_of("irq_desc");
    const auto limit = irq_limit(kernel);
    if (!array || !size || !limit)
        return broken(!array ? array.error() : !size ? size.error() : limit.error());
    for (std::uint32_t number = 0; number < *limit; ++number) visit(number, *array + number * *size);
}

Result<std::uint32_t> irq_limit(const Kernel& kernel) {
    auto limit = kernel.number<std::uint32_t>("total_nr_irqs");  // static since 6.13 (5fca1e0f5d5b)
    if (!limit) limit = kernel.number<std::uint32_t>("nr_irqs");
    if (limit && *limit > most_irqs)
        return fail(ErrorCode::Corrupt, "the number of interrupt lines is impossible");
    return limit;
}

}  // namespace postmortem
