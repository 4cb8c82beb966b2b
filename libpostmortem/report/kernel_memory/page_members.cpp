#include <postmortem/page_members.h>

#include <fmt/format.h>

#include <postmortem/crash_dump.h>

#include "base/problem_collector.h"
#include "base/text.h"
#include "kernel/mm/memory_sections.h"
#include "kernel/mm/page_structs.h"

namespace postmortem {
namespace {

constexpr std::size_t most_parts = 64;
constexpr unsigned deepest_part = 8;

// A number within a member; a member that is no struct has one.
struct MemberPart {
    std::uint64_t offset = 0;
    std::uint32_t size = 0;
    bool decimal = false;
};

using MemberParts = std::vector<MemberPart>;

class MemberFinder {
  public:
    explicit MemberFinder(const TypeFinder& types) : types_(types) {}

    Result<MemberParts> find(const std::string& path) const {
        const auto page = types_.find_struct("page");
        if (!page) return fail(page.error());
        TypeId type = *page;
        std::uint64_t offset = 0;
        for (const std::string_view name : split(path, '.')) {
            const auto place = types_.member(type, name);
            if (!place) return fail(ErrorCode::NotFound, fmt::format("struct page has no member {}", path));
            if (place->bit_size != 0) return fail(ErrorCode::InvalidArgument, fmt::format("{} is a bit-field", path));
            offset += place->offset();
            type = place->type;
        }
        MemberParts parts;
        if (!add_parts(type, offset, 0, parts) || parts.empty())
            return fail(ErrorCode::InvalidArgument, fmt::format("{} does not hold numbers alone", path));
        for (MemberPart& part : parts) part.decimal = counts(path);
        return parts;
    }

  private:
    // Counters, which may be below zero.
    static bool counts(std::string_view path) {
        for (const char* name : {"_count", "_refcount", "_mapcount", "_mapcount.counter", "_refcount.counter"})
            if (path == name) return true;
        return false;
    }

    bool add_parts(TypeId id, std::uint64_t offset, unsigned depth, MemberParts& parts) const {
        const Type& type = types_.get(id);
        switch (type.kind) {
            case TypeKind::Integer:
            case TypeKind::Enum:
            case TypeKind::Pointer:
                parts.push_back({offset, static_cast<std::uint32_t>(type.byte_size), false});
                return type.byte_size <= sizeof(std::uint64_t) && parts.size() <= most_parts;
            case TypeKind::Struct:
                for (const Member& member : type.members)
                    if (depth == deepest_part || member.bit_size != 0 ||
                        !add_parts(member.type, offset + member.bit_offset / 8, depth + 1, parts))
                        return false;
                return true;
            default: return false;
        }
    }

    const TypeFinder& types_;
};

class MembersReader {
  public:
    MembersReader(const Kernel& kernel, std::vector<MemberParts> members)
        : kernel_(kernel), members_(std::move(members)) {}

    Result<PageMembersRow> read(std::uint64_t page) const {
        PageMembersRow row{page, {}};
        for (const MemberParts& parts : members_) {
            std::string text;
            for (const MemberPart& part : parts) {
                const auto value = number(page + part.offset, part.size);
                if (!value) return fail(value.error());
                text += text.empty() ? "" : ",";
                text += part.decimal ? fmt::format("{}", static_cast<std::int32_t>(*value))
                                     : fmt::format("{:0{}x}", *value, part.size * 2);
            }
            row.values.push_back(std::move(text));
        }
        return row;
    }

  private:
    Result<std::uint64_t> number(std::uint64_t address, std::uint32_t size) const {
        const AddressSpace& memory = kernel_.memory();
        const auto widened = [](auto value) { return std::uint64_t{value}; };
        switch (size) {
            case 1: return memory.get<std::uint8_t>(address).map(widened);
            case 2: return memory.get<std::uint16_t>(address).map(widened);
            case 4: return memory.get<std::uint32_t>(address).map(widened);
            default: return memory.get<std::uint64_t>(address);
        }
    }

    const Kernel& kernel_;
    std::vector<MemberParts> members_;
};

Result<std::uint64_t> page_at(const Kernel& kernel, const PageStructs& pages, std::uint64_t address, bool physical) {
    const std::uint64_t page_bytes = kernel.physical().page_size();
    if (physical || address < kernel.arch().memory.lowest_kernel_address) return pages.of_frame(address / page_bytes);
    if (const auto frame = pages.frame_of(address)) return pages.of_frame(*frame);
    return kernel.memory().translate(address).map(
        [&](std::uint64_t place) { return pages.of_frame(place / page_bytes); });
}

Result<std::vector<MemberParts>> find_members(const Kernel& kernel, const std::vector<std::string>& names) {
    if (names.empty()) return fail(ErrorCode::InvalidArgument, "no member of struct page is named");
    const MemberFinder finder(kernel.types());
    std::vector<MemberParts> members;
    for (const std::string& name : names) {
        auto found = finder.find(name);
        if (!found) return fail(std::move(found.error()));
        members.push_back(std::move(*found));
    }
    return members;
}

}  // namespace

Result<Problems> visit_page_members(const CrashDump& dump, const PageMembersRequest& request,
                                    const std::function<bool(const PageMembersRow& row)>& visit) {
    const Kernel& kernel = dump.kernel();
    auto members = find_members(kernel, request.members);
    if (!members) return fail(std::move(members.error()));
    const auto pages = PageStructs::open(kernel);
    if (!pages) return fail(pages.error());
    const MembersReader reader(kernel, std::move(*members));
    if (request.address) {
        const auto page = page_at(kernel, *pages, *request.address, request.physical);
        const auto row = page ? reader.read(*page) : fail(page.error());
        if (!row) return fail(row.error());
        (void)visit(*row);
        return Problems();
    }
    const auto sections = read_memory_sections(kernel);
    if (!sections) return fail(sections.error());
    ProblemCollector problems;
    problems.add_all(sections->problems);
    for (const MemorySection& section : sections->present)
        for (std::uint64_t i = 0; i < sections->pages_of_each; ++i) {
            const auto row = reader.read(pages->of_frame(section.first_pfn + i));
            if (!row) problems.add("a struct page", row.error());
            if (row && !visit(*row)) return problems.take();
        }
    return problems.take();
}

Result<PageMembers> page_members(const CrashDump& dump, const PageMembersRequest& request) {
    PageMembers found;
    found.members = request.members;
    auto problems = visit_page_members(dump, request, [&](const PageMembersRow& row) {
        return found.pages.push_back(row), true;
    });
    if (!problems) return fail(std::move(problems.error()));
    found.problems = std::move(*problems);
    return found;
}

}  // namespace postmortem
