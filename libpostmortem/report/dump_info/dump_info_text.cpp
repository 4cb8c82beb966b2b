// `info`: one fact a line.
#include <ctime>

#include <fmt/format.h>

#include <postmortem/dump_info.h>

#include "base/text.h"
#include "output/sizes.h"

namespace postmortem {
namespace {

constexpr std::size_t ranges_shown = 40;

std::string or_dash(const std::string& text) {
    return text.empty() ? "-" : escaped(text);
}

void line(std::string& out, std::string_view label, const std::string& value) {
    fmt::format_to(std::back_inserter(out), "{:>18}: {}\n", label, value);
}

// makedumpfile(8), "-d dump_level".
std::string level(const DumpInformation& info) {
    if (!info.level) return "-";
    constexpr const char* left_out[] = {"zero pages", "page cache", "private page cache", "user data",
                                        "free pages"};
    std::string names;
    for (unsigned bit = 0; bit < 5; ++bit)
        if ((*info.level >> bit & 1) != 0)
            fmt::format_to(std::back_inserter(names), "{}{}", names.empty() ? "" : ", ", left_out[bit]);
    return fmt::format("{} ({}{})", *info.level, names.empty() ? "nothing left out" : "without ", names);
}

std::string pages(std::optional<std::uint64_t> count, std::uint64_t page_bytes) {
    return count ? fmt::format("{} ({})", *count, human_size(*count * page_bytes)) : "-";
}

std::string date(std::int64_t seconds) {
    const auto time = static_cast<std::time_t>(seconds);
    std::tm utc{};
    char text[64];
    if (!gmtime_r(&time, &utc)) return "-";
    return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &utc)};
}

std::string addresses(const FrameRange& frames, std::uint64_t page_bytes) {
    return fmt::format("{:#014x} - {:#014x}", frames.first_pfn * page_bytes, frames.end_pfn * page_bytes - 1);
}

void add_file(std::string& out, const DumpInformation& info) {
    line(out, "DUMP", escaped(info.path));
    if (info.files.size() > 1 || (info.files.size() == 1 && info.files[0] != info.path))
        for (const std::string& file : info.files) line(out, "FILE", escaped(file));
    line(out, "FORMAT", escaped(info.format) + (info.incomplete ? "  [INCOMPLETE]" : ""));
    line(out, "MACHINE", fmt::format("{}, {}", or_dash(info.machine), info.byte_order));
    line(out, "PAGE SIZE", fmt::format("{}", info.page_bytes));
    line(out, "FILTER LEVEL", level(info));
    if (info.written_unix_seconds) line(out, "WRITTEN", date(*info.written_unix_seconds));
    if (info.cpu_count) line(out, "CPUS", fmt::format("{}", *info.cpu_count));
    for (const DumpHeaderField& field : info.header) line(out, field.name, escaped(field.value));
}

void add_kernel(std::string& out, const DumpInformation& info) {
    line(out, "RELEASE", or_dash(info.release));
    if (!info.version.empty()) line(out, "VERSION", escaped(info.version));
    if (!info.nodename.empty()) line(out, "NODENAME", escaped(info.nodename));
    line(out, "BUILD-ID", or_dash(info.build_id));
    line(out, "VMLINUX", info.vmlinux.empty() ? "none found" : escaped(info.vmlinux));
    line(out, "VMCOREINFO",
         info.vmcoreinfo_source.empty()
             ? "none"
             : fmt::format("{} bytes, from {}", info.vmcoreinfo.size(), info.vmcoreinfo_source));
}

void add_pages(std::string& out, const DumpInformation& info) {
    line(out, "PAGES OF MACHINE", pages(info.existing_pages, info.page_bytes));
    line(out, "PAGES LEFT OUT", pages(info.excluded_pages, info.page_bytes));
    line(out, "PAGES PROMISED", pages(info.promised_pages, info.page_bytes));
    if (!info.check) return;
    line(out, "PAGES READABLE", pages(info.check->readable, info.page_bytes));
    line(out, "PAGES UNREADABLE", pages(info.check->unreadable, info.page_bytes));
}

void add_ranges(std::string& out, const DumpInformation& info) {
    if (!info.memory.empty()) out += "\nMemory of the machine\n";
    for (std::size_t i = 0; i < std::min(info.memory.size(), ranges_shown); ++i) {
        const FrameRange& frames = info.memory[i];
        fmt::format_to(std::back_inserter(out), "  {}  {:>6}\n", addresses(frames, info.page_bytes),
                       human_size((frames.end_pfn - frames.first_pfn) * info.page_bytes));
    }
    if (info.memory.size() > ranges_shown)
        fmt::format_to(std::back_inserter(out), "  and {} more ranges\n",
                       info.memory.size() - ranges_shown + info.memory_unlisted);
}

void add_notes(std::string& out, const DumpInformation& info) {
    if (!info.notes.empty()) out += "\nNotes\n";
    for (const NoteKind& kind : info.notes)
        fmt::format_to(std::back_inserter(out), "  {:<12} type {:#x}: {}, {} bytes\n", escaped(kind.name),
                       kind.type, kind.count, kind.bytes);
    if (info.notes_unlisted != 0)
        fmt::format_to(std::back_inserter(out), "  and {} notes of other kinds\n", info.notes_unlisted);
}

void add_damage(std::string& out, const DumpInformation& info) {
    if (!info.check || info.check->damaged.empty()) return;
    out += "\nPages that cannot be read\n";
    for (const DamagedRange& range : info.check->damaged)
        fmt::format_to(
            std::back_inserter(out), "  {}  {:>8} pages  {}: {}\n", addresses(range.frames, info.page_bytes),
            range.frames.end_pfn - range.frames.first_pfn, to_string(range.code), escaped(range.reason));
    if (info.check->damaged_unlisted != 0)
        fmt::format_to(std::back_inserter(out), "  and {} more ranges\n", info.check->damaged_unlisted);
}

}  // namespace

std::string to_text(const DumpInformation& info) {
    std::string out;
    add_file(out, info);
    add_kernel(out, info);
    add_pages(out, info);
    add_ranges(out, info);
    add_notes(out, info);
    add_damage(out, info);
    return out;
}

std::string vmcoreinfo_to_text(const DumpInformation& info) {
    std::string out = escaped(info.vmcoreinfo, true);
    if (!out.empty() && out.back() != '\n') out += '\n';
    return out;
}

}  // namespace postmortem
