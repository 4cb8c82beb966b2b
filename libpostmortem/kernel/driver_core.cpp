#include "kernel/driver_core.h"

#include "kernel/lists.h"

namespace postmortem {

Result<void> for_each_device(const Kernel& kernel, const Object& klist, DeviceKlist kind, std::size_t most,
                             const std::function<bool(std::uint64_t)>& visit,
                             const std::function<void(Error)>& lost) {
    const char* const link = kind == DeviceKlist::Bus ? "knode_bus" : "knode_class";
    const TypeFinder& types = kernel.types();
    const auto head = klist["k_list"].checked_address();
    auto node_offset = types.offset_of("klist_node", "n_node");
    // What links classes was a part of struct device until 5.0 (570d0200123f), what links buses until 2.6.29.
    auto knode = types.offset_of("device_private", link);
    const bool in_device = !knode;
    if (in_device) knode = types.offset_of("device", link);
    if (!head) return fail(head.error());
    for (const auto* offset : {&node_offset, &knode})
        if (!*offset) return fail(offset->error());
    return for_each_list_node(
        kernel.memory(), *head,
        [&](std::uint64_t node) {
            const std::uint64_t owner = node - *node_offset - *knode;
            const auto device = in_device ? Result<std::uint64_t>(owner)
                                          : kernel.object("device_private", owner)["device"].u64();
            if (device) return visit(*device);
            lost(device.error());
            return true;
        },
        most);
}

}  // namespace postmortem
