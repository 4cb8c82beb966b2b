// `hang` as text: the verdict first, then who waits for whom, and what stands still.
#include <algorithm>

#include <fmt/format.h>

#include <postmortem/hang.h>

#include "base/text.h"

namespace postmortem {
namespace {

constexpr std::size_t most_pids_shown = 12;

std::string seconds_text(const std::optional<double>& seconds) {
    return seconds ? fmt::format("{:.1f} s", *seconds) : "-";
}

std::string stack_text(const std::vector<std::string>& functions) {
    std::string text;
    for (const std::string& function : functions) text += (text.empty() ? "" : " < ") + escaped(function);
    return text.empty() ? "(no stack)" : text;
}

std::string name_text(const TaskMention& task) {
    return fmt::format("pid {} {}", task.pid, escaped(task.comm));
}

void add_verdict(const HangReport& report, std::string& text) {
    if (!report.verdict && report.unexplained > 0) {
        text += fmt::format(
            "VERDICT: not known: {} waiting for ten seconds or more, and whether that should have ended "
            "is not known\n",
            report.unexplained == 1 ? "1 task has been"
                                    : fmt::format("{} tasks have been", report.unexplained));
        return;
    }
    if (!report.verdict) {
        text += report.problems.empty()
                    ? "VERDICT: nothing stands still\n"
                    : "VERDICT: nothing stands still in what could be read; not all could\n";
        return;
    }
    text += fmt::format("VERDICT: {}\n", escaped(report.verdict->sentence));
    for (const std::string& fact : report.verdict->because) text += fmt::format("   - {}\n", escaped(fact));
}

// "+-" before whoever waits for the line above that is one less deep
void add_trees(const HangReport& report, std::string& text) {
    bool first = true;
    for (const HangTree& tree : report.trees) {
        if (tree.rows.size() < 2 && !tree.deadlock) continue;
        text += first ? "\nWHO WAITS FOR WHOM (below each line: who waits for it)\n" : "\n";
        first = false;
        if (tree.deadlock) text += "   ring of tasks that wait for each other:\n";
        for (const HangRow& row : tree.rows) {
            text += fmt::format("   {}{}", std::string(2 * row.depth, ' '), row.depth == 0 ? "" : "`- ");
            text += row.task ? name_text(*row.task) : escaped(row.thing);
            text += fmt::format(" {}", escaped(row.text));
            if (row.seconds) text += fmt::format(" [{:.1f} s]", *row.seconds);
            text += '\n';
        }
    }
}

void add_groups(const HangReport& report, std::string& text) {
    if (report.groups.empty()) return;
    text += "\nUNINTERRUPTIBLE SLEEP (by stack, the longest first)\n";
    for (const HangGroup& group : report.groups) {
        std::string pids;
        for (std::size_t i = 0; i < group.pids.size() && i < most_pids_shown; ++i)
            pids += fmt::format("{}{}", i == 0 ? "" : ", ", group.pids[i]);
        if (group.pids.size() > most_pids_shown) pids += ", ...";
        text += fmt::format("   {} task{}, {}: pid {}\n", group.pids.size(),
                            group.pids.size() == 1 ? "" : "s", seconds_text(group.seconds), pids);
        text += fmt::format("      {}\n", stack_text(group.functions));
        const auto task = std::find_if(report.tasks.begin(), report.tasks.end(), [&](const HangTask& one) {
            return one.task.pid == group.pids.front();
        });
        if (task == report.tasks.end() || !task->wait) continue;
        const HangWait& wait = *task->wait;
        text += fmt::format("      waits for {}", escaped(wait.kind));
        if (wait.address != 0) text += fmt::format(" {:x}", wait.address);
        if (!wait.symbol.empty()) text += fmt::format(" {}", escaped(wait.symbol));
        if (!wait.detail.empty()) text += fmt::format(", {}", escaped(wait.detail));
        if (!wait.proof.empty()) text += fmt::format(" ({})", wait.proof);
        if (wait.blockers.empty() && !wait.unknown.empty())
            text += fmt::format("; by whom: {}", escaped(wait.unknown));
        text += '\n';
    }
}

void add_cpus(const HangReport& report, std::string& text) {
    if (report.cpus.empty()) return;
    text += "\nCPUS\n";
    for (const HangCpu& cpu : report.cpus) {
        text += fmt::format("   CPU {}: {}, {}", cpu.cpu, cpu.trouble, seconds_text(cpu.seconds));
        if (cpu.task) text += fmt::format(": {}", name_text(*cpu.task));
        text += fmt::format("\n      {}\n", stack_text(cpu.functions));
        for (const std::string& fact : cpu.because) text += fmt::format("      - {}\n", escaped(fact));
    }
}

void add_pools(const HangReport& report, std::string& text) {
    if (report.pools.empty()) return;
    text += "\nWORKER POOLS WITHOUT PROGRESS\n";
    for (const HangPool& pool : report.pools) {
        text += fmt::format("   pool {} ({}): {} works in line, {} since one was begun with; next: {}\n",
                            pool.pool, pool.cpu ? fmt::format("CPU {}", *pool.cpu) : "unbound", pool.pending,
                            seconds_text(pool.seconds), escaped(pool.next));
        for (const HangWorker& worker : pool.busy)
            text += fmt::format("      {} runs {} of {}\n", name_text(worker.task), escaped(worker.function),
                                escaped(worker.workqueue));
    }
}

void add_disks(const HangReport& report, std::string& text) {
    if (report.disks.empty()) return;
    text += "\nREQUESTS IN FLIGHT\n";
    for (const HangDisk& disk : report.disks) {
        text += fmt::format("   {}: {} requests, oldest {}", escaped(disk.disk), disk.requests,
                            seconds_text(disk.oldest));
        text += disk.state.empty() ? "\n" : fmt::format(", {}\n", disk.state);
    }
}

void add_grace_period(const HangReport& report, std::string& text) {
    if (!report.grace_period) return;
    const HangGracePeriod& period = *report.grace_period;
    text += fmt::format("\nRCU\n   {}: a grace period has been going on for {}; it waits for",
                        escaped(period.flavour), seconds_text(period.seconds));
    for (const std::uint32_t cpu : period.cpus) text += fmt::format(" CPU {}", cpu);
    for (const TaskMention& reader : period.readers) text += fmt::format(" {}", name_text(reader));
    text += period.cpus.empty() && period.readers.empty() ? " nobody on record\n" : "\n";
}

}  // namespace

std::string to_text(const HangReport& report) {
    std::string text;
    add_verdict(report, text);
    add_trees(report, text);
    add_cpus(report, text);
    add_groups(report, text);
    add_pools(report, text);
    add_disks(report, text);
    add_grace_period(report, text);
    return text;
}

}  // namespace postmortem
