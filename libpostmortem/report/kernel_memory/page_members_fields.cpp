#include <postmortem/page_members.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<PageMembersRow>& row) {
    row.add("page", &PageMembersRow::page, "its struct page").address();
    row.add("values", &PageMembersRow::values, "of the members: of structs, pointers and flags in hexadecimal, of numbers in decimal");
}

void describe(Describer<PageMembers>& pages) {
    pages.is_document();
    pages.add("members", &PageMembers::members, "as they were asked for");
    pages.add("pages", &PageMembers::pages, "by their frames").answer();
    add_problems(pages);
}

std::string to_json(const PageMembers& pages) {
    return json_document(pages);
}

}  // namespace postmortem
