#include "arch/s390x/disassembler.h"

#include <algorithm>

#include <fmt/format.h>

#include "arch/capstone.h"
#include "base/text.h"

namespace postmortem::s390x {
namespace {

std::uint32_t size_of(std::byte first) {
    constexpr std::uint32_t sizes[] = {2, 4, 4, 6};
    return sizes[std::to_integer<unsigned>(first) >> 6];
}

std::string raw_text(Bytes code) {
    std::string text = size_of(code[0]) == 2   ? ".short\t0x"
                       : size_of(code[0]) == 4 ? ".long\t0x"
                                               : ".insn\t0x";
    for (const std::byte one : code) text += fmt::format("{:02x}", std::to_integer<unsigned>(one));
    return text;
}

// MONITOR CALL, what BUG() and WARN() are, and which the library does not know.
std::string monitor_call(Bytes code) {
    const auto byte = [&](std::size_t at) { return std::to_integer<unsigned>(code[at]); };
    const unsigned base = byte(2) >> 4, displacement = (byte(2) & 0xf) << 8 | byte(3);
    return fmt::format("mc\t{}{},{}", displacement, base == 0 ? "" : fmt::format("(%r{})", base), byte(1));
}

std::string text_of_unknown(Bytes code) {
    return code[0] == std::byte{0xaf} ? monitor_call(code) : raw_text(code);
}

// Where the last operand is a place in the program: relative instructions alone write addresses.
bool is_relative(Bytes code) {
    const auto opcode = std::to_integer<unsigned>(code[0]), second = std::to_integer<unsigned>(code[1]) & 0xf;
    const auto last = std::to_integer<unsigned>(code[code.size() - 1]);
    switch (opcode) {
        case 0xa7: return second >= 4 && second <= 7;                 // BRC, BRAS, BRCT, BRCTG
        case 0xc0: return second == 0 || second == 4 || second == 5;  // LARL, BRCL, BRASL
        case 0xc4:
        case 0xc6: return true;
        case 0xcc: return second == 6;
        case 0x84:
        case 0x85: return true;
        case 0xec:
            return last == 0x44 || last == 0x45 || last == 0x64 || last == 0x65 || last == 0x76 ||
                   last == 0x77 || last == 0x7c || last == 0x7d || last == 0x7e || last == 0x7f;
        default: return false;
    }
}

class CapstoneS390x final : public Disassembler {
  public:
    explicit CapstoneS390x(std::unique_ptr<CapstoneDecoder> decoder) : decoder_(std::move(decoder)) {}

    DecodedInstruction decode(Bytes code, std::uint64_t address) const override {
        if (code.empty() || code.size() < size_of(code[0])) return {};
        const Bytes one = code.first(size_of(code[0]));
        const auto size = static_cast<std::uint32_t>(one.size());
        const cs_insn* const insn = decoder_->decode(one, address);
        if (insn == nullptr || insn->size != size) return {size, text_of_unknown(one), {}, {}, {}};
        return written(insn->mnemonic, insn->op_str, one);
    }

  private:
    static DecodedInstruction written(std::string_view name, std::string_view operands, Bytes code) {
        DecodedInstruction made{static_cast<std::uint32_t>(code.size()), {}, {}, {}, {}};
        std::string rest;
        for (const char c : operands)
            if (c != ' ') rest += c;
        const std::size_t last = rest.rfind("0x");
        if (is_relative(code) && last != npos && (last == 0 || rest[last - 1] == ',')) {
            made.target = parse_u64(std::string_view(rest).substr(last + 2), 16);
            if (made.target) rest.resize(last);
        }
        made.text = fmt::format("{}\t{}", name, in_decimal(rest));
        if (rest.empty() && !made.target) made.text = name;
        if (name == "br" && rest == "%r14") made.role = CodeRole::Return;
        return made;
    }

    std::unique_ptr<CapstoneDecoder> decoder_;
};

}  // namespace

std::unique_ptr<Disassembler> make_disassembler() {
    auto decoder = CapstoneDecoder::open(CS_ARCH_SYSZ, CS_MODE_BIG_ENDIAN, false);
    return decoder ? std::make_unique<CapstoneS390x>(std::move(decoder)) : nullptr;
}

}  // namespace postmortem::s390x
