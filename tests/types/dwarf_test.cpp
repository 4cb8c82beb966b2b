// DWARF and BTF of the same vmlinux must tell the same about every struct that the kernel readers use.
#include "types/dwarf.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support/cached_kernels.h"
#include "types/btf.h"

namespace dwarf_test {

using namespace postmortem;

namespace {

constexpr const char* structs[] = {
    "task_struct",
    "thread_info",
    "thread_struct",
    "mm_struct",
    "vm_area_struct",
    "signal_struct",
    "sighand_struct",
    "cred",
    "user_struct",
    "user_namespace",
    "group_info",
    "nsproxy",
    "pid",
    "upid",
    "pid_namespace",
    "uts_namespace",
    "new_utsname",
    "ipc_namespace",
    "net",
    "mnt_namespace",
    "cgroup_namespace",
    "rq",
    "cfs_rq",
    "rt_rq",
    "dl_rq",
    "sched_entity",
    "sched_rt_entity",
    "sched_dl_entity",
    "sched_info",
    "task_group",
    "load_weight",
    "module",
    "module_kobject",
    "module_layout",
    "module_memory",
    "mod_kallsyms",
    "mod_arch_specific",
    "kobject",
    "kset",
    "kref",
    "kernel_param",
    "list_head",
    "hlist_head",
    "hlist_node",
    "rb_node",
    "rb_root",
    "rb_root_cached",
    "llist_head",
    "llist_node",
    "xarray",
    "xa_node",
    "idr",
    "radix_tree_root",
    "radix_tree_node",
    "maple_tree",
    "maple_node",
    "maple_range_64",
    "maple_arange_64",
    "spinlock",
    "raw_spinlock",
    "mutex",
    "rw_semaphore",
    "semaphore",
    "seqcount",
    "wait_queue_head",
    "wait_queue_entry",
    "completion",
    "work_struct",
    "delayed_work",
    "workqueue_struct",
    "worker_pool",
    "pool_workqueue",
    "worker",
    "timer_list",
    "timer_base",
    "hrtimer",
    "hrtimer_clock_base",
    "hrtimer_cpu_base",
    "timekeeper",
    "tk_read_base",
    "timespec64",
    "zone",
    "pglist_data",
    "free_area",
    "per_cpu_pages",
    "mem_section",
    "page",
    "folio",
    "slab",
    "kmem_cache",
    "kmem_cache_cpu",
    "kmem_cache_node",
    "vm_struct",
    "vmap_area",
    "swap_info_struct",
    "address_space",
    "super_block",
    "file_system_type",
    "mount",
    "vfsmount",
    "mountpoint",
    "dentry",
    "qstr",
    "inode",
    "file",
    "path",
    "fdtable",
    "files_struct",
    "fs_struct",
    "block_device",
    "gendisk",
    "cgroup",
    "cgroup_subsys_state",
    "cgroup_root",
    "css_set",
    "mem_cgroup",
    "mem_cgroup_per_node",
    "page_counter",
    "oom_control",
    "kernfs_node",
    "kernfs_root",
    "printk_ringbuffer",
    "prb_desc_ring",
    "prb_desc",
    "prb_data_ring",
    "prb_data_blk_lpos",
    "printk_info",
    "dev_printk_info",
    "orc_entry",
    "orc_header",
    "pt_regs",
    "inactive_task_frame",
    "stack_frame",
    "desc_struct",
    "gate_struct",
    "tss_struct",
    "cpuinfo_x86",
    "irq_desc",
    "irq_data",
    "irqaction",
    "rcu_data",
    "rcu_state",
    "rcu_node",
    "rcu_head",
    "percpu_counter",
    "percpu_ref",
    "kioctx_table",
    "bio",
    "request",
    "request_queue",
    "device",
    "device_driver",
    "bus_type",
    "net_device",
    "sk_buff",
    "sock",
    "inet_sock",
    "socket",
    "perf_event",
    "bpf_prog",
    "elf64_sym",
    "elf64_hdr",
    "latch_tree_node",
    "bug_entry",
    "exception_table_entry",
    "restart_block",
    "static_key",
    "jump_entry",
    "vmcoredd_node",
    "resource",
    "kexec_segment",
    "kimage",
    "softirq_action",
    "console",
    "tty_struct",
    "tty_driver",
};

std::uint64_t size_of(const TypeFinder& types, TypeId id, unsigned depth = 0) {
    const Type& type = types.get(id);
    if (type.kind == TypeKind::Array && depth < 8) return type.count * size_of(types, type.target, depth + 1);
    return type.byte_size;
}

/// Walks a type in both sources side by side.
struct Comparison {
    const TypeFinder& btf;
    const TypeFinder& dwarf;
    std::vector<std::string> differences;
    int members = 0;
    int bit_fields = 0;
    int pointees = 0;

    void differ(const std::string& where, std::string_view what, auto in_btf, auto in_dwarf) {
        if (in_btf != in_dwarf)
            differences.push_back(fmt::format("{}: {}: BTF {}, DWARF {}", where, what, in_btf, in_dwarf));
    }

    void compare(TypeId b, TypeId d, const std::string& where, unsigned depth = 0) {
        const Type& in_btf = btf.get(b);
        const Type& in_dwarf = dwarf.get(d);
        differ(where, "kind", to_string(in_btf.kind), to_string(in_dwarf.kind));
        differ(where, "name", in_btf.name, in_dwarf.name);
        differ(where, "size", size_of(btf, b), size_of(dwarf, d));
        // pahole loses the sign of a signed char; DWARF keeps it.
        if (in_btf.byte_size != 1) differ(where, "signed", in_btf.is_signed, in_dwarf.is_signed);
        differ(where, "count", in_btf.count, in_dwarf.count);
        differ(where, "members", in_btf.members.size(), in_dwarf.members.size());
        differ(where, "enumerators", in_btf.enumerators.size(), in_dwarf.enumerators.size());
        for (std::size_t i = 0; i < std::min(in_btf.enumerators.size(), in_dwarf.enumerators.size()); ++i) {
            differ(where, "enumerator", in_btf.enumerators[i].name, in_dwarf.enumerators[i].name);
            differ(where, "enumerator", in_btf.enumerators[i].value, in_dwarf.enumerators[i].value);
        }
        for (std::size_t i = 0; i < std::min(in_btf.members.size(), in_dwarf.members.size()); ++i)
            compare_member(in_btf.members[i], in_dwarf.members[i], where, depth);
        if (in_btf.kind == TypeKind::Array && depth < 4)
            compare(in_btf.target, in_dwarf.target, where + "[]", depth + 1);
        if (in_btf.kind == TypeKind::Pointer) compare_pointee(in_btf.target, in_dwarf.target, where + "*");
    }

    void compare_member(const Member& b, const Member& d, const std::string& where, unsigned depth) {
        const std::string name = where + "." + b.name;
        ++members;
        if (b.bit_size != 0) ++bit_fields;
        differ(name, "name", b.name, d.name);
        differ(name, "bit offset", b.bit_offset, d.bit_offset);
        differ(name, "bit size", b.bit_size, d.bit_size);
        if (depth < 4) compare(b.type, d.type, name, depth + 1);
    }

    // A pointer ends the comparison: its target only has to be there. DWARF may know more: BTF of 5.10 leaves
    // some structs declared that another unit completes.
    void compare_pointee(TypeId b, TypeId d, const std::string& where) {
        const Type& in_btf = btf.get(b);
        const Type& in_dwarf = dwarf.get(d);
        differ(where, "name", btf.get_declared(b).name, dwarf.get_declared(d).name);
        if (in_btf.kind == TypeKind::Forward) return;
        differ(where, "kind", to_string(in_btf.kind), to_string(in_dwarf.kind));
        differ(where, "size", in_btf.byte_size, in_dwarf.byte_size);
        ++pointees;
    }
};

std::unique_ptr<TypeFinder> btf_of(const Vmlinux& vmlinux) {
    auto bytes = vmlinux.btf();
    REQUIRE(bytes);
    auto finder = open_btf(std::move(*bytes), "BTF");
    REQUIRE(finder);
    return std::move(*finder);
}

}  // namespace

TEST_CASE("DWARF tells the same as BTF about the structs that the kernel readers need") {
    const auto kernels = test::cached_kernels();
    if (kernels.empty()) MESSAGE("skipped: no kernel with debug symbols in the cache");
    for (const auto& kernel : kernels) {
        CAPTURE(kernel.suite);
        auto vmlinux = Vmlinux::open(kernel.vmlinux(), std::nullopt);
        REQUIRE(vmlinux);
        const auto btf = btf_of(**vmlinux);
        auto dwarf = open_dwarf(**vmlinux);
        REQUIRE(dwarf);

        Comparison comparison{*btf, **dwarf, {}};
        int compared = 0;
        for (const char* name : structs) {
            const auto in_btf = btf->find_struct(name);
            const auto in_dwarf = (*dwarf)->find_struct(name);
            CAPTURE(name);
            CHECK(in_btf.has_value() == in_dwarf.has_value());
            if (!in_btf || !in_dwarf) continue;
            comparison.compare(*in_btf, *in_dwarf, name);
            ++compared;
        }
        for (const std::string& difference : comparison.differences) CHECK_MESSAGE(false, difference);
        CHECK(compared > 150);
        CHECK(comparison.bit_fields > 100);
        CHECK(comparison.pointees > 1000);
        MESSAGE(kernel.suite << ": " << compared << " structs, " << comparison.members << " members, "
                             << comparison.bit_fields << " bit-fields, " << comparison.pointees
                             << " pointers");
    }
}

}  // namespace dwarf_test
