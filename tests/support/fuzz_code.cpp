// What runs on machine code and stacks: unwinding, its tables, disassembling.
#include <array>

#include "arch/arm64/arm64.h"
#include "arch/i386/i386.h"
#include "arch/ppc64/ppc64.h"
#include "arch/riscv64/riscv64.h"
#include "arch/s390x/s390x.h"
#include "arch/x86_64/x86_64.h"
#include "kernel/unwind/frame_walker.h"
#include "kernel/unwind/orc.h"
#include "support/fake_code.h"
#include "support/fuzz_input.h"
#include "support/fuzz_memory.h"

namespace postmortem::test {

// --- ORC: how many entries, flags, four addresses, then the distances and the entries ---

namespace {

constexpr std::uint64_t orc_at = 0xffffffff82000000ull, orc_text = 0xffffffff81000000ull;
constexpr std::size_t most_orc = 1u << 16;

}  // namespace

void run_orc(Bytes input) {
    FuzzInput in(input);
    OrcTable table;
    table.count = in.take<std::uint16_t>();
    const auto flags = in.take<std::uint8_t>();
    std::array<std::uint64_t, 4> asked{};
    for (std::uint64_t& ip : asked) ip = in.take<std::uint64_t>();
    MemoryImage image;
    image.put(orc_at, in.rest().first(std::min(in.rest().size(), most_orc)));
    table.addresses = orc_at;
    table.entries = orc_at + 4ull * table.count;
    const auto numberings = x86_64::arch.code.orc_numberings;
    OrcLayout layout =
        flags & 1 ? OrcLayout::since_6_4(numberings.front()) : OrcLayout::before_6_4(numberings.back());
    if (flags & 2) layout = OrcTables::detect_layout(image.space(), table, numberings, std::nullopt);
    for (const std::uint64_t ip : asked) {
        const auto found = OrcTables::find_in(image.space(), table, layout, ip);
        promise(found || !found.error().message.empty());
    }
}

Seeds orc_seeds() {
    Seeds seeds;
    constexpr std::uint16_t count = 64;
    for (std::uint8_t flags = 0; flags < 3; ++flags) {
        FuzzSeed seed;
        seed.put(count).put(flags);
        for (const std::uint64_t ip : {orc_text, orc_text + 0x105, orc_text + 0x3ff, orc_text - 1})
            seed.put<std::uint64_t>(ip);
        for (std::uint32_t i = 0; i < count; ++i)
            seed.put(static_cast<std::int32_t>(orc_text + 16 * i - (orc_at + 4 * i)));
        for (std::uint32_t i = 0; i < count; ++i)
            seed.put(static_cast<std::int16_t>(8 * i))
                .put(std::int16_t{-16})
                .put(std::uint8_t{0x15})
                .put(std::uint8_t{2});
        seeds.push_back(seed.take());
    }
    return seeds;
}

// --- unwinding: flags, eight unwind entries, registers, code, and what lies at the end of a stack ---

namespace {

constexpr std::array<const Arch*, 6> arches = {&x86_64::arch, &arm64::arch, &riscv64::arch,
                                               &i386::arch,   &s390x::arch, &ppc64::arch};
constexpr std::size_t functions_made = 8;

// As functions and stacks lie in FakeCode.
constexpr std::uint64_t unwind_text = FakeCode::text, first_stack = 0xffffc90000000000ull;

void add_functions(FakeCode& code, FuzzInput& in) {
    const OrcLayout layout = OrcLayout::since_6_4(x86_64::arch.code.orc_numberings.front());
    for (std::size_t i = 0; i < functions_made; ++i) {
        const std::uint64_t raw = in.take<std::uint32_t>() | std::uint64_t{in.take<std::uint16_t>()} << 32;
        if (code.tables)
            code.function("f" + std::to_string(i), layout.decode(raw));
        else
            code.function("f" + std::to_string(i), fail(ErrorCode::NotFound, "there are no tables"));
    }
}

Registers take_registers(const Arch& arch, FuzzInput& in) {
    Registers registers(*arch.registers);
    for (std::size_t i = 0; i < arch.registers->names.size(); ++i) registers.set(i, in.take<std::uint64_t>());
    return registers;
}

void put_at_end(MemoryImage& image, const StackRange& stack, Bytes content) {
    const Bytes most = content.first(std::min<std::size_t>(content.size(), FakeCode::stack_size));
    image.put(stack.high - most.size(), most);
}

}  // namespace

void run_unwind(Bytes input) {
    FuzzInput in(input);
    const auto flags = in.take<std::uint8_t>();
    FakeCode code;
    code.arch = arches[flags % arches.size()];
    code.tables = code.arch == &x86_64::arch && (flags & 4) == 0;
    code.signature = flags & 8 && code.arch->code.signed_addresses.strip ? 0xff7f000000000000ull : 0;
    if (flags & 16) code.hooks["f7"] = flags & 32 ? unwind_text + 0x105 : 0;
    add_functions(code, in);
    const Registers registers = take_registers(*code.arch, in);
    code.image.put(unwind_text,
                   in.take_bytes(in.take<std::uint16_t>() % (functions_made * FakeCode::function_size)));
    const StackRange task = code.add_stack(StackKind::Task), other = code.add_stack(StackKind::Irq);
    put_at_end(code.image, other, in.take_bytes(in.take<std::uint16_t>() % FakeCode::stack_size));
    put_at_end(code.image, task, in.rest());

    const CodeMap map(*code.arch, code.image.space(), code);
    FrameWalker walker(map);
    RawBacktrace trace;
    walker.walk(UnwindPosition::from_registers(registers), code.stacks, (flags & 64) != 0, trace);
    promise(trace.frames.size() < FakeCode::stack_size && trace.end != BacktraceEnd::None);
}

namespace {

// Calls from each function into the next; the stack holds the return addresses and what frame pointers need.
std::vector<std::byte> unwind_seed(std::uint8_t flags) {
    const Arch& arch = *arches[flags % arches.size()];
    FuzzSeed seed;
    seed.put(flags);
    for (std::size_t i = 0; i < functions_made; ++i)
        seed.put(static_cast<std::int16_t>(i == 7 ? 0 : 16))
            .put(std::int16_t{-16})
            .put(std::uint8_t{0x15})
            .put(static_cast<std::uint8_t>(i == 7   ? 1
                                           : i == 3 ? 3
                                                    : 2));
    constexpr std::uint64_t words = 64, bottom = first_stack + FakeCode::stack_size - words * 8;
    for (std::size_t i = 0; i < arch.registers->names.size(); ++i)
        seed.put<std::uint64_t>(i == arch.registers->ip   ? unwind_text + 0x10
                                : i == arch.registers->sp ? bottom
                                : i == arch.registers->fp ? bottom + 16
                                                          : 0x10);
    std::vector<std::byte> code(functions_made * FakeCode::function_size);
    for (std::size_t i = 0; i + 1 < functions_made; ++i)
        code[i * FakeCode::function_size + 0x100] = std::byte{0xe8};
    seed.put(static_cast<std::uint16_t>(code.size() - 1)).add(Bytes(code).first(code.size() - 1));
    seed.put<std::uint16_t>(0);
    for (std::uint64_t i = 0; i < words; ++i)
        seed.put<std::uint64_t>(i % 2 ? unwind_text + (i / 2 % 8) * 0x100 + 5 : bottom + (i + 2) * 8);
    return seed.take();
}

}  // namespace

Seeds unwind_seeds() {
    Seeds seeds;
    for (const std::uint8_t flags : std::array<std::uint8_t, 8>{0, 4, 1, 2, 3, 1 | 8, 64, 16 | 32})
        seeds.push_back(unwind_seed(flags));
    return seeds;
}

// --- machine code: which architecture, and code ---

namespace {

void disassemble(const Disassembler& disassembler, Bytes code) {
    std::uint64_t address = unwind_text;
    while (!code.empty()) {
        const DecodedInstruction decoded = disassembler.decode(code, address);
        promise(decoded.size <= code.size() && decoded.size <= Disassembler::longest_instruction);
        if (decoded.size == 0) return;
        promise(!decoded.text.empty());
        code = code.subspan(decoded.size);
        address += decoded.size;
    }
}

void look_for_calls(const Arch& arch, Bytes code) {
    const CallSites& calls = arch.code.calls;
    for (std::size_t end = calls.longest; end <= std::min<std::size_t>(code.size(), 256); ++end) {
        (void)calls.ends_in_call(code.subspan(end - calls.longest, calls.longest), Endian::Little);
        if (end >= calls.direct_size && calls.direct_target)
            (void)calls.direct_target(code.subspan(end - calls.direct_size, calls.direct_size),
                                      Endian::Little, unwind_text + end);
        if (arch.code.has_frame) (void)arch.code.has_frame(code.first(end), Endian::Little);
        if (arch.code.keeps_link) (void)arch.code.keeps_link(code.first(end), Endian::Little);
    }
    if (calls.reaches) (void)calls.reaches(code, Endian::Little, unwind_text, unwind_text + 0x40);
}

}  // namespace

void run_code(Bytes input) {
    FuzzInput in(input);
    const Arch& arch = *arches[in.take<std::uint8_t>() % arches.size()];
    for (const Endian order : {Endian::Little, Endian::Big})
        if (const auto disassembler = arch.disassembler(order)) disassemble(*disassembler, in.rest());
    look_for_calls(arch, in.rest());
}

Seeds code_seeds() {
    constexpr std::array<std::uint8_t, 24> x86 = {0x55, 0x48, 0x89, 0xe5, 0xe8, 0x00, 0x01, 0x00,
                                                  0x00, 0xff, 0xd0, 0x0f, 0x0b, 0x62, 0xf1, 0x7c,
                                                  0x48, 0x10, 0x00, 0xc4, 0xe2, 0x79, 0x18, 0xc3};
    constexpr std::array<std::uint32_t, 4> arm = {0xa9be7bfd, 0x910003fd, 0x94000010, 0xd65f03c0};
    constexpr std::array<std::uint32_t, 5> riscv = {0xfe010113, 0x00113c23, 0x00813823, 0x02010413,
                                                    0x100000ef};
    constexpr std::array<std::uint8_t, 20> s390 = {0xeb, 0x6f, 0xf0, 0x48, 0x00, 0x24, 0xe3,
                                                   0xf0, 0xff, 0x58, 0xff, 0x71, 0xc0, 0xe5,
                                                   0x00, 0x00, 0x00, 0x10, 0x07, 0xfe};
    constexpr std::array<std::uint32_t, 5> power = {0x7c0802a6, 0xf8010010, 0xf821ff91, 0x48000041,
                                                    0x4e800020};
    Seeds seeds;
    for (const std::uint8_t kind : std::array<std::uint8_t, 2>{0, 3})
        seeds.push_back(FuzzSeed().put(kind).add(std::as_bytes(std::span(x86))).take());
    seeds.push_back(FuzzSeed().put<std::uint8_t>(1).add(std::as_bytes(std::span(arm))).take());
    seeds.push_back(FuzzSeed().put<std::uint8_t>(2).add(std::as_bytes(std::span(riscv))).take());
    seeds.push_back(FuzzSeed().put<std::uint8_t>(4).add(std::as_bytes(std::span(s390))).take());
    seeds.push_back(FuzzSeed().put<std::uint8_t>(5).add(std::as_bytes(std::span(power))).take());
    return seeds;
}

}  // namespace postmortem::test
