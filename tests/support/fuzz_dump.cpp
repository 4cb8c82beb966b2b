#include "support/fuzz_dump.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "dump/frame_runs.h"
#include "dump/vmcoreinfo.h"
#include "support/check_dump.h"

namespace postmortem::test {
namespace {

void insist(bool condition) {
    if (!condition) std::abort();
}

// Touches every byte, so that a sanitizer sees one that is not there.
unsigned sum(Bytes bytes) {
    unsigned total = 0;
    for (const std::byte b : bytes) total += std::to_integer<unsigned>(b);
    return total;
}

void ask_for_page(const DumpFile& dump, std::uint64_t paddr, MutableBytes scratch) {
    const auto page = dump.page(paddr, scratch);
    if (!page) {
        insist(!page.error().message.empty() && page.error().code != ErrorCode::InvalidArgument);
        return;
    }
    insist(!page->bytes.empty() && page->offset + page->bytes.size() <= dump.page_size());
    const unsigned before = sum(page->bytes);
    const auto again = dump.page(paddr, scratch);
    insist(again && again->offset == page->offset && sum(again->bytes) == before);
}

void ask_for_frames(const DumpFile& dump, MutableBytes scratch) {
    std::vector<std::uint64_t> frames = {0,    1, 2, 63, 64, dump.info().max_pfn - 1, dump.info().max_pfn,
                                         ~0ull};
    auto pfn = dump.next_frame(0);
    for (int i = 0; pfn && i < 100; ++i) {
        frames.push_back(*pfn);
        const auto next = dump.next_frame(*pfn + 1);
        insist(!next || *next > *pfn);
        pfn = next;
    }
    for (const std::uint64_t frame : frames) {
        ask_for_page(dump, frame * dump.page_size(), scratch);
        Buffer existing(64);
        dump.existing_frames(frame / 8 * 8, existing);
    }
}

// Ascending, and apart; not of a damaged header's claim of endless memory.
void ask_for_runs(const DumpFile& dump) {
    if (dump.info().max_pfn > 1u << 20) return;
    for (const bool promised : {true, false}) {
        std::uint64_t end = 0;
        bool first = true;
        const auto take = [&](FrameRun run) {
            insist(run.first_pfn < run.end_pfn && (first || run.first_pfn > end));
            first = false;
            end = run.end_pfn;
        };
        promised ? dump.each_promised_run(take) : dump.each_existing_run(take);
    }
}

}  // namespace

bool fuzz_dump(Bytes file) {
    const auto opened = open_bytes(file);
    if (!opened) {
        insist(!opened.error().message.empty());
        return false;
    }
    const DumpFile& dump = **opened;
    insist(dump.page_size() >= 4096 && dump.page_size() <= 256 * 1024);
    insist(!dump.info().format.empty());
    for (const Note& note : dump.notes()) sum(note.desc);
    const VmcoreInfo info(dump.vmcoreinfo());
    static_cast<void>(info.number("phys_base"));
    static_cast<void>(info.symbol("init_uts_ns"));
    Buffer scratch(dump.page_size());
    ask_for_frames(dump, scratch);
    ask_for_runs(dump);
    return true;
}

}  // namespace postmortem::test
