#include <postmortem/cached_pages.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<PageRow>& row);

void describe(Describer<CachedPages>& pages) {
    pages.is_document();
    pages.add("inode", &CachedPages::inode, "whose they are").address();
    pages.add("mapping", &CachedPages::mapping, "its address_space").address();
    pages.add("count", &CachedPages::count, "pages, as the address_space has it");
    pages.add("pages", &CachedPages::pages, "in the order of the file").answer();
    add_problems(pages);
}

std::string to_json(const CachedPages& pages) {
    return json_document(pages);
}

}  // namespace postmortem
