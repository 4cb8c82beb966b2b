#include "arch/riscv64/disassembler.h"

#include <fmt/format.h>

#include "arch/riscv64/compressed.h"
#include "arch/riscv64/instruction_text.h"

namespace postmortem::riscv64 {
namespace {

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
        return made;
    }

  private:
    static DecodedInstruction of_two_bytes(std::uint32_t low, std::uint64_t address) {
        const std::uint32_t same = expanded(low);
        DecodedInstruction made = same != 0 ? instruction_text(same, address) : DecodedInstruction{};
        made.size = 2;
        if (low == 0) made.text = "unimp";
        if (made.text.empty()) made.text = fmt::format(".2byte\t{:#x}", low);
        return made;
    }
};

}  // namespace

std::unique_ptr<Disassembler> make_disassembler() {
    return std::make_unique<OwnDisassembler>();
}

}  // namespace postmortem::riscv64
