#include <postmortem/memory_search.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<MemoryMatch>& match) {
    match.add("address", &MemoryMatch::address, "where it lies").address();
    match.add("value", &MemoryMatch::value, "what lies there; 0 for a string").address();
    match.add("name", &MemoryMatch::name, "what was asked for, where that was no number").or_left_out();
    match.add("text", &MemoryMatch::text, "the string, and what stands behind").or_left_out();
    match.add("before", &MemoryMatch::before, "values before it, with `-x`").address().or_left_out();
    match.add("behind", &MemoryMatch::behind, "values behind it, with `-x`").address().or_left_out();
    match.add("task", &MemoryMatch::task, "on whose stack it lies, with `-t` and `-T`").or_left_out();
}

void describe(Describer<MemorySearch>& search) {
    search.is_document();
    search.add("matches", &MemorySearch::matches, "by address; with `-t` and `-T` task by task").answer();
    search.add("unit", &MemorySearch::unit, "bytes of a value");
    search
        .add("rounded_start", &MemorySearch::rounded_start,
             "where it began, if the start that was named is in the middle of a word")
        .address()
        .or_left_out();
    search.add("pages", &MemorySearch::pages, "that were looked at");
    search.add("unreadable", &MemorySearch::unreadable, "pages that the dump should hold and does not give");
    search.add("excluded", &MemorySearch::excluded, "pages that the dump filter left out");
    add_problems(search);
}

std::string to_json(const MemorySearch& search) {
    return json_document(search);
}

std::string to_ndjson(const MemorySearch& search) {
    return ndjson_lines(search);
}

}  // namespace postmortem
