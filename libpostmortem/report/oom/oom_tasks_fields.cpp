#include <postmortem/render.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {
namespace {

struct MemoryView {
    std::uint64_t rss_kib, anon_kib, file_kib, shmem_kib, swap_kib, page_tables_kib;
};

struct ProcessView {
    const OomProcess* process;
    std::uint64_t page_kib;
};

struct ConsumerView {
    const OomConsumer* consumer;
    std::uint64_t page_kib;
};

MemoryView in_kib(const OomMemory& memory, std::uint64_t page_kib) {
    return {memory.rss_pages() * page_kib, memory.anon_pages * page_kib,   memory.file_pages * page_kib,
            memory.shmem_pages * page_kib, memory.swap_entries * page_kib, memory.page_table_bytes / 1024};
}

std::optional<std::uint64_t> in_kib(const std::optional<std::uint64_t>& pages, std::uint64_t page_kib) {
    return pages ? std::optional(*pages * page_kib) : std::nullopt;
}

template <auto Member>
const auto& own_of_process(const ProcessView& view) {
    return view.process->*Member;
}

template <std::optional<OomMemory> OomProcess::*Member>
std::optional<MemoryView> memory(const ProcessView& view) {
    const auto& memory = view.process->*Member;
    return memory ? std::optional(in_kib(*memory, view.page_kib)) : std::nullopt;
}

template <class View, class T>
std::vector<View> views(const std::vector<T>& items, const OomTable& table) {
    std::vector<View> list;
    list.reserve(items.size());
    for (const T& item : items) list.push_back({&item, table.page_size / 1024});
    return list;
}

template <std::vector<OomConsumer> OomTable::*Member>
std::vector<ConsumerView> consumers(const OomTable& table) {
    return views<ConsumerView>(table.*Member, table);
}

}  // namespace

void describe(Describer<MemoryView>& memory) {
    memory.is("memory of a process", "What an address space holds");
    memory.add("rss_kib", &MemoryView::rss_kib, "resident: the next three");
    memory.add("anon_kib", &MemoryView::anon_kib, "anonymous");
    memory.add("file_kib", &MemoryView::file_kib, "of files");
    memory.add("shmem_kib", &MemoryView::shmem_kib, "shared");
    memory.add("swap_kib", &MemoryView::swap_kib, "swapped out");
    memory.add("page_tables_kib", &MemoryView::page_tables_kib, "mm->pgtables_bytes");
}

void describe(Describer<ProcessView>& process) {
    process.is("process", "A process with all its threads, as the OOM killer weighs it");
    process.add("pid", own_of_process<&OomProcess::pid>, "of the thread group");
    process.add("ppid", own_of_process<&OomProcess::ppid>, "its parent's");
    process.add("uid", own_of_process<&OomProcess::uid>, "real, in the initial user namespace");
    process.add("comm", own_of_process<&OomProcess::comm>, "the leader's name");
    process.add("task", own_of_process<&OomProcess::task>, "the leader's task_struct").address();
    process.add("mm", own_of_process<&OomProcess::mm>, "its mm_struct").address().or_null();
    process.add("threads", own_of_process<&OomProcess::threads>, "their number");
    process.add("cgroup", own_of_process<&OomProcess::cgroup>, "path of the control group").or_null();
    process.add(
        "vsz_kib", [](const ProcessView& p) { return in_kib(p.process->total_vm_pages, p.page_kib); },
        "size of the address space");
    process.add("memory", memory<&OomProcess::memory>, "exact");
    process.add("counted", memory<&OomProcess::counted>,
                "as the OOM killer counts: parts that CPUs or threads have not handed in are missing, until "
                "kernel 7.0");
    process.add("oom_score_adj", own_of_process<&OomProcess::oom_score_adj>, "-1000 to 1000");
    process.add("oom_score", own_of_process<&OomProcess::oom_score>, "what /proc/PID/oom_score would say");
    process.add("badness_pages", own_of_process<&OomProcess::badness>,
                "in the OOM that `choice` is about; null for the immune");
    process.add("immunity", own_of_process<&OomProcess::immunity>, "why the OOM killer passes it by")
        .one_of({"none", "init", "kernel-thread", "no-memory", "adj-min", "skipped", "vfork", "unknown"});
    process.add("exiting", own_of_process<&OomProcess::exiting>,
                "it has been told to exit, or its leader has begun to");
    process.add("oom_victim", own_of_process<&OomProcess::oom_victim>, "chosen already");
    process.add("reaped", own_of_process<&OomProcess::reaped>,
                "a victim whose memory the oom_reaper has been through");
    process.add("frozen", own_of_process<&OomProcess::frozen>, "by the freezer of control groups");
    process.add("kill_first", own_of_process<&OomProcess::kill_first>,
                "signal->oom_flag_origin: swapoff, KSM");
    process.add("mm_through", own_of_process<&OomProcess::mm_through>,
                "the leader is gone; this thread still has the mm");
    process.add("shares_mm_with", own_of_process<&OomProcess::shares_mm_with>,
                "pids of other processes in the same address space: they die with it");
}

void describe(Describer<OomChoice>& choice) {
    choice.is("choice", "Whom the OOM killer would take");
    choice
        .add("outcome", &OomChoice::outcome,
             "`waits`: for `pid`, an earlier victim; `unknown`: what decides could not be read")
        .one_of({"kills", "waits", "nobody", "unknown"});
    choice.add("cgroup", &OomChoice::cgroup, "where it looks; `/` for the whole machine");
    choice.add("pid", &OomChoice::pid, "of the victim");
    choice.add("badness_pages", &OomChoice::badness, "the victim's");
    choice.add("total_pages", &OomChoice::total_pages, "what oom_score_adj is a share of").or_null();
    choice.add("constraint", &OomChoice::constraint, "what the allocation was bound to")
        .one_of({"none", "cpuset", "mempolicy", "memcg"});
    choice.add("incomplete", &OomChoice::incomplete,
               "not every process could be weighed: there may be a worse one");
    choice.add("allocating_task", &OomChoice::allocating_task,
               "chosen because vm.oom_kill_allocating_task is set");
    choice
        .add("whole_group", &OomChoice::whole_group,
             "memory.oom.group: everything in this control group dies with `pid`")
        .or_null();
    choice.add("candidates", &OomChoice::candidates,
               "pids, the worst of all, first the chosen one; at most ten");
    choice.add("not_allowed", &OomChoice::not_allowed,
               "pids that are passed by since they share no memory node with the allocation");
}

void describe(Describer<ConsumerView>& consumer) {
    consumer.is("consumer", "A sum over processes; an address space that several share is counted once");
    consumer.add(
        "name", [](const ConsumerView& c) -> const std::string& { return c.consumer->name; },
        "of the program, uid, or path of the control group");
    consumer.add(
        "processes", [](const ConsumerView& c) { return c.consumer->processes; }, "their number");
    consumer.add(
        "memory", [](const ConsumerView& c) { return in_kib(c.consumer->memory, c.page_kib); },
        "of all of them");
}

void describe(Describer<OomTable>& table) {
    table.is("table of processes", "The processes as the OOM killer weighs them").is_document();
    table.add("page_size", &OomTable::page_size, "bytes");
    table.add(
        "ram_kib", [](const OomTable& t) { return in_kib(t.ram_pages, t.page_size / 1024); },
        "totalram_pages");
    table.add(
        "swap_kib", [](const OomTable& t) { return in_kib(t.swap_pages, t.page_size / 1024); },
        "total_swap_pages");
    table.add("rule", &OomTable::rule, "how badness and score are made, in one line").or_null();
    table.add("choice", &OomTable::choice, "whom the OOM killer would take");
    table
        .add(
            "processes", [](const OomTable& t) { return views<ProcessView>(t.processes, t); },
            "ascending pid, without kernel threads")
        .answer();
    table.add("by_command", consumers<&OomTable::by_command>, "largest first");
    table.add("by_user", consumers<&OomTable::by_user>, "largest first");
    table.add("by_cgroup", consumers<&OomTable::by_cgroup>, "largest first");
    add_problems(table);
}

std::string to_json(const OomTable& table) {
    return json_document(table);
}

}  // namespace postmortem
