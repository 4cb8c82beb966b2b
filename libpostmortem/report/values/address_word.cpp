#include "report/values/address_word.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "kernel/cpus.h"
#include "kernel/module/modules.h"

namespace postmortem {
namespace {

Result<std::uint64_t> module_symbol(const Kernel& kernel, std::string_view name) {
    for (const Module& module : kernel.modules().all())
        if (const auto symbols = kernel.modules().symbols_of(module))
            if (const auto address = (*symbols)->address_of(name)) return *address;
    return fail(ErrorCode::NotFound, fmt::format("no symbol is named {}", name));
}

Result<std::uint32_t> cpu_of(std::string_view word, const std::vector<std::uint32_t>& all) {
    const auto number = parse_u64(word, 10);
    if (!number)
        return fail(ErrorCode::InvalidArgument, fmt::format("'{}' is no list of CPUs such as 1,3,5-7", word));
    if (std::find(all.begin(), all.end(), *number) == all.end())
        return fail(ErrorCode::InvalidArgument, fmt::format("the machine has no CPU {}", *number));
    return static_cast<std::uint32_t>(*number);
}

}  // namespace

Result<std::uint64_t> resolve_symbol(const Kernel& kernel, std::string_view name) {
    auto address = kernel.symbol(name);
    if (address || address.error().code != ErrorCode::NotFound) return address;
    return module_symbol(kernel, name);
}

Result<std::uint64_t> resolve_address(const Kernel& kernel, std::string_view word) {
    if (const auto number = parse_u64(word, 16)) return *number;
    const std::size_t plus = word.find_first_of("+-");
    auto address = resolve_symbol(kernel, word.substr(0, plus));
    if (!address || plus == npos) return address;
    const auto offset = parse_u64(word.substr(plus + 1));
    if (!offset)
        return fail(ErrorCode::InvalidArgument,
                    fmt::format("'{}' is no offset, in '{}'", word.substr(plus + 1), word));
    return word[plus] == '+' ? *address + *offset : *address - *offset;
}

CpuWord split_cpu_word(std::string_view word) {
    const std::size_t colon = word.find(':');
    if (colon == npos) return {word, std::nullopt};
    return {word.substr(0, colon), word.substr(colon + 1)};
}

Result<std::vector<std::uint32_t>> resolve_cpus(const Kernel& kernel, std::string_view words,
                                                std::uint32_t current) {
    auto all = read_running_cpus(kernel);
    if (!all) return fail(std::move(all.error()));
    if (words == "a" || words == "all") return *all;
    if (words.empty()) return std::vector<std::uint32_t>{current};
    std::vector<std::uint32_t> cpus;
    for (const std::string_view word : split(words, ',')) {
        const std::size_t dash = word.find('-');
        const auto first = cpu_of(word.substr(0, dash), *all);
        const auto last = dash == npos ? first : cpu_of(word.substr(dash + 1), *all);
        if (!first) return fail(first.error());
        if (!last) return fail(last.error());
        if (*first > *last) return fail(ErrorCode::InvalidArgument, fmt::format("'{}' runs backwards", word));
        for (std::uint32_t cpu = *first; cpu <= *last; ++cpu) cpus.push_back(cpu);
    }
    return cpus;
}

bool is_per_cpu_symbol(const Kernel& kernel, std::uint64_t address) {
    const auto first = kernel.symbol("__per_cpu_start"), end = kernel.symbol("__per_cpu_end");
    return first && end && address >= *first && address < *end;
}

}  // namespace postmortem
