#include "dump/format/sadump.h"

#include <doctest/doctest.h>
#include <elf.h>

#include "support/check_dump.h"
#include "support/fake_sadump.h"
#include "support/temp_dir.h"

namespace sadump_test {

using namespace postmortem;
using namespace postmortem::test;

TEST_CASE("SADUMP on one partition and copied to a medium reads back") {
    for (const std::uint32_t page_size : {4096u, 8192u}) {
        const FakeMemory memory = make_memory(100, page_size);
        for (const SadumpShape& shape : {SadumpShape{0}, SadumpShape{1}, SadumpShape{1, 0, true}}) {
            if (shape.media && page_size != 4096) continue;
            CAPTURE(page_size);
            const auto dump = open_bytes(make_sadump(memory, shape).front());
            REQUIRE_MESSAGE(dump, dump.error().message);
            CHECK((*dump)->problems().empty());
            CHECK((*dump)->machine() == EM_X86_64);
            CHECK((*dump)->page_size() == page_size);
            CHECK((*dump)->info().timestamp == 1700000000);
            CHECK((*dump)->info().cpu_count == 4);
            CHECK(compare(**dump, memory) == undamaged(memory));
        }
    }
}

TEST_CASE("SADUMP on several disks reads back by any of them, and a missing one costs its pages") {
    const FakeMemory memory = make_memory(100);
    const TempDir dir;
    const std::vector<Buffer> files = make_sadump(memory, {1, 3});
    std::vector<std::filesystem::path> disks;
    for (std::size_t i = 0; i < files.size(); ++i)
        disks.push_back(dir.write("disk" + std::to_string(i), files[i]));
    dir.write("other", make_sadump(memory, {1, 3, false, 0xbad}).back());
    for (const auto& named : disks) {
        const auto dump = open_dump(named);
        REQUIRE_MESSAGE(dump, dump.error().message);
        CHECK((*dump)->problems().empty());
        CHECK((*dump)->info().files.size() == 3);
        CHECK(compare(**dump, memory) == undamaged(memory));
    }
    std::filesystem::remove(disks[1]);
    const auto lacking = open_dump(disks[0]);
    REQUIRE(lacking);
    CHECK((*lacking)->problems().size() == 1);
    const Comparison seen = compare(**lacking, memory);
    CHECK(seen.wrong == 0);
    CHECK(seen.missing == memory.pages.size() - seen.right);
    CHECK(seen.right == (memory.pages.size() + 2) / 3);
    std::filesystem::remove(disks[0]);
    const auto headless = open_dump(disks[2]);
    REQUIRE_FALSE(headless);
    CHECK(headless.error().code == ErrorCode::NotFound);
}

TEST_CASE("SADUMP that is cut off or damaged gives no wrong page") {
    const FakeMemory memory = make_memory(60);
    const Buffer file = make_sadump(memory, {}).front();
    for (std::size_t i = 1; i < 200; ++i) {
        const auto dump = open_bytes(Bytes(file).first(file.size() * i / 200));
        if (dump) CHECK(compare(**dump, memory).wrong == 0);
    }
    check_changed_bytes(make_sadump(make_memory(5), {}).front(), 200);
}

}  // namespace sadump_test
