#include "arch/riscv64/disassembler.h"

#include <fmt/format.h>

#include "arch/riscv64/compressed.h"
#include "arch/riscv64/instruction_text.h"

namespace postmortem::riscv64 {
namespace {

// AUIPC puts the upper part of an address into a register; the instruction behind it adds the rest.
struct UpperPart {
    std::uint64_t next = 0;  ///< where that instruction lies; 0 where there is none
    std::uint32_t into = 0;
    std::uint64_t value = 0;
};

UpperPart upper_part(std::uint32_t word, std::uint64_t address) {
    constexpr std::uint32_t auipc = 0x17;
    if ((word & 0x7f) != auipc) return {};
    const auto upper = static_cast<std::int32_t>(word & 0xfffff000);
    return {address + 4, word >> 7 & 0x1f, address + static_cast<std::uint64_t>(std::int64_t{upper})};
}

// What an instruction adds to its base register: of jumps, loads and sums, and of stores.
std::optional<std::int32_t> added(std::uint32_t word) {
    const auto number = static_cast<std::int32_t>(word);
    switch (word & 0x7f) {
        case 0x13: return (word >> 12 & 7) == 0 ? std::optional(number >> 20) : std::nullopt;
        case 0x03:
        case 0x07:
        case 0x67: return number >> 20;
        case 0x23:
        case 0x27: return (number >> 25) * 32 + static_cast<std::int32_t>(word >> 7 & 0x1f);
        default: return std::nullopt;
    }
}

class OwnDisassembler final : public Disassembler {
  public:
    DecodedInstruction decode(Bytes code, std::uint64_t address) const override {
        if (code.size() < 2) return {};
        const std::uint32_t low = load<std::uint16_t>(code.data(), Endian::Little);
        if ((low & 3) != 3) return of_two_bytes(low, address);
        if (code.size() < 4) return {};
        const auto word = load<std::uint32_t>(code.data(), Endian::Little);
        DecodedInstruction made = instruction_text(word, address);
        made.size = 4;
        if (made.text.empty()) made.text = fmt::format(".4byte\t{:#x}", word);
        add_whole_address(made, word, address);
        before_ = upper_part(word, address);
        return made;
    }

  private:
    DecodedInstruction of_two_bytes(std::uint32_t low, std::uint64_t address) const {
        const std::uint32_t same = expanded(low);
        DecodedInstruction made = same != 0 ? instruction_text(same, address) : DecodedInstruction{};
        made.size = 2;
        if (low == 0) made.text = "unimp";
        if (made.text.empty()) made.text = fmt::format(".2byte\t{:#x}", low);
        add_whole_address(made, same, address);
        before_ = {};
        return made;
    }

    void add_whole_address(DecodedInstruction& made, std::uint32_t word, std::uint64_t address) const {
        const auto rest = added(word);
        if (before_.next != address || address == 0 || !rest || (word >> 15 & 0x1f) != before_.into) return;
        made.text += " # ";
        made.target = before_.value + static_cast<std::uint64_t>(std::int64_t{*rest});
    }

    mutable UpperPart before_;  ///< of the instruction that was decoded last
};

}  // namespace

std::unique_ptr<Disassembler> make_disassembler() {
    return std::make_unique<OwnDisassembler>();
}

}  // namespace postmortem::riscv64
