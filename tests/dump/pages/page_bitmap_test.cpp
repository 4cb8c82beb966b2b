#include "dump/pages/page_bitmap.h"

#include <atomic>
#include <random>
#include <thread>

#include <doctest/doctest.h>

#include "support/fake_dump.h"
#include "support/memory_source.h"

namespace page_bitmap_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

struct Bits {
    Buffer bytes;
    std::vector<std::uint64_t> before;  // set bits before each

    explicit Bits(std::uint64_t count, unsigned seed) : bytes((count + 7) / 8), before(count + 1) {
        std::mt19937 random(seed);
        for (std::uint64_t i = 0; i < count; ++i) {
            const bool set = random() % 3 == 0;
            if (set) bytes[i / 8] |= std::byte{1} << (i % 8);
            before[i + 1] = before[i] + set;
        }
    }
};

// Counts the bytes that are asked for.
class CountingSource final : public ByteSource {
  public:
    explicit CountingSource(Bytes bytes) : ByteSource({}), inner_(bytes) {}
    std::uint64_t size() const override { return inner_.size(); }
    std::optional<Bytes> view(std::uint64_t offset, std::uint64_t length) const override {
        asked_ += length;
        return inner_.view(offset, length);
    }
    std::optional<Bytes> read(std::uint64_t offset, std::uint64_t length, MutableBytes) const override {
        return view(offset, length);
    }
    std::uint64_t asked() const { return asked_; }

  private:
    MemorySource inner_;
    mutable std::uint64_t asked_ = 0;
};

}  // namespace

TEST_CASE("rank counts the set bits before, from any first bit") {
    constexpr std::uint64_t count = 70'001;
    const Bits bits(count, 5);
    Buffer file(100);
    file.insert(file.end(), bits.bytes.begin(), bits.bytes.end());
    const MemorySource source(file);
    for (const std::uint64_t first : {0ull, 1ull, 8191ull, 8192ull, 30'000ull, 70'000ull, 70'001ull}) {
        const RankedBitmap bitmap(source, 100, count, first);
        std::mt19937 random(1);
        for (int i = 0; i < 3000; ++i) {
            const std::uint64_t at = first + random() % (count - first + 1);
            REQUIRE(bitmap.rank(at) == bits.before[at] - bits.before[first]);
        }
        CHECK(bitmap.rank(count + 1000) == bits.before[count] - bits.before[first]);
        CHECK(bitmap.rank(0) == 0);
    }
    const PageBitmap bitmap(source, 100, count);
    for (std::uint64_t i = 0; i < count; ++i)
        REQUIRE(bitmap.test(i) == (bits.before[i + 1] > bits.before[i]));
    CHECK(bitmap.test(count) == false);
}

TEST_CASE("only as much of the bitmap is read as the frame asked for needs") {
    const Bits bits(1u << 20, 6);
    const CountingSource source(bits.bytes);
    const RankedBitmap bitmap(source, 0, 1u << 20);
    CHECK(source.asked() == 0);
    CHECK(bitmap.rank(100) == bits.before[100]);
    CHECK(source.asked() <= 1024);
    const std::uint64_t before = source.asked();
    CHECK(bitmap.rank(500'000) == bits.before[500'000]);
    CHECK(source.asked() - before <= 500'000 / 8 + 1024);
    const std::uint64_t built = source.asked();
    CHECK(bitmap.rank(499'000) == bits.before[499'000]);
    CHECK(source.asked() - built <= 1024);
}

TEST_CASE("a bitmap that is cut off answers up to the cut") {
    const Bits bits(100'000, 7);
    const MemorySource source(Bytes(bits.bytes).first(5000));
    const RankedBitmap bitmap(source, 0, 100'000);
    CHECK(bitmap.rank(39'999) == bits.before[39'999]);
    CHECK(bitmap.test(39'999));
    CHECK_FALSE(bitmap.test(40'000));
    CHECK_FALSE(bitmap.rank(90'000));
    CHECK(bitmap.rank(10'000) == bits.before[10'000]);
}

TEST_CASE("who has gone through the bitmap need not have it counted again") {
    constexpr std::uint64_t count = 3'000'001, window = 1024;
    const Bits bits(count, 5);
    for (const std::uint64_t first : {0u, 8192u, 24576u, 5u, 4096u}) {
        for (const std::uint64_t end :
             {count, count + 100, std::uint64_t{2'500'000}, std::uint64_t{1'638'400}}) {
            CAPTURE(first);
            CAPTURE(end);
            const CountingSource source(bits.bytes);
            const RankedBitmap bitmap(source, 0, count, first);
            std::uint64_t set = 0;
            const FrameRunVisitor add = [&](FrameRun run) { set += run.end_pfn - run.first_pfn; };
            {
                FrameRuns runs(add);
                bitmap.each_run(first, end, runs);
            }
            const std::uint64_t last = std::min(end, count);
            CHECK(set == bits.before[last] - bits.before[first]);
            const std::uint64_t before = source.asked();
            CHECK(bitmap.rank(last) == bits.before[last] - bits.before[first]);
            if (first % 8192 == 0) CHECK(source.asked() - before <= window);
            for (std::uint64_t bit = first; bit <= count; bit += 12'345)
                CHECK(bitmap.rank(bit) == bits.before[bit] - bits.before[first]);
        }
    }
}

TEST_CASE("ranking from several threads at once gives the same answers") {
    const std::uint64_t count = 1u << 20;
    const Bits bits(count, 8);
    const MemorySource source(bits.bytes);
    for (int round = 0; round < 20; ++round) {
        const RankedBitmap bitmap(source, 0, count);
        std::atomic<int> wrong = 0;
        std::vector<std::thread> threads;
        for (unsigned t = 0; t < 4; ++t) {
            threads.emplace_back([&, t] {
                std::mt19937 random(t);
                for (int i = 0; i < 2000; ++i) {
                    const std::uint64_t at = random() % count;
                    if (bitmap.rank(at) != bits.before[at]) ++wrong;
                }
            });
        }
        for (std::thread& thread : threads) thread.join();
        CHECK(wrong == 0);
    }
}

}  // namespace page_bitmap_test
