// What every command can be told about opening a dump: its parts, and limits.
#include <filesystem>

#include <doctest/doctest.h>

#include "base/text.h"
#include "support/pack_file.h"
#include "support/places.h"
#include "support/program.h"
#include "support/temp_dir.h"

namespace dump_options_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

Buffer part(const FakeMemory& memory, std::uint64_t first, std::uint64_t end) {
    KdumpShape shape;
    shape.split = true;
    shape.start_pfn = first;
    shape.end_pfn = end;
    return make_kdump(memory, shape);
}

std::string bytes_of(const Buffer& page) {
    return {reinterpret_cast<const char*>(page.data()), page.size()};
}

std::string word(std::uint64_t value) {
    return std::to_string(value);
}

}  // namespace

TEST_CASE("all parts of a split dump may be named, in any order and wherever they lie") {
    const FakeMemory memory = make_memory(100);
    const TempDir dir;
    const std::string first = dir.write("a/one", part(memory, 0, 50)).string();
    const std::string second = dir.write("b/two", part(memory, 50, 100)).string();
    std::size_t read = 0;
    for (const auto& [pfn, page] : memory.pages) {
        if (pfn % 9 != 0) continue;
        char address[32];
        std::snprintf(address, sizeof address, "%llx", static_cast<unsigned long long>(pfn * 4096));
        const bool forward = pfn % 2 == 0;
        const auto answer = run_postmortem({"rd", "-p", "--raw", forward ? first : second,
                                            forward ? second : first, address, word(page.size())});
        CAPTURE(answer.err);
        CHECK(answer.exit_code == 0);
        CHECK(answer.out == bytes_of(page));
        const auto half = run_postmortem({"rd", "-p", "--raw", first, address, word(page.size())});
        CHECK((half.exit_code == 0) == (pfn < 50));
        ++read;
    }
    CHECK(read > 5);
}

TEST_CASE("limits are sizes, and hold") {
    const FakeMemory memory = make_memory(200);
    const TempDir dir;
    const std::string plain = dir.write("vmcore", make_kdump(memory, {})).string();
    const std::string packed =
        dir.write("vmcore.gz", pack_file(Packing::Gzip, make_kdump(memory, {}))).string();
    for (const char* option : {"--max-tmp", "--max-memory"})
        for (const char* nonsense : {"", "x", "1X", "-1", "1KK", "99999999999999T", "1.5G", "2G "}) {
            CAPTURE(nonsense);
            const auto answer = run_postmortem({"info", option, nonsense, plain});
            CHECK(answer.exit_code == 2);
            CHECK(answer.out.empty());
        }
    CHECK(run_postmortem({"info", "--max-memory", "2G", "--max-tmp", "1G", packed}).exit_code == 0);
    const auto small = run_postmortem({"info", "--max-tmp", "4K", packed});
    CAPTURE(small.err);
    CHECK(small.exit_code != 0);
    CHECK(small.err.find("4096") != std::string::npos);
    const auto tight = run_postmortem(
        {"report", "--max-memory", "4M", (source_dir() / "testdata/dumps/bookworm-sysrq").string()});
    CHECK(tight.exit_code == 3);
    CHECK(tight.err.find("bookworm-sysrq: more memory is needed than --max-memory 4M") != std::string::npos);
    const auto nowhere = run_postmortem({"info", "--tmpdir", (dir.path() / "absent").string(), packed});
    CAPTURE(nowhere.err);
    CHECK(nowhere.exit_code != 0);
    CHECK(nowhere.err.find("absent") != std::string::npos);
}

TEST_CASE("sources of types can be taken away, and --help is silent about it") {
    const std::string dump = (source_dir() / "testdata/dumps/bookworm-sysrq").string();
    const std::string btf = "\"type_source\": \"BTF\"";
    for (const char* some : {"btf", "btf,vmlinux", "vmlinux,btf"})
        CHECK(contains(run_postmortem({"sys", "--json", "--type-sources", some, dump}).out, btf));
    for (const char* without : {"none", "vmlinux"}) {
        const auto answer = run_postmortem({"sys", "--json", "--type-sources", without, dump});
        CHECK(contains(answer.out, "\"type_source\": "));
        CHECK_FALSE(contains(answer.out, btf));
    }
    const auto wrong = run_postmortem({"sys", "--type-sources", "btf,guess", dump});
    CHECK(wrong.exit_code == 2);
    CHECK(contains(wrong.err, "'guess'"));
    CHECK_FALSE(contains(run_postmortem({"sys", "--help"}).out, "--type-sources"));
}

TEST_CASE("info prints VMCOREINFO alone when asked") {
    const TempDir dir;
    KdumpShape shape;
    shape.vmcoreinfo = "OSRELEASE=6.1.0-test\nPAGESIZE=4096\n";
    const auto with = run_postmortem(
        {"info", "--vmcoreinfo", dir.write("with", make_kdump(make_memory(20), shape)).string()});
    CHECK(with.exit_code == 0);
    CHECK(with.out == shape.vmcoreinfo);
    shape.vmcoreinfo.clear();
    const auto without = run_postmortem(
        {"info", "--vmcoreinfo", dir.write("without", make_kdump(make_memory(20), shape)).string()});
    CHECK(without.exit_code == 4);
    CHECK(without.out.empty());
}

}  // namespace dump_options_test
