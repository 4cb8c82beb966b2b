// LZO1X: every kind of instruction by hand, and liblzo2 as the judge of what it packed and of damage.
#include "dump/pages/lzo1x.h"

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#ifdef POSTMORTEM_HAS_LZO
#include <lzo/lzo1x.h>
#endif

#include "support/guarded_bytes.h"
#include "support/pack_page.h"

namespace lzo1x_test {

using namespace postmortem;

namespace {

using Buffer = std::vector<std::byte>;

// Writes a stream instruction by instruction, and keeps what it stands for.
class Stream {
  public:
    Stream& first_literals(std::string_view bytes) {
        put(17 + bytes.size());
        return literals(bytes);
    }
    // A run of 4 or more behind a match without literals, or at the start.
    Stream& run(std::string_view bytes) {
        if (bytes.size() <= 18) {
            put(bytes.size() - 3);
        } else {
            put(0);
            put_length(bytes.size() - 18);
        }
        return literals(bytes);
    }
    // 3 to 8 bytes from up to 2 KiB back.
    Stream& near_match(std::size_t distance, std::size_t length, std::string_view behind = "") {
        put((length - 1) << 5 | ((distance - 1) & 7) << 2 | behind.size());
        put((distance - 1) >> 3);
        return copied(distance, length, behind);
    }
    // Any length from up to 16 KiB back.
    Stream& match(std::size_t distance, std::size_t length, std::string_view behind = "") {
        if (length <= 33) {
            put(32 | (length - 2));
        } else {
            put(32);
            put_length(length - 33);
        }
        put_distance(distance - 1, behind);
        return copied(distance, length, behind);
    }
    // From 16 to 48 KiB back.
    Stream& far_match(std::size_t distance, std::size_t length, std::string_view behind = "") {
        const std::size_t beyond = distance - 16384;
        const std::size_t code = 16 | (beyond >> 14) << 3;
        if (length <= 9) {
            put(code | (length - 2));
        } else {
            put(code);
            put_length(length - 9);
        }
        put_distance(beyond & 0x3fff, behind);
        return copied(distance, length, behind);
    }
    // Two bytes behind a match with literals; three from beyond 2 KiB behind a run.
    Stream& short_match(std::size_t distance, std::size_t length, std::string_view behind = "") {
        const std::size_t rest = distance - (length == 3 ? 2049 : 1);
        put((rest & 3) << 2 | behind.size());
        put(rest >> 2);
        return copied(distance, length, behind);
    }
    Stream& end() {
        for (const unsigned byte : {17u, 0u, 0u}) put(byte);
        return *this;
    }

    Buffer packed;
    std::string text;

  private:
    void put(std::size_t byte) { packed.push_back(static_cast<std::byte>(byte)); }
    void put_length(std::size_t length) {
        for (; length > 255; length -= 255) put(0);
        put(length);
    }
    void put_distance(std::size_t value, std::string_view behind) {
        put(((value & 0x3f) << 2 | behind.size()) & 0xff);
        put(value >> 6);
    }
    Stream& literals(std::string_view bytes) {
        for (const char c : bytes) put(static_cast<unsigned char>(c));
        text += bytes;
        return *this;
    }
    Stream& copied(std::size_t distance, std::size_t length, std::string_view behind) {
        for (std::size_t i = 0; i < length; ++i) text += text[text.size() - distance];
        return literals(behind);
    }
};

// Neither side may be left by a byte.
bool unpack(Bytes packed, MutableBytes out) {
    static const test::GuardedBytes from(1 << 20), into(1 << 20);
    const MutableBytes unpacked = into.room(out.size());
    const bool good = decompress_lzo1x(from.holding(packed), unpacked);
    if (good && !out.empty()) std::memcpy(out.data(), unpacked.data(), out.size());
    return good;
}

void check(const Stream& stream) {
    Buffer out(stream.text.size());
    CHECK(unpack(stream.packed, out));
    CHECK(as_text(out) == stream.text);
    // Nothing less is a stream, and nothing but its length fits.
    for (std::size_t length = 0; length < stream.packed.size(); ++length)
        CHECK_FALSE(unpack(Bytes(stream.packed).first(length), out));
    Buffer longer(stream.packed);
    longer.push_back(std::byte{0});
    CHECK_FALSE(unpack(longer, out));
    Buffer more(out.size() + 1);
    CHECK_FALSE(unpack(stream.packed, more));
    if (!out.empty()) CHECK_FALSE(unpack(stream.packed, MutableBytes(out).first(out.size() - 1)));
}

std::string letters(std::size_t count, unsigned seed = 1) {
    std::mt19937 random(seed);
    std::string text(count, ' ');
    for (char& c : text) c = static_cast<char>('a' + random() % 26);
    return text;
}

}  // namespace

TEST_CASE("literals") {
    check(Stream().end());
    for (const std::size_t count : {1u, 2u, 3u}) {
        // What follows so few of them can only be a match.
        check(Stream().first_literals(letters(count)).near_match(1, 3).end());
    }
    for (const std::size_t count : {4u, 5u, 15u, 16u, 17u, 33u, 238u})
        check(Stream().first_literals(letters(count)).end());
    for (const std::size_t count : {4u, 18u, 19u, 273u, 274u, 3000u})
        check(Stream().run(letters(count)).end());
}

TEST_CASE("matches repeat what they overlap") {
    const std::string start = letters(40);
    for (std::size_t distance = 1; distance <= 40; ++distance) {
        for (const std::size_t length : {3u, 4u, 7u, 8u})
            check(Stream().run(start).near_match(distance, length).run(letters(9)).end());
        for (const std::size_t length : {3u, 8u, 16u, 17u, 33u, 34u, 288u, 289u, 4000u})
            check(Stream().run(start).match(distance, length, "xyz").end());
    }
}

TEST_CASE("matches in the middle of a page are as those at its end") {
    const std::string start = letters(60), behind = letters(100, 2);
    for (std::size_t distance = 1; distance <= 60; ++distance)
        for (std::size_t length = 3; length <= 120; ++length) {
            const Stream stream = Stream().run(start).match(distance, length).run(behind).end();
            Buffer out(stream.text.size());
            CHECK(unpack(stream.packed, out));
            CHECK(as_text(out) == stream.text);
        }
}

TEST_CASE("matches of every distance") {
    const std::string start = letters(49152);
    for (const std::size_t distance : {1u, 8u, 9u, 2047u, 2048u})
        check(Stream().run(letters(2048)).near_match(distance, 8, "ab").end());
    Stream all;
    all.run(start).match(16384, 5, "a").short_match(1024, 2, "bc").short_match(1, 2);
    all.far_match(16385, 3).far_match(32767, 9).far_match(32768, 10).far_match(49151, 300);
    all.run(letters(20)).short_match(2049, 3).run(letters(4)).short_match(3072, 3, "q").end();
    Buffer out(all.text.size());
    CHECK(unpack(all.packed, out));
    CHECK(as_text(out) == all.text);
}

TEST_CASE("a match cannot begin before the output") {
    for (const std::size_t distance : {6u, 100u, 2048u}) {
        Stream stream;
        stream.text = letters(2048);  // as if it had been written
        stream.first_literals("abcde").near_match(distance, 3).end();
        Buffer out(8);
        CHECK_FALSE(unpack(stream.packed, out));
    }
}

TEST_CASE("lengths that no output could hold") {
    Buffer endless(100'000, std::byte{0}), out(4096);
    CHECK_FALSE(unpack(endless, out));
    Stream stream;
    stream.run(letters(20)).match(1, 100'000).end();
    CHECK_FALSE(unpack(stream.packed, out));
}

#ifdef POSTMORTEM_HAS_LZO
TEST_CASE("what liblzo2 packs comes out again, and damage is judged as liblzo2 judges it") {
    std::mt19937 random(7);
    const auto reference = [](Bytes packed, MutableBytes out) {
        lzo_uint length = out.size();
        return lzo1x_decompress_safe(reinterpret_cast<const unsigned char*>(packed.data()), packed.size(),
                                     reinterpret_cast<unsigned char*>(out.data()), &length,
                                     nullptr) == LZO_E_OK &&
               length == out.size();
    };
    std::size_t accepted = 0;
    for (int round = 0; round < 300; ++round) {
        // Words from a small stock, as in kernel memory.
        Buffer page(4096);
        const auto stock = 1 + random() % 300;
        for (std::size_t i = 0; i < page.size(); i += 8)
            store<std::uint64_t>(page.data() + i, 0xffff888000000000ull + random() % stock * 64,
                                 Endian::Little);
        const Buffer packed = test::pack_page(Codec::Lzo, page);
        Buffer ours(page.size()), theirs(page.size());
        REQUIRE(unpack(packed, ours));
        REQUIRE(ours == page);
        for (int i = 0; i < 50; ++i) {
            Buffer damaged(packed);
            for (auto flips = 1 + random() % 3; flips > 0; --flips)
                damaged[random() % damaged.size()] = static_cast<std::byte>(random());
            if (random() % 4 == 0) damaged.resize(1 + random() % damaged.size());
            const bool good = reference(damaged, theirs);
            REQUIRE(unpack(damaged, ours) == good);
            if (good) REQUIRE(ours == theirs);
            accepted += good;
        }
    }
    CHECK(accepted > 100);
}
#endif

}  // namespace lzo1x_test
