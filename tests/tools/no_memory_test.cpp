// No memory left is said as that: no core dump, and nothing is called damaged.
#include <filesystem>

#include <doctest/doctest.h>

#include "base/text.h"
#include "support/pack_file.h"
#include "support/places.h"
#include "support/program.h"
#include "support/temp_dir.h"

namespace no_memory_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

KdumpShape shape_of(Codec codec) {
    KdumpShape shape;
    shape.codec = codec;
    return shape;
}

}  // namespace

TEST_CASE("without enough address space each command ends with a sentence, and leaves nothing behind") {
    const std::string dump = (source_dir() / "testdata/dumps/bookworm-sysrq/vmcore").string();
    const TempDir dir;
    const std::filesystem::path out = dir.path() / "out";
    int refused = 0;
    for (int kibibytes = 30'000; kibibytes < 90'000; kibibytes += 5000)
        for (const std::vector<std::string>& words :
             {std::vector<std::string>{"ps"}, {"report"}, {"bt", "-a"}, {"extract", "-o", out.string()}}) {
            std::vector<std::string> all = words;
            all.insert(all.begin() + 1, dump);
            const auto answer = run_postmortem(all, kibibytes);
            if (answer.exit_code == 127) continue;  // not even its libraries fit
            CAPTURE(kibibytes);
            CAPTURE(words.front());
            CAPTURE(answer.err);
            CHECK(answer.exit_code <= 3);
            if (answer.exit_code != 3) continue;
            ++refused;
            CHECK(contains(answer.err, dump));
            CHECK((contains(answer.err, "not enough memory") ||
                   contains(answer.err, "let the program have more address space")));
            CHECK(std::filesystem::is_empty(dir.path()));
        }
    CHECK(refused > 0);
}

TEST_CASE("a dump is not called damaged for want of memory") {
    const FakeMemory memory = make_memory(200);
    const TempDir dir;
    std::vector<std::string> files;
    for (const Codec codec : {Codec::Zlib, Codec::Zstd})
        files.push_back(
            dir.write("vmcore-" + std::string(to_string(codec)), make_kdump(memory, shape_of(codec)))
                .string());
    for (const Packing packing : packings)
        files.push_back(dir.write("vmcore-" + name_of(packing),
                                  pack_file(packing, make_kdump(memory, shape_of(Codec::Raw))))
                            .string());
    int refused = 0;
    for (const std::string& file : files)
        for (const std::string limit : {"300K", "1M", "1500K", "2M", "3M", "4M", "6M", "8M", "12M", "20M"}) {
            CAPTURE(file);
            CAPTURE(limit);
            const auto answer = run_postmortem({"info", "--check", "--max-memory", limit, file});
            CAPTURE(answer.err);
            if (answer.exit_code == 0) continue;
            ++refused;
            CHECK(answer.exit_code == 3);
            CHECK(contains(answer.err, "more memory is needed than --max-memory " + limit));
        }
    CHECK(refused > 0);
}

}  // namespace no_memory_test
