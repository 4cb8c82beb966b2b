// What `extract` puts into a small dump beside memory: types and symbols that the large one did not hold and
// a file gave, so that the small one answers alone. They are ELF notes of a name of our own, which others
// pass over.
#pragma once

#include <memory>
#include <vector>

#include "dump/dump_file.h"
#include "symbols/kernel_build.h"
#include "symbols/symbol_table.h"
#include "types/type_finder.h"

namespace postmortem {

class Kernel;

struct CarriedNote {
    static constexpr std::string_view name = "POSTMORTEM";
    enum class Type : std::uint32_t { Types = 1, Symbols = 2 };

    Type type;
    std::vector<std::byte> bytes;
};

/// What this kernel's answers rest on and its dump does not hold; nothing where the dump is enough.
std::vector<CarriedNote> notes_to_carry(const Kernel& kernel);

/// Errors: NotFound where there is no such note; Corrupt; InvalidArgument where it is of another build.
Result<std::unique_ptr<TypeFinder>> types_in_note(const DumpFile& dump, const KernelBuild& build);
Result<std::unique_ptr<SymbolTable>> symbols_in_note(const DumpFile& dump);

/// The content of such a note, and what it says. Errors: Corrupt.
std::vector<std::byte> pack_symbols(const SymbolTable& symbols);
Result<std::unique_ptr<SymbolTable>> unpack_symbols(Bytes note);

}  // namespace postmortem
