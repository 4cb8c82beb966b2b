#include "report/oom/oom_tasks.h"

#include <algorithm>
#include <map>
#include <unordered_set>

#include <fmt/format.h>

#include "kernel/mm/memcg.h"
#include "kernel/mm/oom_badness.h"
#include "kernel/mm/task_memory.h"
#include "report/oom/oom_choice.h"

namespace postmortem {
namespace {

void add(OomMemory& sum, const OomMemory& more) {
    sum.anon_pages += more.anon_pages;
    sum.file_pages += more.file_pages;
    sum.shmem_pages += more.shmem_pages;
    sum.swap_entries += more.swap_entries;
    sum.page_table_bytes += more.page_table_bytes;
}

template <class NameOf>
std::vector<OomConsumer> consumers(const std::vector<OomProcess>& processes, const NameOf& name_of) {
    std::map<std::string, OomConsumer> by_name;
    std::unordered_set<std::uint64_t> counted;
    for (const OomProcess& process : processes) {
        if (!process.memory) continue;
        std::string name = name_of(process);
        if (name.empty()) continue;
        OomConsumer& consumer = by_name[name];
        ++consumer.processes;
        if (counted.insert(process.mm).second) add(consumer.memory, *process.memory);
    }
    std::vector<OomConsumer> list;
    for (auto& [name, consumer] : by_name) {
        consumer.name = name;
        list.push_back(std::move(consumer));
    }
    const auto held = [](const OomConsumer& consumer) {
        return consumer.memory.rss_pages() + consumer.memory.swap_entries;
    };
    std::stable_sort(list.begin(), list.end(),
                     [&](const OomConsumer& a, const OomConsumer& b) { return held(a) > held(b); });
    return list;
}

std::string describe(const OomRule& rule) {
    if (!rule.is_known) return {};
    if (!rule.has_score_adj) return "by total_vm, run time and oom_adj (before 2.6.36): not computed";
    if (rule.in_thousandths)
        return "badness = (rss + swap + page tables) in thousandths of all memory + oom_score_adj, which is "
               "oom_score too";
    std::string text = "badness = rss + swap + page tables + oom_score_adj * total / 1000, in pages";
    if (rule.root_bonus) text += ", 3 % less for CAP_SYS_ADMIN";
    text += rule.is_signed ? "; oom_score = (1000 + badness * 1000 / total) * 2 / 3"
                           : ", at least 1; oom_score = badness * 1000 / total";
    return text;
}

void read_totals(const Kernel& kernel, OomTable& table, ProblemCollector& problems) {
    const auto ram = total_ram_pages(kernel);
    const auto swap = kernel.word("total_swap_pages");
    if (ram)
        table.ram_pages = *ram;
    else
        problems.add("the machine's memory", ram.error());
    if (swap)
        table.swap_pages = *swap;
    else if (swap.error().code == ErrorCode::NotFound && ram)
        table.swap_pages = 0;  // CONFIG_SWAP=n
    else
        problems.add("the size of swap", swap.error());
}

std::optional<CgroupTree> read_cgroups(const Kernel& kernel, ProblemCollector& problems) {
    auto read = read_memcg_tree(kernel, problems);
    if (read) return std::move(*read);
    if (read.error().code != ErrorCode::NotFound) problems.add("the control groups", read.error());
    return std::nullopt;
}

// Names the two that the request narrows the scene by.
Result<void> apply(const OomTableRequest& request, const std::optional<CgroupTree>& cgroups,
                   OomScene& scene) {
    if (request.allocating_pid) {
        scene.allocating = scene.tasks.by_pid(*request.allocating_pid);
        if (!scene.allocating)
            return fail(ErrorCode::NotFound, fmt::format("there is no task {}", *request.allocating_pid));
    }
    scene.cgroups = cgroups ? &*cgroups : nullptr;
    if (!request.cgroup || *request.cgroup == "/") return {};
    scene.limit = cgroups ? cgroups->find(*request.cgroup) : nullptr;
    if (!scene.limit)
        return fail(ErrorCode::NotFound,
                    fmt::format("there is no (or more than one) control group {}", *request.cgroup));
    return {};
}

// Only what is below the limit counts, and it is weighed against that.
void keep_below_limit(const OomScene& scene, OomTable& table) {
    if (!scene.limit) return;
    std::erase_if(table.processes,
                  [&](const OomProcess& process) { return !is_charged_to(process.cgroup, *scene.limit); });
    for (OomProcess& process : table.processes)
        if (process.badness) process.badness = oom_points(scene, process, table.choice.total_pages);
}

void add_consumers(OomTable& table) {
    table.by_command = consumers(table.processes, [](const OomProcess& process) { return process.comm; });
    table.by_user = consumers(table.processes, [](const OomProcess& process) {
        return process.uid ? fmt::format("{}", *process.uid) : std::string();
    });
    table.by_cgroup = consumers(table.processes, [](const OomProcess& process) { return process.cgroup; });
}

}  // namespace

const OomProcess* OomTable::find(std::int32_t pid) const {
    const auto at = std::find_if(processes.begin(), processes.end(),
                                 [&](const OomProcess& process) { return process.pid == pid; });
    return at == processes.end() ? nullptr : &*at;
}

Result<OomTable> make_oom_table(const Kernel& kernel, const OomTableRequest& request) {
    OomTable table;
    ProblemCollector problems;
    table.page_size = kernel.dump().page_size();
    const OomRule rule = read_oom_rule(kernel);
    table.rule = describe(rule);
    read_totals(kernel, table, problems);
    const TaskTable tasks = read_tasks(kernel);
    problems.add_all(tasks.problems);
    const std::optional<CgroupTree> cgroups = read_cgroups(kernel, problems);

    OomScene scene{kernel, tasks, rule};
    if (const auto applied = apply(request, cgroups, scene); !applied) return fail(applied.error());
    // Without a total nothing can be weighed.
    scene.total_pages = table.ram_pages && table.swap_pages ? *table.ram_pages + *table.swap_pages : 0;
    scene.swap_pages = table.swap_pages.value_or(0);
    scene.page_size = table.page_size;
    table.processes = read_oom_processes(kernel, tasks, rule, scene.total_pages, problems);
    table.choice = choose_oom_victim(scene, table.processes, problems);
    keep_below_limit(scene, table);
    std::stable_sort(table.processes.begin(), table.processes.end(),
                     [](const OomProcess& a, const OomProcess& b) { return a.pid < b.pid; });
    add_consumers(table);
    table.problems = problems.take();
    return table;
}

}  // namespace postmortem
