#include "base/text.h"

#include <doctest/doctest.h>

namespace text_test {

using namespace postmortem;

TEST_CASE("escaped text cannot drive a terminal") {
    CHECK(escaped("plain text\twith tab") == "plain text\twith tab");
    CHECK(escaped("\x1b[31mred") == "\\x1b[31mred");
    CHECK(escaped("a\nb") == "a\\x0ab");
    CHECK(escaped("a\nb", true) == "a\nb");
    CHECK(escaped("caf\xc3\xa9") == "caf\xc3\xa9");
    CHECK(escaped("\xc2\x9b"
                  "31m") == "\\xc2\\x9b31m");
    CHECK(escaped("\xff\xc0\x80") == "\\xff\\xc0\\x80");
    CHECK(escaped("\xe2\x82") == "\\xe2\\x82");
}

TEST_CASE("numbers are taken whole or not at all") {
    CHECK(parse_u64("42") == 42);
    CHECK(parse_u64("0x2a") == 42);
    CHECK(parse_u64("ffff", 16) == 0xffff);
    CHECK_FALSE(parse_u64(""));
    CHECK_FALSE(parse_u64("42 "));
    CHECK_FALSE(parse_u64("-1"));
    CHECK_FALSE(parse_u64("0x"));
    CHECK_FALSE(parse_u64("18446744073709551616"));
    CHECK(parse_i64("-7") == -7);
}

TEST_CASE("a noun has its article") {
    for (const char* with :
         {"a struct", "a pointer", "an integer", "an enum", "an unsigned long", "a union", "a user_struct"})
        CHECK(with_article(std::string_view(with).substr(std::string_view(with).find(' ') + 1)) == with);
}

TEST_CASE("split keeps empty parts") {
    CHECK(split("a,,b", ',').size() == 3);
    CHECK(split("", ',').size() == 1);
    CHECK(trimmed("  x \n") == "x");
}

}  // namespace text_test
