// `kmem -m` as crash prints it.
#include <fmt/format.h>

#include <postmortem/page_members.h>

#include "base/text.h"
#include "report/tasks/task_header_text.h"

namespace postmortem {

std::string page_members_heading(const std::vector<std::string>& members) {
    std::string out = centered("PAGE", 16);
    for (const std::string& member : members) out += "  " + escaped(member);
    return out + '\n';
}

std::string page_members_line(const PageMembersRow& row) {
    std::string out = fmt::format("{:x}  ", row.page);
    for (const std::string& value : row.values) out += value + "  ";
    return out + '\n';
}

std::string to_text(const PageMembers& pages) {
    std::string out = page_members_heading(pages.members);
    for (const PageMembersRow& row : pages.pages) out += page_members_line(row);
    return out;
}

}  // namespace postmortem
