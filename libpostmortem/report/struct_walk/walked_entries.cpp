#include "report/struct_walk/walked_entries.h"

#include <fmt/format.h>

#include "base/problem_collector.h"
#include "base/text.h"

namespace postmortem {
namespace {

constexpr std::size_t most_entries = 1u << 21;

}  // namespace

Result<std::uint64_t> link_offset(const TypeFinder& types, const std::string& words) {
    if (words.empty()) return std::uint64_t{0};
    if (const auto bytes = parse_u64(words)) return *bytes;
    if (const auto bytes = parse_u64(words, 16)) return *bytes;
    return offset_of_member(types, words);
}

Result<WalkedEntries> WalkedEntries::open(const Kernel& kernel, const std::string& type) {
    WalkedEntries entries;
    if (type.empty()) return entries;
    auto reader = InstanceReader::open(kernel, type);
    if (!reader) return fail(std::move(reader.error()));
    entries.walked_.type = reader->type_name();
    entries.reader_.emplace(std::move(*reader));
    return entries;
}

bool WalkedEntries::add(std::uint64_t address, std::optional<std::uint64_t> index, std::string position) {
    if (walked_.entries.size() >= most_entries) {
        trouble({ErrorCode::Unsupported, fmt::format("there are more than {} entries", most_entries)});
        return false;
    }
    WalkedStruct entry{address, index, std::move(position), std::nullopt, std::nullopt, std::nullopt};
    if (reader_) {
        auto instance = reader_->read(address - before_);
        if (instance)
            entry.instance = std::move(*instance);
        else
            trouble(std::move(instance.error()));
    }
    walked_.entries.push_back(std::move(entry));
    return true;
}

bool WalkedEntries::add_range(std::uint64_t address, std::uint64_t index, std::string position,
                              std::pair<std::uint64_t, std::uint64_t> range) {
    if (!add(address, index, std::move(position))) return false;
    walked_.entries.back().first = range.first;
    walked_.entries.back().last = range.second;
    return true;
}

WalkedStructs WalkedEntries::finish() {
    ProblemCollector problems;
    if (reader_)
        for (const Error& problem : reader_->take_problems()) problems.add(problem);
    for (const Error& problem : walked_.problems) problems.add("an entry", problem);
    walked_.problems = problems.take();
    return std::move(walked_);
}

}  // namespace postmortem
