// `triage` as text: a line for each group, most frequent first.
#include <ctime>
#include <iterator>

#include <fmt/format.h>

#include <postmortem/render.h>

#include "base/text.h"

namespace postmortem {
namespace {

constexpr std::size_t most_unusable = 20;

std::string day(const std::optional<std::int64_t>& seconds) {
    if (!seconds) return "?";
    const auto time = static_cast<std::time_t>(*seconds);
    std::tm utc{};
    char buffer[32];
    if (!::gmtime_r(&time, &utc) || std::strftime(buffer, sizeof buffer, "%Y-%m-%d", &utc) == 0) return "?";
    return buffer;
}

// "a, b and 3 more"
std::string few(const std::set<std::string>& names) {
    constexpr std::size_t most = 3;
    std::string text;
    std::size_t shown = 0;
    for (const std::string& name : names) {
        if (shown == most) return text + fmt::format(" and {} more", names.size() - most);
        text += (shown++ == 0 ? "" : ", ") + escaped(name);
    }
    return text;
}

}  // namespace

std::string to_text(const Triage& triage) {
    std::string out;
    auto end = std::back_inserter(out);
    if (!triage.groups.empty())
        fmt::format_to(end, "{:>5}  {:<12}  {:<10}  {:<10}  TITLE\n", "COUNT", "ID", "FIRST", "LAST");
    for (const TriageGroup& group : triage.groups) {
        fmt::format_to(end, "{:>5}  {:<12}  {:<10}  {:<10}  {}\n", group.cases.size(), group.id,
                       day(group.first_seen), day(group.last_seen), escaped(group.title));
        if (!group.kernels.empty()) fmt::format_to(end, "{:>45}kernels {}\n", "", few(group.kernels));
        if (!group.hosts.empty()) fmt::format_to(end, "{:>45}hosts   {}\n", "", few(group.hosts));
        const TriageCase& example = triage.cases[group.cases.front()];
        fmt::format_to(end, "{:>45}e.g.    {}\n", "", escaped(example.source));
    }
    fmt::format_to(end, "{} files: {} groups, {} without a crash, {} unusable\n", triage.cases.size(),
                   triage.groups.size(), triage.without_crash, triage.unusable);
    std::size_t shown = 0;
    for (const TriageCase& one : triage.cases) {
        if (!one.error || shown++ >= most_unusable) continue;
        const bool is_named = one.error->message.starts_with(one.source);
        fmt::format_to(end, "  unusable: {}{}\n", is_named ? "" : escaped(one.source) + ": ",
                       escaped(one.error->message));
    }
    return out;
}

}  // namespace postmortem
