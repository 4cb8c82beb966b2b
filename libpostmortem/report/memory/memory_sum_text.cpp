// Where MemTotal went, for people: one line a part, then the largest users of the parts that have some.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <postmortem/render.h>

#include "base/text.h"

namespace postmortem {
namespace {

using Out = std::back_insert_iterator<std::string>;

constexpr std::size_t most_users = 5;
constexpr std::uint64_t kib = 1024, mib = kib * 1024;

std::string percent(std::int64_t bytes, std::uint64_t total) {
    if (total == 0) return "-";
    return fmt::format("{:.1f}", 100.0 * static_cast<double>(bytes) / static_cast<double>(total));
}

void share_line(Out out, std::int64_t bytes, std::uint64_t total, std::string_view title) {
    fmt::format_to(out, "{:>12} {:>6}  {}\n", bytes / static_cast<std::int64_t>(kib), percent(bytes, total),
                   title);
}

void shares(Out out, const MemorySum& sum) {
    fmt::format_to(out, "{:>12} {:>6}  {}\n", "KiB", "%", "WHAT");
    for (const MemoryShare& part : sum.parts)
        share_line(out, static_cast<std::int64_t>(part.bytes), sum.total_bytes, part.title);
    share_line(out, sum.unaccounted_bytes, sum.total_bytes,
               sum.unread.empty()
                   ? "unaccounted: taken straight from the page allocator"
                   : fmt::format("unaccounted: {}, which could not be read, and what was taken "
                                 "straight from the page allocator",
                                 fmt::join(sum.unread, ", ")));
    for (const MemoryHint& hint : sum.hints)
        fmt::format_to(out, "{:>12}         of which {}\n", hint.bytes / kib, hint.title);
    share_line(out, static_cast<std::int64_t>(sum.total_bytes), sum.total_bytes, "MemTotal");
    if (sum.present_bytes == 0 && sum.reserved.empty()) return;
    fmt::format_to(out, "\nBeside MemTotal\n");
    const std::uint64_t beside = sum.present_bytes - std::min(sum.present_bytes, sum.total_bytes);
    fmt::format_to(out, "{:>12}         never given to the page allocator\n",
                   sum.present_bytes == 0 ? "-" : fmt::format("{}", beside / kib));
    for (const MemoryHint& hint : sum.reserved)
        fmt::format_to(out, "{:>12}         of which {}\n", hint.bytes / kib, hint.title);
}

void slab_users(Out out, const MemoryPicture& picture) {
    if (picture.slab_caches.empty()) return;
    fmt::format_to(out, "\nLargest slab caches\n");
    for (std::size_t i = 0; i < std::min(picture.slab_caches.size(), most_users); ++i) {
        const SlabCacheUse& cache = picture.slab_caches[i];
        fmt::format_to(out, "{:>12}         {}: {} of {} objects of {} bytes in use{}\n", cache.bytes / kib,
                       escaped(cache.name), cache.active_objects, cache.total_objects, cache.stride_bytes,
                       cache.reclaimable ? ", reclaimable" : "");
    }
}

void file_system_users(Out out, const MemoryPicture& picture) {
    bool any = false;
    for (const MemoryFileSystem& system : picture.file_systems) {
        if (system.kib == 0 && system.swapped_kib == 0) continue;
        if (!any) fmt::format_to(out, "\nFile systems in memory\n");
        any = true;
        fmt::format_to(
            out, "{:>12}         {} ({}, {} files{}{})\n", system.kib,
            system.path.empty() ? "(the kernel's own: shared memory, memfd)" : escaped(system.path),
            escaped(system.type), system.files,
            system.limit_kib ? fmt::format(", limit {} KiB", *system.limit_kib) : "",
            system.swapped_kib ? fmt::format(", {} KiB swapped", system.swapped_kib) : "");
        for (const MemoryFile& file : system.largest) {
            if (file.kib * kib < mib) continue;
            fmt::format_to(out, "{:>12}           {}{}\n", file.kib,
                           file.name.empty() ? "(no name)" : escaped(file.name),
                           file.deleted ? " (deleted)" : "");
        }
    }
}

void vmalloc_users(Out out, const MemoryPicture& picture) {
    if (picture.vmalloc_users.empty()) return;
    fmt::format_to(out, "\nLargest callers of vmalloc, kernel stacks included\n");
    for (std::size_t i = 0; i < std::min(picture.vmalloc_users.size(), most_users); ++i) {
        const VmallocUser& user = picture.vmalloc_users[i];
        fmt::format_to(out, "{:>12}         {}{} ({} areas)\n", user.bytes / kib, escaped(user.caller),
                       user.module.empty() ? "" : fmt::format(" [{}]", escaped(user.module)), user.areas);
    }
}

void settings(Out out, const MemoryPicture& picture) {
    if (!picture.settings.empty()) fmt::format_to(out, "\nSettings\n");
    for (const MemorySettingValue& setting : picture.settings)
        fmt::format_to(out, "{:>12}         vm.{}\n", setting.value, setting.name);
    if (!picture.crash_kernel) return;
    fmt::format_to(out, "{:>12}         KiB kept by crashkernel=, the capture kernel {}",
                   picture.crash_kernel->bytes / kib, picture.crash_kernel->loaded ? "loaded" : "not loaded");
    if (picture.crash_kernel->recommended_bytes != 0)
        fmt::format_to(out, " (kdump's default for this machine: {} KiB)",
                       picture.crash_kernel->recommended_bytes / kib);
    fmt::format_to(out, "\n");
}

}  // namespace

std::string memory_sum_to_text(const MemoryPicture& picture) {
    std::string text;
    const Out out = std::back_inserter(text);
    if (picture.sum) shares(out, *picture.sum);
    slab_users(out, picture);
    file_system_users(out, picture);
    vmalloc_users(out, picture);
    settings(out, picture);
    return text;
}

}  // namespace postmortem
