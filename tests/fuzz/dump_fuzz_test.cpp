// The fuzzer's own seeds, and every input that once broke something, as an ordinary test.
#include <filesystem>

#include <doctest/doctest.h>

#include "support/files.h"
#include "support/fuzz_dump.h"
#include "support/places.h"
#include "support/sample_dumps.h"

namespace dump_fuzz_test {

using namespace postmortem::test;
namespace fs = std::filesystem;

TEST_CASE("the dump fuzzer's seeds open and hold what the interface promises") {
    for (const SampleDump& sample : sample_dumps(make_memory(14))) {
        CAPTURE(sample.name);
        CHECK(fuzz_dump(sample.file));
    }
}

TEST_CASE("what the dump fuzzer once found stays fixed") {
    const fs::path corpus = source_dir() / "tests/fuzz/corpus/dump";
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(corpus, none)) {
        CAPTURE(entry.path().string());
        const std::string content = file_contents(entry.path());
        fuzz_dump(postmortem::as_bytes(content));
    }
}

}  // namespace dump_fuzz_test
