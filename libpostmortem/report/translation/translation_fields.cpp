#include <postmortem/translation.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<PageRow>& row);
void describe(Describer<UserArea>& area);

void describe(Describer<TableStep>& step) {
    step.add("level", &TableStep::level, "`PGD`, `P4D`, `PUD`, `PMD`, `PTE`");
    step.add("slot", &TableStep::slot, "physical address of the entry").address();
    step.add("entry", &TableStep::entry, "what stands there").address();
}

void describe(Describer<EntryContents>& entry) {
    entry.is("page-table entry", "What the entry of a page says");
    entry.add("entry", &EntryContents::entry, "the entry itself").address();
    entry.add("present", &EntryContents::present, "it maps a page");
    entry.add("physical", &EntryContents::physical, "of the page")
        .address()
        .left_out_unless([](const EntryContents& one) { return one.present; });
    entry.add("flags", &EntryContents::flags, "by crash's names");
    entry.add("swap_file", &EntryContents::swap_file, "the page was swapped to").or_left_out();
    entry.add("swap_page", &EntryContents::swap_page, "page in the swap area")
        .left_out_unless([](const EntryContents& one) { return !one.swap_file.empty(); });
}

void describe(Describer<AddressTranslation>& one) {
    one.is("translation", "How a virtual address becomes a physical one");
    one.add("address", &AddressTranslation::address, "that was asked for").address();
    one.add("user", &AddressTranslation::user, "it is a task's, not the kernel's");
    one.add("accessible", &AddressTranslation::accessible, "false: it is in no area of the task");
    one.add("physical", &AddressTranslation::physical, "null where it is not mapped").address();
    one.add("top_table", &AddressTranslation::top_table, "virtual address of the kernel's own")
        .address()
        .or_left_out();
    one.add("walk", &AddressTranslation::walk, "the entries on the way, the top table's first");
    one.add("page", &AddressTranslation::page, "physical address of the page that is mapped")
        .address()
        .only_if([](const AddressTranslation& t) { return t.physical.has_value(); });
    one.add("page_bytes", &AddressTranslation::page_bytes, "its size")
        .only_if([](const AddressTranslation& t) { return t.physical.has_value(); });
    one.add("entry", &AddressTranslation::entry, "what the last entry says");
    one.add("area", &AddressTranslation::area, "of the task that it lies in").or_left_out();
    one.add("file", &AddressTranslation::file, "a page that is not there would be read from").or_left_out();
    one.add("file_offset", &AddressTranslation::file_offset, "where in the file")
        .left_out_unless([](const AddressTranslation& t) { return !t.file.empty(); });
    one.add("page_struct", &AddressTranslation::page_struct, "what the kernel knows of the page");
}

void describe(Describer<AddressTranslations>& all) {
    all.is_document();
    all.add("addresses", &AddressTranslations::addresses, "in the order of the words").answer();
    all.add("tasks", &AddressTranslations::tasks, "whose each is, under `foreach`").or_left_out();
    add_problems(all);
}

void describe(Describer<TableEntries>& all) {
    all.is_document();
    all.add("entries", &TableEntries::entries, "in the order of the words").answer();
    add_problems(all);
}

std::string to_json(const AddressTranslations& translations) {
    return json_document(translations);
}

std::string to_ndjson(const AddressTranslations& translations) {
    return ndjson_lines(translations);
}

std::string to_json(const TableEntries& entries) {
    return json_document(entries);
}

}  // namespace postmortem
