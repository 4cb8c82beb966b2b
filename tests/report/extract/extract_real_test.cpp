// What an extract carries beside pages, on a sample dump.
#include <algorithm>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <postmortem/extract.h>

#include "dump/dump_file.h"
#include "dump/kdump/kdump_writer.h"
#include "support/places.h"
#include "support/program.h"
#include "support/real_dumps.h"
#include "support/temp_dir.h"

namespace extract_real_test {

using namespace postmortem;

namespace {

/// Writes the same dump with VMCOREINFO in one more page of memory, and without the note.
void write_without_note(const DumpFile& sample, const std::filesystem::path& target) {
    std::vector<std::uint64_t> pfns;
    for (auto pfn = sample.next_frame(0); pfn; pfn = sample.next_frame(*pfn + 1)) pfns.push_back(*pfn);
    const std::uint64_t place = pfns.back() + 1;
    pfns.push_back(place);
    KdumpContent content{.source = sample, .pfns = pfns};
    content.vmcoreinfo = "";
    content.page = [&](std::uint64_t pfn, MutableBytes scratch) -> Result<Bytes> {
        if (pfn != place) {
            const auto page = sample.page(pfn * sample.page_size(), scratch);
            if (!page) return fail(page.error());
            return page->bytes;
        }
        std::fill(scratch.begin(), scratch.end(), std::byte{0});
        const Bytes text = as_bytes(sample.vmcoreinfo());
        std::copy(text.begin(), text.end(), scratch.begin());
        return Bytes(scratch);
    };
    REQUIRE(write_kdump(target, content));
}

std::vector<std::string> split_at_blanks(const std::string& text) {
    std::istringstream from(text);
    return {std::istream_iterator<std::string>(from), {}};
}

}  // namespace

TEST_CASE("VMCOREINFO that was found in memory becomes a note of the extract") {
    const auto sample = open_dump(test::source_dir() / "testdata/dumps/bookworm-mod-null/vmcore");
    REQUIRE(sample);
    const test::TempDir folder;
    const auto source = folder.path() / "source", target = folder.path() / "target";
    write_without_note(**sample, source);
    REQUIRE(open_dump(source).value()->vmcoreinfo().empty());
    REQUIRE(extract(source, target));
    CHECK(open_dump(target).value()->vmcoreinfo() == (*sample)->vmcoreinfo());
    CHECK(CrashDump::open(target));
}

// The samples are extracts themselves, and lack most of this; fresh dumps of the lab have it.
TEST_SUITE("real dumps") {
    TEST_CASE("the extract of a real dump answers as the dump does") {
        const char* const commands[] = {"log",    "ps",    "files",   "net",     "net -s", "net -a",  "irq",
                                        "timer",  "mount", "dev",     "dev -p",  "swap",   "ipcs",    "sig",
                                        "vm",     "task",  "kmem -s", "kmem -V", "mach",   "mach -m", "mod",
                                        "sys -c", "runq",  "hang",    "irq -d",  "dev -i"};
        const test::TempDir folder;
        const std::string small = (folder.path() / "small").string();
        constexpr std::size_t enough = 2;
        auto dumps = test::real_dumps("vmcore");
        dumps.resize(std::min(dumps.size(), enough));
        for (const std::filesystem::path& dump : dumps) {
            CAPTURE(dump.string());
            REQUIRE(extract(dump, small));
            for (const std::string command : commands) {
                CAPTURE(command);
                std::vector<std::string> words = split_at_blanks(command);
                words.insert(words.begin() + 1, dump.string());
                const test::ProgramResult whole = test::run_postmortem(words);
                words[1] = small;
                const test::ProgramResult part = test::run_postmortem(words);
                // Where the types came from a vmlinux the extract carries those that commands ask for;
                // `task`, which shows whole structs, says what it lacks.
                const bool says_types_lack =
                    part.err.find("members that no command needs") != std::string::npos;
                if (command == "task" && says_types_lack) {
                    CHECK(part.exit_code == 1);
                    continue;
                }
                CHECK(part.exit_code == whole.exit_code);
                CHECK(part.out == whole.out);
            }
        }
    }
}

}  // namespace extract_real_test
