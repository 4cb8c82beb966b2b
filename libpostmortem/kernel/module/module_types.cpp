#include "kernel/module/module_types.h"

#include <optional>

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

// The struct btf of each module, until `visit` has seen enough.
Result<void> for_each_module_btf(const Kernel& kernel, const std::function<bool(const Object&)>& visit) {
    const auto head = kernel.symbol("btf_modules");
    const auto link = kernel.types().offset_of("btf_module", "list");
    if (!head || !link) return fail(ErrorCode::NotFound, "this kernel keeps no types of modules");
    return for_each_list_node(
        kernel.memory(), *head,
        [&](std::uint64_t node) {
            const auto btf = kernel.object("btf_module", node - *link)["btf"].u64_or(0);
            return btf == 0 || visit(kernel.object("btf", btf));
        },
        most_modules);
}

}  // namespace

Result<std::unique_ptr<TypeFinder>> read_module_types(const Kernel& kernel, std::string_view module) {
    std::optional<Object> found;
    const auto walk = for_each_module_btf(kernel, [&](const Object& btf) {
        if (btf["name"].string() == std::string(module)) found = btf;
        return !found;
    });
    if (found) return open(kernel, *found, module);
    if (!walk) return fail(walk.error());
    return fail(ErrorCode::NotFound, fmt::format("module {} brought no types along", module));
}

Result<std::unique_ptr<TypeFinder>> find_module_types(const Kernel& kernel,
                                                      const std::function<bool(const TypeFinder&)>& fits) {
    std::unique_ptr<TypeFinder> found;
    std::optional<Error> missing;
    const auto walk = for_each_module_btf(kernel, [&](const Object& btf) {
        auto types = open(kernel, btf, btf["name"].string().value_or("?"));
        if (types && fits(**types)) found = std::move(*types);
        if (!types && !missing) missing = std::move(types.error());
        return !found;
    });
    if (found) return found;
    if (missing) return fail(std::move(*missing));
    if (!walk) return fail(walk.error());
    return fail(ErrorCode::NotFound, "no module brought such types along");
}

}  // namespace postmortem
