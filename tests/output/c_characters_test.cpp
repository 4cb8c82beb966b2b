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

TEST_CASE("in a string a digit behind an octal escape is escaped, too") {
    CHECK(c_string_literal("a\0b"sv) == R"("a\000b")");
    CHECK(c_string_literal("\0001"sv) == R"("\000\061")");
    CHECK(c_string_literal("\00012x3"sv) == R"("\000\061\062x3")");
    CHECK(c_string_literal("say \"no\"\n"sv) == R"("say \"no\"\n")");
    CHECK(c_string_literal("") == R"("")");
}

}  // namespace c_characters_test
