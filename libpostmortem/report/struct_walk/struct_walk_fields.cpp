#include <postmortem/struct_walk.h>

#include "output/json.h"

namespace postmortem {

void describe(Describer<StructInstance>& instance);

void describe(Describer<WalkedStruct>& entry) {
    entry.add("address", &WalkedStruct::address, "of the struct").address();
    entry.add("index", &WalkedStruct::index, "in an array; in a maple tree counted from 1").or_left_out();
    entry.add("position", &WalkedStruct::position, "in a tree").or_left_out();
    entry.add("first", &WalkedStruct::first, "in a maple tree: of the range that it stands for").or_left_out();
    entry.add("last", &WalkedStruct::last, "in a maple tree: of that range").or_left_out();
    entry.add("struct", &WalkedStruct::instance, "what it holds, where its type was named").or_left_out();
}

void describe(Describer<WalkedStructs>& walked) {
    walked.is_document();
    walked.add("type", &WalkedStructs::type, "of the structs, where it was named").or_null();
    walked.add("entries", &WalkedStructs::entries, "in the order of the walk").answer();
    add_problems(walked);
}

std::string to_json(const WalkedStructs& walked) {
    return json_document(walked);
}

std::string to_ndjson(const WalkedStructs& walked) {
    return ndjson_lines(walked);
}

}  // namespace postmortem
