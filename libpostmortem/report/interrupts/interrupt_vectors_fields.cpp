#include <postmortem/interrupt_vectors.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<InterruptVector>& vector) {
    vector.add("number", &InterruptVector::number, "its number");
    vector.add("handler", &InterruptVector::handler, "the address that the CPU goes to").address();
    vector.add("function", &InterruptVector::function, "what lies there").or_null();
}

void describe(Describer<InterruptVectors>& table) {
    table.is_document();
    table.add("vectors", &InterruptVectors::vectors, "by number").answer();
    add_problems(table);
}

std::string to_json(const InterruptVectors& table) {
    return json_document(table);
}

}  // namespace postmortem
