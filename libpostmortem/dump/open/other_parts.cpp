#include "dump/open/other_parts.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "dump/open/folder.h"
#include "dump/open/open_source.h"
#include "dump/open/split_dump.h"

namespace postmortem {
namespace {

using Parts = std::vector<std::unique_ptr<DumpFile>>;

std::size_t common_prefix(const std::string& a, const std::string& b) {
    return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

// "vmcore.part3.gz" and "vmcore.part12" are named alike, but for the numbers and the packing.
std::string name_without_numbers(const std::string& name) {
    const std::filesystem::path file = std::filesystem::path(name).filename();
    constexpr std::string_view packings[] = {".gz", ".xz", ".zst", ".lz4", ".bz2"};
    const bool is_packed =
        std::find(std::begin(packings), std::end(packings), file.extension().string()) != std::end(packings);
    std::string pattern;
    for (const char c : (is_packed ? file.stem() : file).string()) {
        const bool is_digit = c >= '0' && c <= '9';
        if (is_digit && pattern.ends_with('#')) continue;
        pattern += is_digit ? '#' : c;
    }
    return pattern;
}

// Whether the frames of a part are all there without it.
bool adds_nothing(const DumpFile& part, const Parts& parts) {
    const SplitPart range = part.info().part.value_or(SplitPart{});
    const auto missing = missing_parts(parts);
    return std::none_of(missing.begin(), missing.end(), [&](const SplitPart& gap) {
        return range.first_pfn < gap.end_pfn && gap.first_pfn < range.end_pfn;
    });
}

/// Files that may be the parts that are missing, and why they could not be opened.
class Unopened {
  public:
    explicit Unopened(const std::string& own) : pattern_(name_without_numbers(own)) {}

    void add(const FolderEntry& file, const Error& why, bool is_dump) {
        if (!is_dump && name_without_numbers(file.name) != pattern_) return;
        names_.push_back(file.name);
        if (names_.size() > told) return;
        const std::string prefix = why.message.starts_with(file.name) ? "" : file.name + ": ";
        problems_.emplace_back(why.code, fmt::format("{}{}", prefix, why.message));
    }

    bool empty() const { return names_.empty(); }

    void tell(DumpFile& whole, std::vector<FolderEntry>& entries) {
        for (Error& problem : problems_) whole.add_problem(std::move(problem));
        if (names_.size() > told)
            whole.add_problem({ErrorCode::PageMissing,
                               fmt::format("{} more files that may be parts could not be opened either",
                                           names_.size() - told)});
        std::sort(names_.begin(), names_.end());
        std::erase_if(entries, [&](const FolderEntry& entry) {
            return std::binary_search(names_.begin(), names_.end(), entry.name);
        });
    }

  private:
    static constexpr std::size_t told = 5;

    std::string pattern_;
    std::vector<std::string> names_;
    std::vector<Error> problems_;
};

// Nothing where it cannot be opened.
std::unique_ptr<DumpFile> open_candidate(const FolderEntry& candidate, const OpenContext& context,
                                         Unopened& unopened) {
    auto file = candidate.look ? candidate.look() : candidate.open();
    if (!file) return unopened.add(candidate, file.error(), false), nullptr;
    if (kind_of(**file) != FileKind::Dump)
        return unopened.add(candidate,
                            {ErrorCode::Unsupported,
                             why_no_dump(**file) + "; copy it again if it is one of the parts"},
                            false),
               nullptr;
    if (candidate.look) file = candidate.open();
    auto part = file ? open_part(std::move(*file), context) : fail(file.error());
    if (!part) return unopened.add(candidate, part.error(), true), nullptr;
    return std::move(*part);
}

}  // namespace

std::unique_ptr<DumpFile> with_other_parts(Parts parts, const std::string& own,
                                           std::vector<FolderEntry>& entries, const OpenContext& context,
                                           bool some_unusable) {
    const auto absent = [&](bool unopened) { return unopened ? Absent::MaybeUnopened : Absent::NotThere; };
    const auto mine =
        std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.name == own; });
    if (mine == entries.end()) return join_parts(std::move(parts), absent(some_unusable));
    const std::string folder = mine->folder;
    entries.erase(mine);
    // Parts of one dump are named alike; another set of the same dump may lie beside it.
    std::vector<FolderEntry> candidates = entries;
    std::stable_sort(candidates.begin(), candidates.end(), [&](const FolderEntry& a, const FolderEntry& b) {
        return common_prefix(a.name, own) > common_prefix(b.name, own);
    });
    Unopened unopened(own);
    for (const FolderEntry& candidate : candidates) {
        if (missing_parts(parts).empty()) break;
        if (candidate.folder != folder) continue;
        auto part = open_candidate(candidate, context, unopened);
        if (!part || !part->info().part || !are_of_one_dump(*parts.front(), *part)) continue;
        std::erase_if(entries, [&](const FolderEntry& e) { return e.name == candidate.name; });
        if (!adds_nothing(*part, parts)) parts.push_back(std::move(part));
    }
    const bool is_whole = missing_parts(parts).empty();
    auto whole = join_parts(std::move(parts), absent(some_unusable || !unopened.empty()));
    if (!is_whole) unopened.tell(*whole, entries);
    return whole;
}

}  // namespace postmortem
