#include "kernel/mm/zram.h"

#include <fmt/format.h>

#include "kernel/module/module_types.h"

namespace postmortem {
namespace {

// A struct of a module, or of the kernel where the driver is built in.
class ForeignType {
  public:
    static Result<ForeignType> find(const Kernel& kernel, std::string_view module,
                                    std::string_view struct_name) {
        ForeignType type;
        if (const auto own = kernel.types().find_struct(struct_name)) {
            type.types_ = &kernel.types();
            type.id_ = *own;
            return type;
        }
        auto finder = read_module_types(kernel, module);
        if (!finder)
            return fail(ErrorCode::MissingDebugInfo,
                        fmt::format("struct {} is the module {}'s own: {}", struct_name, module,
                                    finder.error().message));
        const auto id = (*finder)->find_struct(struct_name);
        if (!id) return fail(id.error());
        type.owned_ = std::move(*finder);
        type.types_ = type.owned_.get();
        type.id_ = *id;
        return type;
    }

    Object at(const Kernel& kernel, std::uint64_t address) const {
        return {kernel.memory(), *types_, id_, address};
    }

  private:
    std::unique_ptr<TypeFinder> owned_;
    const TypeFinder* types_ = nullptr;
    TypeId id_ = 0;
};

}  // namespace

Result<ZramState> read_zram(const Kernel& kernel, std::uint64_t block_device) {
    const Object disk = kernel.object("block_device", block_device)["bd_disk"];
    const auto name = disk["disk_name"].string();
    if (!name) return fail(name.error());
    if (!name->starts_with("zram")) return fail(ErrorCode::NotFound, "not a zram device");
    const auto device = disk["private_data"].u64();
    if (!device) return fail(device.error());
    const auto zram_type = ForeignType::find(kernel, "zram", "zram");
    if (!zram_type) return fail(zram_type.error());
    const auto pool_type = ForeignType::find(kernel, "zsmalloc", "zs_pool");
    if (!pool_type) return fail(pool_type.error());

    const Object zram = zram_type->at(kernel, *device), stats = zram["stats"];
    const auto pool = zram["mem_pool"].u64();
    const auto stored = stats["pages_stored"].u64(), compressed = stats["compr_data_size"].u64(),
               limit = zram["limit_pages"].u64(), most = stats["max_used_pages"].u64(),
               same = stats["same_pages"].u64(), huge = stats["huge_pages"].u64();
    const auto used = pool ? pool_type->at(kernel, *pool)["pages_allocated"].u64() : fail(pool.error());
    for (const auto* value : {&stored, &compressed, &limit, &most, &same, &huge, &used})
        if (!*value) return fail(value->error());
    return ZramState{*stored, *compressed, *used, *limit, *most, *same, *huge};
}

}  // namespace postmortem
