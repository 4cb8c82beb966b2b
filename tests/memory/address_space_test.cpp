// Virtual reads: the tables decide, linear ranges only fill in where a table is lost, and every reason why a
// byte cannot be had stays what it is.
#include "memory/address_space.h"

#include <thread>

#include <doctest/doctest.h>

#include "arch/x86_64/page_tables.h"
#include "support/sparse_dump.h"

namespace address_space_test {

using namespace postmortem;
using namespace std::string_view_literals;
using test::PageTableBuilder;
using test::SparseDump;

namespace {

constexpr std::uint64_t heap = 0xffff888000000000ull;
constexpr std::uint64_t tables = 0x100000;

struct Machine {
    Machine() : builder(dump, tables), physical(dump) {
        x86_64::PageTableParams params;
        params.root = builder.root();
        memory.emplace(physical, x86_64::make_walker(physical, params),
                       std::vector<LinearRange>{{heap, heap + 0x7fff, 0x4000}});
    }

    SparseDump dump;
    PageTableBuilder builder;
    PhysicalMemory physical;
    std::optional<AddressSpace> memory;
};

Error error_at(const AddressSpace& memory, std::uint64_t vaddr, std::size_t size = 8) {
    std::vector<std::byte> out(size);
    const auto done = memory.read(vaddr, out);
    REQUIRE_FALSE(done);
    return done.error();
}

}  // namespace

TEST_CASE("neighbouring virtual pages may lie anywhere in physical memory") {
    Machine machine;
    machine.builder.map(heap, 0x9000);
    machine.builder.map(heap + 0x1000, 0x3000);
    machine.dump.write(0x9ff8, "one half");
    machine.dump.write(0x3000, " and the other\0"sv);
    std::string text(22, ' ');
    REQUIRE(machine.memory->read(heap + 0xff8, {reinterpret_cast<std::byte*>(text.data()), text.size()}));
    CHECK(text == "one half and the other");
    CHECK(machine.memory->c_string(heap + 0xff8).value() == text);
    CHECK(machine.memory->translate(heap + 0x1234).value() == 0x3234);
}

TEST_CASE("not mapped, excluded, missing, no memory and corrupt stay distinct to the last message") {
    Machine machine;
    machine.builder.map(heap, 0x9000);
    machine.builder.map(heap + 0x1000, 0xa000);
    machine.dump.write(0x9000, std::string(4096, 'x'));
    CHECK(error_at(*machine.memory, heap + 0x2000).code == ErrorCode::NotMapped);
    for (const ErrorCode code :
         {ErrorCode::PageExcluded, ErrorCode::PageMissing, ErrorCode::NoSuchMemory, ErrorCode::Corrupt}) {
        machine.dump.fail_page(0xa000, code);
        const Error error = error_at(*machine.memory, heap + 0xffc);
        CHECK(error.code == code);
        CHECK(error.address == heap + 0x1000);  // the address that was asked for, not the physical one
        CHECK(machine.memory->u64(heap + 0x1000).error().code == code);
        CHECK(machine.memory->c_string(heap + 0xffc).error().code == code);
        CHECK(machine.memory->bytes(heap + 0xffc, 8).error().code == code);
    }
}

TEST_CASE("where pointers have tags these are passed over, in the kernel's half alone") {
    Machine machine;
    machine.builder.map(heap, 0x9000);
    machine.builder.map(0x1000, 0xa000);
    machine.dump.write(0x9000, "tagged"sv);
    constexpr std::uint64_t tag = std::uint64_t{0xff} << 56,
                            tagged = (heap & ~tag) | std::uint64_t{0x3b} << 56;
    const AddressSpace& memory = *machine.memory;
    CHECK(error_at(memory, tagged).code == ErrorCode::NotMapped);
    CHECK(memory.untagged(tagged) == tagged);

    memory.ignore_tags(tag);
    CHECK(memory.untagged(tagged + 8) == heap + 8);
    CHECK(memory.c_string(tagged).value() == "tagged");
    CHECK(memory.translate(tagged + 3).value() == 0x9003);
    CHECK(memory.translate(heap + 3).value() == 0x9003);
    CHECK(memory.translate_whole(tagged).value().paddr == 0x9000);
    CHECK(memory.last_entry(tagged).value() == memory.last_entry(heap).value());
    CHECK(memory.steps(tagged).value().steps.size() == 4);
    CHECK(error_at(memory, tagged + 0x8000).address == tagged + 0x8000);
    CHECK(memory.translate(0x1008).value() == 0xa008);
    CHECK(error_at(memory, 0x3b00000000001000).code == ErrorCode::NotMapped);
}

TEST_CASE("a page that the tables call unmapped is not served from a linear range") {
    Machine machine;
    machine.builder.map(heap, 0x9000);
    machine.dump.write(0x5000, "linear");  // what the range would give for heap + 0x1000
    CHECK(error_at(*machine.memory, heap + 0x1000).code == ErrorCode::NotMapped);
}

TEST_CASE("a linear range serves only where a table page cannot be read") {
    for (const ErrorCode code : {ErrorCode::PageMissing, ErrorCode::PageExcluded, ErrorCode::Corrupt}) {
        Machine machine;
        machine.builder.map(heap, 0x9000);
        machine.dump.write(0x4000, "linear range");
        const std::uint64_t lowest_table = machine.builder.entry(heap, 1);
        machine.dump.fail_page(lowest_table, code);
        CHECK(machine.memory->c_string(heap).value() == "linear range");
        // Outside of the range the table's own error is told, with the address that was asked for.
        const Error error = error_at(*machine.memory, heap + 0x8000);
        CHECK(error.code == code);
        CHECK(error.address == heap + 0x8000);
        CHECK(error.message.find("level-1 page table") != std::string::npos);
    }
}

TEST_CASE("a direct map that becomes known later serves like any linear range") {
    Machine machine;
    machine.builder.map(heap + 0x10000, 0x9000);
    machine.dump.fail_page(machine.builder.entry(heap + 0x10000, 1), ErrorCode::PageMissing);
    machine.dump.write(0x10000, "direct map");
    CHECK(error_at(*machine.memory, heap + 0x10000).code == ErrorCode::PageMissing);
    machine.memory->set_direct_map(LinearRange{heap, heap + 0x10fff, 0});
    CHECK(machine.memory->c_string(heap + 0x10000).value() == "direct map");
    CHECK(error_at(*machine.memory, heap + 0x11000).code == ErrorCode::PageMissing);
    machine.memory->set_direct_map(LinearRange{heap, heap + 0xfffff, 0x5000});  // only the first one counts
    CHECK(machine.memory->c_string(heap + 0x10000).value() == "direct map");
}

TEST_CASE("without page tables the linear ranges are all there is") {
    SparseDump dump;
    dump.write(0x1000, "text");
    const PhysicalMemory physical(dump);
    const AddressSpace memory(physical, fail(ErrorCode::Unsupported, "tables of a new kind"),
                              {{heap, heap + 0x1fff, 0}});
    CHECK(memory.c_string(heap + 0x1000).value() == "text");
    CHECK(error_at(memory, heap + 0x2000).message == "tables of a new kind");
    CHECK(memory.no_tables()->message == "tables of a new kind");
    CHECK(memory.steps(heap).error().code == ErrorCode::Unsupported);
    CHECK(error_at(memory, heap).code == ErrorCode::NoSuchMemory);
}

TEST_CASE("text ends at its NUL, at the limit, or with an error where the NUL should come") {
    Machine machine;
    machine.builder.map(heap, 0x9000);
    machine.dump.write(0x9000, std::string(4096, 'x'));
    machine.dump.write(0x9ffc, "end\0"sv);
    CHECK(machine.memory->c_string(heap, 5).value() == "xxxxx");
    CHECK(machine.memory->c_string(heap, 0).value().empty());
    CHECK(machine.memory->c_string(heap + 0xffc, 100).value() ==
          "end");  // no byte of the next page is needed
    CHECK(machine.memory->c_string(heap, 5000).value().size() == 4096 - 1);
    // Without a NUL on the page the next one is needed.
    Machine fresh;
    fresh.builder.map(heap, 0x9000);
    fresh.dump.write(0x9000, std::string(4096, 'x'));
    CHECK(fresh.memory->c_string(heap + 0xff0, 16).value().size() == 16);
    CHECK(fresh.memory->c_string(heap + 0xff0, 17).error().code == ErrorCode::NotMapped);
}

TEST_CASE("a range that wraps around the address space is refused, its last byte is not") {
    Machine machine;
    machine.builder.map(0xfffffffffffff000ull, 0x9000);
    machine.dump.write(0x9000, std::string(4096, 'x'));
    CHECK(machine.memory->u64(0xfffffffffffffff8ull));
    CHECK(error_at(*machine.memory, 0xfffffffffffffff9ull).code == ErrorCode::NotMapped);
    CHECK(machine.memory->c_string(0xfffffffffffffff8ull, 16).error().code == ErrorCode::NotMapped);
}

TEST_CASE("large data is read past the holes, which are filled and counted") {
    Machine machine;
    constexpr std::size_t pages = 100;
    for (std::uint64_t i = 0; i < pages; ++i) {
        machine.builder.map(heap + i * 4096, 0x900000 + i * 4096);
        machine.dump.write(0x900000 + i * 4096, std::string(4096, static_cast<char>('0' + i % 10)));
    }
    machine.dump.fail_page(0x900000 + 40 * 4096, ErrorCode::PageExcluded);
    machine.dump.fail_page(0x900000 + 99 * 4096, ErrorCode::Corrupt);
    std::vector<std::byte> out(pages * 4096 - 200);
    CHECK(machine.memory->read_large(heap + 100, out, std::byte{0xff}) == 2);
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::size_t page = (i + 100) / 4096;
        const bool hole = page == 40 || page == 99;
        REQUIRE(out[i] == (hole ? std::byte{0xff} : static_cast<std::byte>('0' + page % 10)));
    }
    CHECK(machine.memory->read_large(heap, {}, std::byte{0}) == 0);
}

TEST_CASE("threads that share the translation cache never see each other's pages") {
    Machine machine;
    constexpr std::uint64_t pages = 64, stride = 8192ull * 4096;  // all in one place of the cache
    for (std::uint64_t i = 0; i < pages; ++i) {
        machine.builder.map(heap + 0x100000 + i * stride, 0x900000 + (pages - i) * 4096);
        machine.dump.put(0x900000 + (pages - i) * 4096, i);
    }
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
        threads.emplace_back([&, seed] {
            for (std::uint64_t n = 0; n < 20000; ++n) {
                const std::uint64_t i = n * seed * 7 % pages;
                if (machine.memory->u64(heap + 0x100000 + i * stride).value_or(~0ull) != i) ++wrong;
            }
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
}

}  // namespace address_space_test
