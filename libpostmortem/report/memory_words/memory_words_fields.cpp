#include <postmortem/memory_words.h>

#include "output/json.h"

namespace postmortem {

void describe(Describer<MemoryText>& text) {
    text.add("address", &MemoryText::address, "of the first character").address();
    text.add("text", &MemoryText::text, "up to the next byte that cannot be printed");
}

void describe(Describer<MemoryWords>& words) {
    words.is_document();
    words.add("address", &MemoryWords::address, "of the first").address();
    words.add("word_size", &MemoryWords::word_size, "bytes of each");
    words.add("words", &MemoryWords::words, "one behind the other").address();
    words.add("symbols", &MemoryWords::symbols, "what each points at; empty where it points at none")
        .or_left_out();
    words.add("text", &MemoryWords::text, "in place of words, with `-a`").or_left_out();
    words
        .add("more_text", &MemoryWords::more_text,
             "with `-a` and a count: behind bytes that cannot be printed")
        .or_left_out();
    add_problems(words);
}

std::string to_json(const MemoryWords& words) {
    return json_document(words);
}

}  // namespace postmortem
