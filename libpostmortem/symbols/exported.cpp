#include "symbols/exported.h"

#include <fmt/format.h>

namespace postmortem {

Result<std::uint64_t> exported_address(const SymbolTable& symbols, const AddressSpace& memory,
                                       std::string_view name) {
    const auto entry = symbols.address_of(fmt::format("__ksymtab_{}", name));
    if (!entry) return fail(entry.error());
    const auto text = symbols.address_of(fmt::format("__kstrtab_{}", name));
    if (!text) return fail(text.error());
    const auto named = memory.word(*entry + memory.word_size());
    if (!named) return fail(named.error());
    if (*named != *text)
        return fail(ErrorCode::NotFound, fmt::format("the entry of {} is not its own", name), *entry);
    return memory.word(*entry);
}

}  // namespace postmortem
