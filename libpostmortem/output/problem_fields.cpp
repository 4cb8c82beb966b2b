#include "output/json.h"

namespace postmortem {

void describe(Describer<Error>& problem) {
    problem.is("problem", "What is missing from an answer");
    problem.word("code", &Error::code, ErrorCode::InvalidArgument, "the kind of reason");
    problem.add("message", &Error::message, "one sentence");
    problem.add("address", &Error::address, "where in the dump's memory").address();
}

}  // namespace postmortem
