// The answer to `kmem -m`: members of every struct page, or of one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/error.h>
#include <postmortem/problem.h>

namespace postmortem {

class CrashDump;

struct PageMembersRequest {
    std::vector<std::string> members;      ///< "lru", "lru.next", "flags"
    std::optional<std::uint64_t> address;  ///< of a page: its struct page, what lies in it, or physical; none: every page
    bool physical = false;                 ///< it is a physical address, as those below the kernel's always are
};

struct PageMembersRow {
    std::uint64_t page = 0;           ///< address of the struct page
    std::vector<std::string> values;  ///< one for each member; of a struct those of its own, with commas between them
};

struct PageMembers {
    std::vector<std::string> members;
    std::vector<PageMembersRow> pages;
    Problems problems;
};

/// NotFound where struct page has no such member; InvalidArgument where none is named, or it holds no numbers.
POSTMORTEM_API Result<PageMembers> page_members(const CrashDump& dump, const PageMembersRequest& request);
/// One by one, in the order of their frames, until `visit` returns false; what is missing is returned.
POSTMORTEM_API Result<Problems> visit_page_members(const CrashDump& dump, const PageMembersRequest& request,
                                                   const std::function<bool(const PageMembersRow& row)>& visit);

POSTMORTEM_API std::string page_members_heading(const std::vector<std::string>& members);
POSTMORTEM_API std::string page_members_line(const PageMembersRow& row);
POSTMORTEM_API std::string to_text(const PageMembers& pages);
POSTMORTEM_API std::string to_json(const PageMembers& pages);

}  // namespace postmortem
