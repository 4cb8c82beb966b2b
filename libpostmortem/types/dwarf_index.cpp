#include "types/dwarf_index.h"

#include <algorithm>
#include <cstring>

#include <dwarf.h>

namespace postmortem {
namespace {

constexpr TypeId offset_mask = (1ull << 48) - 1;
constexpr TypeId in_types_section = 1ull << 61;
constexpr TypeId in_alternate = 1ull << 62;

/// Where a struct that only a few files can see is defined; several names for a file that has moved.
struct KnownSource {
    std::string_view type;
    std::string_view source;
};

constexpr KnownSource known_sources[] = {
    {"rq", "kernel/sched/core.c"},
    {"cfs_rq", "kernel/sched/core.c"},
    {"rt_rq", "kernel/sched/core.c"},
    {"dl_rq", "kernel/sched/core.c"},
    {"task_group", "kernel/sched/core.c"},
    {"workqueue_struct", "kernel/workqueue.c"},
    {"worker_pool", "kernel/workqueue.c"},
    {"pool_workqueue", "kernel/workqueue.c"},
    {"worker", "kernel/workqueue.c"},
    {"printk_log", "kernel/printk/printk.c"},
    {"printk_info", "kernel/printk/printk.c"},
    {"printk_ringbuffer", "kernel/printk/printk.c"},
    {"prb_desc", "kernel/printk/printk.c"},
    {"prb_desc_ring", "kernel/printk/printk.c"},
    {"prb_data_ring", "kernel/printk/printk.c"},
    {"prb_data_block", "kernel/printk/printk_ringbuffer.c"},
    {"timer_base", "kernel/time/timer.c"},
    {"tvec_base", "kernel/time/timer.c"},
    {"timekeeper", "kernel/time/timekeeping.c"},
    {"tk_data", "kernel/time/timekeeping.c"},
    {"hrtimer_cpu_base", "kernel/time/hrtimer.c"},
    {"module", "kernel/module/main.c"},
    {"module", "kernel/module.c"},
    {"mod_kallsyms", "kernel/module/main.c"},
    {"mod_kallsyms", "kernel/module/kallsyms.c"},
    {"mod_kallsyms", "kernel/module.c"},
    {"kmem_cache", "mm/slub.c"},
    {"kmem_cache", "mm/slab_common.c"},
    {"kmem_cache_node", "mm/slub.c"},
    {"kmem_cache_node", "mm/slab_common.c"},
    {"kmem_cache_cpu", "mm/slub.c"},
    {"slub_percpu_sheaves", "mm/slub.c"},
    {"slab", "mm/slub.c"},
    {"slab", "mm/slab_common.c"},
    {"oom_control", "mm/oom_kill.c"},
    {"mem_cgroup", "mm/memcontrol.c"},
    {"vmap_area", "mm/vmalloc.c"},
    {"swap_info_struct", "mm/swapfile.c"},
    {"mount", "fs/namespace.c"},
    {"mnt_namespace", "fs/namespace.c"},
    {"cgroup", "kernel/cgroup/cgroup.c"},
    {"css_set", "kernel/cgroup/cgroup.c"},
    {"cgroup_root", "kernel/cgroup/cgroup.c"},
    {"cgrp_cset_link", "kernel/cgroup/cgroup.c"},
    {"rcu_data", "kernel/rcu/tree.c"},
    {"rcu_state", "kernel/rcu/tree.c"},
    {"rcu_node", "kernel/rcu/tree.c"},
    {"irq_desc", "kernel/irq/irqdesc.c"},
    {"orc_entry", "arch/x86/kernel/unwind_orc.c"},
    {"orc_header", "arch/x86/kernel/unwind_orc.c"},
    {"inactive_task_frame", "arch/x86/kernel/process_64.c"},
    {"inactive_task_frame", "arch/x86/kernel/process_32.c"},
    {"xa_node", "mm/filemap.c"},
    {"radix_tree_node", "mm/filemap.c"},
    {"radix_tree_node", "lib/radix-tree.c"},
    {"net_device", "net/core/dev.c"},
    {"sock", "net/core/sock.c"},
    {"inet_sock", "net/ipv4/af_inet.c"},
    {"gendisk", "block/genhd.c"},
    {"request_queue", "block/blk-core.c"},
};

/// Sources that between them see nearly everything else.
constexpr std::string_view general_sources[] = {
    "init/main.c",
    "kernel/fork.c",
    "kernel/sched/core.c",
    "kernel/printk/printk.c",
    "kernel/module/main.c",
    "kernel/module.c",
    "kernel/signal.c",
    "kernel/nsproxy.c",
    "kernel/cgroup/cgroup.c",
    "kernel/panic.c",
    "kernel/workqueue.c",
    "kernel/crash_core.c",
    "kernel/kexec_core.c",
    "mm/oom_kill.c",
    "mm/filemap.c",
    "mm/page_alloc.c",
    "mm/memcontrol.c",
    "mm/slub.c",
    "fs/namespace.c",
    "fs/proc/task_mmu.c",
    "fs/proc/base.c",
};

constexpr int not_a_name = -1;

int slot_of(TypeKind kind) {
    switch (kind) {
        case TypeKind::Struct: return 0;
        case TypeKind::Union: return 1;
        case TypeKind::Enum: return 2;
        case TypeKind::Typedef: return 3;
        default: return not_a_name;
    }
}

// Units are named relative to the build or by an absolute path; arch/x86/kernel/module.c is not
// kernel/module.c.
bool is_source(std::string_view unit, std::string_view source) {
    if (!unit.ends_with(source)) return false;
    std::string_view before = unit.substr(0, unit.size() - source.size());
    if (before.empty()) return true;
    if (!before.ends_with('/')) return false;
    before.remove_suffix(1);
    const std::size_t parent = before.rfind('/');
    const std::string_view above = before.substr(0, parent == std::string_view::npos ? 0 : parent);
    return above != "arch" && !above.ends_with("/arch");
}

}  // namespace

std::optional<TypeKind> lookup_kind(int tag) {
    switch (tag) {
        case DW_TAG_structure_type:
        case DW_TAG_class_type: return TypeKind::Struct;
        case DW_TAG_union_type: return TypeKind::Union;
        case DW_TAG_enumeration_type: return TypeKind::Enum;
        case DW_TAG_typedef: return TypeKind::Typedef;
        default: return std::nullopt;
    }
}

TypeId id_of(const Dwarf_Die& die, const DwarfFile& dwarf) {
    Dwarf_Die copy = die;
    TypeId id = ::dwarf_dieoffset(&copy) & offset_mask;
    Dwarf_Half version = 0;
    std::uint8_t unit_type = 0;
    if (::dwarf_cu_info(die.cu, &version, &unit_type, nullptr, nullptr, nullptr, nullptr, nullptr) == 0 &&
        version < 5 && unit_type == DW_UT_type)
        id |= in_types_section;
    if (dwarf.alternate() != nullptr && ::dwarf_cu_getdwarf(die.cu) == dwarf.alternate()) id |= in_alternate;
    return id;
}

std::optional<Dwarf_Die> die_of(TypeId id, const DwarfFile& dwarf) {
    Dwarf* file = (id & in_alternate) != 0 ? dwarf.alternate() : dwarf.get();
    if (file == nullptr) return std::nullopt;
    const Dwarf_Off offset = id & offset_mask;
    Dwarf_Die die;
    const Dwarf_Die* found = (id & in_types_section) != 0 ? ::dwarf_offdie_types(file, offset, &die)
                                                          : ::dwarf_offdie(file, offset, &die);
    if (found == nullptr) return std::nullopt;
    return die;
}

std::optional<Dwarf_Die> referenced(Dwarf_Die& die, unsigned attribute) {
    Dwarf_Attribute found;
    Dwarf_Die target;
    if (::dwarf_attr(&die, attribute, &found) == nullptr) return std::nullopt;
    if (::dwarf_formref_die(&found, &target) == nullptr) return std::nullopt;
    return target;
}

std::optional<TypeId> DwarfIndex::known(TypeKind kind, std::string_view name) const {
    const Names& names = names_[static_cast<std::size_t>(slot_of(kind))];
    const auto at = names.find(name);
    if (at == names.end()) return std::nullopt;
    return at->second;
}

// Compilers put every name that is longer than an offset into .debug_str; what is not there need not be
// looked for.
bool DwarfIndex::may_exist(std::string_view name) {
    constexpr std::size_t always_shared = 8;
    if (last_name_ == name) return last_name_exists_;
    last_name_ = name;
    const Bytes own = dwarf_->section(".debug_str"), shared = dwarf_->alternate_section(".debug_str");
    const auto holds = [&](Bytes section) {
        return !section.empty() &&
               ::memmem(section.data(), section.size(), last_name_.c_str(), name.size() + 1) != nullptr;
    };
    last_name_exists_ = name.size() < always_shared || own.empty() || holds(own) || holds(shared);
    return last_name_exists_;
}

bool DwarfIndex::list_next_unit() {
    if (all_listed_) return false;
    Unit unit{};
    Dwarf_CU* next = nullptr;
    const int more =
        ::dwarf_get_units(dwarf_->get(), last_listed_, &next, nullptr, nullptr, &unit.root, nullptr);
    if (more != 0) {
        if (more < 0) ++damaged_units_;
        all_listed_ = true;
        return false;
    }
    last_listed_ = next;
    if (const char* name = ::dwarf_diename(&unit.root)) unit.name = name;
    units_.push_back(unit);
    return true;
}

// Looks in the units of some sources, in the order that they are linked in. Those that were listed before
// cost nothing; listing more is worth it only where the name exists at all.
std::optional<TypeId> DwarfIndex::find_in(std::span<const std::string_view> sources, TypeKind kind,
                                          std::string_view name) {
    std::size_t left = sources.size();
    for (std::size_t i = 0; left > 0; ++i) {
        if (i == units_.size() && (!may_exist(name) || !list_next_unit())) break;
        const auto wanted = std::find_if(sources.begin(), sources.end(), [&](std::string_view source) {
            return is_source(units_[i].name, source);
        });
        if (wanted == sources.end()) continue;
        --left;
        index_unit(units_[i].root);
        if (const auto found = known(kind, name)) return found;
    }
    return std::nullopt;
}

void DwarfIndex::index_unit(const Dwarf_Die& root) {
    std::vector<Dwarf_Die> pending{root};  // dwz leaves imports of units that may import further ones
    while (!pending.empty()) {
        Dwarf_Die unit = pending.back();
        pending.pop_back();
        if (!walked_.insert(id_of(unit, *dwarf_)).second) continue;
        Dwarf_Die entry;
        int more = ::dwarf_child(&unit, &entry);
        for (Dwarf_Off last = 0; more == 0; more = ::dwarf_siblingof(&entry, &entry)) {
            // A damaged DW_AT_sibling may lead backwards.
            const Dwarf_Off offset = ::dwarf_dieoffset(&entry);
            if (offset <= last) {
                more = -1;
                break;
            }
            last = offset;
            index_entry(entry, pending);
        }
        if (more < 0) ++damaged_units_;
    }
}

void DwarfIndex::index_entry(Dwarf_Die& entry, std::vector<Dwarf_Die>& imported) {
    const int tag = ::dwarf_tag(&entry);
    if (tag == DW_TAG_imported_unit) {
        if (const auto unit = referenced(entry, DW_AT_import)) imported.push_back(*unit);
        return;
    }
    const auto kind = lookup_kind(tag);
    if (!kind) return;
    const char* name = ::dwarf_diename(&entry);
    if (name == nullptr) return;
    if (::dwarf_hasattr(&entry, DW_AT_declaration) == 0) {
        names_[static_cast<std::size_t>(slot_of(*kind))].try_emplace(name, id_of(entry, *dwarf_));
    } else if (const auto complete = referenced(entry, DW_AT_signature)) {
        names_[static_cast<std::size_t>(slot_of(*kind))].try_emplace(name, id_of(*complete, *dwarf_));
    }
}

std::optional<TypeId> DwarfIndex::find(TypeKind kind, std::string_view name) {
    if (slot_of(kind) == not_a_name || name.empty()) return std::nullopt;
    if (const auto found = known(kind, name)) return found;
    std::vector<std::string_view> sources;
    for (const KnownSource& hint : known_sources)
        if (hint.type == name) sources.push_back(hint.source);
    if (const auto found = find_in(sources, kind, name)) return found;
    if (const auto found = find_in(general_sources, kind, name)) return found;
    if (!may_exist(name)) return std::nullopt;
    for (; next_to_walk_ < units_.size() || list_next_unit(); ++next_to_walk_) {
        index_unit(units_[next_to_walk_].root);
        if (const auto found = known(kind, name)) return found;
    }
    return std::nullopt;
}

}  // namespace postmortem
