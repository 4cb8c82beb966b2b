// Which frames a dump holds and which existed: the same answer from every format, without decoding a page.
#include <algorithm>
#include <chrono>
#include <set>

#include <doctest/doctest.h>

#include "dump/frame_runs.h"
#include "dump/open/open_source.h"
#include "dump/open/split_dump.h"
#include "support/check_dump.h"
#include "support/memory_source.h"
#include "support/sample_dumps.h"

namespace frames_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

std::set<std::uint64_t> held(const DumpFile& dump) {
    std::set<std::uint64_t> pfns;
    for (auto pfn = dump.next_frame(0); pfn; pfn = dump.next_frame(*pfn + 1)) pfns.insert(*pfn);
    return pfns;
}

// Asked for in pieces of `step` bytes of bitmap.
std::set<std::uint64_t> existing(const DumpFile& dump, std::uint64_t limit, std::size_t step) {
    std::set<std::uint64_t> pfns;
    for (std::uint64_t first = 0; first < limit; first += step * 8) {
        Buffer bits(step);
        dump.existing_frames(first, bits);
        for (std::size_t i = 0; i < step * 8; ++i) {
            if ((std::to_integer<unsigned>(bits[i / 8]) >> i % 8 & 1) != 0) pfns.insert(first + i);
        }
    }
    return pfns;
}

// Runs are as long as they can be: no two touch.
std::set<std::uint64_t> in_runs(const DumpFile& dump, bool promised) {
    std::set<std::uint64_t> pfns;
    std::uint64_t end = 0;
    const auto take = [&](FrameRun run) {
        CHECK(run.first_pfn < run.end_pfn);
        CHECK((pfns.empty() || run.first_pfn > end));
        end = run.end_pfn;
        for (std::uint64_t pfn = run.first_pfn; pfn < end; ++pfn) pfns.insert(pfn);
    };
    if (promised)
        dump.each_promised_run(take);
    else
        dump.each_existing_run(take);
    return pfns;
}

std::set<std::uint64_t> frames(const FakeMemory& memory, bool with_excluded) {
    std::set<std::uint64_t> pfns;
    for (const auto& [pfn, page] : memory.pages) pfns.insert(pfn);
    if (with_excluded) pfns.insert(memory.excluded.begin(), memory.excluded.end());
    return pfns;
}

// A format that has nothing but pages.
class PagesOnly final : public DumpFile {
  public:
    explicit PagesOnly(std::unique_ptr<DumpFile> inner) : inner_(std::move(inner)) {}
    const DumpInfo& info() const override { return inner_->info(); }
    std::uint32_t page_size() const override { return inner_->page_size(); }
    Endian endian() const override { return inner_->endian(); }
    std::uint16_t machine() const override { return inner_->machine(); }
    Result<PageBytes> page(std::uint64_t paddr, MutableBytes scratch) const override {
        return inner_->page(paddr, scratch);
    }
    std::string_view vmcoreinfo() const override { return inner_->vmcoreinfo(); }
    const std::vector<Note>& notes() const override { return inner_->notes(); }
    const std::vector<Error>& problems() const override { return inner_->problems(); }

  private:
    std::unique_ptr<DumpFile> inner_;
};

}  // namespace

TEST_CASE("every format tells which frames it holds and which existed") {
    const FakeMemory memory = make_memory(200);
    for (const SampleDump& sample : sample_dumps(memory)) {
        CAPTURE(sample.name);
        const auto dump = open_bytes(sample.file);
        REQUIRE(dump);
        CHECK(held(**dump) == frames(memory, false));
        CHECK(in_runs(**dump, true) == frames(memory, false));
        CHECK(in_runs(**dump, false) == frames(memory, true));
        CHECK_FALSE((*dump)->next_frame(200));
        CHECK_FALSE((*dump)->next_frame(~0ull));
        for (const std::size_t step : {1u, 3u, 64u, 1000u})
            CHECK(existing(**dump, 4000, step) == frames(memory, true));
        CHECK(existing(**dump, 10, 1) == existing(**dump, 16, 2));
        const PagesOnly plain(open_bytes(sample.file).value());
        CHECK(held(plain) == frames(memory, false));
        CHECK(existing(plain, 400, 7) == frames(memory, true));
        CHECK(in_runs(plain, true) == frames(memory, false));
        CHECK(in_runs(plain, false) == frames(memory, true));
    }
}

TEST_CASE("a part of a split dump holds its own frames and knows of all") {
    const FakeMemory memory = make_memory(100);
    KdumpShape shape;
    shape.split = true;
    shape.start_pfn = 30;
    shape.end_pfn = 60;
    const auto dump = open_bytes(make_kdump(memory, shape));
    REQUIRE(dump);
    const auto all = frames(memory, false);
    CHECK(held(**dump) == std::set(all.lower_bound(30), all.lower_bound(60)));
    CHECK(in_runs(**dump, true) == held(**dump));
    CHECK(in_runs(**dump, false) == frames(memory, true));
    CHECK(existing(**dump, 100, 13) == frames(memory, true));
}

TEST_CASE("frames are told as far as a cut-off bitmap goes") {
    FakeMemory memory = make_memory(40);
    memory.max_pfn = 100'000;
    for (const std::uint64_t pfn : {40'001u, 99'998u}) memory.pages[pfn] = memory.pages.at(1);
    const Buffer whole = make_kdump(memory, {});
    const auto dump =
        open_bytes(Bytes(whole).first(2 * 4096 + 16384 + 6000));  // both bitmaps, the second in part
    REQUIRE(dump);
    CHECK((*dump)->next_frame(38) == 39);
    CHECK((*dump)->next_frame(40) == 40'001);
    CHECK_FALSE((*dump)->next_frame(40'002));
    CHECK(in_runs(**dump, true) == held(**dump));
    Buffer bits(4);
    (*dump)->existing_frames(99'976, bits);
    CHECK(bits[2] == std::byte{0x40});
}

TEST_CASE("parts of a split dump in any order, and such as overlap, give each frame once") {
    const FakeMemory memory = make_memory(100);
    std::vector<std::unique_ptr<DumpFile>> parts;
    for (const auto& [first, last] : {std::pair{60u, 100u}, {0u, 31u}, {20u, 60u}}) {
        KdumpShape shape;
        shape.split = true;
        shape.start_pfn = first;
        shape.end_pfn = last;
        auto part = open_part(std::make_unique<MemorySource>(make_kdump(memory, shape)), {DumpOptions()});
        REQUIRE(part);
        parts.push_back(std::move(*part));
    }
    const auto dump = join_parts(std::move(parts));
    CHECK(in_runs(*dump, true) == frames(memory, false));
    CHECK(in_runs(*dump, false) == frames(memory, true));
}

TEST_CASE("a stretch that begins and ends anywhere is told frame by frame, in windows of any size") {
    for (std::uint64_t first = 0; first < 20; ++first) {
        for (const std::uint64_t count : {1u, 2u, 7u, 8u, 9u, 15u, 16u, 17u, 40u}) {
            CAPTURE(first);
            CAPTURE(count);
            const auto dump = open_bytes(
                make_elf({{first * 4096, Buffer(4096), count * 4096}, {80 * 4096, Buffer(4096)}}, {}));
            REQUIRE(dump);
            std::set<std::uint64_t> expected = {80};
            for (std::uint64_t pfn = first; pfn < first + count; ++pfn) expected.insert(pfn);
            for (const std::size_t step : {1, 2, 3, 16}) CHECK(existing(**dump, 96, step) == expected);
        }
    }
}

TEST_CASE("long stretches of a bitmap are told to the bit") {
    constexpr std::uint64_t bits = 4096, first_pfn = 64;
    for (const std::uint64_t start : {0u, 1u, 63u, 64u, 511u, 512u, 700u}) {
        for (const std::uint64_t length : {1u, 64u, 511u, 512u, 513u, 1023u, 1600u, 3000u}) {
            CAPTURE(start);
            CAPTURE(length);
            Buffer bitmap(bits / 8 + 3);
            std::vector<FrameRun> expected;
            for (std::uint64_t from = start; from < bits; from += 2 * length) {
                const std::uint64_t end = std::min(from + length, bits);
                for (std::uint64_t bit = from; bit < end; ++bit) bitmap[bit / 8] |= std::byte(1 << bit % 8);
                expected.push_back({first_pfn + from, first_pfn + end});
            }
            std::vector<FrameRun> told;
            const FrameRunVisitor visit = [&](FrameRun run) { told.push_back(run); };
            {
                FrameRuns runs(visit);
                add_set_bits(bitmap, first_pfn, runs);
            }
            REQUIRE(told.size() == expected.size());
            for (std::size_t i = 0; i < told.size(); ++i) {
                CHECK(told[i].first_pfn == expected[i].first_pfn);
                CHECK(told[i].end_pfn == expected[i].end_pfn);
            }
        }
    }
}

// A second per terabyte, where each frame was told by itself.
TEST_CASE("the bitmap of a machine that a header claims to be of terabytes is made in no time") {
    const auto dump = open_bytes(make_elf({{0, Buffer(4096), 1ull << 44}}, {}));
    REQUIRE(dump);
    const auto start = std::chrono::steady_clock::now();
    Buffer bits(1u << 16);
    for (std::uint64_t first = 0; first < 1ull << 32; first += bits.size() * 8)
        (*dump)->existing_frames(first, bits);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(2));
    CHECK(std::all_of(bits.begin(), bits.end(), [](std::byte b) { return b == std::byte{0xff}; }));
}

TEST_CASE("a machine of terabytes is gone through by its stretches, and its bitmap by pieces") {
    const auto elf =
        open_bytes(make_elf({{0, Buffer(4096), 2ull << 40}, {4ull << 40, Buffer(8192), 1ull << 40}}, {}));
    REQUIRE(elf);
    std::vector<FrameRun> runs;
    const auto keep = [&](FrameRun run) { runs.push_back(run); };
    (*elf)->each_existing_run(keep);
    REQUIRE(runs.size() == 2);
    CHECK(runs[0].end_pfn == 1ull << 29);
    CHECK(runs[1].end_pfn == 5ull << 28);
    FakeMemory memory = make_memory(10);
    memory.max_pfn = 5'000'000;  // more than one piece, and no whole number of them
    for (const std::uint64_t pfn : {524'287u, 524'288u, 1'048'575u, 4'999'999u})
        memory.pages[pfn] = Buffer(4096);
    const auto kdump = open_bytes(make_kdump(memory, {}));
    REQUIRE(kdump);
    CHECK(in_runs(**kdump, true) == frames(memory, false));
    CHECK(in_runs(**kdump, false) == frames(memory, true));
    Buffer scratch(4096);
    for (const auto& [pfn, page] : memory.pages) {  // what lies before a page is counted by pieces, too
        const auto read = (*kdump)->page(pfn * 4096, scratch);
        REQUIRE(read);
        CHECK(std::equal(read->bytes.begin(), read->bytes.end(), page.begin()));
    }
}

}  // namespace frames_test
