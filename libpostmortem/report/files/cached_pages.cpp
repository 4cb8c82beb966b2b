// The page cache of one file: address_space.i_pages (include/linux/fs.h).
#include <postmortem/cached_pages.h>

#include "base/problem_collector.h"
#include "kernel/mm/page_structs.h"
#include "kernel/xarray.h"
#include "report/kernel_memory/page_row.h"

namespace postmortem {
namespace {

constexpr std::size_t most_cached_pages = 1u << 24;
constexpr std::uint64_t no_page_bits = 3;  // what was evicted leaves a number behind (a shadow entry)

}  // namespace

Result<CachedPages> cached_pages(const CrashDump& dump, std::uint64_t inode) {
    const Kernel& kernel = dump.kernel();
    const auto mapping = kernel.object("inode", inode)["i_mapping"].u64();
    if (!mapping) return fail(mapping.error());
    const Object space = kernel.object("address_space", *mapping);
    const auto count = space["nrpages"].u64(), host = space["host"].u64();
    if (!count || !host || (*host != 0 && !kernel.object("inode", *host)["i_mode"].u64()))
        return fail(ErrorCode::Corrupt, "no inode lies at this address", inode);
    CachedPages made;
    made.inode = inode;
    made.mapping = *mapping;
    made.count = *count;
    ProblemCollector problems;
    const auto pages = PageStructs::open(kernel);
    if (!pages) {
        problems.add("the pages", pages.error());
        made.problems = problems.take();
        return made;
    }
    const PageRowReader reader(kernel, *pages);
    const std::uint64_t size = kernel.physical().page_size();
    for_each_xarray_entry(
        space.first_of({"i_pages", "page_tree"}),  // the former since 4.17 (b93b016313b3)
        [&](std::uint64_t, std::uint64_t entry) {
            if ((entry & no_page_bits) != 0) return true;
            const auto frame = pages->frame_of(entry);
            const auto row = frame ? reader.read(*frame * size)
                                   : fail(ErrorCode::Corrupt, "the file's tree names something that is no page", entry);
            if (row)
                made.pages.push_back(*row);
            else
                problems.add("a page", row.error());
            return made.pages.size() < most_cached_pages;
        },
        [&](Error error) { problems.add("the file's tree of pages", error); });
    made.problems = problems.take();
    return made;
}

}  // namespace postmortem
