#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/interrupt_vectors.h>

#include "base/problem_collector.h"
#include "report/values/symbolic.h"

namespace postmortem {

Result<InterruptVectors> interrupt_vectors(const CrashDump& dump) {
    const Kernel& kernel = dump.kernel();
    const VectorTable& shape = kernel.arch().vectors;
    if (!shape.variable)
        return fail(ErrorCode::Unsupported,
                    fmt::format("{} has no table of interrupt vectors", kernel.arch().name));
    const auto start = kernel.symbol(shape.variable);
    if (!start) return fail(start.error());
    InterruptVectors table;
    table.address_digits = static_cast<std::uint8_t>(kernel.arch().word_size * 2);
    ProblemCollector problems;
    const SymbolicNames names(kernel);
    std::vector<std::byte> entry(shape.entry_bytes);
    for (std::uint32_t number = 0; number < shape.vectors; ++number) {
        const auto read = kernel.memory().read(*start + std::uint64_t{number} * shape.entry_bytes, entry);
        if (!read) {
            problems.add("the interrupt vectors", read.error());
            continue;
        }
        const std::uint64_t handler = shape.handler(entry, kernel.memory().endian());
        table.vectors.push_back({number, handler, names.of(handler)});
    }
    if (auto damage = names.take_damage()) problems.add("the symbols", *damage);
    table.problems = problems.take();
    return table;
}

}  // namespace postmortem
