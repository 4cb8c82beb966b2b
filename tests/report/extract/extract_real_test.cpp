// What an extract carries beside pages, on a sample dump.
#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include <postmortem/extract.h>

#include "dump/dump_file.h"
#include "dump/kdump_writer.h"
#include "support/places.h"
#include "support/temp_dir.h"

namespace extract_real_test {

using namespace postmortem;

namespace {

/// Writes the same dump with VMCOREINFO in one more page of memory, and without the note.
void write_without_note(const DumpFile& sample, const std::filesystem::path& target) {
    std::vector<std::uint64_t> pfns;
    for (auto pfn = sample.next_frame(0); pfn; pfn = sample.next_frame(*pfn + 1)) pfns.push_back(*pfn);
    const std::uint64_t place = pfns.back() + 1;
    pfns.push_back(place);
    KdumpContent content{.source = sample, .pfns = pfns};
    content.vmcoreinfo = "";
    content.page = [&](std::uint64_t pfn, MutableBytes scratch) -> Result<Bytes> {
        if (pfn != place) {
            const auto page = sample.page(pfn * sample.page_size(), scratch);
            if (!page) return fail(page.error());
            return page->bytes;
        }
        std::fill(scratch.begin(), scratch.end(), std::byte{0});
        const Bytes text = as_bytes(sample.vmcoreinfo());
        std::copy(text.begin(), text.end(), scratch.begin());
        return Bytes(scratch);
    };
    REQUIRE(write_kdump(target, content));
}

}  // namespace

TEST_CASE("VMCOREINFO that was found in memory becomes a note of the extract") {
    const auto sample = open_dump(test::source_dir() / "testdata/dumps/bookworm-mod-null/vmcore");
    REQUIRE(sample);
    const test::TempDir folder;
    const auto source = folder.path() / "source", target = folder.path() / "target";
    write_without_note(**sample, source);
    REQUIRE(open_dump(source).value()->vmcoreinfo().empty());
    REQUIRE(extract(source, target));
    CHECK(open_dump(target).value()->vmcoreinfo() == (*sample)->vmcoreinfo());
    CHECK(CrashDump::open(target));
}

}  // namespace extract_real_test
