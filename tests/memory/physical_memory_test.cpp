// Any span of bytes, from a bounded cache, and never a byte that the dump does not hold.
#include "memory/physical_memory.h"

#include <random>
#include <thread>

#include <doctest/doctest.h>

#include "support/sparse_dump.h"

namespace physical_memory_test {

using namespace postmortem;
using test::SparseDump;

namespace {

// Every byte tells where it lies.
std::byte content(std::uint64_t paddr) {
    return static_cast<std::byte>((paddr * 0x9e3779b97f4a7c15ull) >> 56);
}

void fill_pages(SparseDump& dump, std::uint64_t first_page, std::uint64_t count) {
    const std::uint64_t size = dump.page_size();
    for (std::uint64_t page = first_page; page < first_page + count; ++page) {
        std::vector<std::byte> bytes(size);
        for (std::uint64_t i = 0; i < size; ++i) bytes[i] = content(page * size + i);
        dump.write(page * size, bytes);
    }
}

bool holds_content(std::uint64_t paddr, Bytes bytes) {
    for (std::uint64_t i = 0; i < bytes.size(); ++i)
        if (bytes[i] != content(paddr + i)) return false;
    return true;
}

ErrorCode error_of(const PhysicalMemory& memory, std::uint64_t paddr, std::size_t size) {
    std::vector<std::byte> out(size);
    const auto done = memory.read(paddr, out);
    REQUIRE_FALSE(done);
    return done.error().code;
}

}  // namespace

TEST_CASE("a read may begin and end anywhere and span pages") {
    for (const std::uint32_t page_size : {4096u, 65536u}) {
        for (const bool in_place : {false, true}) {
            SparseDump dump(page_size);
            dump.set_in_place(in_place);
            fill_pages(dump, 1, 4);
            const PhysicalMemory memory(dump);
            for (const std::uint64_t offset : {0u, 1u, page_size - 1, page_size + 7}) {
                for (const std::size_t size : {0u, 1u, 8u, page_size, 2 * page_size + 3}) {
                    for (const Caching caching : {Caching::Keep, Caching::Pass}) {
                        std::vector<std::byte> out(size);
                        REQUIRE(memory.read(page_size + offset, out, caching));
                        CHECK(holds_content(page_size + offset, out));
                    }
                }
            }
        }
    }
}

TEST_CASE("integers come in the dump's byte order") {
    SparseDump dump(4096, Endian::Big);
    dump.put<std::uint32_t>(0x1000, 0x12345678);
    const PhysicalMemory memory(dump);
    CHECK(memory.get<std::uint32_t>(0x1000).value() == 0x12345678);
    CHECK(memory.get<std::uint8_t>(0x1000).value() == 0x12);
}

TEST_CASE("a page that was decoded is decoded once, until the bounded cache needs its place") {
    SparseDump dump;
    fill_pages(dump, 0, 64);
    constexpr std::size_t cached = 16;
    const PhysicalMemory memory(dump, cached);
    for (int i = 0; i < 10; ++i) CHECK(memory.get<std::uint8_t>(0x3010));
    CHECK(dump.reads() == 1);

    std::vector<std::byte> all(64 * 4096);
    for (int round = 0; round < 3; ++round) {
        REQUIRE(memory.read(0, all));
        CHECK(holds_content(0, all));
    }
    // Three times the 64 pages through 16 places: most are decoded anew each time.
    CHECK(dump.reads() > 64 + 2 * (64 - cached));
}

TEST_CASE("large data that passes the cache by pushes nothing out of it") {
    SparseDump dump;
    fill_pages(dump, 0, 64);
    const PhysicalMemory memory(dump, 4);
    CHECK(memory.get<std::uint8_t>(0x3000));
    std::vector<std::byte> all(60 * 4096);
    REQUIRE(memory.read(4 * 4096, all, Caching::Pass));
    CHECK(holds_content(4 * 4096, all));
    const std::size_t before = dump.reads();
    CHECK(memory.get<std::uint8_t>(0x3000));
    CHECK(dump.reads() == before);
}

TEST_CASE("pages of an uncompressed file take no place in the cache") {
    SparseDump dump;
    fill_pages(dump, 0, 8);
    dump.set_in_place(true);
    const PhysicalMemory memory(dump);
    CHECK(memory.get<std::uint8_t>(0x1000));
    CHECK(memory.get<std::uint8_t>(0x1000));
    CHECK(dump.reads() == 2);
}

TEST_CASE("what is not there fails with its own reason, and a failure is not remembered") {
    SparseDump dump;
    fill_pages(dump, 0, 8);
    const PhysicalMemory memory(dump);
    for (const ErrorCode code : {ErrorCode::PageExcluded, ErrorCode::PageMissing, ErrorCode::NoSuchMemory,
                                 ErrorCode::Corrupt, ErrorCode::Unsupported}) {
        dump.fail_page(0x2000, code);
        CHECK(error_of(memory, 0x2ff0, 8) == code);
        CHECK(error_of(memory, 0x1ff8, 16) == code);
        std::vector<std::byte> page(4096);
        const auto passing = memory.read(0x2000, page, Caching::Pass);
        REQUIRE_FALSE(passing);
        CHECK(passing.error().code == code);
        CHECK(passing.error().address == 0x2000);
    }
    dump.mend_page(0x2000);
    CHECK(memory.get<std::uint64_t>(0x2ff0));
}

TEST_CASE("a page frame that the dump holds in part gives that part and no more") {
    for (const bool in_place : {false, true}) {
        SparseDump dump;
        dump.set_in_place(in_place);
        fill_pages(dump, 0, 4);
        dump.keep_part(0x1000, 0x100, 0x200);
        const PhysicalMemory memory(dump);
        for (int again = 0; again < 2; ++again) {
            std::vector<std::byte> out(0x200);
            REQUIRE(memory.read(0x1100, out));
            CHECK(holds_content(0x1100, out));
            CHECK(error_of(memory, 0x10ff, 1) == ErrorCode::NoSuchMemory);
            CHECK(error_of(memory, 0x10ff, 2) == ErrorCode::NoSuchMemory);
            CHECK(error_of(memory, 0x1300, 1) == ErrorCode::NoSuchMemory);
            CHECK(error_of(memory, 0x12ff, 2) == ErrorCode::NoSuchMemory);
            std::vector<std::byte> page(4096);
            CHECK_FALSE(memory.read(0x1000, page, Caching::Pass));
            CHECK_FALSE(memory.read(0x1000, page));
        }
    }
}

TEST_CASE("a range past the end of the address space is refused") {
    SparseDump dump;
    const PhysicalMemory memory(dump);
    CHECK(error_of(memory, ~0ull, 2) == ErrorCode::NoSuchMemory);
    CHECK(error_of(memory, ~0ull - 6, 8) == ErrorCode::NoSuchMemory);
}

TEST_CASE("readers on several threads see the same bytes, whatever is evicted meanwhile") {
    SparseDump dump;
    fill_pages(dump, 0, 256);
    dump.fail_page(0x7000, ErrorCode::PageMissing);
    const PhysicalMemory memory(dump, 32);
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (unsigned seed = 0; seed < 4; ++seed) {
        threads.emplace_back([&, seed] {
            std::mt19937_64 random(seed);
            std::vector<std::byte> out(9000);
            for (int i = 0; i < 5000; ++i) {
                const std::uint64_t at = random() % (250 * 4096);
                const MutableBytes piece = std::span(out).first(random() % out.size());
                const Caching caching = random() % 4 == 0 ? Caching::Pass : Caching::Keep;
                const auto done = memory.read(at, piece, caching);
                const bool lost = !piece.empty() && at < 0x8000 && at + piece.size() > 0x7000;
                if (done.has_value() == lost || (done && !holds_content(at, piece))) ++wrong;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
}

TEST_CASE("dumps of different page sizes may be read in turn by one thread") {
    SparseDump small(4096), large(65536);
    fill_pages(small, 0, 16);
    fill_pages(large, 0, 2);
    const PhysicalMemory small_memory(small, 4), large_memory(large, 4);
    for (std::uint64_t at = 0; at < 16 * 4096; at += 4000) {
        std::vector<std::byte> out(100);
        REQUIRE(small_memory.read(at, out));
        CHECK(holds_content(at, out));
        REQUIRE(large_memory.read(at, out));
        CHECK(holds_content(at, out));
    }
}

TEST_CASE("the pages that were touched are remembered on request, once each") {
    SparseDump dump;
    fill_pages(dump, 0, 8);
    PhysicalMemory memory(dump);
    CHECK(memory.get<std::uint8_t>(0x6000));
    memory.record_touched_pages();
    CHECK(memory.get<std::uint8_t>(0x5000));
    std::vector<std::byte> two(8192);
    CHECK(memory.read(0x3000, two));
    CHECK(memory.get<std::uint8_t>(0x5008));
    CHECK(memory.touched_pages() == std::vector<std::uint64_t>{3, 4, 5});
}

}  // namespace physical_memory_test
