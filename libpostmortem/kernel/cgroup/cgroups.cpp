#include "kernel/cgroup/cgroups.h"

#include <fmt/format.h>

namespace postmortem {
namespace {

// Nothing nests deeper: cgroup.max.depth is unlimited, but a path ends at PATH_MAX.
constexpr std::size_t deepest = 512;
constexpr std::size_t longest_group_name = 256;
constexpr std::uint64_t most_controllers = 64;

// NotFound says that this kernel has no memory controller. What only the dump lacks must not say so.
Error not_told(Error error) {
    if (error.code == ErrorCode::NotFound) error.code = ErrorCode::MissingDebugInfo;
    return error;
}

Result<std::uint64_t> find_subsystem(const Kernel& kernel) {
    if (const auto symbols = kernel.symbols(); !symbols) return fail(not_told(symbols.error()));
    if (const auto address = kernel.symbol("memory_cgrp_subsys")) return *address;
    // Until 3.13 (073219e995b4).
    if (const auto address = kernel.symbol("mem_cgroup_subsys")) return *address;
    // Symbols without variables (CONFIG_KALLSYMS_ALL=n) still name what makes a group: mem_cgroup_create
    // until 3.7 (92fb97487a7e).
    for (const std::string_view function : {"mem_cgroup_css_alloc", "mem_cgroup_create"})
        if (kernel.symbol(function))
            return fail(ErrorCode::MissingDebugInfo,
                        "the kernel's symbols do not tell where the memory controller lies");
    return fail(ErrorCode::NotFound, "the kernel was built without the memory controller (CONFIG_MEMCG)");
}

// cgroup_disable=memory makes the root group all the same, with numbers that nobody counts. Told by a static
// key since 4.3 (49d1dc4b8179), by the controller itself before.
bool is_switched_off(const Kernel& kernel, const Object& subsystem) {
    if (const auto key = kernel.number<std::uint32_t>("memory_cgrp_subsys_enabled_key")) return *key == 0;
    return subsystem["disabled"].u64_or(0) != 0;
}

}  // namespace

Result<MemoryController> read_memory_controller(const Kernel& kernel) {
    const auto address = find_subsystem(kernel);
    if (!address) return fail(address.error());
    const Object subsystem = kernel.object("cgroup_subsys", *address);
    if (!subsystem.ok()) return fail(not_told(*subsystem.error()));
    const auto root = subsystem["root"].u64();
    const auto id = subsystem.first_of({"id", "subsys_id"}).u64();  // since 3.14 (aec25020f5a2)
    const auto default_root = kernel.symbol("cgrp_dfl_root");
    const auto memcg = kernel.word("root_mem_cgroup");
    if (!root) return fail(not_told(root.error()));
    if (!id) return fail(not_told(id.error()));
    if (!memcg) return fail(not_told(memcg.error()));
    if (*id >= most_controllers)
        return fail(ErrorCode::Corrupt, "the memory controller's number is impossible");
    if (*root == 0 || *memcg == 0 || is_switched_off(kernel, subsystem))
        return fail(ErrorCode::NotFound, "the memory controller was switched off (cgroup_disable=memory)");
    MemoryController controller;
    controller.id = *id;
    controller.v2 = default_root && *default_root == *root;
    controller.root_memcg = *memcg;
    return controller;
}

// Since 3.15 (2bd59d48ebfb) groups are nodes of kernfs. Before, a group names itself, until 3.9
// (65dff759d290) by its dentry.
CgroupPaths::CgroupPaths(const Kernel& kernel) : kernel_(kernel) {
    const auto find = [&](std::string_view type, std::initializer_list<std::string_view> names) {
        return Field::find(kernel.types(), type, names).value_or(Field());
    };
    const FieldFinder needed(kernel.types(), missing_);
    node_ = find("cgroup", {"kn"});
    name_ = find("cgroup", {"name"});
    if (node_.present() || !find("cgroup", {"parent"}).present()) {
        node_ = needed("cgroup", {"kn"});
        name_ = needed("kernfs_node", {"name"});
        // __parent since 6.15 (633488947ef6).
        parent_ = needed("kernfs_node", {"__parent", "parent"});
        return;
    }
    parent_ = needed("cgroup", {"parent"});
    if (name_.present()) {
        text_offset_ = needed("cgroup_name", {"name"}).offset();
    } else {
        dentry_ = needed("cgroup", {"dentry"});
        name_ = needed("dentry", {"d_name.name"});
    }
}

Result<std::string> CgroupPaths::of(std::uint64_t cgroup) {
    if (missing_) return fail(*missing_);
    if (!node_.present()) return of_node(cgroup);
    const auto node = node_.u64(kernel_.memory(), cgroup);
    if (!node) return fail(node.error());
    return of_node(*node);
}

Result<std::string> CgroupPaths::name_of(std::uint64_t node) const {
    const AddressSpace& memory = kernel_.memory();
    const auto holder = dentry_.present() ? dentry_.u64(memory, node) : Result<std::uint64_t>(node);
    if (!holder) return fail(holder.error());
    if (*holder == 0) return std::string();
    const auto text = name_.u64(memory, *holder);
    if (!text) return fail(text.error());
    return *text == 0 ? Result<std::string>("") : memory.c_string(*text + text_offset_, longest_group_name);
}

Result<std::string> CgroupPaths::of_node(std::uint64_t node) {
    const AddressSpace& memory = kernel_.memory();
    std::vector<std::uint64_t> below;  // nodes whose path is not known yet, deepest first
    std::string path;
    for (std::uint64_t at = node; at != 0;) {
        if (const auto known = paths_.find(at); known != paths_.end()) {
            path = known->second;
            break;
        }
        if (below.size() >= deepest)
            return fail(ErrorCode::Corrupt, "a control group has no end of parents", node);
        below.push_back(at);
        const auto parent = parent_.u64(memory, at);
        if (!parent) return fail(parent.error());
        at = *parent;
    }
    for (auto at = below.rbegin(); at != below.rend(); ++at) {
        const auto name = name_of(*at);
        if (!name) return fail(name.error());
        // The root's own name is empty or "/".
        if (path.empty())
            path = "/";
        else
            path += (path.size() > 1 ? "/" : "") + *name;
        paths_.emplace(*at, path);
    }
    return path.empty() ? "/" : path;
}

TaskCgroups::TaskCgroups(const Kernel& kernel)
    : kernel_(kernel), controller_(read_memory_controller(kernel)), paths_(kernel) {
    const FieldFinder find(kernel.types(), missing_);
    css_set_of_task_ = find("task_struct", {"cgroups"});
    states_ = find("css_set", {"subsys"});
    if (controller_ && controller_->v2) default_cgroup_ = find("css_set", {"dfl_cgrp"});
    cgroup_of_state_ = find("cgroup_subsys_state", {"cgroup"});
    state_of_memcg_ = find("mem_cgroup", {"css"});
}

Result<const CgroupMembership*> TaskCgroups::of(std::uint64_t task) {
    if (!controller_) return fail(controller_.error());
    if (missing_) return fail(not_told(*missing_));
    const auto set = css_set_of_task_.u64(kernel_.memory(), task);
    if (!set) return fail(set.error());
    auto known = by_css_set_.find(*set);
    if (known == by_css_set_.end()) known = by_css_set_.emplace(*set, read(*set)).first;
    if (!known->second) return fail(known->second.error());
    return &*known->second;
}

Result<CgroupMembership> TaskCgroups::read(std::uint64_t css_set) {
    const AddressSpace& memory = kernel_.memory();
    const auto state = memory.word(states_.address_in(css_set) + controller_->id * memory.word_size());
    if (!state) return fail(state.error());
    if (*state == 0) return fail(ErrorCode::Corrupt, "a task belongs to no memory control group", css_set);
    CgroupMembership member;
    member.memcg = *state - state_of_memcg_.offset();
    const auto charged = cgroup_of_state_.u64(memory, *state);
    if (!charged) return fail(charged.error());
    auto path = paths_.of(*charged);
    if (!path) return fail(std::move(path.error()));
    member.memcg_path = *path;
    member.path = std::move(*path);
    if (!controller_->v2) return member;
    const auto own = default_cgroup_.u64(memory, css_set);
    if (!own) return fail(own.error());
    path = paths_.of(*own);
    if (!path) return fail(std::move(path.error()));
    member.path = std::move(*path);
    return member;
}

}  // namespace postmortem
