// The processes as the OOM killer weighs them, one row each, and who holds most.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <postmortem/render.h>

#include "base/text.h"
#include "output/sizes.h"

namespace postmortem {
namespace {

constexpr std::size_t bar_width = 20;
constexpr std::size_t most_consumers = 5;

using Key = std::int64_t (*)(const OomProcess&);

std::int64_t held(const OomProcess& process) {
    return process.memory
               ? static_cast<std::int64_t>(process.memory->rss_pages() + process.memory->swap_entries)
               : -1;
}

template <std::uint64_t OomMemory::*Member>
std::int64_t part(const OomProcess& process) {
    return process.memory ? static_cast<std::int64_t>((*process.memory).*Member) : -1;
}

struct SortKey {
    std::string_view name;
    Key of;  ///< the largest comes first
};
constexpr std::array<SortKey, 14> sort_keys = {{
    {"badness", [](const OomProcess& p) { return p.badness.value_or(INT64_MIN); }},
    {"score", [](const OomProcess& p) { return static_cast<std::int64_t>(p.oom_score.value_or(0)); }},
    {"adj", [](const OomProcess& p) { return std::int64_t{p.oom_score_adj.value_or(-1001)}; }},
    {"held", held},
    {"rss",
     [](const OomProcess& p) { return p.memory ? static_cast<std::int64_t>(p.memory->rss_pages()) : -1; }},
    {"anon", part<&OomMemory::anon_pages>},
    {"file", part<&OomMemory::file_pages>},
    {"shmem", part<&OomMemory::shmem_pages>},
    {"swap", part<&OomMemory::swap_entries>},
    {"pgtables", part<&OomMemory::page_table_bytes>},
    {"vsz", [](const OomProcess& p) { return static_cast<std::int64_t>(p.total_vm_pages.value_or(0)); }},
    {"threads", [](const OomProcess& p) { return std::int64_t{p.threads}; }},
    {"pid", [](const OomProcess& p) { return -std::int64_t{p.pid}; }},
    {"uid", [](const OomProcess& p) { return -std::int64_t{p.uid.value_or(UINT32_MAX)}; }},
}};

std::vector<const OomProcess*> sorted(const OomTable& table, std::string_view key) {
    std::vector<const OomProcess*> rows;
    for (const OomProcess& process : table.processes) rows.push_back(&process);
    if (key == "comm" || key == "cgroup") {
        const auto text = key == "comm" ? &OomProcess::comm : &OomProcess::cgroup;
        std::stable_sort(rows.begin(), rows.end(),
                         [&](const OomProcess* a, const OomProcess* b) { return a->*text < b->*text; });
        return rows;
    }
    const auto known = std::find_if(sort_keys.begin(), sort_keys.end(),
                                    [&](const SortKey& candidate) { return candidate.name == key; });
    if (known == sort_keys.end()) return rows;
    std::stable_sort(rows.begin(), rows.end(),
                     [&](const OomProcess* a, const OomProcess* b) { return known->of(*a) > known->of(*b); });
    return rows;
}

std::string_view immunity_words(OomImmunity immunity) {
    switch (immunity) {
        case OomImmunity::None: return "";
        case OomImmunity::Init: return "exempt: init";
        case OomImmunity::KernelThread: return "exempt: kernel thread";
        case OomImmunity::NoMemory: return "has given up its memory";
        case OomImmunity::AdjMin: return "exempt: oom_score_adj -1000";
        case OomImmunity::Skipped: return "passed by: MMF_OOM_SKIP";
        case OomImmunity::Vfork: return "passed by: vfork child";
        case OomImmunity::Unknown: return "";
    }
    return "";
}

std::string notes(const OomTable& table, const OomProcess& process) {
    std::vector<std::string> words;
    if (table.choice.outcome == OomChoice::Outcome::Kills && table.choice.pid == process.pid)
        words.emplace_back("would be killed next");
    const std::string_view immunity = immunity_words(process.immunity);
    if (!immunity.empty()) words.emplace_back(immunity);
    if (process.reaped.value_or(false))
        words.emplace_back("victim, reaped");
    else if (process.oom_victim.value_or(false))
        words.emplace_back("victim, dying");
    else if (process.exiting.value_or(false))
        words.emplace_back("exiting");
    if (process.kill_first.value_or(false)) words.emplace_back("marked to be killed first");
    if (process.frozen.value_or(false)) words.emplace_back("frozen");
    if (process.mm_through)
        words.push_back(fmt::format("leader gone, memory held by thread {}", *process.mm_through));
    if (!process.shares_mm_with.empty())
        words.push_back(fmt::format("shares its memory with {}", fmt::join(process.shares_mm_with, ", ")));
    if (!process.memory && immunity.empty())
        words.emplace_back(process.memory_is_located ? "memory unreadable"
                                                     : "memory not known: types are missing");
    return fmt::format("{}", fmt::join(words, "; "));
}

template <class T>
std::string optional_text(const std::optional<T>& value) {
    return value ? fmt::format("{}", *value) : "-";
}

std::string row(const OomTable& table, const OomProcess& process, const OomTableStyle& style,
                double largest) {
    const std::uint64_t page_kib = table.page_size / 1024;
    const auto in_kib = [&](std::uint64_t OomMemory::*member) {
        return process.memory ? fmt::format("{}", (*process.memory).*member * page_kib) : "-";
    };
    std::string line = fmt::format(
        "{:>7} {:>6} {:>5} {:>5} {:>9} {:>9} {:>9} {:>8} {:>8} {:>8} {:>7} {:>4}  ", process.pid,
        optional_text(process.uid), optional_text(process.oom_score_adj), optional_text(process.oom_score),
        optional_text(process.badness),
        process.memory ? fmt::format("{}", process.memory->rss_pages() * page_kib) : "-",
        in_kib(&OomMemory::anon_pages), in_kib(&OomMemory::file_pages), in_kib(&OomMemory::shmem_pages),
        in_kib(&OomMemory::swap_entries),
        process.memory ? fmt::format("{}", process.memory->page_table_bytes / 1024) : "-", process.threads);
    if (style.bars)
        line += bar(largest > 0 ? static_cast<double>(std::max<std::int64_t>(held(process), 0)) / largest : 0,
                    bar_width) +
                "  ";
    line += fmt::format("{:<15}  {}", escaped(process.comm), notes(table, process));
    line.erase(line.find_last_not_of(' ') + 1);
    return line + "\n";
}

std::string choice_line(const OomTable& table) {
    const OomChoice& choice = table.choice;
    const std::string where =
        choice.cgroup == "/" ? "The OOM killer" : "The OOM killer in " + escaped(choice.cgroup);
    const OomProcess* process = choice.pid ? table.find(*choice.pid) : nullptr;
    const std::string name =
        fmt::format("{} ({})", choice.pid.value_or(0), process ? escaped(process->comm) : "?");
    std::string text;
    switch (choice.outcome) {
        case OomChoice::Outcome::Kills:
            text = fmt::format("{} would kill {}", where, name);
            if (choice.allocating_task)
                text += ", the allocating task, as vm.oom_kill_allocating_task asks for";
            else if (choice.badness)
                text += fmt::format(": badness {} of {} pages", *choice.badness, choice.total_pages);
            if (!choice.whole_group.empty())
                text +=
                    fmt::format("; all of {} dies with it (memory.oom.group)", escaped(choice.whole_group));
            break;
        case OomChoice::Outcome::Waits:
            text = fmt::format("{} would wait: {} is a victim already and has not gone", where, name);
            break;
        case OomChoice::Outcome::Nobody: text = where + " would find nobody to kill"; break;
        case OomChoice::Outcome::Unknown: text = where + "'s choice cannot be told"; break;
    }
    if (choice.constraint == "cpuset" || choice.constraint == "mempolicy")
        text += fmt::format("; the allocation was bound by its {}, {} processes were passed by",
                            choice.constraint, choice.not_allowed.size());
    if (choice.incomplete && choice.pid) text += "; not every process could be weighed";
    return text + ".\n";
}

void append_consumers(std::string& out, const OomTable& table, std::string_view title,
                      const std::vector<OomConsumer>& consumers) {
    if (consumers.empty()) return;
    const std::uint64_t page_kib = table.page_size / 1024;
    fmt::format_to(std::back_inserter(out), "\n{:>9} {:>9} {:>8} {:>5}  {}\n", "RSS", "SWAP", "PGTABLES",
                   "PROCS", title);
    for (std::size_t i = 0; i < std::min(consumers.size(), most_consumers); ++i) {
        const OomConsumer& consumer = consumers[i];
        fmt::format_to(std::back_inserter(out), "{:>9} {:>9} {:>8} {:>5}  {}\n",
                       consumer.memory.rss_pages() * page_kib, consumer.memory.swap_entries * page_kib,
                       consumer.memory.page_table_bytes / 1024, consumer.processes, escaped(consumer.name));
    }
}

}  // namespace

std::vector<std::string_view> oom_sort_keys() {
    std::vector<std::string_view> names;
    for (const SortKey& key : sort_keys) names.push_back(key.name);
    names.insert(names.end(), {"comm", "cgroup"});
    return names;
}

std::string render_oom_processes(const OomTable& table, const OomTableStyle& style) {
    std::string out =
        fmt::format("{:>7} {:>6} {:>5} {:>5} {:>9} {:>9} {:>9} {:>8} {:>8} {:>8} {:>7} {:>4}  ", "PID", "UID",
                    "ADJ", "SCORE", "BADNESS", "RSS", "ANON", "FILE", "SHMEM", "SWAP", "PGTABLE", "THR");
    if (style.bars) out += fmt::format("{:<{}}  ", "HELD", bar_width);
    out += "COMM\n";
    const std::vector<const OomProcess*> rows = sorted(table, style.sort);
    std::int64_t largest = 0;
    for (const OomProcess* process : rows) largest = std::max(largest, held(*process));
    const std::size_t shown = style.limit == 0 ? rows.size() : std::min(style.limit, rows.size());
    for (std::size_t i = 0; i < shown; ++i) out += row(table, *rows[i], style, static_cast<double>(largest));
    if (shown < rows.size()) out += fmt::format("... and {} more\n", rows.size() - shown);
    return out;
}

std::string render_oom_consumers(const OomTable& table) {
    std::string out;
    append_consumers(out, table, "COMMAND", table.by_command);
    append_consumers(out, table, "USER", table.by_user);
    append_consumers(out, table, "CGROUP", table.by_cgroup);
    return out;
}

std::string to_text(const OomTable& table, const OomTableStyle& style) {
    std::string out = choice_line(table);
    const auto in_kib = [&](const std::optional<std::uint64_t>& pages) {
        return pages ? fmt::format("{} KiB", *pages * (table.page_size / 1024)) : "unknown";
    };
    out += fmt::format("RAM {}, swap {}. {}.\n\n", in_kib(table.ram_pages), in_kib(table.swap_pages),
                       table.rule.empty() ? "How badness is made is not known" : table.rule);
    out += render_oom_processes(table, style);
    out += render_oom_consumers(table);
    return out;
}

std::string to_text(const OomTable& table) {
    return to_text(table, OomTableStyle{});
}

}  // namespace postmortem
