// What gdb prints of instructions that kernels have: taken from crash 9.0.2 and the binutils on 5.10 to 7.2.
#include "arch/x86/disassembler.h"

#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"

namespace x86_disassembler_test {

using namespace postmortem;

namespace {

struct Written {
    std::string_view bytes, text;
    std::uint64_t address = 0xffffffff81000000;
};

constexpr Written in_64_bits[] = {
    {"0f1f440000", "nopl   0x0(%rax,%rax,1)"},
    {"4157", "push   %r15"},
    {"6a00", "push   $0x0"},
    {"ff742438", "push   0x38(%rsp)"},
    {"65488b042528000000", "mov    %gs:0x28,%rax"},
    {"48c7c3f2ffffff", "mov    $0xfffffffffffffff2,%rbx"},
    {"48b800f0ffffff7f0000", "movabs $0x7ffffffff000,%rax"},
    {"6625 00f0", "and    $0xf000,%ax"},
    {"48833800", "cmpq   $0x0,(%rax)"},
    {"f7454400400004", "testl  $0x4004000,0x44(%rbp)"},
    {"488b45f8", "mov    -0x8(%rbp),%rax"},
    {"8b4500", "mov    0x0(%rbp),%eax"},
    {"488d0c80", "lea    (%rax,%rax,4),%rcx"},
    {"488b04c500000000", "mov    0x0(,%rax,8),%rax"},
    {"410fb701", "movzwl (%r9),%eax"},
    {"4863d8", "movslq %eax,%rbx"},
    {"480fbe07", "movsbq (%rdi),%rax"},
    {"f348ab", "rep stos %rax,%es:(%rdi)"},
    {"f3a4", "rep movsb %ds:(%rsi),%es:(%rdi)"},
    {"f048 0fb117", "lock cmpxchg %rdx,(%rdi)"},
    {"f3c3", "repz ret"},
    {"f390", "pause"},
    {"6690", "xchg   %ax,%ax"},
    {"66662e0f1f840000000000", "data16 cs nopw 0x0(%rax,%rax,1)"},
    {"2ee8fb0f0000", "cs call 0xffffffff81001001"},
    {"e8fb0f0000", "call   0xffffffff81001000"},
    {"7402", "je     0xffffffff81000004"},
    {"ffd0", "call   *%rax"},
    {"ff24c500100081", "jmp    *-0x7efff000(,%rax,8)"},
    {"8b1510000000", "mov    0x10(%rip),%edx        # 0xffffffff81000016"},
    {"d1e0", "shl    $1,%eax"},
    {"48d3e2", "shl    %cl,%rdx"},
    {"d36708", "shll   %cl,0x8(%rdi)"},
    {"0f0b", "ud2"},
    {"0fb9cc", "ud1    %esp,%ecx"},
    {"4898", "cltq"},
    {"99", "cltd"},
    {"4899", "cqto"},
    {"ec", "in     (%dx),%al"},
    {"ee", "out    %al,(%dx)"},
    {"e671", "out    %al,$0x71"},
    {"48cf", "iretq"},
    {"480f07", "sysretq"},
    {"0f21f8", "mov    %db7,%rax"},
    {"0f00d8", "ltr    %eax"},
    {"0f01c9", "mwait  %eax,%ecx"},
    {"f3480faec0", "rdfsbase %rax"},
    {"0f01e8", "serialize"},
    {"f2480f38f101", "crc32q (%rcx),%rax"},
    {"660f3a44ef11", "pclmulhqhqdq %xmm7,%xmm5"},
    {"4887 07", "xchg   %rax,(%rdi)"},
    {"4892", "xchg   %rax,%rdx"},
    {"9c", "pushf"},
    {"06", "(bad)"},
};

constexpr Written in_32_bits[] = {
    {"55", "push   %ebp", 0xc1000000},
    {"64a100000000", "mov    %fs:0x0,%eax", 0xc1000000},
    {"8d742600", "lea    0x0(%esi,%eiz,1),%esi", 0xc1000000},
    {"e8fb0f0000", "call   0xc1001000", 0xc1000000},
    {"0f01154e3ec4c1", "lgdtl  0xc1c43e4e", 0xc1000000},
    {"ea380100c11000", "ljmp   $0x10,$0xc1000138", 0xc1000000},
    {"cf", "iret", 0xc1000000},
    {"c745f000000000", "movl   $0x0,-0x10(%ebp)", 0xc1000000},
};

void check(const Disassembler& disassembler, const Written& one) {
    std::string bytes;
    std::string digits;
    for (const char c : one.bytes)
        if (c != ' ') digits += c;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
        bytes += static_cast<char>(parse_u64(digits.substr(i, 2), 16).value());
    const auto decoded = disassembler.decode(std::as_bytes(std::span(bytes)), one.address);
    CAPTURE(one.bytes);
    CHECK(decoded.text + (decoded.target ? fmt::format("{:#x}", *decoded.target) : "") == one.text);
    if (one.text != "(bad)") CHECK(decoded.size == bytes.size());
}

}  // namespace

TEST_CASE("instructions of x86 are written as gdb writes them") {
    const auto disassembler = x86::make_disassembler_64();
    REQUIRE(disassembler);
    for (const Written& one : in_64_bits) check(*disassembler, one);
    const auto of_32_bits = x86::make_disassembler_32();
    REQUIRE(of_32_bits);
    for (const Written& one : in_32_bits) check(*of_32_bits, one);
}

TEST_CASE("any bytes are decoded to something, never beyond their end") {
    for (const auto& disassembler : {x86::make_disassembler_64(), x86::make_disassembler_32()}) {
        std::uint32_t seed = 1;
        for (int round = 0; round < 20000; ++round) {
            std::array<std::byte, Disassembler::longest_instruction> bytes;
            for (std::byte& byte : bytes)
                byte = static_cast<std::byte>((seed = seed * 1664525 + 1013904223) >> 24);
            const std::size_t size = 1 + seed % bytes.size();
            const auto decoded = disassembler->decode(Bytes(bytes).first(size), seed);
            CHECK(decoded.size >= 1);
            CHECK(decoded.size <= size);
            CHECK_FALSE(decoded.text.empty());
        }
        CHECK(disassembler->decode({}, 0).size == 0);
    }
}

TEST_CASE("what instructions are for is told") {
    const auto disassembler = x86::make_disassembler_64();
    const auto role = [&](std::string_view bytes) {
        return disassembler->decode(std::as_bytes(std::span(bytes)), 0).role;
    };
    CHECK(role("\x0f\x0b") == CodeRole::BugTrap);
    CHECK(role(std::string_view("\x0f\x1f\x44\x00\x00", 5)) == CodeRole::TraceHook);
    CHECK(role("\x90") == CodeRole::Filler);
    CHECK(role("\x66\x90") == CodeRole::Filler);
    CHECK(role("\xc3") == CodeRole::Return);
    CHECK(role("\xcc") == CodeRole::Breakpoint);
    CHECK(role("\x50") == CodeRole::Any);
}

}  // namespace x86_disassembler_test
