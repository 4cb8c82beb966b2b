// Dumps as they break in real life: cut off anywhere, and with bytes changed. Nothing may crash, hang or give
// wrong bytes for a page without saying so.
#include <random>

#include <doctest/doctest.h>

#include "support/check_dump.h"
#include "support/sample_dumps.h"
#include "support/temp_dir.h"

namespace damage_test {

using namespace postmortem;
using namespace postmortem::test;

TEST_CASE("a dump cut off anywhere gives right pages or says that they are missing") {
    const FakeMemory memory = make_memory(24);
    for (const SampleDump& sample : sample_dumps(memory)) {
        CAPTURE(sample.name);
        REQUIRE(compare(**open_bytes(sample.file), memory) == undamaged(memory));
        std::uint64_t most_right = 0;
        for (std::size_t length = 0; length < sample.file.size(); length += length < 6000 ? 13 : 97) {
            CAPTURE(length);
            const auto dump = open_bytes(Bytes(sample.file).first(length));
            if (!dump) {
                CHECK(
                    (dump.error().code == ErrorCode::Corrupt || dump.error().code == ErrorCode::Unsupported));
                continue;
            }
            const Comparison seen = compare(**dump, memory);
            CHECK(seen.wrong == 0);
            CHECK(seen.corrupt == 0);
            CHECK(seen.right + seen.missing + seen.excluded + seen.no_memory == memory.max_pfn);
            CHECK(seen.right >= most_right);
            most_right = seen.right;
        }
        CHECK(most_right > 0);
    }
}

TEST_CASE("a dump that is cut off while it is open gives right pages or says that they cannot be read") {
    const FakeMemory memory = make_memory(24);
    const TempDir folder;
    std::uint64_t missing = 0;
    for (const SampleDump& sample : sample_dumps(memory)) {
        CAPTURE(sample.name);
        const auto path = folder.write("dump", Bytes(sample.file));
        const auto dump = open_dump(path);
        REQUIRE(dump);
        std::filesystem::resize_file(path, sample.file.size() / 4 * 3);
        const Comparison seen = compare(**dump, memory);
        CHECK(seen.wrong == 0);
        CHECK(seen.right + seen.missing + seen.excluded + seen.no_memory == memory.max_pfn);
        missing += seen.missing;
    }
    CHECK(missing > 0);
}

TEST_CASE("a dump with changed bytes neither crashes nor hangs") {
    const FakeMemory memory = make_memory(24);
    std::mt19937 random(20240601);
    const auto below = [&](std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
    };
    std::uint64_t opened = 0, right = 0;
    for (const SampleDump& sample : sample_dumps(memory)) {
        CAPTURE(sample.name);
        for (int round = 0; round < 400; ++round) {
            CAPTURE(round);
            Buffer broken = sample.file;
            const std::size_t changes = 1 + below(4);
            for (std::size_t i = 0; i < changes; ++i) {
                // Mostly where the structure is: the first blocks, and the descriptors behind them.
                const std::size_t at =
                    below(below(3) == 0 ? broken.size() : std::min<std::size_t>(broken.size(), 18000));
                constexpr unsigned char odd[] = {0x00, 0xff, 0x7f, 0x80, 0x01};
                broken[at] = below(2) == 0 ? std::byte{odd[below(5)]} : std::byte(below(256));
            }
            if (below(8) == 0) broken.resize(below(broken.size()));
            const auto dump = open_bytes(broken);
            if (!dump) continue;
            ++opened;
            // A changed byte of raw page data cannot be noticed, so wrong bytes are allowed here; crashes are
            // not.
            right += compare(**dump, memory).right;
        }
    }
    CHECK(opened > 1000);
    CHECK(right > opened);
}

}  // namespace damage_test
