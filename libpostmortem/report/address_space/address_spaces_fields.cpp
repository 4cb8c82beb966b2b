#include <postmortem/address_spaces.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<UserPage>& page) {
    page.is("user page", "A page of a process's address space");
    page.add("address", &UserPage::address, "where the process sees it").address();
    page.add("physical", &UserPage::physical, "where it lies in memory; null where it does not").address();
    page.add("swap_file", &UserPage::swap_file, "the swap area that it is in").or_left_out();
    page.add("swap_page", &UserPage::swap_page, "the number of its page there").or_left_out();
    page.add("file", &UserPage::file, "the file from which it would be read").or_left_out();
    page.add("file_offset", &UserPage::file_offset, "where in the file, in bytes").or_left_out();
    page.add("unknown", &UserPage::unknown, "the page tables could not be read").or_left_out();
}

void describe(Describer<UserArea>& area) {
    area.is("user area", "A stretch of a process's address space, as a line of /proc/PID/maps");
    area.add("area", &UserArea::area, "its vm_area_struct").address();
    area.add("start", &UserArea::start, "its first address").address();
    area.add("end", &UserArea::end, "the address behind its last one").address();
    area.add("flags", &UserArea::flags, "the kernel's VM_* bits").address();
    area.add("file", &UserArea::file, "what is mapped; null for anonymous memory").or_null();
    area.add("pages", &UserArea::pages, "its pages (-p, -P)").or_left_out();
}

void describe(Describer<TaskAddressSpace>& space) {
    space.is("address space", "What a task can reach in user mode");
    space.add("task", &TaskAddressSpace::task, "whose");
    space.add("mm", &TaskAddressSpace::mm, "its mm_struct; null where it has none").address().or_null();
    space.add("pgd", &TaskAddressSpace::pgd, "its page tables").address().or_null();
    space.add("rss_kib", &TaskAddressSpace::rss_kib, "resident memory");
    space.add("total_kib", &TaskAddressSpace::total_kib, "size of the address space");
    space.add("areas", &TaskAddressSpace::areas, "ascending");
}

void describe(Describer<AddressSpaces>& spaces) {
    spaces.is_document();
    spaces.add("tasks", &AddressSpaces::tasks, "in the order in which crash prints them").answer();
    add_problems(spaces);
}

std::string to_json(const AddressSpaces& spaces) {
    return json_document(spaces);
}

std::string to_ndjson(const AddressSpaces& spaces) {
    return ndjson_lines(spaces);
}

}  // namespace postmortem
