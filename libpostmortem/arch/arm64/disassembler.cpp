#include "arch/arm64/disassembler.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "arch/arm64/atomics.h"
#include "arch/capstone.h"
#include "base/text.h"

namespace postmortem::arm64 {
namespace {

using Word = std::pair<std::string_view, std::string_view>;

// Hints that have names of their own; Capstone 4 knows the first few alone.
constexpr std::array hints = {
    Word{"#0x6", "dgh"},       Word{"#0x7", "xpaclri"},     Word{"#0x8", "pacia1716"},
    Word{"#0xa", "pacib1716"}, Word{"#0xc", "autia1716"},   Word{"#0xe", "autib1716"},
    Word{"#0x10", "esb"},      Word{"#0x11", "psb\tcsync"}, Word{"#0x12", "tsb\tcsync"},
    Word{"#0x14", "csdb"},     Word{"#0x16", "clearbhb"},   Word{"#0x18", "paciaz"},
    Word{"#0x19", "paciasp"},  Word{"#0x1a", "pacibz"},     Word{"#0x1b", "pacibsp"},
    Word{"#0x1c", "autiaz"},   Word{"#0x1d", "autiasp"},    Word{"#0x1e", "autibz"},
    Word{"#0x1f", "autibsp"},  Word{"#0x20", "bti"},        Word{"#0x22", "bti\tc"},
    Word{"#0x24", "bti\tj"},   Word{"#0x26", "bti\tjc"},
};

// What the binutils remark on conditions that have several names.
constexpr std::array other_conditions = {
    Word{"eq", "none"},  Word{"ne", "any"},   Word{"cs", "hs, nlast"}, Word{"cc", "lo, ul, last"},
    Word{"mi", "first"}, Word{"pl", "nfrst"}, Word{"hi", "pmore"},     Word{"ls", "plast"},
    Word{"ge", "tcont"}, Word{"lt", "tstop"},
};

template <std::size_t n>
std::string_view looked_up(const std::array<Word, n>& words, std::string_view name) {
    const auto found =
        std::find_if(words.begin(), words.end(), [&](const Word& one) { return one.first == name; });
    return found == words.end() ? std::string_view() : found->second;
}

std::string_view condition_name(std::string_view capstones) {
    return capstones == "hs" ? "cs" : capstones == "lo" ? "cc" : capstones;
}

bool starts_with_any(std::string_view name, std::initializer_list<std::string_view> starts) {
    return std::any_of(starts.begin(), starts.end(),
                       [&](std::string_view one) { return name.starts_with(one); });
}

// Positions and lengths of bits are decimal numbers, values hexadecimal ones.
bool counts_bits(std::string_view name) {
    return starts_with_any(
               name, {"bf", "ubf", "sbf", "extr", "ror", "lsl", "lsr", "asr", "tb", "ld", "st", "prf"}) &&
           !name.starts_with("stlr");
}

bool is_conditional(std::string_view name) {
    return name.size() > 2 && name[0] == 'b' && name[1] == '.';
}

std::vector<std::string> operands_of(std::string_view text) {
    std::vector<std::string> operands;
    int depth = 0;
    std::string one;
    for (const char c : text) {
        depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
        if (c == ',' && depth == 0) {
            operands.push_back(std::move(one));
            one.clear();
        } else if (c != ' ' || !one.empty()) {
            one += c;
        }
    }
    if (!one.empty()) operands.push_back(std::move(one));
    return operands;
}

/// Rewrites every "#…" of an operand.
std::string with_numbers(std::string_view operand, bool decimal) {
    std::string out;
    while (true) {
        const std::size_t hash = operand.find('#');
        out += operand.substr(0, hash);
        if (hash == npos) return out;
        operand.remove_prefix(hash + 1);
        const bool negative = operand.starts_with("-");
        if (negative) operand.remove_prefix(1);
        const std::size_t end = std::min(operand.find_first_not_of("0123456789abcdefx"), operand.size());
        const std::string_view word = operand.substr(0, end);
        const auto number = word.starts_with("0x") ? parse_u64(word, 16) : parse_u64(word, 10);
        const bool small = decimal || out.ends_with("lsl ") || out.ends_with("lsr ") ||
                           out.ends_with("asr ") || out.ends_with("ror ") || out.ends_with("sxtw ") ||
                           out.ends_with("uxtw ");
        out += number ? fmt::format(fmt::runtime(small ? "#{}{}" : "#{}{:#x}"), negative ? "-" : "", *number)
                      : fmt::format("#{}", word);
        operand.remove_prefix(end);
    }
}

std::string joined(const std::vector<std::string>& operands) {
    std::string text;
    for (const std::string& one : operands) text += (text.empty() ? "" : ", ") + one;
    return text;
}

class InstructionWriter {
  public:
    InstructionWriter(const cs_insn& insn, std::uint32_t word)
        : name_(insn.mnemonic), operands_(operands_of(insn.op_str)), word_(word) {}

    DecodedInstruction write() {
        DecodedInstruction made{4, {}, {}, {}, {}};
        if (name_ == "hint" && operands_.size() == 1)
            if (const auto known = looked_up(hints, operands_[0]); !known.empty())
                return {4, std::string(known), {}, {}, {}};
        if (is_conditional(name_))
            name_ = fmt::format("b.{}", condition_name(std::string_view(name_).substr(2)));
        take_target(made);
        if (!made.target) shape_operands();
        const std::string rest = joined(operands_);
        made.text = name_;
        if (!rest.empty() || made.target) made.text += '\t' + rest;
        if (made.target && !rest.empty()) made.text += ", ";
        if (made.target && is_conditional(name_))
            if (const auto also = other_branches(); !also.empty()) made.remark = "  // " + also;
        if (name_ == "nop") made.role = CodeRole::Filler;
        return made;
    }

  private:
    // Where the last operand is a place in the program.
    void take_target(DecodedInstruction& made) {
        const bool branches = name_ == "b" || name_ == "bl" || is_conditional(name_) ||
                              starts_with_any(name_, {"cbz", "cbnz", "tbz", "tbnz"});
        const bool literal =
            name_.starts_with("ldr") && operands_.size() == 2 && operands_[1].starts_with("#");
        if ((!branches && name_ != "adr" && name_ != "adrp" && !literal) || operands_.empty()) return;
        const std::string_view last = operands_.back();
        if (!last.starts_with("#0x")) return;
        made.target = parse_u64(last.substr(3), 16);
        operands_.pop_back();
        for (std::string& one : operands_) one = with_numbers(one, true);
    }

    void shape_operands() {
        const bool decimal = counts_bits(name_);
        for (std::string& one : operands_) one = with_numbers(one, decimal || one.starts_with("["));
        shape_move();
        shape_condition();
    }

    // Moves of constants, with their value in decimal.
    void shape_move() {
        if (name_ != "mov" && name_ != "movz" && name_ != "movn" && name_ != "orr") return;
        if (operands_.size() < 2 || !operands_[1].starts_with("#")) return;
        const bool wide = word_ >> 31;
        std::uint64_t value = 0;
        if ((word_ & 0x1f800000) == 0x12800000) {  // move wide
            const unsigned kind = word_ >> 29 & 3, shift = (word_ >> 21 & 3) * 16;
            value = std::uint64_t{word_ >> 5 & 0xffff} << shift;
            if (kind == 3 || (value == 0 && shift != 0)) return;
            if (kind == 0) value = ~value;
        } else {
            const std::string_view text = operands_[1];
            value = parse_u64(text.substr(text.starts_with("#-") ? 2 : 1)).value_or(0);
            if (text.starts_with("#-")) value = 0 - value;
        }
        if (!wide) value &= 0xffffffff;
        const std::int64_t number =
            wide ? static_cast<std::int64_t>(value) : static_cast<std::int32_t>(value);
        name_ = "mov";
        operands_.resize(1);
        operands_.push_back(fmt::format("#{:<22}\t// #{}", fmt::format("{:#x}", value), number));
    }

    void shape_condition() {
        if (!starts_with_any(name_, {"cs", "cin", "cneg", "ccm", "fcsel", "fccmp"}) || operands_.empty())
            return;
        std::string& last = operands_.back();
        last = condition_name(last);
        if (const auto also = looked_up(other_conditions, last); !also.empty())
            last += fmt::format("\t// {} = {}", last, also);
    }

    std::string other_branches() const {
        std::string text;
        const std::string_view also = looked_up(other_conditions, std::string_view(name_).substr(2));
        if (also.empty()) return text;
        for (const std::string_view one : split(also, ','))
            text += fmt::format("{}b.{}", text.empty() ? "" : ", ", one.substr(one.starts_with(' ') ? 1 : 0));
        return text;
    }

    std::string name_;
    std::vector<std::string> operands_;
    std::uint32_t word_;
};

class CapstoneArm64 final : public Disassembler {
  public:
    explicit CapstoneArm64(std::unique_ptr<CapstoneDecoder> decoder) : decoder_(std::move(decoder)) {}

    DecodedInstruction decode(Bytes code, std::uint64_t address) const override {
        if (code.size() < 4) return {};
        const auto word = load<std::uint32_t>(code.data(), Endian::Little);
        if (auto atomic = atomic_text(word)) return {4, std::move(*atomic), {}, {}, {}};
        if (word >> 16 == 0) return {4, fmt::format("udf\t#{}", word), {}, {}, {}};
        const cs_insn* const insn = decoder_->decode(code.first(4), address);
        if (insn == nullptr) return {4, fmt::format(".inst\t{:#010x} ; undefined", word), {}, {}, {}};
        return InstructionWriter(*insn, word).write();
    }

  private:
    std::unique_ptr<CapstoneDecoder> decoder_;
};

}  // namespace

std::unique_ptr<Disassembler> make_disassembler() {
    auto decoder = CapstoneDecoder::open(CS_ARCH_ARM64, CS_MODE_ARM, false);
    return decoder ? std::make_unique<CapstoneArm64>(std::move(decoder)) : nullptr;
}

}  // namespace postmortem::arm64
