// `vtop` and `pte` as crash prints them.
#include <algorithm>

#include <fmt/format.h>

#include <postmortem/translation.h>

#include "base/text.h"
#include "report/address_space/area_text.h"
#include "report/kernel_memory/page_row_text.h"
#include "report/tasks/task_header_text.h"

namespace postmortem {
namespace {

std::string entry_text(const EntryContents& entry) {
    const std::string digits = fmt::format("{:x}", entry.entry);
    const std::size_t width = std::max<std::size_t>(digits.size(), 3);
    if (!entry.swap_file.empty()) {
        const std::string file = escaped(entry.swap_file), page = fmt::format("{}", entry.swap_page);
        const std::size_t file_width = std::max<std::size_t>(file.size(), 4),
                          page_width = std::max<std::size_t>(page.size(), 6);
        return fmt::format("{}  {}  {}\n{}  {}  {}\n", centered("PTE", width), centered("SWAP", file_width),
                           centered("OFFSET", page_width), centered(digits, width),
                           centered(file, file_width), centered(page, page_width));
    }
    const std::string physical = fmt::format("{:x}", entry.physical);
    const std::size_t physical_width = std::max<std::size_t>(physical.size(), 8);
    std::string flags;
    for (const std::string& flag : entry.flags) flags += (flags.empty() ? "" : "|") + flag;
    if (entry.entry == 0)
        flags = "no mapping";
    else if (!entry.present)
        flags = "not present, and no page in swap is named";
    return fmt::format("{}  {}  FLAGS\n{}  {}  ({})\n", centered("PTE", width),
                       centered("PHYSICAL", physical_width), centered(digits, width),
                       centered(physical, physical_width, true), flags);
}

const char* large_page(std::uint64_t bytes) {
    switch (bytes) {
        case 2ull << 20: return "  (2MB)";
        case 4ull << 20: return "  (4MB)";
        case 1ull << 30: return "  (1GB)";
        default: return "";
    }
}

std::string walk_text(const AddressTranslation& one) {
    std::string out;
    if (!one.user && one.top_table) out += fmt::format("PGD DIRECTORY: {:x}\n", *one.top_table);
    for (std::size_t i = 0; i < one.walk.size(); ++i) {
        const TableStep& step = one.walk[i];
        if (i == 0 && !one.user)
            out += fmt::format("PAGE DIRECTORY: {:x}\n", step.entry);
        else
            out += fmt::format("{:>6}: {:x} => {:x}\n", step.level, step.slot, step.entry);
    }
    if (one.physical && !one.walk.empty()) {
        const char* large = large_page(one.page_bytes);
        out += fmt::format("  PAGE: {:x}{}\n", one.page, one.user && *large == '\0' ? "  " : large);
    }
    return out.empty() ? out : out + '\n';
}

std::string one_text(const AddressTranslation& one, bool& page_heading_told) {
    const std::size_t width = one.user ? 10 : 16;
    const std::string place = !one.accessible ? "(not accessible)"
                              : one.physical  ? fmt::format("{:x}", *one.physical)
                                              : "(not mapped)";
    std::string out = fmt::format("{:<{}}  {:<16}\n{:<{}x}  {:<{}}\n\n", "VIRTUAL", width, "PHYSICAL",
                                  one.address, width, place, one.physical ? 16 : 0);
    if (!one.accessible) return out;
    out += walk_text(one);
    if (one.entry && (one.entry->present || !one.entry->swap_file.empty()))
        out += entry_text(*one.entry) + '\n';
    if (one.area) out += area_heading() + area_line(*one.area) + '\n';
    if (one.entry && !one.entry->swap_file.empty())
        out += fmt::format("SWAP: {}  OFFSET: {}\n\n", escaped(one.entry->swap_file), one.entry->swap_page);
    if (!one.file.empty())
        out += fmt::format("FILE: {}  OFFSET: {:x}\n\n", escaped(one.file), one.file_offset);
    if (!one.page_struct) return out;
    if (!page_heading_told) out += page_row_heading;
    page_heading_told = true;
    return out + page_row_line(*one.page_struct);
}

}  // namespace

std::string to_text(const AddressTranslations& translations) {
    std::string out;
    bool page_heading_told = false;
    for (std::size_t i = 0; i < translations.addresses.size(); ++i) {
        if (i > 0) out += '\n';
        if (i < translations.tasks.size() &&
            (i == 0 || translations.tasks[i].task != translations.tasks[i - 1].task))
            out += task_header(translations.tasks[i]);
        out += one_text(translations.addresses[i], page_heading_told);
    }
    return out;
}

std::string to_text(const TableEntries& entries) {
    std::string out;
    for (const EntryContents& entry : entries.entries) out += entry_text(entry);
    return out;
}

}  // namespace postmortem
