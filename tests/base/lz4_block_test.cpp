#include "base/lz4_block.h"

#include <algorithm>

#include <doctest/doctest.h>
#include <lz4.h>
#include <lz4frame.h>

#include "base/stream_decoder.h"
#include "support/guarded_bytes.h"

namespace lz4_block_test {

using namespace postmortem;

namespace {

// Repetitions near and far, and stretches that repeat nothing.
std::vector<std::byte> text(std::size_t size) {
    std::vector<std::byte> bytes(size);
    std::uint32_t state = 1;
    for (std::size_t i = 0; i < size; ++i) {
        state = state * 1664525 + 1013904223;
        const bool repeats = i > 1000 && (i / 300) % 3 != 0;
        bytes[i] = repeats ? bytes[i - (i / 300) % 900 - 1] : std::byte(state >> 24);
    }
    return bytes;
}

std::vector<std::byte> packed(Bytes bytes) {
    std::vector<std::byte> out(static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(bytes.size()))));
    const int size =
        LZ4_compress_default(reinterpret_cast<const char*>(bytes.data()), reinterpret_cast<char*>(out.data()),
                             static_cast<int>(bytes.size()), static_cast<int>(out.size()));
    REQUIRE(size > 0);
    out.resize(static_cast<std::size_t>(size));
    return out;
}

// Neither side may be left by a byte.
std::size_t unpack(Bytes block, Bytes before, MutableBytes out) {
    static const test::GuardedBytes from(1 << 16), into(1 << 16);
    const MutableBytes unpacked = into.room(out.size());
    const std::size_t made = unpack_lz4_front(from.holding(block), before, unpacked);
    std::copy_n(unpacked.begin(), made, out.begin());
    return made;
}

}  // namespace

TEST_CASE("the front of an LZ4 block is the front of what was packed, wherever it is cut") {
    const auto original = text(30'000);
    const auto block = packed(original);
    REQUIRE(block.size() < original.size() * 2 / 3);
    std::size_t last = 0;
    for (std::size_t length = 0; length <= block.size(); length += length + 70 < block.size() ? 7 : 1) {
        std::vector<std::byte> out(original.size() + 10);
        const std::size_t made = unpack(Bytes(block).first(length), {}, out);
        REQUIRE(made <= original.size());
        CHECK(std::equal(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(made), original.begin()));
        CHECK(made >= last);
        last = made;
    }
    CHECK(last == original.size());
    std::vector<std::byte> small(1234);
    CHECK(unpack(block, {}, small) == small.size());
    CHECK(std::equal(small.begin(), small.end(), original.begin()));
}

TEST_CASE(
    "an lz4 file that is cut off gives the front of what was packed, and its checksums are no part of it") {
    const auto original = text(150'000);
    LZ4F_preferences_t preferences{};
    preferences.frameInfo.blockChecksumFlag = LZ4F_blockChecksumEnabled;
    preferences.frameInfo.contentSize = original.size();
    std::vector<std::byte> file(LZ4F_compressFrameBound(original.size(), &preferences));
    file.resize(LZ4F_compressFrame(file.data(), file.size(), original.data(), original.size(), &preferences));
    std::size_t last = 0;
    for (std::size_t length = 0; length < file.size(); ++length) {
        if (length > 3000 && length % 5 != 0) continue;
        const auto decoder = make_stream_decoder(StreamFormat::Lz4);
        std::vector<std::byte> out(original.size() + 10);
        Bytes in = Bytes(file).first(length);
        MutableBytes room = out;
        for (std::size_t before = 0; before != room.size() + in.size();) {
            before = room.size() + in.size();
            REQUIRE(decoder->step(in, room) == StreamProgress::More);
        }
        const std::size_t made = out.size() - room.size();
        REQUIRE(made <= original.size());
        CHECK(std::equal(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(made), original.begin()));
        CHECK(made >= last);
        last = made;
    }
    CHECK(last == original.size());
}

TEST_CASE("a match of an LZ4 block reaches into what came before, and not farther") {
    // No literals, a match of 4 bytes 3 back.
    const std::byte block[] = {std::byte{0}, std::byte{3}, std::byte{0}};
    const std::byte before[] = {std::byte{'a'}, std::byte{'b'}, std::byte{'c'}};
    std::byte out[8] = {};
    CHECK(unpack(block, before, out) == 4);
    CHECK(as_text(Bytes(out).first(4)) == "abca");
    CHECK(unpack(block, Bytes(before).first(2), out) == 0);
}

}  // namespace lz4_block_test
