// LiME and plain images, against memory laid out by hand.
#include <algorithm>

#include <doctest/doctest.h>

#include "support/check_dump.h"
#include "support/fake_lime.h"
#include "support/pack_file.h"
#include "support/temp_dir.h"

namespace lime_test {

using namespace postmortem;
using namespace postmortem::test;

TEST_CASE("a LiME image reads back, plain and compressed") {
    const FakeMemory memory = make_memory(100);
    const Buffer file = make_lime(stretches_of(memory));
    for (const Buffer& packed : {file, pack_file(Packing::Gzip, file), pack_file(Packing::XzBlocks, file)}) {
        const auto dump = open_bytes(packed);
        REQUIRE(dump);
        CHECK((*dump)->problems().empty());
        CHECK((*dump)->info().format.find("LiME") != std::string::npos);
        CHECK(compare(**dump, memory) == all_or_no_memory(memory));
    }
}

TEST_CASE("zeros behind a LiME image, as `dd conv=sync` writes them, are no damage") {
    const FakeMemory memory = make_memory(100);
    const Buffer image = make_lime(stretches_of(memory));
    for (const std::size_t zeros : {3u, 31u, 33u, 100u, 510u, 12288u, 1'000'000u}) {
        CAPTURE(zeros);
        Buffer file = image;
        file.resize(file.size() + zeros);
        const auto dump = open_bytes(file);
        REQUIRE(dump);
        CHECK((*dump)->problems().empty());
        CHECK(compare(**dump, memory) == all_or_no_memory(memory));
    }
}

TEST_CASE("a LiME image that is cut off anywhere gives right pages and says what it lacks") {
    const FakeMemory memory = make_memory(60);
    const std::vector<Stretch> stretches = stretches_of(memory);
    REQUIRE(stretches.size() > 2);
    const Buffer file = make_lime(stretches);
    std::vector<std::size_t> ends{0};  // where a cut cannot be seen
    for (const Stretch& stretch : stretches) ends.push_back(ends.back() + 32 + stretch.bytes.size());
    for (std::size_t i = 1; i < 300; ++i) {
        const std::size_t length = file.size() * i / 300 + i % 40;
        CAPTURE(length);
        const auto dump = open_bytes(Bytes(file).first(std::min(length, file.size())));
        if (!dump) continue;
        CHECK(compare(**dump, memory).wrong == 0);
        if (!(*dump)->problems().empty()) CHECK(compare(**dump, memory).no_memory == 0);
        const bool at_an_end = std::find(ends.begin(), ends.end(), length) != ends.end();
        CHECK(((*dump)->problems().empty()) == at_an_end);
    }
    // Within a header
    const auto in_header = open_bytes(Bytes(file).first(ends[1] + 20));
    REQUIRE(in_header);
    REQUIRE((*in_header)->problems().size() == 1);
    CHECK((*in_header)->problems()[0].code == ErrorCode::PageMissing);
}

TEST_CASE("a bit that is wrong in a range's header is told, and puts no page where it was not") {
    FakeMemory memory = make_memory(60);
    memory.excluded.clear();  // LiME knows of none
    const std::vector<Stretch> stretches = stretches_of(memory);
    REQUIRE(stretches.size() > 3);
    const Buffer sound = make_lime(stretches);
    std::size_t at = 0, mended = 0;
    for (const Stretch& stretch : stretches) {
        for (std::size_t bit = 0; bit < 24 * 8; ++bit) {
            CAPTURE(at);
            CAPTURE(bit);
            Buffer file = sound;
            file[at + bit / 8] ^= std::byte{1} << bit % 8;
            const auto dump = open_bytes(file);
            if (!dump) continue;  // its very first bytes
            CHECK_FALSE((*dump)->problems().empty());
            CHECK(false_answers(**dump, memory) == 0);
            const std::uint64_t right = compare(**dump, memory).right;
            CHECK(right + stretch.bytes.size() / memory.page_size >= memory.pages.size());
            mended += right == memory.pages.size();
        }
        at += 32 + stretch.bytes.size();
    }
    CHECK(mended > stretches.size() * 96);
}

TEST_CASE("a header that nothing is left of ends a LiME image, and the range before it is not certain") {
    FakeMemory memory = make_memory(60);
    memory.excluded.clear();
    const std::vector<Stretch> stretches = stretches_of(memory);
    Buffer file = make_lime(stretches);
    const std::size_t third = 64 + stretches[0].bytes.size() + stretches[1].bytes.size();
    std::fill_n(file.begin() + static_cast<std::ptrdiff_t>(third), 32, std::byte{0x5a});
    const auto dump = open_bytes(file);
    REQUIRE(dump);
    REQUIRE((*dump)->problems().size() == 1);
    CHECK((*dump)->problems()[0].code == ErrorCode::Corrupt);
    CHECK(compare(**dump, memory).right == stretches[0].bytes.size() / 4096);
    CHECK(false_answers(**dump, memory) == 0);
    const auto newer = open_bytes(lime_header(stretches[0], 2));
    REQUIRE_FALSE(newer);
    CHECK(newer.error().code == ErrorCode::Unsupported);
}

TEST_CASE("plain images are read at the addresses that are given") {
    const FakeMemory memory = make_memory(100);
    const TempDir dir;
    std::string all;
    for (const Stretch& stretch : stretches_of(memory)) {
        const std::string name = "memory" + std::to_string(stretch.first_pfn);
        // Every other one in a compressed file
        const auto path = stretch.first_pfn % 2 == 0
                              ? dir.write(name, stretch.bytes)
                              : dir.write(name + ".zst", pack_file(Packing::Zstd, stretch.bytes));
        all += (all.empty() ? "" : ",") + path.string() + "@" + std::to_string(stretch.first_pfn * 4096);
    }
    const auto dump = open_dump(all);
    REQUIRE_MESSAGE(dump, dump.error().message);
    CHECK((*dump)->problems().empty());
    CHECK(compare(**dump, memory) == all_or_no_memory(memory));
    CHECK(looks_like_dump_file(all));
    CHECK_FALSE(open_dump(dir.path() / "absent@0x1000"));
    CHECK_FALSE(open_dump(dir.write("some", "text").string() + "@nowhere"));
}

TEST_CASE("what a plain image would have behind the last address is told") {
    const TempDir dir;
    const std::string file = dir.write("memory", Buffer(3 * 4096, std::byte{1})).string();
    const auto dump = open_dump(file + "@0xfffffffffffff000");
    REQUIRE(dump);
    REQUIRE((*dump)->problems().size() == 1);
    CHECK((*dump)->problems()[0].message.starts_with("8193 bytes of memory would lie behind"));
}

}  // namespace lime_test
