#include "arch/ppc64/disassembler.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "arch/capstone.h"
#include "base/text.h"

namespace postmortem::ppc64 {
namespace {

constexpr std::uint32_t instruction_bytes = 4;

// Power ISA, Book I, "Instruction Formats", from the highest bit, which is 0.
struct Word {
    std::uint32_t value;
    unsigned field(unsigned first, unsigned bits) const {
        return value >> (32 - first - bits) & ((1u << bits) - 1);
    }
    unsigned opcode() const { return field(0, 6); }
    unsigned extended() const { return field(21, 10); }
    unsigned rs() const { return field(6, 5); }
    unsigned ra() const { return field(11, 5); }
    unsigned rb() const { return field(16, 5); }
    const char* dot() const { return (value & 1) != 0 ? "." : ""; }
};

// Special-purpose registers that have instructions of their own to the binutils.
struct SpecialRegister {
    unsigned number;
    const char* name;
};
constexpr std::array special_registers = {
    SpecialRegister{13, "uamr"},   SpecialRegister{17, "dscr"},    SpecialRegister{18, "dsisr"},
    SpecialRegister{19, "dar"},    SpecialRegister{22, "dec"},     SpecialRegister{25, "sdr1"},
    SpecialRegister{26, "srr0"},   SpecialRegister{27, "srr1"},    SpecialRegister{28, "cfar"},
    SpecialRegister{29, "amr"},    SpecialRegister{48, "pidr"},    SpecialRegister{61, "iamr"},
    SpecialRegister{153, "fscr"},  SpecialRegister{157, "uamor"},  SpecialRegister{159, "pspb"},
    SpecialRegister{176, "dpdes"}, SpecialRegister{180, "dawr0"},  SpecialRegister{186, "rpr"},
    SpecialRegister{187, "ciabr"}, SpecialRegister{188, "dawrx0"}, SpecialRegister{190, "hfscr"},
    SpecialRegister{268, "tb"},    SpecialRegister{304, "hsprg0"}, SpecialRegister{305, "hsprg1"},
    SpecialRegister{306, "hdisr"}, SpecialRegister{307, "hdar"},   SpecialRegister{308, "spurr"},
    SpecialRegister{309, "purr"},  SpecialRegister{310, "hdec"},   SpecialRegister{314, "hsrr0"},
    SpecialRegister{315, "hsrr1"}, SpecialRegister{318, "lpcr"},   SpecialRegister{319, "lpidr"},
    SpecialRegister{338, "pcr"},   SpecialRegister{349, "amor"},   SpecialRegister{464, "ptcr"},
    SpecialRegister{786, "mmcra"}, SpecialRegister{795, "mmcr0"},  SpecialRegister{798, "mmcr1"},
    SpecialRegister{815, "tar"},   SpecialRegister{896, "ppr"},
};

std::string special_register(const Word& word) {
    const unsigned number = word.ra() | word.rb() << 5;
    const bool reads = word.extended() == 339;
    constexpr unsigned first_general = 272, generals = 8;  // SPRG0 and on
    if (number >= first_general && number < first_general + generals) {
        const unsigned which = number - first_general;
        return reads ? fmt::format("mfsprg r{},{}", word.rs(), which)
                     : fmt::format("mtsprg {},r{}", which, word.rs());
    }
    // These have other numbers to read them by.
    constexpr unsigned first_monitor = 784, last_monitor = 799;
    if (reads && number >= first_monitor && number <= last_monitor) return {};
    const auto known = std::find_if(special_registers.begin(), special_registers.end(),
                                    [number](const SpecialRegister& one) { return one.number == number; });
    if (known == special_registers.end()) return {};
    return fmt::format("{}{} r{}", reads ? "mf" : "mt", known->name, word.rs());
}

// What the binutils write in place of an instruction's general form, where Capstone keeps that.
std::string rotation(const Word& word) {
    const unsigned shift = word.rb() | word.field(30, 1) << 5;
    const unsigned edge = word.field(21, 5) | word.field(26, 1) << 5;
    const std::string operands = fmt::format("r{},r{},", word.ra(), word.rs());
    const unsigned kind = word.field(27, 3);
    if (kind == 0 && shift != 0 && shift + edge == 64)
        return fmt::format("srdi{} {}{}", word.dot(), operands, edge);
    if (kind == 1 && shift == 0 && edge != 63)
        return fmt::format("clrrdi{} {}{}", word.dot(), operands, 63 - edge);
    if (kind == 1 && shift != 0 && edge == 63 - shift)
        return fmt::format("sldi{} {}{}", word.dot(), operands, shift);
    return {};
}

// "4*cr7+so"
std::string condition_bit(unsigned bit) {
    constexpr const char* of_field[] = {"lt", "gt", "eq", "so"};
    return bit < 4 ? of_field[bit] : fmt::format("4*cr{}+{}", bit / 4, of_field[bit % 4]);
}

// Branches that Capstone takes for others, up to the target: those that are always taken and leave the way
// back, and those by the count register that count it.
std::string general_branch(const Word& word) {
    constexpr unsigned taken_always = 20, does_not_count = 4, to_count_register = 528;
    const std::string operands = fmt::format("{},{}", word.rs(), condition_bit(word.ra()));
    if (word.opcode() == 16 && (word.rs() & taken_always) == taken_always && (word.value & 1) != 0)
        return fmt::format("bcl     {},", operands);
    const bool by_count = word.opcode() == 19 && word.extended() == to_count_register;
    if (by_count && (word.rs() & does_not_count) == 0)
        return fmt::format("{:<7} {}", (word.value & 1) != 0 ? "bcctrl" : "bcctr", operands);
    return {};
}

std::string simpler_form(const Word& word) {
    const std::string two_registers = fmt::format("r{},r{}", word.ra(), word.rs());
    if (word.opcode() == 30) return rotation(word);
    if (word.opcode() == 21 && word.rb() == 0 && word.field(21, 5) == 0 && word.field(26, 5) < 31)
        return fmt::format("clrrwi{} {},{}", word.dot(), two_registers, 31 - word.field(26, 5));
    if (word.opcode() != 31) return {};
    switch (word.extended()) {
        case 26: return fmt::format("cntlzw{} {}", word.dot(), two_registers);
        case 124: return word.rs() == word.rb() ? fmt::format("not{} {}", word.dot(), two_registers) : "";
        case 144: return word.field(11, 9) == 0xff ? fmt::format("mtcr r{}", word.rs()) : "";
        case 339:
        case 467: return special_register(word);
        case 444: return word.rs() == word.rb() ? fmt::format("mr{} {}", word.dot(), two_registers) : "";
        case 598: return word.rs() == 0 ? "hwsync" : "";
        default: return {};
    }
}

// Their last operand is a number with a sign of 16 bits.
bool has_signed_number(const Word& word) {
    switch (word.opcode()) {
        case 2:                // tdi
        case 3:                // twi
        case 7:                // mulli
        case 8:                // subfic
        case 11:               // cmpi
        case 12:               // addic
        case 13:               // addic.
        case 14:               // addi
        case 15: return true;  // addis
        default: return false;
    }
}

class CapstonePpc final : public Disassembler {
  public:
    CapstonePpc(std::unique_ptr<CapstoneDecoder> decoder, Endian order)
        : decoder_(std::move(decoder)), order_(order) {}

    DecodedInstruction decode(Bytes code, std::uint64_t address) const override {
        if (code.size() < instruction_bytes) return {};
        const Word word{load<std::uint32_t>(code.data(), order_)};
        DecodedInstruction made{instruction_bytes, {}, {}, {}, {}};
        const cs_insn* const insn = decoder_->decode(code.first(instruction_bytes), address);
        constexpr std::uint32_t pause_short = 0x7c40003c;
        if (word.value == pause_short) {
            made.text = "pause_short";
        } else if (const std::string simpler = insn == nullptr ? "" : simpler_form(word); !simpler.empty()) {
            const std::size_t blank = simpler.find(' ');
            made.text = padded(simpler.substr(0, blank), blank == npos ? "" : simpler.substr(blank + 1));
        } else if (insn == nullptr) {
            made.text = fmt::format(".long 0x{:x}", word.value);
        } else {
            write(made, word, insn->mnemonic, insn->op_str);
        }
        made.role = role_of(word.value);
        return made;
    }

  private:
    static std::string padded(std::string_view name, std::string_view operands) {
        return operands.empty() ? std::string(name) : fmt::format("{:<7} {}", name, operands);
    }

    static bool is_branch(const Word& word) { return word.opcode() == 16 || word.opcode() == 18; }

    static void write(DecodedInstruction& made, const Word& word, std::string_view name,
                      std::string_view operands) {
        std::string rest;
        for (const char c : operands)
            if (c != ' ') rest += c;
        const std::size_t last = is_branch(word) ? rest.rfind("0x") : npos;
        if (last != npos) made.target = parse_u64(std::string_view(rest).substr(last + 2), 16);
        if (std::string general = general_branch(word); !general.empty()) {
            made.text = std::move(general);
        } else if (made.target) {
            rest.resize(last);
            made.text = fmt::format("{:<7} {}", name, in_decimal(rest));
        } else if (name == "xxlor" && has_one_source(rest)) {
            made.text = padded("xxmr", rest.substr(0, rest.rfind(',')));
        } else {
            made.text = padded(name, in_decimal(rest, has_signed_number(word)));
        }
    }

    static bool has_one_source(std::string_view operands) {
        const std::size_t last = operands.rfind(','), first = operands.find(',');
        return first < last && operands.substr(first + 1, last - first - 1) == operands.substr(last + 1);
    }

    static CodeRole role_of(std::uint32_t word) {
        constexpr std::uint32_t nop = 0x60000000, blr = 0x4e800020, bug = 0x0fe00000;  // twi 31,0,0
        if (word == nop) return CodeRole::Filler;
        if (word == blr) return CodeRole::Return;
        return word == bug ? CodeRole::BugTrap : CodeRole::Any;
    }

    std::unique_ptr<CapstoneDecoder> decoder_;
    Endian order_;
};

}  // namespace

std::unique_ptr<Disassembler> make_disassembler(Endian order) {
    const auto mode = static_cast<cs_mode>(
        CS_MODE_64 | (order == Endian::Big ? CS_MODE_BIG_ENDIAN : CS_MODE_LITTLE_ENDIAN));
    auto decoder = CapstoneDecoder::open(CS_ARCH_PPC, mode, false);
    return decoder ? std::make_unique<CapstonePpc>(std::move(decoder), order) : nullptr;
}

}  // namespace postmortem::ppc64
