#include "support/check_dump.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "dump/open/open_source.h"
#include "support/fuzz_dump.h"
#include "support/memory_source.h"

namespace postmortem::test {
namespace {

void count_error(ErrorCode code, Comparison& seen) {
    switch (code) {
        case ErrorCode::PageExcluded: ++seen.excluded; break;
        case ErrorCode::NoSuchMemory: ++seen.no_memory; break;
        case ErrorCode::PageMissing: ++seen.missing; break;
        case ErrorCode::Corrupt: ++seen.corrupt; break;
        case ErrorCode::Unsupported: ++seen.unsupported; break;
        default: ++seen.wrong; break;
    }
}

bool holds(const FakeMemory& memory, std::uint64_t pfn, const PageBytes& page) {
    const auto original = memory.pages.find(pfn);
    if (original == memory.pages.end() || page.offset + page.bytes.size() > original->second.size())
        return false;
    return std::equal(page.bytes.begin(), page.bytes.end(), original->second.begin() + page.offset);
}

// Of a page that the dump does not give: whether what it says of it is true.
bool is_true(const Error& error, std::uint64_t pfn, const FakeMemory& memory) {
    const bool held = memory.pages.contains(pfn), excluded = memory.excluded.contains(pfn);
    if (error.code == ErrorCode::PageExcluded) return excluded;
    if (error.code == ErrorCode::NoSuchMemory) return !held && !excluded;
    return error.code == ErrorCode::PageMissing || error.code == ErrorCode::Corrupt;
}

}  // namespace

Result<std::unique_ptr<DumpFile>> open_bytes(Bytes file) {
    return open_source(std::make_unique<MemorySource>(file));
}

Comparison compare(const DumpFile& dump, const FakeMemory& memory) {
    Comparison seen;
    Buffer scratch(dump.page_size());
    for (std::uint64_t pfn = 0; pfn < memory.max_pfn; ++pfn) {
        const auto page = dump.page(pfn * memory.page_size, scratch);
        if (!page) {
            count_error(page.error().code, seen);
        } else {
            ++(holds(memory, pfn, *page) ? seen.right : seen.wrong);
        }
    }
    return seen;
}

std::uint64_t false_answers(const DumpFile& dump, const FakeMemory& memory) {
    std::uint64_t count = 0;
    Buffer scratch(dump.page_size());
    for (std::uint64_t pfn = 0; pfn < memory.max_pfn; ++pfn) {
        const auto page = dump.page(pfn * memory.page_size, scratch);
        count += page ? !holds(memory, pfn, *page) : !is_true(page.error(), pfn, memory);
    }
    return count;
}

Comparison undamaged(const FakeMemory& memory) {
    Comparison expected;
    expected.right = memory.pages.size() - memory.lost.size();
    expected.missing = memory.lost.size();
    expected.excluded = memory.excluded.size();
    expected.no_memory = memory.max_pfn - memory.pages.size() - memory.excluded.size();
    return expected;
}

Comparison all_or_no_memory(const FakeMemory& memory) {
    Comparison expected;
    expected.right = memory.pages.size();
    expected.no_memory = memory.max_pfn - memory.pages.size();
    return expected;
}

Comparison all_or_excluded(const FakeMemory& memory) {
    Comparison expected;
    expected.right = memory.pages.size();
    expected.excluded = memory.max_pfn - memory.pages.size();
    return expected;
}

void check_cut_anywhere(Bytes file, const FakeMemory& memory, std::size_t pieces) {
    const auto whole = open_bytes(file);
    REQUIRE(whole);
    const std::uint64_t all = compare(**whole, memory).right;
    for (std::size_t i = 1; i < pieces; ++i) {
        const std::size_t length = file.size() * i / pieces;
        CAPTURE(length);
        const auto dump = open_bytes(file.first(length));
        if (!dump) {
            CHECK((dump.error().code == ErrorCode::Corrupt || dump.error().code == ErrorCode::PageMissing ||
                   dump.error().code == ErrorCode::Unsupported));
            continue;
        }
        const Comparison seen = compare(**dump, memory);
        CHECK(seen.wrong == 0);
        CHECK((seen.right == all || !(*dump)->problems().empty()));
    }
}

void check_changed_bytes(Bytes file, std::size_t headers) {
    for (std::size_t at = 0; at < file.size(); at += at < headers ? 1 : 1009) {
        for (const unsigned value : {0u, 0x01u, 0x7fu, 0xffu}) {
            Buffer broken(file.begin(), file.end());
            broken[at] = std::byte(value);
            fuzz_dump(broken);
        }
    }
}

}  // namespace postmortem::test
