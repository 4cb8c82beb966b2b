#include "report/oom/oom_text.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "output/sizes.h"
#include "report/oom/oom_units.h"

namespace postmortem {
namespace {

// Breaks at blanks; lines after the first are indented by `indent`.
void wrap(std::string& out, std::string_view text, std::size_t width, std::size_t indent) {
    std::size_t column = indent;
    bool first = true;
    for (const std::string_view word : split(text, ' ')) {
        if (!first && column + 1 + word.size() > width) {
            out += fmt::format("\n{:{}}", "", indent);
            column = indent;
            first = true;
        }
        if (!first) {
            out += ' ';
            ++column;
        }
        out += word;
        column += word.size();
        first = false;
    }
    out += '\n';
}

void item(std::string& out, std::string_view text, const OomTextOptions& options) {
    out += "  - ";
    wrap(out, escaped(text), options.width, 4);
}

std::string bar(std::uint64_t part, std::uint64_t whole, const OomTextOptions& options) {
    constexpr std::size_t full = 40;
    if (!options.bars || whole == 0) return {};
    const std::size_t length = std::min<std::size_t>(
        full, static_cast<std::size_t>(static_cast<double>(part) / static_cast<double>(whole) * full + 0.5));
    return "  " + std::string(length, '#') + std::string(full - length, '.');
}

std::string place(const OomEvent& event) {
    std::string text = fmt::format("line {}", event.line);
    if (!event.time.empty()) text += ", " + event.time;
    if (event.seconds) text += fmt::format(", {:.6f} s after boot", *event.seconds);
    if (!event.host.empty()) text += ", host " + event.host;
    if (event.trigger.kernel_release) text += ", kernel " + *event.trigger.kernel_release;
    return text;
}

std::string request(const OomEvent& event) {
    const OomTrigger& trigger = event.trigger;
    std::string text = trigger.comm.value_or("?");
    if (trigger.pid) text += fmt::format(" (pid {})", *trigger.pid);
    if (trigger.cpu) text += fmt::format(" on CPU {}", *trigger.cpu);
    if (trigger.order) text += fmt::format(", order {}", *trigger.order);
    if (trigger.gfp_mask) {
        text += fmt::format(", gfp_mask {:#x}", *trigger.gfp_mask);
        if (!trigger.gfp_flags.empty())
            text += fmt::format(" {}{}", fmt::join(trigger.gfp_flags, "|"),
                                trigger.gfp_decoded ? " (decoded)" : "");
    }
    const bool plain = event.constraint == OomConstraint::Unknown || event.constraint == OomConstraint::None;
    if (!plain) text += fmt::format(", {}", to_string(event.constraint));
    if (event.nodemask && *event.nodemask != "(null)") text += ", nodes " + *event.nodemask;
    if (event.cpuset && *event.cpuset != "/") text += ", cpuset " + *event.cpuset;
    if (event.mems_allowed) text += ", mems_allowed " + *event.mems_allowed;
    return text;
}

std::string victim_text(const OomVictim& victim) {
    std::string text = fmt::format("{} (pid {}", victim.comm, victim.pid);
    if (victim.uid) text += fmt::format(", uid {}", *victim.uid);
    text += ")";
    const auto size = [&](std::string_view name, std::optional<std::uint64_t> kib) {
        if (kib) text += fmt::format(", {} {}", name, size_text(*kib));
    };
    size("total-vm", victim.total_vm_kib);
    size("anon", victim.anon_rss_kib);
    size("file", victim.file_rss_kib);
    size("shmem", victim.shmem_rss_kib);
    size("page tables", victim.page_table_kib);
    if (victim.oom_score_adj) text += fmt::format(", oom_score_adj {}", *victim.oom_score_adj);
    if (victim.reaped) text += ", reaped";
    if (victim.unable_to_reap) text += ", could not be reaped";
    return text;
}

void field(std::string& out, std::string_view name, std::string_view text, const OomTextOptions& options) {
    out += fmt::format("{:<9}", name);
    wrap(out, escaped(text), options.width, 9);
}

void cgroup(std::string& out, std::string_view name, const std::optional<std::string>& path,
            const std::optional<CgroupName>& names, const OomTextOptions& options) {
    if (!path || (name == "cgroup" && *path == "/")) return;
    const std::string description = names ? names->description() : "";
    if (!description.empty()) field(out, name, description, options);
    field(out, description.empty() ? name : "", *path, options);
}

void head(std::string& out, const OomEvent& event, const OomVerdict& verdict, const OomTextOptions& options) {
    if (event.has_header || event.trigger.comm) field(out, "asked", request(event), options);
    if (event.scope == OomScope::Memcg) {
        cgroup(out, "limit of", event.memcg.oom_path, verdict.oom_cgroup, options);
        for (const OomMemcgUsage& usage : event.memcg.usage) {
            if (!usage.usage_kib || !usage.limit_kib) continue;
            const std::string limit = usage.unlimited() ? "no limit" : "limit " + size_text(*usage.limit_kib);
            field(out, usage.name == "memory+swap" ? "mem+swap" : usage.name,
                  fmt::format(
                      "{} used, {}{}", size_text(*usage.usage_kib), limit,
                      usage.failcnt.value_or(0) != 0 ? fmt::format(", failed {} times", *usage.failcnt) : ""),
                  options);
        }
    }
    if (event.scope != OomScope::Memcg || event.memcg.task_path != event.memcg.oom_path)
        cgroup(out, "cgroup", event.memcg.task_path, verdict.task_cgroup, options);
    if (event.selected && event.selected->score)
        field(out, "chosen",
              fmt::format("{} (pid {}), score {}", event.selected->comm, event.selected->pid.value_or(0),
                          *event.selected->score),
              options);
    constexpr std::size_t shown = 5;
    for (std::size_t i = 0; i < std::min(shown, event.victims.size()); ++i)
        field(out, i == 0 ? "killed" : "", victim_text(event.victims[i]), options);
    if (event.victims.size() > shown)
        field(out, "", fmt::format("and {} more", event.victims.size() - shown), options);
    if (event.panic) field(out, "panic", *event.panic, options);
}

void balance(std::string& out, const OomEvent& event, const OomVerdict& verdict,
             const OomTextOptions& options) {
    if (!verdict.balance) return;
    const OomBalance& sum = *verdict.balance;
    out += fmt::format("\nMemory ({} usable{})\n", size_text(sum.total_kib),
                       sum.page_size_assumed ? ", pages taken for 4 kB" : "");
    const auto row = [&](std::string_view name, std::uint64_t kib) {
        out += fmt::format("  {:<22} {:>10} {:>6}{}\n", name, size_text(kib),
                           percent_text(kib, sum.total_kib), bar(kib, sum.total_kib, options));
    };
    auto parts = sum.parts_kib;
    std::stable_sort(parts.begin(), parts.end(),
                     [](const OomCounter& a, const OomCounter& b) { return a.value > b.value; });
    for (const OomCounter& part : parts) {
        if (part.value * 200 >= sum.total_kib || part.name == "free") row(part.name, part.value);
    }
    if (sum.unaccounted_kib > 0) row("in no counter", static_cast<std::uint64_t>(sum.unaccounted_kib));
    if (sum.shmem_kib && *sum.shmem_kib * 200 >= sum.total_kib) row("(of it shmem, tmpfs)", *sum.shmem_kib);
    const OomSwap& swap = event.memory.swap;
    if (swap.total_kib && *swap.total_kib != 0)
        out += fmt::format("  {:<22} {:>10} of {} free\n", "swap", size_text(swap.free_kib.value_or(0)),
                           size_text(*swap.total_kib));
}

using Cell = std::optional<std::int64_t>;

Cell column_value(const OomTask& task, std::string_view column) {
    const auto cell = [](auto value) { return value ? Cell(static_cast<std::int64_t>(*value)) : Cell(); };
    if (column == "pid") return task.pid;
    if (column == "uid") return cell(task.uid);
    if (column == "tgid") return cell(task.tgid);
    if (column == "total_vm") return cell(task.total_vm_pages);
    if (column == "rss") return cell(task.rss_pages);
    if (column == "rss_anon") return cell(task.rss_anon_pages);
    if (column == "rss_file") return cell(task.rss_file_pages);
    if (column == "rss_shmem") return cell(task.rss_shmem_pages);
    if (column == "nr_ptes" || column == "nr_pmds" || column == "nr_puds") return cell(task.page_table_pages);
    if (column == "pgtables_bytes") return cell(task.page_table_bytes);
    if (column == "swapents") return cell(task.swap_pages);
    if (column == "cpu") return cell(task.cpu);
    if (column == "oom_adj") return cell(task.oom_adj);
    if (column == "oom_score_adj") return cell(task.oom_score_adj);
    return cell(find_counter(task.other, column));
}

std::vector<const OomTask*> sorted_tasks(const OomEvent& event, std::string_view sort_by) {
    std::vector<const OomTask*> tasks;
    for (const OomTask& task : event.task_table.tasks) tasks.push_back(&task);
    const auto page = oom::page_size(event);
    if (sort_by == "name") {
        std::stable_sort(tasks.begin(), tasks.end(),
                         [](const OomTask* a, const OomTask* b) { return a->name < b->name; });
    } else {
        const auto key = [&](const OomTask& task) {
            if (sort_by.empty()) return Cell(static_cast<std::int64_t>(oom::weighed_pages(task, page)));
            return column_value(task, sort_by);
        };
        std::stable_sort(tasks.begin(), tasks.end(),
                         [&](const OomTask* a, const OomTask* b) { return key(*a) > key(*b); });
    }
    return tasks;
}

std::string pages_text(std::optional<std::uint64_t> pages, std::uint64_t page_kib) {
    return pages ? size_text(*pages * page_kib) : "";
}

std::vector<std::string> unknown_columns(const OomTaskTable& table) {
    std::vector<std::string> names;
    if (table.tasks.empty()) return names;
    for (const OomCounter& other : table.tasks.front().other) names.push_back(other.name);
    return names;
}

// Worth a line where a name stands for many processes: none of them need be large.
void by_name(std::string& out, const OomEvent& event, const OomVerdict& verdict,
             const OomTextOptions& options) {
    const auto page = oom::page_size(event);
    std::string text;
    for (std::size_t i = 0; i < std::min<std::size_t>(3, verdict.top_names.size()); ++i) {
        const OomHolder& consumer = verdict.top_names[i];
        text += fmt::format("{}{} x{} {}", i == 0 ? "" : ", ", consumer.name, consumer.processes,
                            size_text((consumer.rss_pages + consumer.swap_pages) * page.kib));
    }
    const bool many = std::any_of(verdict.top_names.begin(), verdict.top_names.end(),
                                  [](const OomHolder& consumer) { return consumer.processes > 1; });
    if (!many) return;
    out += "  by name: ";
    wrap(out, escaped(text + " (shared pages count once for each)"), options.width, 11);
}

}  // namespace

void append_findings(std::string& out, const OomEvent& event, const OomVerdict& verdict,
                     const OomTextOptions& options) {
    const auto list = [&](std::string_view title, const auto& items, const auto& text_of) {
        if (items.empty()) return;
        out += fmt::format("\n{}\n", title);
        for (const auto& entry : items) item(out, text_of(entry), options);
    };
    const auto finding_text = [](const OomFinding& found) -> const std::string& { return found.text; };
    const auto plain = [](const std::string& text) -> const std::string& { return text; };
    list("Why", verdict.why, finding_text);
    list("Who", verdict.who, finding_text);
    list("Next", verdict.next_steps, plain);
    std::vector<std::string> gaps = event.problems;
    for (const std::string& unknown : verdict.unknown) gaps.push_back("not known: " + unknown);
    list(event.is_scene ? "Not in the dump" : "Not in the log", gaps, plain);
}

void append_summary(std::string& out, const OomVerdict& verdict, const OomTextOptions& options) {
    wrap(out, escaped(verdict.summary) + ".", options.width, 0);
}

std::string oom_process_table(const OomEvent& event, const OomTextOptions& options) {
    const OomTaskTable& table = event.task_table;
    if (table.tasks.empty()) return {};
    const auto page = oom::page_size(event);
    const auto extra = unknown_columns(table);
    std::string out = fmt::format("{:>9} {:>7} {:>10} {:>10} {:>10} {:>10} {:>6}", "pid", "uid", "rss",
                                  "swap", "pgtables", "total_vm", "adj");
    for (const std::string& name : extra) out += fmt::format(" {:>12}", escaped(name));
    out += "  name\n";
    std::size_t shown = 0;
    for (const OomTask* const task : sorted_tasks(event, options.sort_by)) {
        if (shown++ == options.processes) break;
        auto tables = task->page_table_bytes ? std::optional(*task->page_table_bytes / 1024) : std::nullopt;
        if (!tables && task->page_table_pages) tables = *task->page_table_pages * page.kib;
        const auto adj = task->oom_score_adj ? task->oom_score_adj : task->oom_adj;
        out +=
            fmt::format("{:>9} {:>7} {:>10} {:>10} {:>10} {:>10} {:>6}", task->pid,
                        task->uid ? fmt::format("{}", *task->uid) : "", pages_text(task->rss_pages, page.kib),
                        pages_text(task->swap_pages, page.kib), tables ? size_text(*tables) : "",
                        pages_text(task->total_vm_pages, page.kib), adj ? fmt::format("{}", *adj) : "");
        for (const std::string& name : extra)
            out += fmt::format(" {:>12}", find_counter(task->other, name).value_or(0));
        const bool killed = std::any_of(event.victims.begin(), event.victims.end(),
                                        [&](const OomVictim& victim) { return victim.pid == task->pid; });
        out += fmt::format("  {}{}\n", escaped(task->name), killed ? "  <- killed" : "");
    }
    return out;
}

std::string to_text(const OomEvent& event, const OomVerdict& verdict, std::size_t number,
                    const OomTextOptions& options) {
    std::string out = number == 0 ? "OOM event" : fmt::format("OOM event {}", number);
    out += fmt::format(" ({})\n\n", escaped(place(event)));
    append_summary(out, verdict, options);
    out += '\n';
    head(out, event, verdict, options);
    append_findings(out, event, verdict, options);
    if (event.scope != OomScope::Memcg) balance(out, event, verdict, options);
    if (!event.task_table.tasks.empty() && options.processes != 0) {
        out += fmt::format("\nProcesses ({} in the table, by {})\n", event.task_table.tasks.size(),
                           options.sort_by.empty() ? "memory held" : escaped(options.sort_by));
        out += oom_process_table(event, options);
        by_name(out, event, verdict, options);
    }
    return out;
}

std::string one_line(const OomEvent& event, const OomVerdict& verdict, std::size_t number) {
    const std::string when = !event.time.empty() ? event.time
                             : event.seconds     ? fmt::format("{:.3f} s", *event.seconds)
                                                 : fmt::format("line {}", event.line);
    return fmt::format("{:>4}  {:<15}  {:<7}  {}\n", number, escaped(when), to_string(event.scope),
                       escaped(verdict.summary));
}

}  // namespace postmortem
