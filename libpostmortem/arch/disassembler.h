// Machine code as text, in the words of the binutils, which gdb and crash print.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace postmortem {

/// What an instruction is for, where it can be told from itself.
enum class CodeRole : std::uint8_t {
    Any,
    Filler,     ///< does nothing
    TraceHook,  ///< does nothing, and leaves ftrace room for a call
    BugTrap,    ///< what BUG() ends in
    Return,
    Breakpoint,  ///< fills room, too
};

struct DecodedInstruction {
    std::uint32_t size = 0;  ///< 0: `code` ends within it
    /// The whole instruction, or what precedes `target`: "call   ".
    std::string text;
    std::optional<std::uint64_t> target;  ///< of a jump or call, or the data that is addressed from here
    CodeRole role = CodeRole::Any;
    std::string remark = {};  ///< what follows the target and its symbol
};

/// For one thread.
class Disassembler {
  public:
    virtual ~Disassembler() = default;
    /// The instruction that `code` begins with, which lies at `address`. What is none is "(bad)".
    virtual DecodedInstruction decode(Bytes code, std::uint64_t address) const = 0;

    /// Where the kernel has a function of this name, its returns were jumps to it, and so many bytes longer,
    /// until they were patched: breakpoints fill what was left.
    virtual const char* return_thunk() const { return nullptr; }
    static constexpr std::uint32_t patched_return_tail = 4;

    static constexpr std::uint32_t longest_instruction = 16;
};

}  // namespace postmortem
