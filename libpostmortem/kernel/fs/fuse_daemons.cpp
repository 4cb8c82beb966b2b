#include "kernel/fs/fuse_daemons.h"

#include <memory>

#include "kernel/fs/open_files.h"
#include "kernel/module/module_types.h"

namespace postmortem {
namespace {

// Since 6.18 flags stand in the low bits of file->private_data
// (FUSE_DEV_SYNC_INIT).
constexpr std::uint64_t fuse_device_flags = 3;

class FuseTypes {
  public:
    static Result<FuseTypes> find(const Kernel& kernel) {
        FuseTypes types(kernel);
        if (kernel.types().find_struct("fuse_conn")) return types;
        auto own = read_module_types(kernel, "fuse");
        if (!own) return fail(own.error());
        types.own_ = std::move(*own);
        return types;
    }
    Object object(std::string_view name, std::uint64_t address) const {
        const TypeFinder& types = own_ ? *own_ : kernel_.types();
        const auto type = types.find_struct(name);
        if (!type) return {kernel_.memory(), types, type.error()};
        return {kernel_.memory(), types, *type, address};
    }

  private:
    explicit FuseTypes(const Kernel& kernel) : kernel_(kernel) {}
    const Kernel& kernel_;
    std::unique_ptr<TypeFinder> own_;
};

// The kernel's, or of a module.
Result<bool> is_fuse_device(const Kernel& kernel, const Object& file) {
    return file["f_op"].u64().and_then([&](std::uint64_t operations) {
        return kernel.symbol_at(operations).map([](const SymbolHit& hit) {
            return hit.symbol.name == "fuse_dev_operations";
        });
    });
}

// A fuse_chan stands between the two in 7.2.
Result<std::uint64_t> connection_of(const FuseTypes& types, std::uint64_t device) {
    const Object opened = types.object("fuse_dev", device);
    return opened.has("chan") ? opened["chan"]["conn"].u64() : opened["fc"].u64();
}

}  // namespace

Result<std::vector<std::uint64_t>> find_fuse_daemons(const Kernel& kernel, const TaskTable& table,
                                                     std::uint64_t super_block) {
    const auto types = FuseTypes::find(kernel);
    if (!types) return fail(types.error());
    const auto info = kernel.object("super_block", super_block)["s_fs_info"].u64();
    if (!info) return fail(info.error());
    // Between the two stands a fuse_mount since 5.11 (fcee216beb9c).
    const Object mount = types->object("fuse_mount", *info);
    const auto connection = mount.ok() ? mount["fc"].u64() : info;
    if (!connection) return fail(connection.error());
    std::vector<std::uint64_t> daemons;
    bool all_known = table.problems.empty();
    for (const Task& task : table.tasks) {
        if (task.mm == 0 || !task.is_group_leader()) continue;
        const FilesOfTask files = read_open_files(kernel, task);
        all_known = all_known && files.files_known;
        for (const FileOfTask& open : files.files) {
            const Object file = kernel.object("file", open.file);
            const auto is_device = is_fuse_device(kernel, file);
            all_known = all_known && is_device;
            if (!is_device.value_or(false)) continue;
            const std::uint64_t device = file["private_data"].u64_or(0) & ~fuse_device_flags;
            if (device == 0) continue;
            const auto own = connection_of(*types, device);
            if (!own) return fail(own.error());
            if (*own != *connection) continue;
            daemons.push_back(task.address);
            break;
        }
    }
    if (daemons.empty() && !all_known)
        return fail(ErrorCode::NotFound, "what some processes have open could not be read");
    return daemons;
}

}  // namespace postmortem
