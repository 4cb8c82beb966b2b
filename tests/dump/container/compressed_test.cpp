// Compressed files that are not quite what they say, or have something before or behind what they hold.
#include <algorithm>

#include <doctest/doctest.h>

#include "support/check_dump.h"
#include "support/pack_file.h"

namespace compressed_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

Buffer raw_dump(const FakeMemory& memory) {
    KdumpShape shape;
    shape.codec = Codec::Raw;
    return make_kdump(memory, shape);
}

Buffer joined(Bytes first, Bytes second) {
    Buffer all(first.begin(), first.end());
    all.insert(all.end(), second.begin(), second.end());
    return all;
}

// A frame that zstd and lz4 skip, each with any of sixteen magic numbers.
Buffer skippable_frame(std::size_t size) {
    Buffer frame(8 + size, std::byte{0x33});
    store(frame.data(), std::uint32_t{0x184d2a57}, Endian::Little);
    store(frame.data() + 4, static_cast<std::uint32_t>(size), Endian::Little);
    return frame;
}

}  // namespace

TEST_CASE("a seek table that does not fit its frames is not believed") {
    const FakeMemory memory = make_memory(60);
    const Buffer dump = raw_dump(memory);
    for (const Packing packing : {Packing::ZstdSeekable, Packing::ZstdSeekableUnsized}) {
        const Buffer packed = pack_file(packing, dump);
        const auto frames = load<std::uint32_t>(packed.data() + packed.size() - 9, Endian::Little);
        REQUIRE(frames > 10);
        for (std::size_t at = packed.size() - 9 - 8 * frames; at < packed.size() - 5; ++at) {
            for (const unsigned change : {1u, 0x80u}) {
                CAPTURE(name_of(packing));
                CAPTURE(packed.size() - at);
                Buffer broken = packed;
                broken[at] ^= std::byte(change);
                const auto opened = open_bytes(broken);
                REQUIRE_MESSAGE(opened, opened.error().message);
                CHECK(compare(**opened, memory) == undamaged(memory));
            }
        }
    }
}

TEST_CASE("a block of BGZF that tells a wrong size moves nothing") {
    const FakeMemory memory = make_memory(100);
    const Buffer packed = pack_file(Packing::Bgzf, raw_dump(memory));
    std::uint64_t at = 0;
    for (int block = 0; block < 4; ++block) {
        at += load<std::uint16_t>(packed.data() + at + 16, Endian::Little) + 1u;
        Buffer broken = packed;
        broken[at - 4] ^= std::byte{1};
        const auto opened = open_bytes(broken);
        if (!opened) continue;
        const Comparison seen = compare(**opened, memory);
        CHECK(seen.wrong + seen.corrupt == 0);
        CHECK(seen.right + seen.missing > 0);
    }
}

TEST_CASE("a frame to be skipped is no word about which compression follows") {
    const FakeMemory memory = make_memory(30);
    const Buffer dump = make_kdump(memory, {});
    for (const Packing packing : {Packing::Lz4, Packing::Zstd})
        for (const std::size_t size : {0, 4, 20'000}) {
            CAPTURE(name_of(packing));
            CAPTURE(size);
            const Buffer file = joined(skippable_frame(size), pack_file(packing, dump));
            const auto opened = open_bytes(joined(skippable_frame(3), file));
            REQUIRE_MESSAGE(opened, opened.error().message);
            CHECK(compare(**opened, memory) == undamaged(memory));
            CHECK((*opened)->problems().empty());
        }
}

TEST_CASE("what lies behind a compressed dump is told, unless it is padding or more of the same") {
    const FakeMemory memory = make_memory(30);
    const Buffer dump = make_kdump(memory, {});
    for (const Packing packing : packings) {
        if (packing == Packing::Lz4Legacy) continue;  // goes on to the end of the file
        CAPTURE(name_of(packing));
        const Buffer packed = pack_file(packing, dump);
        const auto garbage = open_bytes(joined(packed, Buffer(80, std::byte{0x78})));
        REQUIRE(garbage);
        CHECK(compare(**garbage, memory) == undamaged(memory));
        REQUIRE((*garbage)->problems().size() == 1);
        CHECK((*garbage)->problems()[0].message.find("lie 80 bytes") != std::string::npos);
        const auto padded = open_bytes(joined(packed, Buffer(5000)));
        REQUIRE(padded);
        CHECK((*padded)->problems().empty());
        CHECK(compare(**padded, memory) == undamaged(memory));

        const std::size_t half = dump.size() / 2;
        const Buffer front = joined(pack_file(packing, Bytes(dump).first(half)), Buffer(8));
        const auto pieces = open_bytes(joined(front, pack_file(packing, Bytes(dump).subspan(half))));
        REQUIRE(pieces);
        CHECK((*pieces)->problems().empty());
        CHECK(compare(**pieces, memory) == undamaged(memory));
    }
}

}  // namespace compressed_test
