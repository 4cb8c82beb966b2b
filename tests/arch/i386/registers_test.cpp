// Where the three things that hold i386 registers put each, against bytes laid out by hand.
#include "arch/i386/registers.h"

#include <doctest/doctest.h>

#include "support/words.h"

namespace i386_registers_test {

using namespace postmortem;
using namespace postmortem::i386;

namespace {

test::Words<std::uint32_t> pt_regs(std::uint32_t cs, std::uint32_t flags) {
    test::Words<std::uint32_t> words(pt_regs_size);
    for (std::size_t i = 0; i < register_count; ++i) words.put(i * 4, 0x1000 + static_cast<std::uint32_t>(i));
    words.put(Cs * 4, cs);
    words.put(Flags * 4, flags);
    return words;
}

}  // namespace

TEST_CASE("struct pt_regs of a user's program") {
    const auto registers = parse_pt_regs(pt_regs(0x73, 0x202).view(), 0xc1000000);
    REQUIRE(registers);
    CHECK((*registers)[Bx] == 0x1000);
    CHECK(registers->fp() == 0x1005);
    CHECK((*registers)[OrigAx] == 0x100b);
    CHECK(registers->ip() == 0x100c);
    CHECK(registers->sp() == 0x100f);
    CHECK((*registers)[Ss] == 0x1010);
    CHECK(registers->user_mode());
    CHECK_FALSE(parse_pt_regs(pt_regs(0x73, 0).first(pt_regs_size - 1), 0));
    // A program in virtual-8086 mode has any cs.
    CHECK(parse_pt_regs(pt_regs(0x60, 0x20202).view(), 0)->user_mode());
}

TEST_CASE("of interrupted kernel code the CPU pushes no stack pointer") {
    SUBCASE("since 5.3 the entry adds it") {
        const auto registers = parse_pt_regs(pt_regs(0x20000060, 0x202).view(), 0xc1000000);
        REQUIRE(registers);
        CHECK_FALSE(registers->user_mode());
        CHECK((*registers)[Cs] == 0x60);
        CHECK(registers->sp() == 0x100f);
        CHECK(registers->knows(Ss));
    }
    SUBCASE("before, the stack goes on where the frame ends") {
        const auto registers = parse_pt_regs(pt_regs(0x60, 0x202).view(), 0xc1000000);
        REQUIRE(registers);
        CHECK(registers->sp() == 0xc1000000 + 15 * 4);
        CHECK_FALSE(registers->knows(Ss));
    }
}

TEST_CASE("the note NT_PRSTATUS of 32 bits") {
    test::Words<std::uint32_t> words(144);  // sizeof(struct elf_prstatus)
    words.put(24, 4711);
    words.put(72 + Ip * 4, 0x8048000);
    words.put(72 + Sp * 4, 0xbf000000);
    words.put(72 + Cs * 4, 0x73);
    const auto status = parse_prstatus(words.view());
    REQUIRE(status);
    CHECK(status->pid == 4711);
    CHECK(status->registers.ip() == 0x8048000);
    CHECK(status->registers.sp() == 0xbf000000);
    CHECK(status->registers.user_mode());
    CHECK_FALSE(parse_prstatus(words.first(139)));
}

TEST_CASE("QEMU's note of a 32-bit CPU") {
    test::Words<std::uint32_t> words(440);
    words.put(8, 0xa0);                        // eax
    words.put(8 + 6 * 8, 0xc1234560);          // esp
    words.put(8 + 7 * 8, 0xc1234580);          // ebp
    words.put(8 + 16 * 8, 0xc1081234);         // eip
    words.put(152, 0x60);                      // cs
    words.put(152 + 3 * 24 + 16, 0x2d000000);  // fs base
    words.put(152 + 5 * 24, 0x68);             // ss
    const auto cpu = parse_qemu_cpu(words.view());
    REQUIRE(cpu);
    CHECK(cpu->registers[Ax] == 0xa0);
    CHECK(cpu->registers.sp() == 0xc1234560);
    CHECK(cpu->registers.fp() == 0xc1234580);
    CHECK(cpu->registers.ip() == 0xc1081234);
    CHECK(cpu->registers[Ss] == 0x68);
    CHECK(cpu->per_cpu_base[0] == 0x2d000000);
    words.put(152, 0x73);
    CHECK(parse_qemu_cpu(words.view())->per_cpu_base[0] == 0);
    CHECK_FALSE(parse_qemu_cpu(words.first(200)));
}

}  // namespace i386_registers_test
