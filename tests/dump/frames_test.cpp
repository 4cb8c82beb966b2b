// Which frames a dump holds and which existed: the same answer from every format, without decoding a page.
#include <set>

#include <doctest/doctest.h>

#include "support/check_dump.h"
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
        CHECK_FALSE((*dump)->next_frame(200));
        CHECK_FALSE((*dump)->next_frame(~0ull));
        for (const std::size_t step : {1u, 3u, 64u, 1000u})
            CHECK(existing(**dump, 4000, step) == frames(memory, true));
        CHECK(existing(**dump, 10, 1) == existing(**dump, 16, 2));
        const PagesOnly plain(open_bytes(sample.file).value());
        CHECK(held(plain) == frames(memory, false));
        CHECK(existing(plain, 400, 7) == frames(memory, true));
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
    Buffer bits(4);
    (*dump)->existing_frames(99'976, bits);
    CHECK(bits[2] == std::byte{0x40});
}

}  // namespace frames_test
