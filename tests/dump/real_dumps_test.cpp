// Every form of a real dump holds the same pages: what makedumpfile filtered against the raw /proc/vmcore,
// and QEMU's formats against each other. One scenario is enough for every day; $POSTMORTEM_DUMPS asks for
// all.
#include "support/real_dumps.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "dump/dump_file.h"
#include "dump/kdump/kdump_writer.h"
#include "support/temp_dir.h"

namespace real_dumps_test {

using namespace postmortem;
namespace fs = std::filesystem;

namespace {

struct Tally {
    std::map<ErrorCode, std::uint64_t> errors;
    std::uint64_t equal = 0, different = 0, not_in_raw = 0;

    std::uint64_t failed(ErrorCode code) const { return errors.contains(code) ? errors.at(code) : 0; }
};

bool equal_pages(const DumpFile& a, const DumpFile& b, std::uint64_t pfn) {
    std::vector<std::byte> scratch_a(a.page_size()), scratch_b(b.page_size());
    const auto page_a = a.page(pfn * a.page_size(), scratch_a);
    const auto page_b = b.page(pfn * b.page_size(), scratch_b);
    return page_a && page_b && page_a->bytes.size() == a.page_size() &&
           page_b->bytes.size() == page_a->bytes.size() &&
           std::memcmp(page_a->bytes.data(), page_b->bytes.data(), page_a->bytes.size()) == 0;
}

// Compares all pages of `filtered` with those of `raw`.
Tally compare(const DumpFile& raw, const DumpFile& filtered) {
    Tally tally;
    std::vector<std::byte> scratch(filtered.page_size());
    for (std::uint64_t pfn = 0; pfn < filtered.info().max_pfn; ++pfn) {
        if (const auto page = filtered.page(pfn * filtered.page_size(), scratch); !page) {
            ++tally.errors[page.error().code];
        } else if (!raw.page(pfn * raw.page_size(), scratch)) {
            ++tally.not_in_raw;
        } else {
            ++(equal_pages(raw, filtered, pfn) ? tally.equal : tally.different);
        }
    }
    return tally;
}

std::vector<fs::path> scenarios_with(std::string_view name) {
    std::vector<fs::path> found = test::real_dumps(name);
    if (!std::getenv("POSTMORTEM_DUMPS") && found.size() > 1) found.resize(1);
    return found;
}

// The other forms of the dump beside `reference`: those whose name starts with `prefix`.
std::vector<fs::path> forms_beside(const fs::path& reference, std::string_view prefix) {
    std::vector<fs::path> forms;
    for (const auto& entry : fs::directory_iterator(reference.parent_path())) {
        const std::string name = entry.path().filename().string();
        const bool is_part = name.find("split") != name.npos || name.find("lopsided") != name.npos;
        const bool is_unfinished = name.ends_with(".part");
        if (name.starts_with(prefix) && entry.path() != reference && !is_part && !is_unfinished)
            forms.push_back(entry.path());
    }
    return forms;
}

std::vector<std::uint64_t> frames_of(const DumpFile& dump) {
    std::vector<std::uint64_t> pfns;
    for (auto pfn = dump.next_frame(0); pfn; pfn = dump.next_frame(*pfn + 1)) pfns.push_back(*pfn);
    return pfns;
}

}  // namespace

TEST_SUITE_BEGIN("real dumps");

TEST_CASE("filtered real dumps equal the raw one page by page") {
    for (const auto& raw_path : scenarios_with("vmcore")) {
        const auto raw = open_dump(raw_path);
        REQUIRE(raw);
        if ((*raw)->info().format != "ELF vmcore") continue;  // an extract, which was never filtered
        CHECK((*raw)->problems().empty());
        CHECK_FALSE((*raw)->vmcoreinfo().empty());
        for (const fs::path& path : forms_beside(raw_path, "vmcore.d")) {
            CAPTURE(path.string());
            const auto filtered = open_dump(path);
            REQUIRE(filtered);
            CHECK((*filtered)->problems().empty());
            CHECK((*filtered)->vmcoreinfo() == (*raw)->vmcoreinfo());
            CHECK((*filtered)->notes().size() == (*raw)->notes().size());
            const Tally tally = compare(**raw, **filtered);
            CHECK(tally.equal > 1000);
            CHECK(tally.different == 0);
            CHECK(tally.not_in_raw == 0);
            CHECK(tally.failed(ErrorCode::PageExcluded) > 1000);
            CHECK(tally.failed(ErrorCode::PageMissing) == 0);
            CHECK(tally.failed(ErrorCode::Corrupt) == 0);
            CHECK(frames_of(**filtered).size() == tally.equal);
            // Excluded is what the machine had and the dump has not: together they are the raw dump.
            CHECK(tally.equal + tally.failed(ErrorCode::PageExcluded) == frames_of(**raw).size());
        }
    }
}

TEST_CASE("a truncated real dump gives right pages or missing ones") {
    const test::TempDir dir;
    for (const auto& raw_path : scenarios_with("vmcore")) {
        const auto raw = open_dump(raw_path);
        REQUIRE(raw);
        for (const fs::path& path : forms_beside(raw_path, "vmcore.d")) {
            if (path.extension() == ".elf" || path.extension() == ".raw" || path.extension() == ".elf-flat")
                continue;  // large
            for (const double part : {0.0005, 0.02, 0.5, 0.999}) {
                CAPTURE(path.string());
                CAPTURE(part);
                fs::copy_file(path, dir.path() / "cut", fs::copy_options::overwrite_existing);
                fs::resize_file(dir.path() / "cut",
                                static_cast<std::uintmax_t>(static_cast<double>(fs::file_size(path)) * part));
                const auto cut = open_dump(dir.path() / "cut");
                REQUIRE(cut);
                const Tally tally = compare(**raw, **cut);
                CHECK(tally.different == 0);
                CHECK(tally.failed(ErrorCode::PageMissing) > 0);
                CHECK(tally.failed(ErrorCode::Corrupt) == 0);
            }
        }
    }
}

TEST_CASE("QEMU's formats agree with each other") {
    for (const auto& elf_path : scenarios_with("vmcore.qemu-elf")) {
        const auto elf = open_dump(elf_path);
        REQUIRE(elf);
        for (const fs::path& path : forms_beside(elf_path, "vmcore.qemu")) {
            CAPTURE(path.string());
            const auto other = open_dump(path);
            REQUIRE(other);
            CHECK((*other)->problems().empty());
            CHECK((*other)->vmcoreinfo() == (*elf)->vmcoreinfo());
            CHECK((*other)->notes().size() == (*elf)->notes().size());
            const Tally tally = compare(**elf, **other);
            CHECK(tally.equal > 200'000);
            CHECK(tally.different == 0);
            CHECK(tally.not_in_raw == 0);
            CHECK(tally.failed(ErrorCode::PageExcluded) + tally.failed(ErrorCode::PageMissing) == 0);
        }
    }
}

TEST_CASE("several threads read the same pages as one") {
    for (const auto& raw_path : scenarios_with("vmcore")) {
        const auto raw = open_dump(raw_path);
        REQUIRE(raw);
        for (const fs::path& path : forms_beside(raw_path, "vmcore.d")) {
            CAPTURE(path.string());
            const auto dump = open_dump(path);
            REQUIRE(dump);
            const auto pfns = frames_of(**dump);
            std::atomic<int> different = 0;
            std::vector<std::thread> threads;
            for (unsigned t = 0; t < 4; ++t) {
                threads.emplace_back([&, t] {
                    std::mt19937 random(t);
                    for (int i = 0; i < 500; ++i)
                        different += !equal_pages(**raw, **dump, pfns[random() % pfns.size()]);
                });
            }
            for (std::thread& thread : threads) thread.join();
            CHECK(different == 0);
        }
    }
}

TEST_CASE("a real dump that is written anew holds the same") {
    const test::TempDir dir;
    for (const auto& path : scenarios_with("vmcore.d31.zlib")) {
        const auto source = open_dump(path);
        REQUIRE(source);
        const auto pfns = frames_of(**source);
        REQUIRE(write_kdump(dir.path() / "copy", {**source, pfns}, {Codec::Zstd, 1}));
        const auto copy = open_dump(dir.path() / "copy");
        REQUIRE(copy);
        CHECK((*copy)->vmcoreinfo() == (*source)->vmcoreinfo());
        const Tally tally = compare(**source, **copy), original = compare(**source, **source);
        CHECK(tally.equal == pfns.size());
        CHECK(tally.errors == original.errors);
    }
}

TEST_SUITE_END();

}  // namespace real_dumps_test
