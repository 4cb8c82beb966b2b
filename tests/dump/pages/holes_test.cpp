// Bitmaps that are larger than any disk and take no room: what lies in a hole is not gone through.
#include <filesystem>

#include <doctest/doctest.h>

#include "dump/pages/page_bitmap.h"
#include "support/check_dump.h"
#include "support/temp_dir.h"

namespace holes_test {

using namespace postmortem;
using namespace postmortem::test;
namespace fs = std::filesystem;

namespace {

// 8 GiB of bitmap, which would take many seconds to count.
constexpr std::uint64_t bits = 1ull << 36, bytes = bits / 8, far = bits - 5;

// Reads as zeros but for its last byte, and knows it.
class HollowSource final : public ByteSource {
  public:
    HollowSource() : ByteSource({}) {}
    std::uint64_t size() const override { return bytes; }
    std::optional<Bytes> view(std::uint64_t, std::uint64_t) const override { return std::nullopt; }
    std::optional<Bytes> read(std::uint64_t offset, std::uint64_t length,
                              MutableBytes scratch) const override {
        if (offset > bytes || length > bytes - offset) return std::nullopt;
        read_ += length;
        std::fill_n(scratch.begin(), length, std::byte{0});
        if (offset + length == bytes && length != 0) scratch[length - 1] = std::byte{1} << far % 8;
        return scratch.first(length);
    }
    std::uint64_t end_of_hole(std::uint64_t offset) const override { return std::max(offset, bytes - 1000); }
    std::uint64_t bytes_read() const { return read_; }

  private:
    mutable std::uint64_t read_ = 0;
};

}  // namespace

TEST_CASE("holes of a bitmap are passed over by who walks, who searches and who counts") {
    const HollowSource source;
    const RankedBitmap bitmap(source, 0, bits);
    std::vector<FrameRun> found;
    const FrameRunVisitor keep = [&](FrameRun run) { found.push_back(run); };
    {
        FrameRuns runs(keep);
        bitmap.each_run(0, bits, runs);
    }
    REQUIRE(found.size() == 1);
    CHECK(found.front().first_pfn == far);
    CHECK(bitmap.next_set(7) == far);
    CHECK(bitmap.rank(far) == 0);
    CHECK(bitmap.rank(bits) == 1);
    CHECK(bitmap.rank(12'345'678'901) == 0);
    CHECK(source.bytes_read() < 2u << 20);
}

TEST_CASE("a file tells its holes") {
    const TempDir dir;
    const fs::path path = dir.write("sparse", Buffer(4096, std::byte{1}));
    fs::resize_file(path, 1u << 30);
    const auto file = MappedFile::open(path);
    REQUIRE(file);
    CHECK(file->end_of_hole(0) == 0);
    const std::uint64_t end = file->end_of_hole(1u << 20);
    CHECK((end == 1u << 30 || end == 1u << 20));  // a file system may keep none
    CHECK(file->end_of_hole(1u << 30) == 1u << 30);
    CHECK(file->end_of_hole(~0ull) == ~0ull);
    CHECK(MappedFile().end_of_hole(5) == 5);
}

}  // namespace holes_test
