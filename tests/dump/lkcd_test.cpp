#include "dump/lkcd.h"

#include <doctest/doctest.h>
#include <elf.h>

#include "support/byte_writer.h"
#include "support/check_dump.h"
#include "support/pack_page.h"

namespace lkcd_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

constexpr std::uint64_t magic = 0xa8190173618f23ed;
constexpr std::uint32_t none = 0, run_length = 1, zlib = 2;

struct LkcdShape {
    FakeMachine machine = fake_machines().front();
    std::uint32_t version = 8;
    std::uint32_t compression = zlib;
    bool with_end = true;
};

// struct __dump_header, as the version and the machine lay it out.
Buffer header_of(const FakeMemory& memory, const LkcdShape& shape) {
    ByteWriter out(shape.machine.endian);
    const bool own_words = shape.version < 8;
    const auto word = [&](std::uint64_t value) {
        if (own_words && shape.machine.word == 4)
            out.put(static_cast<std::uint32_t>(value));
        else
            out.put(value);
    };
    out.put(magic).put(shape.version | 0x80000000u).put<std::uint32_t>(1000).put<std::uint32_t>(31);
    out.put(memory.page_size).put<std::uint64_t>(memory.max_pfn * memory.page_size);
    out.put<std::uint64_t>(0).put<std::uint64_t>(memory.max_pfn * memory.page_size);
    if (shape.version == 1) out.put<std::uint64_t>(0);  // two registers
    out.put(static_cast<std::uint32_t>(memory.pages.size())).put_text("Oops", 256);
    if (own_words && shape.machine.word == 8) out.zeros(4);
    word(1100000000);
    word(5);
    for (const std::string_view field : {"Linux", "node", "2.6.5-7.97-smp", "#1"}) out.put_text(field, 65);
    out.put_text(shape.machine.name, 65).put_text("(none)", 65);
    if (own_words) out.zeros(2);
    word(0xc0101000);
    out.put(shape.compression).put<std::uint32_t>(0).put<std::uint32_t>(0);
    if (shape.version >= 9) out.put<std::uint64_t>(131072);
    return out.fill_to(shape.version >= 9 ? 131072 : 65536).bytes;
}

Buffer run_lengths(Bytes page) {
    Buffer packed;
    for (std::size_t i = 0; i < page.size();) {
        std::size_t count = 1;
        while (i + count < page.size() && page[i + count] == page[i] && count < 255) ++count;
        if (count > 3 || (page[i] == std::byte{0} && count > 1)) {
            packed.insert(packed.end(), {std::byte{0}, std::byte(count), page[i]});
        } else {
            count = 1;
            packed.push_back(page[i]);
            if (page[i] == std::byte{0}) packed.push_back(std::byte{0});
        }
        i += count;
    }
    return packed;
}

Buffer make_lkcd(const FakeMemory& memory, const LkcdShape& shape) {
    ByteWriter out(shape.machine.endian);
    out.bytes = header_of(memory, shape);
    for (const auto& [pfn, page] : memory.pages) {
        Buffer packed = shape.compression == run_length ? run_lengths(page)
                        : shape.compression == zlib     ? pack_page(Codec::Zlib, page)
                                                        : page;
        const bool raw = shape.compression == none || packed.size() >= page.size();
        if (raw) packed = page;
        out.put(pfn * memory.page_size).put(static_cast<std::uint32_t>(packed.size()));
        out.put<std::uint32_t>(raw ? 1 : 2).put(Bytes(packed));
    }
    if (shape.with_end) out.put<std::uint64_t>(0).put<std::uint32_t>(0).put<std::uint32_t>(4);
    return out.bytes;
}

}  // namespace

TEST_CASE("LKCD dumps of every version, machine and compression read back") {
    const FakeMemory memory = make_memory(60);
    for (const FakeMachine& machine : fake_machines()) {
        for (const std::uint32_t version : {1u, 2u, 3u, 5u, 7u, 8u, 9u, 10u}) {
            for (const std::uint32_t compression : {none, run_length, zlib}) {
                if (version < 5 && compression == zlib) continue;
                CAPTURE(machine.name);
                CAPTURE(version);
                CAPTURE(compression);
                const auto dump = open_bytes(make_lkcd(memory, {machine, version, compression}));
                REQUIRE_MESSAGE(dump, dump.error().message);
                CHECK((*dump)->problems().empty());
                CHECK((*dump)->info().format == "LKCD v" + std::to_string(version));
                CHECK((*dump)->info().utsname.release == "2.6.5-7.97-smp");
                CHECK((*dump)->info().timestamp == 1100000000);
                CHECK((*dump)->machine() == machine.elf);
                CHECK((*dump)->endian() == machine.endian);
                CHECK(compare(**dump, memory) == all_or_excluded(memory));
            }
        }
    }
}

TEST_CASE("an LKCD dump of large pages reads back, and an unknown version is refused") {
    const FakeMemory memory = make_memory(12, 16384);
    const auto dump = open_bytes(make_lkcd(memory, {}));
    REQUIRE(dump);
    CHECK((*dump)->page_size() == 16384);
    CHECK(compare(**dump, memory) == all_or_excluded(memory));
    LkcdShape shape;
    shape.version = 11;
    const auto newer = open_bytes(make_lkcd(memory, shape));
    REQUIRE_FALSE(newer);
    CHECK(newer.error().code == ErrorCode::Unsupported);
}

TEST_CASE("an LKCD dump that is cut off or damaged gives no wrong page") {
    const FakeMemory memory = make_memory(60);
    for (const std::uint32_t compression : {none, run_length, zlib}) {
        LkcdShape shape;
        shape.compression = compression;
        check_cut_anywhere(make_lkcd(memory, shape), memory);
    }
    LkcdShape unfinished;
    unfinished.with_end = false;
    const auto dump = open_bytes(make_lkcd(memory, unfinished));
    REQUIRE(dump);
    CHECK((*dump)->problems().size() == 1);
    CHECK(compare(**dump, memory).right == memory.pages.size());
    const Buffer file = make_lkcd(make_memory(10), {});
    check_changed_bytes(file, 800);
    // Of the first page's header: the upper bytes of its address, and its size, which leads to the next
    for (std::size_t at = 65536 + 2; at < 65536 + 12; ++at) {
        Buffer broken = file;
        broken[at] = std::byte{0xff};
        const auto damaged = open_bytes(broken);
        if (damaged) CHECK(compare(**damaged, make_memory(10)).right < make_memory(10).pages.size());
    }
}

}  // namespace lkcd_test
