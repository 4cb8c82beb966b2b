#include "support/fake_tasks.h"

#include <algorithm>

#include <fmt/format.h>

namespace postmortem::test {
namespace {

constexpr std::uint64_t task_bytes = 2048;  // two on a page
constexpr std::uint64_t kernel_thread_flag = 0x00200000;
constexpr std::uint64_t node_slots = 64;

}  // namespace

const std::vector<TaskEra>& task_eras() {
    static const std::vector<TaskEra> eras = {
        {"6.2 and later", true, false, true, true, 4, "__state", "pid_links", true},
        {"5.16 to 6.1", true, false, true, false, 4, "__state", "pid_links", true},
        {"4.20 to 5.13", true, false, true, false, 4, "state", "pid_links", false},
        {"4.15 to 4.18", false, true, true, false, 4, "state", "pids", false},
        {"4.4", false, false, true, false, 3, "state", "pids", true, true},
        {"3.10", false, false, false, false, 3, "state", "pids", true, true},
        {"3.10 of RHEL 7", false, false, false, false, 3, "state", "pids", true, true, true},
        {"2.6.32", false, false, false, false, 0, "state", "pids", true, true},
        {"6.2 on i386", true, false, true, true, 4, "__state", "pid_links", true, false, false,
         FakeBuild::I386},
        {"6.1 on i386 with PAE", true, false, true, false, 4, "__state", "pid_links", true, false, false,
         FakeBuild::I386Pae},
        {"3.10 on i386", false, false, false, false, 3, "state", "pids", true, true, false, FakeBuild::I386},
        {"2.6.32 on i386 with PAE", false, false, false, false, 0, "state", "pids", true, true, false,
         FakeBuild::I386Pae},
    };
    return eras;
}

std::vector<std::string_view> TaskEra::table_counters() const {
    if (!info_on_stack) return {"pgtables_bytes"};
    if (thread_head) return {"nr_ptes", "nr_pmds"};
    return {"nr_ptes"};
}

const TaskEra& i386_era() {
    const auto narrow = [](const TaskEra& era) { return era.build == FakeBuild::I386; };
    return *std::find_if(task_eras().begin(), task_eras().end(), narrow);
}

FakeTasks::FakeTasks(const TaskEra& era, unsigned more) : era_(era), fake_(era.build) {
    declare_types();
    init_task_ = fake_.variable("init_task", task_bytes);
    idle_task_ = fake_.allocate(task_bytes, task_bytes);
    write_task(init_task_, 0, 0, "swapper/0", 0);
    write_task(idle_task_, 0, 0, "swapper/1", 0);
    add(1, 1, "systemd", add_mm(1, 1000));
    add(2, 2, "kthreadd", 0);
    const std::uint64_t shared = add_mm(10, 5000);
    for (const std::int32_t pid : {10, 11, 12}) add(pid, 10, fmt::format("worker-{}", pid), shared);
    for (unsigned i = 0; i < more; ++i)
        add(static_cast<std::int32_t>(100 + i), static_cast<std::int32_t>(100 + i), "many", 0);
    add_cpus();
}

void FakeTasks::declare_types() {
    BtfBuilder& b = fake_.types();
    const std::uint32_t size = fake_.word();  // of a long; where nothing else is said, 8 bytes are set aside
    const auto u8 = b.integer("char", 1), s32 = b.integer("int", 4, true), u32 = b.integer("unsigned", 4),
               word = b.integer("long", size), s64 = b.integer("s64", 8, true),
               signed_word = b.integer("signed long", size, true);
    const auto list = b.structure("list_head", 2 * size, {{"next", word, 0}, {"prev", word, 8 * size}});
    const auto hlist_node =
        b.structure("hlist_node", 2 * size, {{"next", word, 0}, {"pprev", word, 8 * size}});
    const auto hlist_head = b.structure("hlist_head", size, {{"first", word, 0}});
    const auto atomic_long = b.structure("", size, {{"counter", signed_word, 0}});

    std::vector<BtfMember> task;
    std::uint64_t at = 0;
    const auto add = [&](std::string_view name, std::uint32_t type, std::uint64_t bytes) {
        offsets_[std::string(name)] = at;
        task.push_back({std::string(name), type, static_cast<std::uint32_t>(at * 8)});
        at += bytes;
    };
    if (era_.info_on_stack) {
        b.structure("thread_info", 104, {{"task", word, 0}, {"flags", u32, 128}, {"cpu", u32, 192}});
    } else if (era_.cpu_in_thread_info) {
        add("thread_info", b.structure("thread_info", 8, {{"flags", u32, 0}, {"cpu", u32, 32}}), 8);
    } else {
        add("cpu", word, 8);
    }
    add(era_.state, era_.state == "state" ? word : u32, 8);
    add("stack", word, 8);
    add("flags", u32, 8);
    add("tasks", list, 16);
    add("mm", word, 8);
    if (!era_.percpu_rss && era_.rss_counters != 0) {
        const auto counts = b.array(s32, era_.rss_counters);
        add("rss_stat", b.structure("task_rss_stat", 20, {{"events", s32, 0}, {"count", counts, 32}}), 24);
        if (era_.shmem_apart) add("mm_shmempages", s32, 8);
    }
    add("exit_state", s32, 8);
    at = 1024;
    add("pid", s32, 4);
    add("tgid", s32, 4);
    add("parent", word, 8);
    add("thread_group", list, 16);
    add("thread_node", list, 16);
    if (!era_.thread_head) task.pop_back();
    add(era_.pid_link, b.array(hlist_node, 4), 64);
    add("signal", word, 8);
    add("comm", b.array(u8, 16), 16);
    b.structure("task_struct", task_bytes, task);

    std::vector<BtfMember> signal = {{"live", s32, 0}};
    if (era_.thread_head) signal.push_back({"thread_head", list, 128});
    b.structure("signal_struct", 64, signal);
    b.structure("pid", 64, {{"count", s32, 0}, {"tasks", b.array(hlist_head, 4), 128}});
    b.structure("rq", 64, {{"idle", word, 64}, {"curr", word, 128}});

    std::vector<BtfMember> mm = {{"total_vm", word, 0}};
    if (era_.percpu_rss) {
        const auto counter = b.structure("percpu_counter", 40, {{"count", s64, 64}, {"counters", word, 256}});
        mm.push_back({"rss_stat", b.array(counter, 4), 64});
    } else if (era_.rss_counters != 0) {
        const auto counts = b.array(atomic_long, era_.rss_counters);
        mm.push_back({"rss_stat", b.structure("mm_rss_stat", 32, {{"count", counts, 0}}), 64});
        // What was reserved there has a name of its own in the other half of the union.
        if (era_.shmem_apart)
            mm.push_back({"",
                          b.union_of("", size, {{"mm_shmempages", atomic_long, 0}, {"reserved", word, 0}}),
                          64 + 3 * 8 * size});
    } else {
        mm.push_back({"_file_rss", atomic_long, 64});
        mm.push_back({"_anon_rss", atomic_long, 64 + 8 * size});
    }
    const auto table_counter = [&](std::string_view name) {
        mm.push_back({std::string(name), atomic_long, static_cast<std::uint32_t>(mm_member(name) * 8)});
    };
    mm.push_back({"pgd", word, static_cast<std::uint32_t>(mm_member("pgd") * 8)});
    for (const std::string_view name : era_.table_counters()) table_counter(name);
    b.structure("mm_struct", 256, mm);

    if (!era_.xarray && !era_.radix_tree) {
        b.structure("pid_namespace", 64, {{"pidmap", word, 0}});
        return;
    }
    const auto slots = b.array(b.pointer(0), node_slots);
    b.structure(era_.xarray ? "xa_node" : "radix_tree_node", 576, {{"shift", u8, 0}, {"slots", slots, 320}});
    const auto root = b.structure(era_.xarray ? "xarray" : "radix_tree_root", 16,
                                  {{"flags", word, 0}, {era_.xarray ? "xa_head" : "rnode", word, 64}});
    const auto idr = b.structure("idr", 24, {{"idr_rt", root, 0}, {"idr_base", u32, 128}});
    b.structure("pid_namespace", 64, {{"idr", idr, 64}});
}

std::uint64_t FakeTasks::member(std::int32_t pid, std::string_view name) const {
    return tasks_.at(pid).address + offsets_.find(name)->second;
}

std::uint64_t FakeTasks::member_of_init_task(std::string_view name) const {
    return init_task_ + offsets_.find(name)->second;
}

void FakeTasks::write_task(std::uint64_t address, std::int32_t pid, std::int32_t tgid, std::string_view comm,
                           std::uint64_t mm) {
    const auto at = [&](std::string_view name) { return address + offsets_.find(name)->second; };
    const bool kernel_thread = mm == 0;
    std::uint64_t cpu_at = 0;
    if (era_.info_on_stack) {
        const std::uint64_t stack = fake_.allocate_page(256);
        fake_.put_word(at("stack"), stack);
        fake_.put_word(stack, address);
        thread_infos_[pid] = stack;
        cpu_at = stack + 24;
    } else {
        cpu_at = era_.cpu_in_thread_info ? at("thread_info") + 4 : at("cpu");
    }
    fake_.put<std::uint32_t>(cpu_at, address == idle_task_ || pid >= 11 ? 1 : 0);
    fake_.put<std::uint32_t>(at(era_.state), pid == 0 || pid == 12 ? 0 : 1);
    fake_.put<std::uint32_t>(at("flags"), kernel_thread ? kernel_thread_flag : 0);
    fake_.put_word(at("mm"), mm);
    fake_.put<std::int32_t>(at("pid"), pid);
    fake_.put<std::int32_t>(at("tgid"), tgid);
    fake_.put_word(at("parent"), init_task_);
    fake_.write(at("comm"), std::string(comm).substr(0, 15) + '\0');
}

std::uint64_t FakeTasks::add(std::int32_t pid, std::int32_t tgid, std::string_view comm, std::uint64_t mm) {
    FakeTask task{pid, tgid, fake_.allocate(task_bytes, task_bytes), 0, fake_.allocate(64)};
    task.signal = pid == tgid ? fake_.allocate(64) : tasks_.at(tgid).signal;
    write_task(task.address, pid, tgid, comm, mm);
    fake_.put_word(task.address + offsets_.at("signal"), task.signal);
    fake_.put_word(task.pid_struct + 16, task.address + offsets_.find(era_.pid_link)->second);
    if (!era_.percpu_rss && era_.rss_counters != 0 && mm != 0) {
        const std::int32_t kept = pid == 12 ? -1 : 1;  // each thread holds a page of each kind, or owes one
        for (unsigned i = 0; i < era_.rss_counters; ++i)
            fake_.put(task.address + offsets_.at("rss_stat") + 4 + i * 4, kept);
        if (era_.shmem_apart) fake_.put(task.address + offsets_.at("mm_shmempages"), kept);
    }
    tasks_[pid] = task;
    return task.address;
}

// file = pages, anon = 10, swap = 20, shmem = 30 (where the kernel has that counter).
std::uint64_t FakeTasks::add_mm(std::int32_t tgid, std::uint64_t pages) {
    const std::uint64_t mm = fake_.allocate(256);
    mms_[tgid] = mm;
    fake_.put_word(mm, pages * 2);
    for (std::uint64_t i = 0; i < 4; ++i) {
        const std::uint64_t value = i == 0 ? pages : i * 10;
        if (era_.percpu_rss) {
            const std::uint64_t parts = fake_.allocate(256);
            fake_.put_u64(mm + 8 + i * 40 + 8, value - 3);
            fake_.put_word(mm + 8 + i * 40 + 32, parts);  // offsets of CPUs: 0 and 128
            fake_.put<std::int32_t>(parts + 64, 5);
            fake_.put<std::int32_t>(parts + 128, -2);
        } else if (i < era_.rss_counters || (era_.rss_counters == 0 && i < 2) ||
                   (i == 3 && era_.shmem_apart)) {
            fake_.put_word(mm + 8 + i * fake_.word(), value);
        } else {
            fake_.put_word(mm + 8 + i * fake_.word(), 0x7777777777777777);  // something else follows
        }
    }
    return mm;
}

// CPU 0 idles, CPU 1 runs pid 12. The offsets of the CPUs, 64 and 128, serve the counters of add_mm() too.
void FakeTasks::add_cpus() {
    fake_.put<std::uint32_t>(fake_.variable("nr_cpu_ids", 4), 2);
    online_mask_ = fake_.variable("__cpu_online_mask");
    active_mask_ = fake_.variable("__cpu_active_mask");
    for (const std::uint64_t mask : {fake_.variable("__cpu_possible_mask"), online_mask_, active_mask_})
        fake_.put_word(mask, 3);
    const std::uint64_t offsets = fake_.variable("__per_cpu_offset", 16);
    const std::uint64_t symbol = fake_.variable("runqueues", 256);
    const std::array<std::uint64_t, 2> idle = {init_task_, idle_task_},
                                       current = {init_task_, task(12).address};
    for (unsigned cpu = 0; cpu < 2; ++cpu) {
        const std::uint64_t offset = 64 * (cpu + 1);
        fake_.put_word(offsets + fake_.word() * cpu, offset);
        runqueues_.push_back(symbol + offset);
        fake_.put_word(symbol + offset + 8, idle[cpu]);
        fake_.put_word(symbol + offset + 16, current[cpu]);
    }
}

void FakeTasks::link() {
    std::vector<std::uint64_t> processes;
    std::map<std::int32_t, std::vector<std::uint64_t>> threads;
    const std::string_view thread_link = era_.thread_head ? "thread_node" : "thread_group";
    for (const auto& [pid, task] : tasks_) {
        if (pid == task.tgid) processes.push_back(member(pid, "tasks"));
        if (era_.thread_head || pid != task.tgid) threads[task.tgid].push_back(member(pid, thread_link));
    }
    fake_.link_list(member_of_init_task("tasks"), processes);
    for (const auto& [tgid, nodes] : threads)
        fake_.link_list(era_.thread_head ? task(tgid).signal + 16 : member(tgid, thread_link), nodes);
    for (const auto& [pid, task] : tasks_)
        if (!era_.thread_head && pid == task.tgid && !threads.contains(pid))
            fake_.link_list(member(pid, thread_link), {});
    link_pid_table();
}

// Two levels of nodes, for pids up to 4095.
void FakeTasks::link_pid_table() {
    const std::uint64_t space = fake_.variable("init_pid_ns", 64);
    if (!era_.xarray && !era_.radix_tree) return;
    const std::uint64_t internal = era_.xarray ? 2 : 1;
    const auto make_node = [&](std::uint8_t shift) {
        const std::uint64_t node = fake_.allocate_page(40 + node_slots * fake_.word());
        fake_.put<std::uint8_t>(node, shift);
        return node;
    };
    const std::uint64_t root = make_node(6);
    fake_.put_word(space + 8 + 8, root + internal);
    std::map<std::uint64_t, std::uint64_t> leaves;
    for (const auto& [pid, task] : tasks_) {
        const auto number = static_cast<std::uint64_t>(pid);
        auto& leaf = leaves[number / node_slots];
        if (leaf == 0) {
            leaf = make_node(0);
            fake_.put_word(root + 40 + number / node_slots * fake_.word(), leaf + internal);
        }
        table_slots_[pid] = leaf + 40 + number % node_slots * fake_.word();
        fake_.put_word(table_slots_[pid], task.pid_struct);
    }
    table_leaf_ = leaves[0];
}

}  // namespace postmortem::test
