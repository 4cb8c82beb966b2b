#include <postmortem/numbers.h>

#include "output/json.h"

namespace postmortem {

void describe(Describer<EvaluatedNumber>& number) {
    number.is_document();
    number.add("expression", &EvaluatedNumber::expression, "as it was asked for");
    number.add("value", &EvaluatedNumber::value, "as an unsigned number");
    number.add(
        "signed", [](const EvaluatedNumber& one) { return static_cast<std::int64_t>(one.value); },
        "the same bits as a signed one");
}

void describe(Describer<ConvertedAddress>& address) {
    address.add("from", &ConvertedAddress::from, "what was asked for").address();
    address.add("to", &ConvertedAddress::to, "what it is").address();
    address.add("cpu", &ConvertedAddress::cpu, "of an offset in per-CPU memory");
}

void describe(Describer<ConvertedAddresses>& converted) {
    converted.is_document();
    converted.add("conversion", &ConvertedAddresses::conversion, "which one")
        .one_of({"btop", "ptob", "ptov"});
    converted.add("addresses", &ConvertedAddresses::addresses, "in the order of the words").answer();
    add_problems(converted);
}

std::string to_json(const EvaluatedNumber& number) {
    return json_document(number);
}

std::string to_json(const ConvertedAddresses& converted) {
    return json_document(converted);
}

}  // namespace postmortem
