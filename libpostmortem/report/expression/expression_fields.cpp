#include <postmortem/expression.h>

#include "output/json.h"
#include "report/values/typed_value_fields.h"

namespace postmortem {

void describe(Describer<ExpressionValue>& value) {
    value.add("cpu", &ExpressionValue::cpu, "whose it is, of a per-CPU variable").or_left_out();
    value.add("address", &ExpressionValue::address, "where it lies, of a per-CPU variable")
        .address()
        .or_left_out();
    value.add("value", &ExpressionValue::value, "what it is").left_out_unless([](const ExpressionValue& one) {
        return !one.value.nodes.empty();
    });
}

void describe(Describer<ExpressionResult>& result) {
    result.is_document();
    result.add("expression", &ExpressionResult::expression, "as it was asked for");
    result.add("declaration", &ExpressionResult::declaration, "of a per-CPU variable, without CPUs")
        .or_left_out();
    result.add("values", &ExpressionResult::values, "one, or one of each CPU").answer();
    result.add("warnings", &ExpressionResult::warnings, "what the value does not rest upon, or C leaves open")
        .or_left_out();
    add_problems(result);
}

void describe(Describer<WhatIs>& answer) {
    answer.is_document();
    answer.add("name", &WhatIs::name, "as it was asked for");
    answer.add("declaration", &WhatIs::declaration, "of a variable or a function").or_null();
    answer.add("layout", &WhatIs::layout, "of a type");
    add_problems(answer);
}

std::string to_json(const ExpressionResult& result) {
    return json_document(result);
}

std::string to_json(const WhatIs& answer) {
    return json_document(answer);
}

}  // namespace postmortem
