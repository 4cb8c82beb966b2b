// The three places that hold registers, against bytes laid out by hand.
#include "arch/x86_64/registers.h"

#include <doctest/doctest.h>

#include "support/words.h"

namespace x86_64_registers_test {

using namespace postmortem;
using namespace postmortem::x86_64;

TEST_CASE("struct pt_regs") {
    test::Words<std::uint64_t> words(pt_regs_size);
    for (std::size_t i = 0; i < register_count; ++i) words.put(i * 8, 0x1000 + i);
    words.put(17 * 8, 0xabcdef0033);  // cs, with what FRED keeps above it
    const auto registers = parse_pt_regs(words.view());
    REQUIRE(registers);
    CHECK((*registers)[Reg::R15] == 0x1000);
    CHECK(registers->fp() == 0x1004);
    CHECK((*registers)[Reg::OrigAx] == 0x100f);
    CHECK(registers->ip() == 0x1010);
    CHECK((*registers)[Reg::Cs] == 0x33);
    CHECK(registers->sp() == 0x1013);
    CHECK(registers->user_mode());
    CHECK_FALSE(parse_pt_regs(words.first(pt_regs_size - 1)));
}

TEST_CASE("a stack's selector keeps what no CPU puts above it") {
    const auto selector = [](std::uint64_t word) {
        test::Words<std::uint64_t> words(pt_regs_size);
        words.put(17 * 8, 0x10);
        words.put(18 * 8, 2);
        words.put(20 * 8, word);
        return (*parse_pt_regs(words.view()))[Reg::Ss];
    };
    CHECK(selector(0x18) == 0x18);
    CHECK(selector(0x2002'00ef'0004'0018) == 0x18);  // FRED: an NMI of two bytes
    CHECK(selector(0xffff8ef61dbd3e40) == 0xffff8ef61dbd3e40);
    CHECK(selector(0x2da2e07) == 0x2da2e07);
}

TEST_CASE("the five words that the CPU pushes") {
    test::Words<std::uint64_t> words(iret_frame_size);
    words.put(0, 0xffffffff81000000);
    words.put(8, 0x10);
    words.put(24, 0xffffc90000000000);
    const auto registers = parse_iret_frame(words.view());
    REQUIRE(registers);
    CHECK(registers->knows(Reg::Flags));
    CHECK_FALSE(registers->knows(Reg::Bp));
    CHECK(registers->ip() == 0xffffffff81000000);
    CHECK(registers->sp() == 0xffffc90000000000);
    CHECK_FALSE(registers->user_mode());
    CHECK_FALSE(parse_iret_frame(words.first(39)));
}

TEST_CASE("the note NT_PRSTATUS") {
    test::Words<std::uint64_t> words(336);  // sizeof(struct elf_prstatus)
    words.put<std::uint32_t>(32, 4711);
    words.put(112 + 16 * 8, 0x401000);
    words.put(112 + 19 * 8, 0x7fff1000);
    const auto status = parse_prstatus(words.view());
    REQUIRE(status);
    CHECK(status->pid == 4711);
    CHECK(status->registers.ip() == 0x401000);
    CHECK(status->registers.sp() == 0x7fff1000);
    CHECK_FALSE(parse_prstatus(words.first(200)));
}

TEST_CASE("QEMU's note of a CPU") {
    test::Words<std::uint64_t> words(440);
    words.put(8, 0xa0);                                // rax
    words.put(8 + 6 * 8, 0x5b);                        // rsp
    words.put(8 + 16 * 8, 0xffffffff81234);            // rip
    words.put<std::uint32_t>(152, 0x10);               // cs
    words.put(152 + 4 * 24 + 16, 0xffff888000000000);  // gs base
    words.put<std::uint32_t>(152 + 5 * 24, 0x18);      // ss
    words.put(432, 0x7f0000000000);                    // kernel_gs_base
    const auto cpu = parse_qemu_cpu(words.view());
    REQUIRE(cpu);
    CHECK(cpu->registers[Reg::Ax] == 0xa0);
    CHECK(cpu->registers.sp() == 0x5b);
    CHECK(cpu->registers.ip() == 0xffffffff81234);
    CHECK(cpu->registers[Reg::Cs] == 0x10);
    CHECK(cpu->registers[Reg::Ss] == 0x18);
    CHECK(cpu->gs_base == 0xffff888000000000);
    CHECK(cpu->kernel_gs_base == 0x7f0000000000);

    // Before QEMU 2.12 the note ended with cr4.
    const auto older = parse_qemu_cpu(words.first(432));
    REQUIRE(older);
    CHECK(older->kernel_gs_base == 0);
    CHECK_FALSE(parse_qemu_cpu(words.first(431)));
}

}  // namespace x86_64_registers_test
