#include "report/disassembly/code_address.h"

#include "base/text.h"
#include "report/numbers/number_expression.h"
#include "report/values/address_word.h"

namespace postmortem {

Result<CodeAddress> code_address(const Kernel& kernel, std::string_view word) {
    const bool is_expression = word.starts_with("(");
    const auto address =
        is_expression ? evaluate_number_expression(kernel, word) : resolve_address(kernel, word);
    if (!address) return fail(address.error());
    CodeAddress found{*address, false, std::nullopt, false};
    found.is_symbol = !is_expression && !parse_u64(word, 16) && word.find_first_of("+-") == npos;
    const auto hit = kernel.symbol_at(*address);
    if (!hit || hit->size == 0) return found;
    found.routine.emplace(hit->symbol.address, hit->symbol.address + hit->size);
    found.in_module = !hit->module.empty();
    return found;
}

}  // namespace postmortem
