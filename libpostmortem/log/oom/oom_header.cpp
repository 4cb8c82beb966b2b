#include "log/oom/oom_header.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "log/oom/oom_gfp.h"
#include "log/oom/oom_words.h"
#include "log/text/cursor.h"

namespace postmortem::oom {
namespace {

// "0x6200ca(GFP_HIGHUSER_MOVABLE), order=0": the number, and the names where the kernel printed them.
void read_gfp(std::string_view text, OomTrigger& trigger) {
    const auto mask = text_between(text, "gfp_mask=", ",");
    if (!mask) return;
    const std::size_t open = mask->find('(');
    trigger.gfp_mask = parse_u64(without_trailing_blanks(mask->substr(0, open)), 16);
    if (open == std::string_view::npos) return;
    std::string_view names = mask->substr(open + 1);
    names = names.substr(0, names.find(')'));
    trigger.gfp_text = std::string(names);
    trigger.gfp_flags = split_gfp(names);
}

// A name has 15 letters at most (TASK_COMM_LEN). More of them are a prefix that nobody took off.
std::string_view short_name(std::string_view text) {
    constexpr std::size_t longest = 15;
    if (text.size() <= longest) return text;
    const std::string_view tail = text.substr(text.size() - std::min(text.size(), longest + 2));
    for (const std::string_view mark : {"] ", ": ", "> ", " "})
        if (const std::size_t at = tail.rfind(mark); at != std::string_view::npos)
            return tail.substr(at + mark.size());
    return text.substr(text.size() - longest);
}

// Text between two keys of a line in which values may hold any character but the next key.
std::string_view until_key(std::string_view text, std::initializer_list<std::string_view> keys) {
    std::size_t end = text.size();
    for (const std::string_view key : keys) end = std::min(end, text.find(key));
    return text.substr(0, end);
}

// A value of the summary that ends where one of its later keys begins: node lists hold commas themselves.
std::optional<std::string> summary_value(std::string_view text, std::string_view key) {
    const auto value = text_between(text, key, "\n");
    if (!value) return std::nullopt;
    const std::string_view end = until_key(*value, {",nodemask=", ",cpuset=", ",mems_allowed=", ",global_oom",
                                                    ",oom_memcg=", ",task_memcg=", ",task="});
    return std::string(without_trailing_blanks(end));
}

// The letters stand in columns of their own; a wrapped line loses the blanks between them.
std::string with_single_blanks(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
    }
    return out;
}

// "Not tainted 3.10.0 #1" or "Tainted: G  OE  6.8.0 #1 SMP": the release is the word before the build number.
void read_release(std::string_view text, OomTrigger& trigger) {
    const std::size_t taint = std::min(text.find("Not tainted"), text.find("Tainted:"));
    if (taint == std::string_view::npos) return;
    text.remove_prefix(taint);
    const std::size_t build = text.find(" #");
    std::string_view before = without_trailing_blanks(text.substr(0, build));
    const std::size_t blank = before.find_last_of(' ');
    if (blank == std::string_view::npos) return;
    const std::string_view release = before.substr(blank + 1);
    if (parse_release(release)) {
        trigger.kernel_release = std::string(release);
        before = without_trailing_blanks(before.substr(0, blank));
    }
    trigger.taint = with_single_blanks(before);
}

// memory.stat mixes sizes and event counts; Documentation/admin-guide/cgroup-v2.rst tells which is which.
bool is_event_count(std::string_view name) {
    static constexpr std::array<std::string_view, 10> heads = {
        "pg", "pswp", "workingset_", "thp_", "zswp", "swpin", "swpout", "numa_", "zswpwb", "pgdemote"};
    return std::any_of(heads.begin(), heads.end(),
                       [&](std::string_view head) { return name.starts_with(head); });
}

}  // namespace

void read_header(std::string_view text, OomEvent& event) {
    OomTrigger& trigger = event.trigger;
    event.has_header = true;
    const std::size_t invoked = text.find(" invoked oom-killer");
    if (invoked != std::string_view::npos) trigger.comm = std::string(short_name(text.substr(0, invoked)));
    read_gfp(text, trigger);
    trigger.order = signed_behind(text, "order=");
    trigger.oom_score_adj = signed_behind(text, "oom_score_adj=");
    trigger.oom_adj = signed_behind(text, "oom_adj=");
    if (!trigger.oom_adj) {
        trigger.oom_adj = signed_behind(text, "oomkilladj=");
        trigger.oom_adj_was_oomkilladj = trigger.oom_adj.has_value();
    }
    if (const auto nodes = text_between(text, "nodemask=", ", order="))
        trigger.nodemask = std::string(*nodes);
    event.sysrq = event.sysrq || trigger.order == -1;
    event.page_fault = trigger.gfp_mask == 0 && trigger.order.value_or(0) == 0;
}

void read_context(std::string_view text, OomEvent& event) {
    if (const auto cpuset = text_between(text, " cpuset=", " ")) event.cpuset = std::string(*cpuset);
    if (const auto mems = text_between(text, " mems_allowed=", " ")) event.mems_allowed = std::string(*mems);
}

bool read_cpu_line(std::string_view text, OomTrigger& trigger) {
    const std::size_t name = std::min(text.find("Comm: "), text.find("comm: "));
    if (name == std::string_view::npos) return false;
    const std::string_view rest = text.substr(name + 6);
    const std::string_view comm =
        without_trailing_blanks(until_key(rest, {" Not tainted", " Tainted:", " Kdump:", " Not Tainted"}));
    if (trigger.comm && *trigger.comm != comm) return false;
    if (!comm.empty() && !trigger.comm) trigger.comm = std::string(comm);
    trigger.cpu = signed_behind(text, "CPU: ");
    trigger.uid = number_behind(text.substr(0, name), " UID: ");
    trigger.pid = signed_behind(text, "PID: ");
    if (!trigger.pid) trigger.pid = signed_behind(text, "Pid: ");
    read_release(rest, trigger);
    return true;
}

void read_summary(std::string_view text, OomEvent& event) {
    if (const auto word = text_between(text, "constraint=", ",")) event.constraint = parse_constraint(*word);
    if (auto nodes = summary_value(text, "nodemask=")) event.nodemask = std::move(nodes);
    if (auto cpuset = summary_value(text, ",cpuset=")) event.cpuset = std::move(cpuset);
    if (auto mems = summary_value(text, "mems_allowed=")) event.mems_allowed = std::move(mems);
    if (auto path = summary_value(text, "oom_memcg=")) {
        event.memcg.oom_path = std::move(path);
        event.scope = OomScope::Memcg;
    } else if (contains(text, ",global_oom")) {
        event.scope = OomScope::Global;
    }
    if (auto path = summary_value(text, "task_memcg=")) event.memcg.task_path = std::move(path);
    const std::size_t task = text.find(",task=");
    if (task == std::string_view::npos) return;
    // The name may hold commas: what follows it is found from the end.
    std::string_view name = text.substr(task + 6);
    const std::size_t pid = name.rfind(",pid=");
    OomSelected selected;
    selected.comm = std::string(name.substr(0, pid));
    if (pid != std::string_view::npos) {
        selected.pid = signed_behind(name.substr(pid), ",pid=");
        selected.uid = number_behind(name.substr(pid), ",uid=");
    }
    event.selected = std::move(selected);
}

void read_memcg_task(std::string_view text, OomMemcg& memcg) {
    if (const auto path = text_between(text, "Task in ", " killed as a result"))
        memcg.task_path = std::string(*path);
    if (const auto path = text_between(text, " limit of ", "\n"); path && !path->empty())
        memcg.oom_path = std::string(*path);
}

void read_memcg_usage(std::string_view text, OomMemcg& memcg) {
    OomMemcgUsage usage;
    usage.name = std::string(text.substr(0, text.find(':')));
    usage.usage_kib = number_behind(text, "usage ");
    usage.limit_kib = number_behind(text, "limit ");
    usage.failcnt = number_behind(text, "failcnt ");
    if (memcg.find_usage(usage.name) == nullptr) memcg.usage.push_back(std::move(usage));
}

void read_memcg_protection(std::string_view text, OomMemcg& memcg) {
    memcg.min_protection_kib = number_behind(text, "min protection ");
    memcg.low_protection_kib = number_behind(text, "low protection ");
}

void read_memcg_stats(std::string_view text, OomMemcg& memcg) {
    OomMemcgStats stats;
    constexpr std::string_view title = "Memory cgroup stats";
    text.remove_prefix(std::min(title.size(), text.size()));
    if (text.starts_with(" for ")) {
        text.remove_prefix(5);
        std::size_t end = text.find(": ");
        if (end == std::string_view::npos && text.ends_with(':')) end = text.size() - 1;
        stats.path = std::string(text.substr(0, end));
        text.remove_prefix(std::min(end, text.size()));
    }
    for (const KeyValue& pair : parse_key_values(text).pairs) {
        if (!pair.is_size() || pair.value >= std::uint64_t{1} << 53) continue;
        stats.sizes_bytes.push_back({std::string(pair.key), pair.value * 1024});
    }
    constexpr std::size_t max_cgroups = 4096;
    if (memcg.stats.size() < max_cgroups) memcg.stats.push_back(std::move(stats));
}

bool read_stat_row(std::string_view text, OomMemcgStats& stats) {
    Cursor cursor(text);
    const std::string_view name = cursor.word();
    cursor.skip_blanks();
    const auto value = cursor.number();
    constexpr std::size_t max_rows = 512;
    if (name.empty() || !value || !cursor.at_end() ||
        stats.sizes_bytes.size() + stats.counts.size() >= max_rows)
        return false;
    (is_event_count(name) ? stats.counts : stats.sizes_bytes).push_back({std::string(name), *value});
    return true;
}

OomConstraint parse_constraint(std::string_view word) {
    if (word == "CONSTRAINT_NONE") return OomConstraint::None;
    if (word == "CONSTRAINT_CPUSET") return OomConstraint::Cpuset;
    if (word == "CONSTRAINT_MEMORY_POLICY") return OomConstraint::MemoryPolicy;
    if (word == "CONSTRAINT_MEMCG") return OomConstraint::Memcg;
    return OomConstraint::Unknown;
}

}  // namespace postmortem::oom
