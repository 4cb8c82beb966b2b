// `files -p` as crash prints it.
#include <fmt/format.h>

#include <postmortem/cached_pages.h>

#include "report/kernel_memory/page_row_text.h"

namespace postmortem {

std::string to_text(const CachedPages& pages) {
    std::string out =
        fmt::format("     INODE        NRPAGES\n{:16x} {:8}\n\n", pages.inode, pages.count);
    if (!pages.pages.empty()) out += page_row_heading;
    for (const PageRow& row : pages.pages) out += page_row_line(row);
    return out;
}

}  // namespace postmortem
