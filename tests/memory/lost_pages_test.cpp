// What a question looked at in vain is remembered, and what was left out on purpose is not.
#include <thread>

#include <doctest/doctest.h>

#include <postmortem/lost_pages.h>

#include "memory/physical_memory.h"
#include "support/sparse_dump.h"

namespace lost_pages_test {

using namespace postmortem;

namespace {

constexpr std::uint64_t damaged = 0x1000, left_out = 0x2000, sound = 0x3000, cut_off = 0x4000;

struct Machine {
    Machine() {
        for (const std::uint64_t page : {damaged, left_out, sound, cut_off})
            dump.put<std::uint64_t>(page, page);
        dump.fail_page(damaged, ErrorCode::Corrupt);
        dump.fail_page(left_out, ErrorCode::PageExcluded);
        dump.fail_page(cut_off, ErrorCode::PageMissing);
    }
    void read(std::uint64_t page) const { (void)memory.get<std::uint64_t>(page); }

    test::SparseDump dump;
    PhysicalMemory memory{dump};
};

}  // namespace

TEST_CASE("pages that should be there and are not are remembered while somebody wants to know") {
    const Machine machine;
    machine.read(damaged);
    const LostPages lost;
    CHECK_FALSE(lost.any());
    CHECK(LostPages::so_far().empty());
    machine.read(sound);
    machine.read(left_out);
    machine.read(0x8000000);  // no such memory
    CHECK_FALSE(lost.any());
    machine.read(cut_off);
    machine.read(damaged);
    CHECK(lost.any());
    REQUIRE(lost.problems().size() == 1);
    CHECK(lost.problems().front().code == ErrorCode::PageMissing);
    CHECK(lost.problems().front().address == cut_off);
    CHECK(lost.problems().front().message.starts_with("what the answer may depend on is lost: "));
    CHECK(LostPages::so_far().size() == 1);
}

TEST_CASE("what an inner question lost the outer one knows, and not the other way round") {
    const Machine machine;
    const LostPages outer;
    machine.read(damaged);
    {
        const LostPages inner;
        CHECK_FALSE(inner.any());
        machine.read(cut_off);
        CHECK(inner.problems().front().address == cut_off);
    }
    CHECK(outer.problems().front().address == damaged);
    const LostPages next;
    CHECK_FALSE(next.any());
}

TEST_CASE("losses that the reader answers for, and other threads', are not remembered") {
    const Machine machine;
    const LostPages lost;
    {
        const LossesHandled quiet;
        machine.read(damaged);
        CHECK(LostPages::so_far().empty());
    }
    std::thread([&] { machine.read(damaged); }).join();
    CHECK_FALSE(lost.any());
    machine.read(damaged);
    CHECK(lost.any());
}

}  // namespace lost_pages_test
