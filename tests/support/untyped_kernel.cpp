#include "support/untyped_kernel.h"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>

namespace postmortem::test {
namespace {

constexpr std::uint32_t kernel_thread = 0x00200000, never_exec = 0x40;
constexpr std::uint64_t end_magic = 0x57ac6e9d;
constexpr std::int32_t zombie_pid = 108, tracer_pid = 104, traced_pid = 105, threaded_pid = 106;
constexpr std::int32_t first_user = 100, last_user = 111;

bool is_kernel_thread(std::int32_t pid) {
    return pid <= 0 || (pid >= 2 && pid < first_user);
}

/// "state 0 stack 8 …"
std::map<std::string, std::uint64_t, std::less<>> offsets(const std::string& table) {
    std::map<std::string, std::uint64_t, std::less<>> all;
    std::istringstream words(table);
    std::string member;
    for (std::uint64_t offset = 0; words >> member >> offset;) all[member] = offset;
    return all;
}

std::string name_of(std::int32_t pid) {
    static const std::map<std::int32_t, std::string> names = {
        {0, "swapper/0"},   {1, "init"},        {2, "kthreadd"},   {3, "ksoftirqd/0"},
        {4, "migration/0"}, {5, "ksoftirqd/1"}, {6, "migration/1"}};
    const auto known = names.find(pid);
    return known != names.end() ? known->second : fmt::format("task-{}", pid);
}

std::uint32_t cpu_of(std::int32_t pid) {
    if (pid == 100 || pid == 121) return pid == 121 ? 1 : 0;  // those that run
    if (pid == 5 || pid == 6) return 1;
    return pid > 6 ? static_cast<std::uint32_t>(pid) % 2 : 0;
}

}  // namespace

const std::vector<TaskGeneration>& task_generations() {
    static const std::vector<TaskGeneration> all = {
        {"2.6.32", 2624, 8192, true, false, true, 0x40, 0x10,
         offsets("state 0 stack 8 flags 20 tasks 1080 mm 1136 exit_state 1156 pid 1188 real_parent 1208 "
                 "children 1224 sibling 1240 group_leader 1256 thread_group 1336 comm 1592 sp0 1664 sp 1672 "
                 "signal 2000")},
        {"2.6.32 of i386", 3280, 8192, true, false, true, 0x40, 0x10,
         offsets("state 0 stack 4 flags 12 tasks 480 mm 508 exit_state 516 pid 540 real_parent 552 "
                 "children 560 sibling 568 group_leader 576 thread_group 632 comm 784 sp0 840 sp 844 ip 852 "
                 "signal 952"),
         FakeBuild::I386Pae},
        {"3.10", 3072, 16384, true, true, false, 0x40, 0x10,
         offsets("state 0 stack 8 flags 20 tasks 1096 mm 1152 exit_state 1204 pid 1252 real_parent 1272 "
                 "children 1288 sibling 1304 group_leader 1320 thread_group 1408 comm 1720 sp0 1840 sp 1848 "
                 "signal 2240")},
        {"4.18", 4096, 16384, false, true, false, 0x80, 0x20,
         offsets("state 16 stack 24 flags 36 cpu 64 wake_cpu 92 last_wakee 112 tasks 1960 mm 2016 exit_state "
                 "2084 pid 2180 "
                 "real_parent 2192 children 2208 sibling 2224 group_leader 2240 thread_node 2344 comm 2648 "
                 "signal 2744 sp 3904")},
        {"5.4", 2880, 16384, false, true, false, 0x80, 0x20,
         offsets("state 16 stack 24 flags 36 cpu 60 wake_cpu 92 last_wakee 112 tasks 920 mm 1000 exit_state "
                 "1076 pid 1176 "
                 "real_parent 1192 children 1208 sibling 1224 group_leader 1240 thread_node 1368 comm 1608 "
                 "signal 1696 sp 2712")},
        {"5.10", 4224, 16384, false, true, false, 0x80, 0x20,
         offsets("state 16 stack 24 flags 36 cpu 64 wake_cpu 92 last_wakee 112 tasks 2008 mm 2056 exit_state "
                 "2132 pid 2232 "
                 "real_parent 2248 children 2264 sibling 2280 group_leader 2296 thread_node 2408 comm 2720 "
                 "signal 2800 sp 4016")},
        {"6.1", 4352, 16384, false, true, false, 0x80, 0x20,
         offsets("cpu 20 state 24 stack 32 flags 44 wake_cpu 100 last_wakee 112 tasks 2192 mm 2272 "
                 "exit_state 2308 pid 2416 "
                 "real_parent 2432 children 2448 sibling 2464 group_leader 2480 thread_node 2608 comm 2976 "
                 "signal 3072 sp 4200")},
    };
    return all;
}

UntypedKernel::UntypedKernel(const TaskGeneration& generation)
    : generation_(generation), fake_(generation.build) {
    resume_ = fake_.variable("schedule", 512) + 0x90;
    fork_ = fake_.variable("ret_from_fork", 64);
    fake_.variable("behind_code", 8);
    init_signals_ = fake_.variable("init_signals", 256);
    init_stack_ = fake_.allocate_page(generation_.stack_bytes);
    const std::uint64_t init_task = fake_.variable("init_task", generation_.size);
    fake_.variable("behind_init_task", 8);
    fake_.variable("init_mm", 64);
    tasks_[0] = {0, 0, init_task, init_stack_};
    for (std::int32_t pid = 1; pid <= 20; ++pid) tasks_[pid] = {pid, pid, 0, 0};
    for (std::int32_t pid = first_user; pid <= last_user; ++pid) tasks_[pid] = {pid, pid, 0, 0};
    for (const std::int32_t pid : {120, 121}) tasks_[pid] = {pid, threaded_pid, 0, 0};
    for (auto& [pid, task] : tasks_) {
        if (task.address == 0) task.address = fake_.allocate(generation_.size);
        make_task(pid, task.tgid, name_of(pid));
        const bool gone = pid == zombie_pid && !generation_.info_on_stack;
        if (!gone) make_stack(task, cpu_of(pid), 400 + static_cast<std::uint64_t>(pid) * 16);
    }
    make_cpus();
    make_threads();
    make_families();
}

void UntypedKernel::put_word(std::uint64_t task, std::string_view member, std::uint64_t value) {
    if (const auto at = generation_.at.find(member); at != generation_.at.end())
        fake_.put_word(task + at->second, value);
}

void UntypedKernel::put_int(std::uint64_t task, std::string_view member, std::uint32_t value) {
    if (const auto at = generation_.at.find(member); at != generation_.at.end())
        fake_.put<std::uint32_t>(task + at->second, value);
}

// What a real task_struct holds between its members: numbers, empty lists, pointers to what is not a task.
void UntypedKernel::lay_decoys(std::uint64_t task, std::uint32_t seed) {
    const std::uint64_t behind = generation_.at.at("comm") + 32;
    fake_.put<std::uint32_t>(task + behind, 120);
    fake_.put<std::uint32_t>(task + behind + 4, seed % 2);
    fake_.put_word(task + behind + 8, task + behind + 8);  // an empty list
    fake_.put_word(task + behind + 8 + word(), task + behind + 8);
    fake_.put_word(task + behind + 8 + 2 * word(), 0x1000000ull * seed);
}

void UntypedKernel::make_task(std::int32_t pid, std::int32_t tgid, std::string_view comm) {
    const std::uint64_t task = tasks_.at(pid).address;
    lay_decoys(task, static_cast<std::uint32_t>(pid));
    put_int(task, "pid", static_cast<std::uint32_t>(std::max(pid, 0)));
    fake_.put<std::uint32_t>(task + generation_.at.at("pid") + 4, static_cast<std::uint32_t>(tgid));
    fake_.write(task + generation_.at.at("comm"),
                pid == 0 && !generation_.numbered_idle ? std::string_view("swapper") : comm);
    put_word(task, "group_leader", tasks_.at(tgid).address);
    const bool runs = pid == 100 || pid == 121;
    const bool kernel = is_kernel_thread(pid), zombie = pid == zombie_pid;
    put_int(task, "state", pid <= 0 || runs ? 0 : zombie ? generation_.dead : pid % 5 == 4 ? 0x402u : 1u);
    put_int(task, "exit_state", zombie ? generation_.zombie : 0);
    put_int(task, "flags", kernel ? kernel_thread | (pid > 0 ? never_exec : 0) : 0x400000);
    put_int(task, "cpu", cpu_of(pid));
    put_int(task, "wake_cpu", cpu_of(pid) ^ (pid == 6 ? 1u : 0u));
    if (!kernel && !zombie) {
        auto& space = spaces_[tgid];
        if (space == 0) space = fake_.allocate(256);
        put_word(task, "mm", space);
        fake_.put_word(task + generation_.at.at("mm") + word(), space);
    }
}

void UntypedKernel::make_stack(Made& task, std::uint32_t cpu, std::uint64_t used) {
    if (task.stack == 0) task.stack = fake_.allocate_page(generation_.stack_bytes);
    const std::uint64_t top = task.stack + generation_.stack_bytes;
    put_word(task.address, "stack", task.stack);
    put_word(task.address, "sp", top - used / 8 * 8);
    put_word(task.address, "ip", task.pid == last_user ? fork_ : resume_);
    // i386 keeps room above the registers, but for init_task.
    const std::uint64_t above = word() == 4 && task.address != tasks_.at(0).address ? 8 : 0;
    put_word(task.address, "sp0", top - above);
    if (generation_.info_on_stack) {
        fake_.put_word(task.stack, task.address);
        fake_.put<std::uint32_t>(task.stack + cpu_on_stack(), cpu);
    } else {
        fake_.put_word(task.stack, end_magic);
    }
}

// Both CPUs run: 0 a process, 1 a thread.
void UntypedKernel::make_cpus() {
    fake_.put<std::uint32_t>(fake_.variable("nr_cpu_ids", 4), 2);
    for (const char* mask : {"__cpu_possible_mask", "__cpu_online_mask", "__cpu_active_mask"})
        fake_.put_word(fake_.variable(mask), 3);
    const std::uint64_t offsets = fake_.variable("__per_cpu_offset", 16);
    const std::string prefix = generation_.is_oldest ? "per_cpu__" : "";
    const std::uint64_t current = fake_.variable(prefix + "current_task", 8), apart = 4096;
    const std::uint64_t queues = fake_.variable(prefix + "runqueues", 1024);
    fake_.variable(prefix + "behind_runqueues", 3 * apart);
    idle_ = {0, 0, fake_.allocate(generation_.size), 0};
    tasks_[-1] = idle_;
    make_task(-1, 0, generation_.numbered_idle ? "swapper/1" : "swapper");
    make_stack(idle_, 1, 300);
    put_int(idle_.address, "cpu", 1);
    tasks_.erase(-1);
    for (std::uint32_t cpu = 0; cpu < 2; ++cpu) {
        const std::uint64_t moved = apart * (cpu + 1);
        const std::uint64_t runs = task(cpu == 0 ? 100 : 121).address;
        fake_.put_word(offsets + word() * cpu, moved);
        fake_.put_word(current + moved, runs);
        fake_.put_word(queues + moved + 512, runs);
        fake_.put_word(queues + moved + 512 + word(), cpu == 0 ? task(0).address : idle_.address);
    }
}

void UntypedKernel::make_threads() {
    std::map<std::int32_t, std::vector<std::uint64_t>> groups;
    const bool has_head = has("thread_node");
    const std::uint64_t link = generation_.at.at(has_head ? "thread_node" : "thread_group");
    for (const auto& [pid, task] : tasks_) groups[task.tgid].push_back(task.address + link);
    std::vector<std::uint64_t> processes;
    for (const auto& [tgid, nodes] : groups) {
        const std::uint64_t signal = tgid == 0 ? init_signals_ : fake_.allocate(256);
        for (const std::uint64_t node : nodes) put_word(node - link, "signal", signal);
        if (has_head) {
            fake_.link_list(signal + 16, nodes);
        } else {
            fake_.link_list(nodes.front(), {nodes.begin() + 1, nodes.end()});
            if (tgid == 0 && generation_.is_oldest)
                for (const std::uint64_t link_at : {nodes.front(), nodes.front() + word()})
                    fake_.put_word(link_at, 0);
        }
        if (tgid != 0) processes.push_back(task(tgid).address + generation_.at.at("tasks"));
    }
    put_word(idle_.address, "signal", init_signals_);
    fake_.link_list(task(0).address + generation_.at.at("tasks"), processes);
}

// init and kthreadd are init_task's, processes are init's; one of them is traced by another. Each woke one,
// too.
void UntypedKernel::make_families() {
    std::map<std::int32_t, std::vector<std::uint64_t>> children;
    const std::uint64_t parent_at = generation_.at.at("real_parent");
    const auto put_parents = [&](std::uint64_t task, std::int32_t parent, std::int32_t tracer) {
        fake_.put_word(task + parent_at, this->task(parent).address);
        fake_.put_word(task + parent_at + word(), this->task(tracer).address);
    };
    for (const auto& [pid, made] : tasks_) {
        const std::int32_t parent = pid <= 2 ? 0 : pid < first_user ? 2 : 1;
        put_parents(made.address, parent, pid == traced_pid ? tracer_pid : parent);
        put_word(made.address, "last_wakee", task(pid == 1 ? 2 : 1).address);
        const bool is_child = pid == made.tgid || generation_.is_oldest;
        if (pid != 0 && is_child) children[parent].push_back(place(pid, "sibling"));
    }
    put_parents(idle_.address, 1, 1);
    put_word(idle_.address, "last_wakee", task(1).address);
    for (const auto& [pid, made] : tasks_) fake_.link_list(place(pid, "children"), children[pid]);
    fake_.link_list(place(0, "sibling"), {});
}

std::unique_ptr<Kernel> UntypedKernel::open() {
    const auto written = fake_.open();
    KernelOptions options;
    options.search_vmlinux = false;
    options.types.btf = false;
    auto kernel = Kernel::open(written->path(), options);
    return kernel ? std::move(*kernel) : nullptr;
}

}  // namespace postmortem::test
