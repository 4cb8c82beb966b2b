#include "output/c_characters.h"

#include <doctest/doctest.h>

namespace c_characters_test {

using namespace postmortem;
using namespace std::string_view_literals;

TEST_CASE("characters are spelled as gdb spells them") {
    CHECK(c_character('A') == "'A'");
    CHECK(c_character(0) == R"('\000')");
    CHECK(c_character('\'') == R"('\'')");
    CHECK(c_character('"') == R"('"')");
    CHECK(c_character(0xc8) == R"('\310')");
    CHECK(c_character(7) == R"('\a')");
    CHECK(c_character(27) == R"('\033')");
}

TEST_CASE("in a string digits behind an octal escape and UTF-8 stand for themselves") {
    CHECK(c_string_literal("a\0b"sv) == R"("a\000b")");
    // As gdb 16 in crash 9 has it.
    CHECK(c_string_literal("a\0000\0"sv) == R"("a\0000\000")");
    CHECK(c_string_literal("caf\xc3\xa9\0"sv) == "\"caf\xc3\xa9\\000\"");
    CHECK(c_string_literal("\xff\xfe\xc3"sv) == R"("\377\376\303")");
    CHECK(c_string_literal("\xc2\x9b"sv) == R"("\302\233")");
    CHECK(c_string_literal("\0001"sv) == R"("\0001")");
    CHECK(c_string_literal("\00012x3"sv) == R"("\00012x3")");
    CHECK(c_string_literal("say \"no\"\n"sv) == R"("say \"no\"\n")");
    CHECK(c_string_literal("") == R"("")");
}

}  // namespace c_characters_test
