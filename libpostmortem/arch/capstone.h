// Capstone, loaded when code is disassembled for the first time: its tables would cost each start of a
// program 7 ms, whatever it is asked.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <capstone/capstone.h>

#include "base/bytes.h"

namespace postmortem {

/// False where the library is not installed. To be called before a sandbox that lets no program text be
/// mapped.
bool load_capstone();

/// For one thread.
class CapstoneDecoder {
  public:
    /// Null where the library is not there, or lacks the architecture.
    static std::unique_ptr<CapstoneDecoder> open(cs_arch arch, cs_mode mode, bool with_detail);
    ~CapstoneDecoder();
    CapstoneDecoder(const CapstoneDecoder&) = delete;
    CapstoneDecoder& operator=(const CapstoneDecoder&) = delete;

    /// Null for what is no instruction; valid until the next one.
    const cs_insn* decode(Bytes code, std::uint64_t address) const;
    const char* name_of_register(unsigned number) const;

  private:
    CapstoneDecoder(csh handle, cs_insn* insn) : handle_(handle), insn_(insn) {}

    csh handle_;
    cs_insn* insn_;
};

/// Operands as Capstone writes them, with their numbers in decimal, as in the binutils. `is_signed`: those
/// are of 16 bits with a sign.
std::string in_decimal(std::string_view operands, bool is_signed = false);

}  // namespace postmortem
