// The fuzzers' own seeds, whole and damaged, and every input that once broke something, as an ordinary test.
#include <filesystem>
#include <random>

#include <doctest/doctest.h>

#include "support/files.h"
#include "support/fuzz_dump.h"
#include "support/fuzz_parsers.h"
#include "support/places.h"
#include "support/sample_dumps.h"

namespace fuzz_test {

using namespace postmortem::test;
namespace fs = std::filesystem;

namespace {

constexpr int variants = 25;

Buffer damaged(Buffer input, std::mt19937& random) {
    if (random() % 4 == 0) input.resize(random() % (input.size() + 1));
    for (auto changes = 1 + random() % 6; changes > 0 && !input.empty(); --changes) {
        const std::size_t reach = random() % 2 == 0 ? input.size() : std::min<std::size_t>(input.size(), 256);
        constexpr unsigned odd[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
        input[random() % reach] = std::byte(random() % 2 == 0 ? odd[random() % 5] : random() % 256);
    }
    return input;
}

}  // namespace

TEST_CASE("the dump fuzzer's seeds open and hold what the interface promises") {
    const FakeMemory memory = make_memory(14);
    for (const auto& all : {sample_dumps(memory), bare_sample_dumps(memory), flat_sample_dumps(memory)}) {
        for (const SampleDump& sample : all) {
            CAPTURE(sample.name);
            CHECK(fuzz_dump(sample.file));
        }
    }
}

TEST_CASE("each fuzzer's seeds, whole and damaged, break nothing") {
    for (const ParserTarget& target : parser_targets()) {
        CAPTURE(target.name);
        std::mt19937 random(12);
        const std::vector<Buffer> seeds = target.seeds();
        CHECK_FALSE(seeds.empty());
        for (const Buffer& seed : seeds) {
            target.run(seed);
            for (int i = 0; i < variants; ++i) target.run(damaged(seed, random));
        }
    }
}

TEST_CASE("what a fuzzer once found stays mended") {
    for (const ParserTarget& target : parser_targets()) {
        std::error_code none;
        for (const auto& entry :
             fs::directory_iterator(source_dir() / "tests/fuzz/corpus" / target.name, none)) {
            CAPTURE(entry.path().string());
            const std::string content = file_contents(entry.path());
            target.run(postmortem::as_bytes(content));
        }
    }
}

}  // namespace fuzz_test
