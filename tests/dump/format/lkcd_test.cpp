#include "dump/format/lkcd.h"

#include <doctest/doctest.h>
#include <elf.h>

#include "support/check_dump.h"
#include "support/fake_lkcd.h"

namespace lkcd_test {

using namespace postmortem;
using namespace postmortem::test;

TEST_CASE("LKCD dumps of every version, machine and compression read back") {
    const FakeMemory memory = make_memory(60);
    for (const FakeMachine& machine : fake_machines()) {
        for (const std::uint32_t version : {1u, 2u, 3u, 5u, 7u, 8u, 9u, 10u}) {
            for (const LkcdPacking packing : {LkcdPacking::None, LkcdPacking::RunLength, LkcdPacking::Zlib}) {
                if (version < 5 && packing == LkcdPacking::Zlib) continue;
                CAPTURE(machine.name);
                CAPTURE(version);
                CAPTURE(static_cast<int>(packing));
                const auto dump = open_bytes(make_lkcd(memory, {machine, version, packing}));
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
    for (const LkcdPacking packing : {LkcdPacking::None, LkcdPacking::RunLength, LkcdPacking::Zlib}) {
        LkcdShape shape;
        shape.packing = packing;
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
