#include <postmortem/disassembly.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<SymbolPlace>& place) {
    place.add("symbol", &SymbolPlace::symbol, "its name");
    place.add("offset", &SymbolPlace::offset, "how far behind it, in bytes");
}

void describe(Describer<Instruction>& one) {
    one.add("address", &Instruction::address, "where it lies").address();
    one.add("place", &Instruction::place, "the same by symbol");
    one.add("bytes", &Instruction::bytes, "in hexadecimal, as they lie in memory");
    one.add("text", &Instruction::text, "in AT&T's syntax; what precedes `target`, where there is one");
    one.add("target", &Instruction::target, "where it jumps to, calls, or finds its data")
        .address()
        .or_left_out();
    one.add("target_place", &Instruction::target_place, "the same by symbol").or_left_out();
    one.add("remark", &Instruction::remark, "other names of a condition").or_left_out();
    one.add("is_trace_hook", &Instruction::is_trace_hook, "at the start of a function, left for ftrace")
        .or_left_out();
    one.add("file", &Instruction::file, "of the source, with `-l`").or_left_out();
    one.add("line", &Instruction::line, "in that file").left_out_unless([](const Instruction& i) {
        return i.file.has_value();
    });
}

void describe(Describer<Disassembly>& code) {
    code.is_document();
    code.add("instructions", &Disassembly::instructions, "in the order of their addresses").answer();
    code.add("address", &Disassembly::address, "that was asked for").address();
    code.add("user", &Disassembly::user, "it is an address of a task, not of the kernel");
    add_problems(code);
}

void describe(Describer<SourcePlace>& source) {
    source.is_document();
    source.add("address", &SourcePlace::address, "that was asked for").address();
    source.add("symbol", &SourcePlace::symbol, "the same by symbol").or_null();
    source.add("file", &SourcePlace::file, "of the source, as the compiler was told");
    source.add("line", &SourcePlace::line, "in that file");
    add_problems(source);
}

std::string to_json(const Disassembly& code) {
    return json_document(code);
}

std::string to_ndjson(const Disassembly& code) {
    return ndjson_lines(code);
}

std::string to_json(const SourcePlace& source) {
    return json_document(source);
}

}  // namespace postmortem
