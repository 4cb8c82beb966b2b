#include "log/match/pattern.h"

#include <string>

#include <doctest/doctest.h>

namespace pattern_test {

using namespace postmortem;

TEST_CASE("typed holes") {
    auto match = Pattern("BUG: KASAN: {word} in {func}")
                     .find("x BUG: KASAN: use-after-free in kfree.part.0+0x8c/0x174");
    REQUIRE(match);
    CHECK((*match)[0] == "use-after-free");
    CHECK((*match)[1] == "kfree");
    CHECK(match->begin == 2);
    CHECK_FALSE(Pattern("in {func}").find("in kfree "));
    CHECK_FALSE(Pattern("in {func}").find("in +0x1"));

    match = Pattern("WARNING: {*}at {src} {func}").find("WARNING: CPU: 1 PID: 2 at ./lib/a-b.c:12 f+0x1/0x2");
    REQUIRE(match);
    CHECK((*match)[0] == "./lib/a-b.c:12");
    CHECK((*match)[1] == "f");

    match = Pattern("at: {pc?}{func}").find("(lock){+}, at: [<c01a3d28>] sysfs_remove_dir+0x9c/0xb4");
    REQUIRE(match);
    CHECK((*match)[0] == "sysfs_remove_dir");
    CHECK(Pattern("at: {pc?}{func}").find("at: sysfs_remove_dir+0x9c/0xb4"));

    match = Pattern("BUG: Bad page {state|cache} in {text} pfn:{hex}")
                .find("BUG: Bad page state in process a b  pfn:199e00");
    REQUIRE(match);
    CHECK((*match)[0] == "state");
    CHECK((*match)[1] == "process a b");
    CHECK((*match)[2] == "199e00");
}

TEST_CASE("a blank stands for several") {
    CHECK(Pattern("a b").find("a    b"));
    CHECK_FALSE(Pattern("a b").find("ab"));
}

TEST_CASE("a hole may be followed by another try") {
    const auto match = Pattern("INFO: task {text}:{num} blocked").find("INFO: task kworker/u8:3:712 blocked");
    REQUIRE(match);
    CHECK((*match)[0] == "kworker/u8:3");
    CHECK((*match)[1] == "712");
}

TEST_CASE("long lines stay linear") {
    const std::string letters(60'000, 'a');
    CHECK_FALSE(Pattern("{func}").find(letters));
    CHECK_FALSE(Pattern("x{*}{func} y").find("x" + letters));
    CHECK_FALSE(Pattern("{src}").find(letters + "/" + letters));
}

}  // namespace pattern_test
