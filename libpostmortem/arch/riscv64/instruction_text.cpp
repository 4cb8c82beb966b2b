#include "arch/riscv64/instruction_text.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

namespace postmortem::riscv64 {
namespace {

constexpr std::array<std::string_view, 32> general = {
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
    "a6",   "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
constexpr std::array<std::string_view, 32> floating = {
    "ft0", "ft1", "ft2", "ft3", "ft4",  "ft5",  "ft6", "ft7", "fs0",  "fs1", "fa0",
    "fa1", "fa2", "fa3", "fa4", "fa5",  "fa6",  "fa7", "fs2", "fs3",  "fs4", "fs5",
    "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11"};

struct ControlRegister {
    std::uint32_t number;
    std::string_view name;
};
constexpr ControlRegister control_registers[] = {
    {0x001, "fflags"},     {0x002, "frm"},        {0x003, "fcsr"},     {0x008, "vstart"},
    {0x00f, "vcsr"},       {0x100, "sstatus"},    {0x104, "sie"},      {0x105, "stvec"},
    {0x106, "scounteren"}, {0x10a, "senvcfg"},    {0x140, "sscratch"}, {0x141, "sepc"},
    {0x142, "scause"},     {0x143, "stval"},      {0x144, "sip"},      {0x14d, "stimecmp"},
    {0x150, "siselect"},   {0x151, "sireg"},      {0x15c, "stopei"},   {0xdb0, "stopi"},
    {0x180, "satp"},       {0xc00, "cycle"},      {0xc01, "time"},     {0xc02, "instret"},
    {0xc20, "vl"},         {0xc21, "vtype"},      {0xc22, "vlenb"},    {0xda0, "scountovf"},
    {0x600, "hstatus"},    {0x602, "hedeleg"},    {0x603, "hideleg"},  {0x604, "hie"},
    {0x605, "htimedelta"}, {0x606, "hcounteren"}, {0x607, "hgeie"},    {0x60a, "henvcfg"},
    {0x643, "htval"},      {0x644, "hip"},        {0x645, "hvip"},     {0x64a, "htinst"},
    {0x680, "hgatp"},      {0xe12, "hgeip"},      {0x200, "vsstatus"}, {0x204, "vsie"},
    {0x205, "vstvec"},     {0x240, "vsscratch"},  {0x241, "vsepc"},    {0x242, "vscause"},
    {0x243, "vstval"},     {0x244, "vsip"},       {0x280, "vsatp"},
};

std::string control_name(std::uint32_t number) {
    for (const auto& one : control_registers)
        if (one.number == number) return std::string(one.name);
    return fmt::format("{:#x}", number);
}

// The registers and numbers of an instruction, where its form has them.
class Word {
  public:
    explicit Word(std::uint32_t word) : word_(word) {}

    std::uint32_t bits(unsigned low, unsigned count) const { return word_ >> low & ((1u << count) - 1); }
    std::uint32_t opcode() const { return bits(0, 7); }
    std::uint32_t function() const { return bits(12, 3); }
    std::uint32_t upper_function() const { return bits(25, 7); }
    std::uint32_t rd() const { return bits(7, 5); }
    std::uint32_t rs1() const { return bits(15, 5); }
    std::uint32_t rs2() const { return bits(20, 5); }
    std::string_view d() const { return general[rd()]; }
    std::string_view s() const { return general[rs1()]; }
    std::string_view t() const { return general[rs2()]; }
    std::uint32_t whole() const { return word_; }

    std::int32_t immediate() const { return static_cast<std::int32_t>(word_) >> 20; }
    std::int32_t store_offset() const {
        return (static_cast<std::int32_t>(word_) >> 25) * 32 + static_cast<std::int32_t>(rd());
    }
    std::int64_t branch_distance() const {
        return (static_cast<std::int32_t>(word_ & 0x80000000) >> 19) |
               static_cast<std::int32_t>(bits(7, 1) << 11 | bits(25, 6) << 5 | bits(8, 4) << 1);
    }
    std::int64_t jump_distance() const {
        return (static_cast<std::int32_t>(word_ & 0x80000000) >> 11) |
               static_cast<std::int32_t>(bits(12, 8) << 12 | bits(20, 1) << 11 | bits(21, 10) << 1);
    }

  private:
    std::uint32_t word_;
};

DecodedInstruction plain(std::string text, CodeRole role = CodeRole::Any) {
    return {4, std::move(text), {}, role, {}};
}

DecodedInstruction none() {
    return plain("");
}

DecodedInstruction to_place(std::string text, std::uint64_t address, std::int64_t distance) {
    return {4, std::move(text), address + static_cast<std::uint64_t>(distance), CodeRole::Any, {}};
}

template <std::size_t n>
std::string_view chosen(const std::array<std::string_view, n>& names, std::uint32_t index) {
    return index < n ? names[index] : std::string_view();
}

DecodedInstruction jump_text(const Word& w, std::uint64_t address) {
    const std::string text = w.rd() == 0 ? "j\t" : fmt::format("jal\t{},", w.d());
    return to_place(text, address, w.jump_distance());
}

DecodedInstruction indirect_text(const Word& w) {
    if (w.function() != 0) return none();
    constexpr std::uint32_t return_register = 1;
    const std::string place =
        w.immediate() == 0 ? std::string(w.s()) : fmt::format("{}({})", w.immediate(), w.s());
    if (w.rd() == 0 && w.rs1() == return_register && w.immediate() == 0)
        return plain("ret", CodeRole::Return);
    if (w.rd() == 0) return plain("jr\t" + place);
    if (w.rd() == return_register) return plain("jalr\t" + place);
    return plain(fmt::format("jalr\t{},{}", w.d(), place));
}

DecodedInstruction branch_text(const Word& w, std::uint64_t address) {
    constexpr std::array<std::string_view, 8> names = {"beq", "bne", "", "", "blt", "bge", "bltu", "bgeu"};
    const std::uint32_t kind = w.function();
    if (names[kind].empty()) return none();
    std::string text = fmt::format("{}\t{},{},", names[kind], w.s(), w.t());
    constexpr std::uint32_t last_with_zero = 5;
    if (w.rs2() == 0 && kind <= last_with_zero)
        text = fmt::format("{}z\t{},", names[kind], w.s());
    else if (w.rs1() == 0 && (kind == 4 || kind == 5))
        text = fmt::format("{}\t{},", kind == 4 ? "bgtz" : "blez", w.t());
    return to_place(std::move(text), address, w.branch_distance());
}

DecodedInstruction load_text(const Word& w) {
    constexpr std::array<std::string_view, 7> names = {"lb", "lh", "lw", "ld", "lbu", "lhu", "lwu"};
    const auto name = chosen(names, w.function());
    if (name.empty()) return none();
    return plain(fmt::format("{}\t{},{}({})", name, w.d(), w.immediate(), w.s()));
}

DecodedInstruction store_text(const Word& w) {
    constexpr std::array<std::string_view, 4> names = {"sb", "sh", "sw", "sd"};
    const auto name = chosen(names, w.function());
    if (name.empty()) return none();
    return plain(fmt::format("{}\t{},{}({})", name, w.t(), w.store_offset(), w.s()));
}

DecodedInstruction floating_memory_text(const Word& w, bool stores) {
    constexpr std::array<std::string_view, 5> suffixes = {"", "h", "w", "d", "q"};
    const auto suffix = chosen(suffixes, w.function());
    if (suffix.empty()) return none();
    if (stores)
        return plain(fmt::format("fs{}\t{},{}({})", suffix, floating[w.rs2()], w.store_offset(), w.s()));
    return plain(fmt::format("fl{}\t{},{}({})", suffix, floating[w.rd()], w.immediate(), w.s()));
}

// Those that only move bits between the two kinds of registers.
DecodedInstruction floating_text(const Word& w) {
    if (w.function() != 0 || w.rs2() != 0) return none();
    switch (w.upper_function()) {
        case 0x70: return plain(fmt::format("fmv.x.w\t{},{}", w.d(), floating[w.rs1()]));
        case 0x71: return plain(fmt::format("fmv.x.d\t{},{}", w.d(), floating[w.rs1()]));
        case 0x78: return plain(fmt::format("fmv.w.x\t{},{}", floating[w.rd()], w.s()));
        case 0x79: return plain(fmt::format("fmv.d.x\t{},{}", floating[w.rd()], w.s()));
        default: return none();
    }
}

// Zbb: what counts or turns bits of one register.
std::string_view unary_name(const Word& w, bool narrow) {
    const auto selector = static_cast<std::uint32_t>(w.immediate()) & 0xfff;
    if (w.function() == 1) {
        constexpr std::array<std::string_view, 6> wide = {"clz", "ctz", "cpop", "", "sext.b", "sext.h"};
        constexpr std::array<std::string_view, 3> of_32 = {"clzw", "ctzw", "cpopw"};
        if (selector < 0x600) return {};
        return narrow ? chosen(of_32, selector - 0x600) : chosen(wide, selector - 0x600);
    }
    if (narrow || w.function() != 5) return {};
    return selector == 0x6b8 ? "rev8" : selector == 0x287 ? "orc.b" : "";
}

DecodedInstruction shift_text(const Word& w, bool narrow) {
    if (const auto name = unary_name(w, narrow); !name.empty())
        return plain(fmt::format("{}\t{},{}", name, w.d(), w.s()));
    const unsigned width = narrow ? 5 : 6;
    const std::uint32_t kind = w.bits(20 + width, 12 - width) << (width - 5);
    std::string_view name;
    if (w.function() == 1)
        name = kind == 0 ? "slli" : "";
    else
        name = kind == 0 ? "srli" : kind == 0x20 ? "srai" : kind == 0x30 ? "rori" : "";
    if (name.empty()) return none();
    return plain(fmt::format("{}{}\t{},{},{:#x}", name, narrow ? "w" : "", w.d(), w.s(), w.bits(20, width)));
}

DecodedInstruction immediate_text(const Word& w) {
    constexpr std::array<std::string_view, 8> names = {"addi", "", "slti", "sltiu",
                                                       "xori", "", "ori",  "andi"};
    const std::uint32_t kind = w.function();
    const std::int32_t value = w.immediate();
    if (names[kind].empty()) return shift_text(w, false);
    if (w.whole() == 0x13) return plain("nop", CodeRole::Filler);
    if (kind == 0 && w.rs1() == 0) return plain(fmt::format("li\t{},{}", w.d(), value));
    if (kind == 0 && value == 0) return plain(fmt::format("mv\t{},{}", w.d(), w.s()));
    if (kind == 3 && value == 1) return plain(fmt::format("seqz\t{},{}", w.d(), w.s()));
    if (kind == 4 && value == -1) return plain(fmt::format("not\t{},{}", w.d(), w.s()));
    if (kind == 7 && value == 255) return plain(fmt::format("zext.b\t{},{}", w.d(), w.s()));
    return plain(fmt::format("{}\t{},{},{}", names[kind], w.d(), w.s(), value));
}

DecodedInstruction immediate_32_text(const Word& w) {
    if (w.function() != 0) return w.function() == 1 || w.function() == 5 ? shift_text(w, true) : none();
    if (w.immediate() == 0) return plain(fmt::format("sext.w\t{},{}", w.d(), w.s()));
    return plain(fmt::format("addiw\t{},{},{}", w.d(), w.s(), w.immediate()));
}

std::string_view operation_name(const Word& w) {
    using Names = std::array<std::string_view, 8>;
    constexpr Names base = {"add", "sll", "slt", "sltu", "xor", "srl", "or", "and"};
    constexpr Names multiply = {"mul", "mulh", "mulhsu", "mulhu", "div", "divu", "rem", "remu"};
    constexpr Names alternate = {"sub", "", "", "", "xnor", "sra", "orn", "andn"};
    constexpr Names extremes = {"", "clmul", "clmulr", "clmulh", "min", "minu", "max", "maxu"};
    constexpr Names rotate = {"", "rol", "", "", "", "ror", "", ""};
    constexpr Names shift_add = {"", "", "sh1add", "", "sh2add", "", "sh3add", ""};
    constexpr Names conditional = {"", "", "", "", "", "czero.eqz", "", "czero.nez"};
    switch (w.upper_function()) {
        case 0x00: return base[w.function()];
        case 0x01: return multiply[w.function()];
        case 0x05: return extremes[w.function()];
        case 0x07: return conditional[w.function()];
        case 0x10: return shift_add[w.function()];
        case 0x20: return alternate[w.function()];
        case 0x30: return rotate[w.function()];
        default: return {};
    }
}

DecodedInstruction operation_text(const Word& w) {
    const auto name = operation_name(w);
    if (name.empty()) return none();
    if (name == "sub" && w.rs1() == 0) return plain(fmt::format("neg\t{},{}", w.d(), w.t()));
    if (name == "sltu" && w.rs1() == 0) return plain(fmt::format("snez\t{},{}", w.d(), w.t()));
    if (name == "slt" && w.rs2() == 0) return plain(fmt::format("sltz\t{},{}", w.d(), w.s()));
    if (name == "slt" && w.rs1() == 0) return plain(fmt::format("sgtz\t{},{}", w.d(), w.t()));
    return plain(fmt::format("{}\t{},{},{}", name, w.d(), w.s(), w.t()));
}

DecodedInstruction operation_32_text(const Word& w) {
    using Names = std::array<std::string_view, 8>;
    constexpr Names base = {"addw", "sllw", "", "", "", "srlw", "", ""};
    constexpr Names multiply = {"mulw", "", "", "", "divw", "divuw", "remw", "remuw"};
    constexpr Names alternate = {"subw", "", "", "", "", "sraw", "", ""};
    constexpr Names rotate = {"", "rolw", "", "", "", "rorw", "", ""};
    std::string_view name;
    switch (w.upper_function()) {
        case 0x00: name = base[w.function()]; break;
        case 0x01: name = multiply[w.function()]; break;
        case 0x04: name = w.function() == 4 && w.rs2() == 0 ? "zext.h" : ""; break;
        case 0x20: name = alternate[w.function()]; break;
        case 0x30: name = rotate[w.function()]; break;
        default: break;
    }
    if (name.empty()) return none();
    if (name == "zext.h") return plain(fmt::format("zext.h\t{},{}", w.d(), w.s()));
    if (name == "subw" && w.rs1() == 0) return plain(fmt::format("negw\t{},{}", w.d(), w.t()));
    return plain(fmt::format("{}\t{},{},{}", name, w.d(), w.s(), w.t()));
}

DecodedInstruction atomic_text(const Word& w) {
    std::string_view name;
    const std::uint32_t kind = w.bits(27, 5);
    switch (kind) {
        case 0x00: name = "amoadd"; break;
        case 0x01: name = "amoswap"; break;
        case 0x02: name = "lr"; break;
        case 0x03: name = "sc"; break;
        case 0x04: name = "amoxor"; break;
        case 0x08: name = "amoor"; break;
        case 0x0c: name = "amoand"; break;
        case 0x10: name = "amomin"; break;
        case 0x14: name = "amomax"; break;
        case 0x18: name = "amominu"; break;
        case 0x1c: name = "amomaxu"; break;
        default: return none();
    }
    if (w.function() != 2 && w.function() != 3) return none();
    constexpr std::array<std::string_view, 4> orders = {"", ".rl", ".aq", ".aqrl"};
    const std::string head =
        fmt::format("{}.{}{}", name, w.function() == 2 ? 'w' : 'd', orders[w.bits(25, 2)]);
    if (kind != 0x02) return plain(fmt::format("{}\t{},{},({})", head, w.d(), w.t(), w.s()));
    return w.rs2() == 0 ? plain(fmt::format("{}\t{},({})", head, w.d(), w.s())) : none();
}

std::string fence_set(std::uint32_t bits) {
    std::string set;
    for (unsigned i = 0; i < 4; ++i)
        if (bits >> (3 - i) & 1) set += "iorw"[i];
    return set.empty() ? "unknown" : set;
}

DecodedInstruction fence_text(const Word& w) {
    constexpr std::array<std::string_view, 5> cache = {"cbo.inval", "cbo.clean", "cbo.flush", "", "cbo.zero"};
    if (w.whole() == 0x0100000f) return plain("pause");
    if (w.whole() == 0x0000100f) return plain("fence.i");
    if (w.function() == 2 && w.rd() == 0) {
        const auto name = chosen(cache, static_cast<std::uint32_t>(w.immediate()) & 0xfff);
        return name.empty() ? none() : plain(fmt::format("{}\t({})", name, w.s()));
    }
    if (w.function() != 0 || w.rd() != 0 || w.rs1() != 0) return none();
    if (w.whole() == 0x8330000f) return plain("fence.tso");
    if (w.bits(28, 4) != 0) return none();
    if (w.whole() == 0x0ff0000f) return plain("fence");
    return plain(fmt::format("fence\t{},{}", fence_set(w.bits(24, 4)), fence_set(w.bits(20, 4))));
}

DecodedInstruction control_text(const Word& w) {
    const std::uint32_t number = w.bits(20, 12), kind = w.function();
    const std::string csr = control_name(number);
    constexpr std::array<std::string_view, 3> clocks = {"rdcycle", "rdtime", "rdinstret"};
    constexpr std::array<std::string_view, 4> floats = {"", "fflags", "rm", "csr"};
    const bool reads = kind == 2 && w.rs1() == 0, writes = kind == 1;
    if (reads && number >= 0xc00 && number <= 0xc02)
        return plain(fmt::format("{}\t{}", clocks[number - 0xc00], w.d()));
    if (reads && number >= 1 && number <= 3) {
        const std::string_view rest = number == 1 ? "flags" : floats[number];
        return plain(fmt::format("fr{}\t{}", rest, w.d()));
    }
    if (writes && number >= 1 && number <= 3) {
        const std::string_view rest = number == 1 ? "flags" : floats[number];
        return plain(w.rd() == 0 ? fmt::format("fs{}\t{}", rest, w.s())
                                 : fmt::format("fs{}\t{},{}", rest, w.d(), w.s()));
    }
    constexpr std::array<std::string_view, 8> names = {"", "csrrw",  "csrrs",  "csrrc",
                                                       "", "csrrwi", "csrrsi", "csrrci"};
    constexpr std::array<std::string_view, 8> without_old = {"", "w", "s", "c", "", "wi", "si", "ci"};
    const std::string source = kind > 4 ? fmt::format("{}", w.rs1()) : std::string(w.s());
    if (reads) return plain(fmt::format("csrr\t{},{}", w.d(), csr));
    if (w.rd() == 0) return plain(fmt::format("csr{}\t{},{}", without_old[kind], csr, source));
    return plain(fmt::format("{}\t{},{},{}", names[kind], w.d(), csr, source));
}

std::string two_operands(std::string_view name, const Word& w) {
    if (w.rs1() == 0 && w.rs2() == 0) return std::string(name);
    if (w.rs2() == 0) return fmt::format("{}\t{}", name, w.s());
    return fmt::format("{}\t{},{}", name, w.s(), w.t());
}

DecodedInstruction system_text(const Word& w) {
    if (w.function() != 0) return w.function() != 4 ? control_text(w) : none();
    switch (w.whole()) {
        case 0x00000073: return plain("ecall");
        case 0x00100073: return plain("ebreak", CodeRole::BugTrap);
        case 0x10200073: return plain("sret");
        case 0x30200073: return plain("mret");
        case 0x10500073: return plain("wfi");
        case 0x00d00073: return plain("wrs.nto");
        case 0x01d00073: return plain("wrs.sto");
        case 0x18000073: return plain("sfence.w.inval");
        case 0x18100073: return plain("sfence.inval.ir");
        default: break;
    }
    if (w.rd() != 0) return none();
    switch (w.upper_function()) {
        case 0x09: return plain(two_operands("sfence.vma", w));
        case 0x0b: return plain(fmt::format("sinval.vma\t{},{}", w.s(), w.t()));
        case 0x11: return plain(two_operands("hfence.vvma", w));
        case 0x31: return plain(two_operands("hfence.gvma", w));
        default: return none();
    }
}

}  // namespace

DecodedInstruction instruction_text(std::uint32_t word, std::uint64_t address) {
    const Word w(word);
    switch (w.opcode()) {
        case 0x03: return load_text(w);
        case 0x07: return floating_memory_text(w, false);
        case 0x0f: return fence_text(w);
        case 0x13: return immediate_text(w);
        case 0x17: return plain(fmt::format("auipc\t{},{:#x}", w.d(), w.bits(12, 20)));
        case 0x1b: return immediate_32_text(w);
        case 0x23: return store_text(w);
        case 0x27: return floating_memory_text(w, true);
        case 0x2f: return atomic_text(w);
        case 0x33: return operation_text(w);
        case 0x37: return plain(fmt::format("lui\t{},{:#x}", w.d(), w.bits(12, 20)));
        case 0x3b: return operation_32_text(w);
        case 0x53: return floating_text(w);
        case 0x63: return branch_text(w, address);
        case 0x67: return indirect_text(w);
        case 0x6f: return jump_text(w, address);
        case 0x73: return system_text(w);
        default: return none();
    }
}

}  // namespace postmortem::riscv64
