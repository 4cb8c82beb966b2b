#include "log/match/regex.h"

#include <string>

#include <doctest/doctest.h>

namespace regex_test {

using namespace postmortem;

namespace {

bool finds(std::string_view pattern, std::string_view text) {
    const auto regex = Regex::compile(pattern);
    REQUIRE_MESSAGE(regex, pattern);
    return regex->found_in(text);
}

std::string complaint(std::string_view pattern) {
    const auto regex = Regex::compile(pattern);
    return regex ? std::string() : regex.error().message;
}

}  // namespace

TEST_CASE("regular expressions as people write them") {
    CHECK(finds("kernel BUG in .*_lookup", "kernel BUG in nilfs_lookup"));
    CHECK(finds("^BUG: (soft|hard) lockup", "BUG: hard lockup in f"));
    CHECK_FALSE(finds("^BUG: (soft|hard) lockup", "a BUG: hard lockup in f"));
    CHECK(finds("a|b|cd$", "xcd"));
    CHECK_FALSE(finds("^(a|b|cd)$", "ce"));
    CHECK(finds("^(a|b|cd)$", "b"));
    CHECK(finds("ext[234]_\\w+", "ext4_find"));
    CHECK_FALSE(finds("ext[^234]_", "ext4_find"));
    CHECK(finds("x{2,3}y", "axxy"));
    CHECK_FALSE(finds("^x{2,3}y", "xxxxy"));
    CHECK(finds("x{2,}y", "xxxxy"));
    CHECK(finds("^x{0,2}$", ""));
    CHECK(finds("a{b}", "a{b}"));
    CHECK(finds("(?i)kasan", "KASAN: use"));
    CHECK(finds("\\bdo_exit\\b", "in do_exit+0x1"));
    CHECK_FALSE(finds("\\bexit\\b", "in do_exit+0x1"));
    CHECK(finds("a*?b", "aab"));
    CHECK(finds("(a*)*b", "aab"));
    CHECK(finds("", "anything"));
    CHECK(finds("[]a]", "]"));
    CHECK(finds("[a-]", "-"));
    CHECK(finds("\\+0x[0-9a-f]+/", "f+0x1f/0x2"));
    CHECK(finds("(ab)+c", "ababc"));
    CHECK_FALSE(finds("^(ab)+c", "abac"));
}

TEST_CASE("a bad expression is refused with its place") {
    CHECK(complaint("a(b").find("character 4: a ( without its )") != std::string::npos);
    CHECK(complaint("a)b").find("a ) without its (") != std::string::npos);
    CHECK(complaint("[a").find("a [ without its ]") != std::string::npos);
    CHECK(complaint("*a").find("nothing to repeat") != std::string::npos);
    CHECK(complaint("a**").find("nothing to repeat") != std::string::npos);
    CHECK(complaint("(?=a)").find("(?:") != std::string::npos);
    CHECK(complaint("(a)\\1").find("back references") != std::string::npos);
    CHECK(complaint("a{3,2}").find("bad count") != std::string::npos);
    CHECK(complaint("(((a{1000}){1000}){1000})").find("too large") != std::string::npos);
    CHECK(complaint("[z-a]").find("range") != std::string::npos);
    CHECK(complaint("a\\").find("at the end") != std::string::npos);
    CHECK(complaint(std::string(1000, '(')).find("too deep") != std::string::npos);
}

TEST_CASE("what hangs other engines takes no time here") {
    CHECK_FALSE(finds("(a+)+$", std::string(20'000, 'a') + "b"));
    CHECK_FALSE(finds("(a|a)*b", std::string(20'000, 'a')));
}

}  // namespace regex_test
