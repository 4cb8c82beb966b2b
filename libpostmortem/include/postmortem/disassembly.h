// The answer to `dis`: instructions, as gdb writes them, with the symbols that they name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/error.h>
#include <postmortem/problem.h>

namespace postmortem {

class CrashDump;

struct DisassemblyRequest {
    enum class Extent : std::uint8_t {
        Count,     ///< `count` instructions; of a symbol, where none is given, the whole routine
        UpTo,      ///< from the start of the routine up to the address, or the last `count` of these
        ToTheEnd,  ///< from the address to the end of the routine, or `count` at most
    };
    std::string at;  ///< a symbol, a hexadecimal address, or an (expression)
    Extent extent = Extent::Count;
    std::optional<std::uint64_t> count;
    bool source_lines = false;
    bool user = false;            ///< the address is one of a task's
    std::string task;             ///< of which one; empty: the task that brought the kernel down
    std::uint32_t after_bug = 0;  ///< bytes to skip behind ud2, which a kernel's BUG() may put there
};

/// A symbol and a distance from it. Names are untrusted.
struct SymbolPlace {
    std::string symbol;
    std::uint64_t offset = 0;
};

struct Instruction {
    std::uint64_t address = 0;
    std::optional<SymbolPlace> place;
    std::string bytes;  ///< in hexadecimal, as they lie in memory
    std::string text;   ///< all of it, or what precedes `target`
    std::optional<std::uint64_t> target;
    std::optional<SymbolPlace> target_place;
    std::string remark;               ///< other names of a condition, behind the target
    bool is_trace_hook = false;       ///< at the start of a function, what the compiler left for ftrace
    std::optional<std::string> file;  ///< with `source_lines`
    std::uint32_t line = 0;
};

struct Disassembly {
    std::uint64_t address = 0;  ///< that was asked for
    bool user = false;
    std::vector<Instruction> instructions;
    Problems problems;
};

/// Loads the library that disassembles, which disassemble() does by itself unless the process has entered a
/// sandbox in which no program text can be mapped. False where it is not installed.
POSTMORTEM_API bool load_disassembler();

/// NotFound, InvalidArgument; Unsupported where the architecture's code is not known, or the library not
/// installed; the memory's error where not even the first instruction can be read.
POSTMORTEM_API Result<Disassembly> disassemble(const CrashDump& dump, const DisassemblyRequest& request);

/// Where in the source an address comes from.
struct SourcePlace {
    std::uint64_t address = 0;
    std::string symbol;
    std::string file;
    std::uint32_t line = 0;
    Problems problems;
};
/// MissingDebugInfo where there is no vmlinux.
POSTMORTEM_API Result<SourcePlace> code_source(const CrashDump& dump, const std::string& at);

POSTMORTEM_API std::string to_text(const Disassembly& code, bool hexadecimal = false);
POSTMORTEM_API std::string to_json(const Disassembly& code);
POSTMORTEM_API std::string to_ndjson(const Disassembly& code);
POSTMORTEM_API std::string to_text(const SourcePlace& source);
POSTMORTEM_API std::string to_json(const SourcePlace& source);

}  // namespace postmortem
