// Every filtered form of a real dump holds the same pages as the raw /proc/vmcore it was made from.
#include "support/real_dumps.h"

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "dump/dump_file.h"

using namespace postmortem;

namespace {

struct Tally {
    std::map<ErrorCode, std::uint64_t> errors;
    std::uint64_t equal = 0, different = 0, not_in_raw = 0;
};

// Compares all pages of `filtered` with those of `raw`.
Tally compare(const DumpFile& raw, const DumpFile& filtered) {
    Tally tally;
    const std::uint64_t size = filtered.page_size();
    std::vector<std::byte> scratch(size), raw_scratch(size);
    for (std::uint64_t pfn = 0; pfn < filtered.info().max_pfn; ++pfn) {
        const auto page = filtered.page(pfn * size, scratch);
        if (!page) {
            ++tally.errors[page.error().code];
            continue;
        }
        const auto original = raw.page(pfn * size, raw_scratch);
        if (!original) {
            ++tally.not_in_raw;
        } else {
            const bool equal = page->bytes.size() == size && original->bytes.size() == size &&
                               std::memcmp(page->bytes.data(), original->bytes.data(), size) == 0;
            ++(equal ? tally.equal : tally.different);
        }
    }
    return tally;
}

}  // namespace

TEST_CASE("filtered real dumps equal the raw one page by page") {
    for (const auto& raw_path : test::real_dumps("vmcore")) {
        const auto raw = open_dump(raw_path);
        REQUIRE(raw);
        if ((*raw)->info().format != "ELF vmcore") continue;  // an extract, which was never filtered
        CHECK((*raw)->problems().empty());
        CHECK_FALSE((*raw)->vmcoreinfo().empty());
        for (const auto& entry : std::filesystem::directory_iterator(raw_path.parent_path())) {
            const std::string name = entry.path().filename().string();
            if (!name.starts_with("vmcore.d") || name.find("split") != name.npos ||
                name.find("lopsided") != name.npos)
                continue;
            CAPTURE(entry.path().string());
            const auto filtered = open_dump(entry.path());
            REQUIRE(filtered);
            CHECK((*filtered)->problems().empty());
            CHECK((*filtered)->vmcoreinfo() == (*raw)->vmcoreinfo());
            CHECK((*filtered)->notes().size() == (*raw)->notes().size());
            const Tally tally = compare(**raw, **filtered);
            MESSAGE(
                entry.path().string(), ": ", tally.equal, " equal, ",
                tally.errors.count(ErrorCode::PageExcluded) ? tally.errors.at(ErrorCode::PageExcluded) : 0,
                " excluded, ",
                tally.errors.count(ErrorCode::NoSuchMemory) ? tally.errors.at(ErrorCode::NoSuchMemory) : 0,
                " no memory");
            CHECK(tally.equal > 1000);
            CHECK(tally.different == 0);
            CHECK(tally.not_in_raw == 0);
            CHECK(tally.errors.count(ErrorCode::PageMissing) == 0);
            CHECK(tally.errors.count(ErrorCode::Corrupt) == 0);
        }
    }
}
