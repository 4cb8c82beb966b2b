#include "kernel/module/module_types.h"

#include <fmt/format.h>

#include "kernel/lists.h"
#include "types/btf.h"

namespace postmortem {
namespace {

constexpr std::size_t most_modules = 1u << 16;
constexpr std::uint64_t most_bytes = 16ull << 20;

Result<std::unique_ptr<TypeFinder>> open(const Kernel& kernel, const Object& btf, std::string_view module) {
    const auto data = btf["data"].u64(), size = btf["data_size"].u64();
    if (!data || !size) return fail(!data ? data.error() : size.error());
    if (*size > most_bytes)
        return fail(ErrorCode::Corrupt, "a module's BTF claims an impossible size", btf.address());
    auto bytes = kernel.memory().bytes(*data, *size);
    if (!bytes) return fail(std::move(bytes.error()));
    return open_split_btf(kernel.types(), std::move(*bytes), fmt::format("BTF of module {}", module));
}

}  // namespace

Result<std::unique_ptr<TypeFinder>> read_module_types(const Kernel& kernel, std::string_view module) {
    const auto head = kernel.symbol("btf_modules");
    const auto link = kernel.types().offset_of("btf_module", "list");
    if (!head || !link) return fail(ErrorCode::NotFound, "this kernel keeps no types of modules");
    std::uint64_t found = 0;
    const auto walk = for_each_list_node(
        kernel.memory(), *head,
        [&](std::uint64_t node) {
            const Object btf = kernel.object("btf_module", node - *link)["btf"];
            if (btf["name"].string() == std::string(module)) found = btf.u64_or(0);
            return found == 0;
        },
        most_modules);
    if (found != 0) return open(kernel, kernel.object("btf", found), module);
    if (!walk) return fail(walk.error());
    return fail(ErrorCode::NotFound, fmt::format("module {} brought no types along", module));
}

}  // namespace postmortem
