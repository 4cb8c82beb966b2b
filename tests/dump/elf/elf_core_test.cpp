#include "dump/elf/elf_core.h"

#include <algorithm>

#include <doctest/doctest.h>
#include <elf.h>

#include "support/check_dump.h"

namespace elf_core_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

Buffer filled(std::size_t size, int value) {
    return Buffer(size, std::byte(value));
}

Buffer text_of(std::string_view text) {
    const Bytes bytes = as_bytes(text);
    return Buffer(bytes.begin(), bytes.end());
}

ErrorCode error_at(const DumpFile& dump, std::uint64_t paddr) {
    Buffer scratch(dump.page_size());
    const auto page = dump.page(paddr, scratch);
    REQUIRE_FALSE(page);
    CHECK(page.error().address == paddr);
    return page.error().code;
}

// What page() gives, as "offset:first byte x length first byte x length ...".
std::string shape_at(const DumpFile& dump, std::uint64_t paddr) {
    Buffer scratch(dump.page_size());
    const auto page = dump.page(paddr, scratch);
    if (!page) return std::string(to_string(page.error().code));
    std::string shape = std::to_string(page->offset) + ":";
    for (auto at = page->bytes.begin(); at != page->bytes.end();) {
        const auto next = std::find_if(at, page->bytes.end(), [&](std::byte b) { return b != *at; });
        shape += " " + std::to_string(std::to_integer<int>(*at)) + "x" + std::to_string(next - at);
        at = next;
    }
    return shape;
}

}  // namespace

TEST_CASE("ELF cores of both classes and byte orders read back") {
    const FakeMemory memory = make_memory(100);
    for (const FakeMachine& machine : fake_machines()) {
        for (const bool extended : {false, true}) {
            CAPTURE(machine.name);
            CAPTURE(extended);
            const ElfShape shape{
                machine,
                {{"CORE", NT_PRSTATUS, filled(336, 1)}, {"VMCOREINFO", 0, text_of("OSRELEASE=6.1\n")}},
                extended,
                false};
            const auto dump = open_bytes(make_elf(segments_of(memory), shape));
            REQUIRE(dump);
            CHECK((*dump)->problems().empty());
            CHECK((*dump)->info().format == (machine.word == 8 ? "ELF vmcore" : "ELF32 vmcore"));
            CHECK((*dump)->info().max_pfn == 100);
            CHECK((*dump)->endian() == machine.endian);
            CHECK((*dump)->machine() == machine.elf);
            CHECK((*dump)->page_size() == 4096);
            CHECK((*dump)->vmcoreinfo() == "OSRELEASE=6.1\n");
            REQUIRE((*dump)->notes().size() == 2);
            CHECK((*dump)->notes()[0].name == "CORE");
            CHECK((*dump)->notes()[0].type == NT_PRSTATUS);
            CHECK((*dump)->notes()[0].desc.size() == 336);
            CHECK(compare(**dump, memory) == undamaged(memory));
        }
    }
}

TEST_CASE("the page size comes from VMCOREINFO, and nonsense there is a problem") {
    const auto with = [](std::string_view text) {
        return open_bytes(
            make_elf({{0, filled(65536, 7)}}, {fake_machines()[0], {{"VMCOREINFO", 0, text_of(text)}}}));
    };
    CHECK((*with("PAGESIZE=65536\n"))->page_size() == 65536);
    CHECK(shape_at(**with("PAGESIZE=65536\n"), 0x8123) == "0: 7x65536");
    for (const auto* nonsense : {"PAGESIZE=0\n", "PAGESIZE=4095\n", "PAGESIZE=1073741824\n"}) {
        const auto dump = with(nonsense);
        CHECK((*dump)->page_size() == 4096);
        CHECK((*dump)->problems().size() == 1);
    }
}

TEST_CASE("segments may come in any order and overlap") {
    const auto dump = open_bytes(make_elf({{0x5000, filled(0x1000, 5)},
                                           {0x2000, filled(0x2000, 2)},  // the kernel's text, say
                                           {0x1000, filled(0x4000, 1)},  // and the direct map over it
                                           {0x3000, filled(0x1000, 3)}},
                                          {}));
    REQUIRE(dump);
    CHECK(shape_at(**dump, 0x1000) == "0: 1x4096");
    CHECK(shape_at(**dump, 0x4fff) == "0: 1x4096");
    CHECK(shape_at(**dump, 0x5000) == "0: 5x4096");
    CHECK(error_at(**dump, 0x6000) == ErrorCode::NoSuchMemory);
    CHECK(error_at(**dump, 0) == ErrorCode::NoSuchMemory);
    CHECK(error_at(**dump, ~0ull) == ErrorCode::NoSuchMemory);
}

TEST_CASE("stored bytes win over the same memory left out elsewhere") {
    const auto dump =
        open_bytes(make_elf({{0x1000, filled(0x1000, 1), 0x5000}, {0x3000, filled(0x1000, 3)}}, {}));
    REQUIRE(dump);
    CHECK(shape_at(**dump, 0x1000) == "0: 1x4096");
    CHECK(error_at(**dump, 0x2000) == ErrorCode::PageExcluded);
    CHECK(shape_at(**dump, 0x3000) == "0: 3x4096");
    CHECK(error_at(**dump, 0x4000) == ErrorCode::PageExcluded);
    CHECK(error_at(**dump, 0x6000) == ErrorCode::NoSuchMemory);
}

TEST_CASE("a frame that is covered in part gives that part") {
    const auto dump = open_bytes(make_elf({{0x1400, filled(0x800, 1)},
                                           {0x2000, filled(0x300, 2)},
                                           {0x2800, filled(0x100, 3)},
                                           {0x4000, filled(0x100, 4)},
                                           {0x4100, filled(0x200, 5)},
                                           {0x4300, filled(0xd80, 6)},
                                           {0x5080, filled(0x10, 7), 0x100}},
                                          {}));
    REQUIRE(dump);
    CHECK(shape_at(**dump, 0x1400) == "1024: 1x2048");
    CHECK(shape_at(**dump, 0x1000) == "1024: 1x2048");  // none at the address itself: the next in the frame
    CHECK(error_at(**dump, 0x1fff) == ErrorCode::NoSuchMemory);
    CHECK(shape_at(**dump, 0x2000) == "0: 2x768");
    CHECK(shape_at(**dump, 0x2810) == "2048: 3x256");
    CHECK(error_at(**dump, 0x3000) == ErrorCode::NoSuchMemory);
    CHECK(shape_at(**dump, 0x4200) == "0: 4x256 5x512 6x3328");  // joined
    CHECK(shape_at(**dump, 0x5000) == "0: 6x128 7x16");
    CHECK(shape_at(**dump, 0x5085) == "0: 6x128 7x16");
    CHECK(error_at(**dump, 0x5090) == ErrorCode::PageExcluded);
    CHECK(shape_at(**dump, 0x2400) == "2048: 3x256");
}

TEST_CASE("bytes past the end of the file are missing, unless another segment has them") {
    const FakeMachine& machine = fake_machines()[0];
    Buffer file = make_elf(
        {{0x1000, filled(0x3000, 1)}, {0x10000, filled(0x3000, 2)}, {0x10000, filled(0x3000, 2)}}, {machine});
    file.resize(file.size() - 0x1800);
    auto dump = open_bytes(file);
    REQUIRE(dump);
    CHECK((*dump)->problems().size() == 1);
    CHECK(shape_at(**dump, 0x12000) == "0: 2x4096");

    file.resize(file.size() - 0x3000);
    dump = open_bytes(file);
    REQUIRE(dump);
    CHECK((*dump)->problems().size() == 1);
    CHECK(shape_at(**dump, 0x3000) == "0: 1x4096");
    CHECK(shape_at(**dump, 0x10000) == "0: 2x4096");
    CHECK(shape_at(**dump, 0x11000) == "0: 2x2048");
    CHECK(error_at(**dump, 0x11800) == ErrorCode::PageMissing);
    CHECK(error_at(**dump, 0x12000) == ErrorCode::PageMissing);
    CHECK(error_at(**dump, 0x13000) == ErrorCode::NoSuchMemory);
}

TEST_CASE("sizes that overflow are cut down, and -1 is no physical address") {
    for (const FakeMachine& machine : {fake_machines()[0], fake_machines()[2]}) {
        CAPTURE(machine.name);
        const std::uint64_t none = machine.word == 8 ? ~0ull : ~0u;
        const std::uint64_t huge = machine.word == 8 ? ~0ull : ~0u;
        const auto dump =
            open_bytes(make_elf({{0x1000, filled(0x1000, 1), huge}, {none, filled(0x1000, 9)}}, {machine}));
        REQUIRE(dump);
        CHECK(shape_at(**dump, 0x1000) == "0: 1x4096");
        CHECK(error_at(**dump, 0x2000) == ErrorCode::PageExcluded);
        CHECK(shape_at(**dump, none - 1) == "page-excluded");
    }
}

TEST_CASE("segments that all claim physical address 0 have none") {
    const auto dump = open_bytes(make_elf(
        {{0, filled(0x1000, 1), 0, 0xffff888000000000}, {0, filled(0x1000, 2), 0, 0xffffffff81000000}},
        {fake_machines()[0], {{"CORE", NT_PRSTATUS, filled(336, 0)}}}));
    REQUIRE(dump);
    REQUIRE((*dump)->problems().size() == 1);
    CHECK((*dump)->problems()[0].code == ErrorCode::Unsupported);
    CHECK(error_at(**dump, 0) == ErrorCode::NoSuchMemory);
}

TEST_CASE("the incomplete flag counts only where e_flags has no other meaning") {
    ElfShape shape;
    shape.incomplete = true;
    auto dump = open_bytes(make_elf({{0, filled(0x1000, 1)}}, shape));
    REQUIRE(dump);
    CHECK((*dump)->info().incomplete);
    CHECK((*dump)->problems().size() == 1);
    shape.machine.elf = EM_RISCV;
    dump = open_bytes(make_elf({{0, filled(0x1000, 1)}}, shape));
    REQUIRE(dump);
    CHECK_FALSE((*dump)->info().incomplete);
}

TEST_CASE("what is an ELF core and no kernel dump is refused in words") {
    const FakeMachine& machine = fake_machines()[0];
    const auto process =
        open_bytes(make_elf({{0, filled(0x1000, 1)}}, {machine, {{"CORE", NT_AUXV, filled(320, 0)}}}));
    REQUIRE_FALSE(process);
    CHECK(process.error().code == ErrorCode::Unsupported);
    CHECK(process.error().message.find("process") != std::string::npos);
    const auto nothing = open_bytes(make_elf({}, {machine}));
    REQUIRE_FALSE(nothing);
    CHECK(nothing.error().code == ErrorCode::Corrupt);
}

TEST_CASE("a program header table that lies about itself does not hurt") {
    const Buffer file = make_elf({{0x1000, filled(0x1000, 1)}}, {});
    struct Damage {
        std::size_t at;
        std::uint16_t value;
    };
    for (const Damage& damage : {Damage{56, 0},
                                 {56, 0xfffe},
                                 {56, 0xffff},
                                 {54, 0},
                                 {54, 55},
                                 {54, 0xffff},
                                 {38, 0xffff},
                                 {32, 0xffff}}) {
        CAPTURE(damage.at);
        CAPTURE(damage.value);
        Buffer broken = file;
        store(broken.data() + damage.at, damage.value, Endian::Little);
        const auto dump = open_bytes(broken);
        CHECK((dump ? !(*dump)->problems().empty() : dump.error().code == ErrorCode::Corrupt));
    }
}

}  // namespace elf_core_test
