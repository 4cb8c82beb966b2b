#include "log/text/log_reader.h"

#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "log/text/decompress.h"
#include "log/text/prefix_shapes.h"

namespace log_reader_test {

using namespace postmortem;

namespace {

LogRecord only(std::string_view line) {
    LogReader reader(line);
    LogRecord record;
    REQUIRE(reader.next(record));
    // The views point into the reader's buffer: keep what the checks compare.
    static std::string text, time, caller, host, program, task;
    const auto keep = [](std::string& to, std::string_view& view) { view = to = std::string(view); };
    keep(text, record.text);
    keep(time, record.time);
    keep(caller, record.caller);
    keep(host, record.host);
    keep(program, record.program);
    keep(task, record.task);
    return record;
}

std::vector<std::string> texts(std::string_view log) {
    LogReader reader(log);
    LogRecord record;
    std::vector<std::string> all;
    while (reader.next(record)) all.emplace_back(record.text);
    return all;
}

}  // namespace

TEST_CASE("each name of a shape has a bit, each row a number") {
    std::set<std::string_view> names;
    for (const PrefixShape& row : prefix_shapes()) names.insert(row.name);
    CHECK(names.size() <= 64);  // LogRecord::shapes
    CHECK(prefix_shapes().size() <= 256);
}

TEST_CASE("every prefix comes off and leaves the message") {
    for (const std::string_view line : {
             "Oops: 0000 [#1] SMP",
             "[   12.345678] Oops: 0000 [#1] SMP",
             "[   12.345678][  T123] Oops: 0000 [#1] SMP",
             "[   12.345678][    C1] Oops: 0000 [#1] SMP",
             "<4>[   12.345678] Oops: 0000 [#1] SMP",
             "[Mon Jan  1 12:00:00 2024] Oops: 0000 [#1] SMP",
             "[  +0.000012] Oops: 0000 [#1] SMP",
             "[   12.345678 <    0.000012>] Oops: 0000 [#1] SMP",
             "[Jan 5 10:00] Oops: 0000 [#1] SMP",
             "kern  :warn  : [   12.345678] Oops: 0000 [#1] SMP",
             "2024-01-02T03:04:05.678901  kern  :emerg : Oops: 0000 [#1] SMP",
             "    2024-01-02T03:04:05.678901  kern  :warn  : [   12.345678] Oops: 0000 [#1] SMP",
             "[   12.345678] kernel: Oops: 0000 [#1] SMP",
             "> |Oops: 0000 [#1] SMP",
             "Jan 11 22:31:37 box kernel: Oops: 0000 [#1] SMP",
             "Jan  1 22:31:37 box kernel: [ 4552.564718] Oops: 0000 [#1] SMP",
             "Jan 11 22:31:37 :HOSTNAME: kernel: Oops: 0000 [#1] SMP",
             "Jan 11 22:31:37 box kern.warn kernel: [   12.345678] Oops: 0000 [#1] SMP",
             "Thu Jan  1 00:00:00 1970 kern.warn kernel: [   12.345678] Oops: 0000 [#1] SMP",
             "2024-01-02T03:04:05.678901+00:00 box kernel: [   12.345678] Oops: 0000 [#1] SMP",
             "2024-01-02T03:04:05+0000 box kernel: Oops: 0000 [#1] SMP",
             "2024-01-02T03:04:05.678Z [   12.345678] Oops: 0000 [#1] SMP",
             "2024-01-02 03:04:05 [   12.345678] Oops: 0000 [#1] SMP",
             "Oct 12 03:04:05 Oct 12 03:04:05 box kernel: Oops: 0000 [#1] SMP",
             "2024-01-02T03:04:05.678Z stdout F Oct 12 03:04:05 box kernel: Oops: 0000 [#1] SMP",
             "[03:04:05.678] [   12.345678] Oops: 0000 [#1] SMP",
             "Tue 2024-01-02 03:04:05 UTC box kernel: Oops: 0000 [#1] SMP",
             "[   12.345678] box kernel: Oops: 0000 [#1] SMP",
             "<6>1 2024-01-02T03:04:05.678901+00:00 box kernel: Oops: 0000 [#1] SMP",
             "4,1234,5678901,-;Oops: 0000 [#1] SMP",
             "4,1234,5678901,-,caller=T12;Oops: 0000 [#1] SMP",
             "> [   12.345678] Oops: 0000 [#1] SMP",
             ">> > Oops: 0000 [#1] SMP",
             "\x1b[0m\x1b[31m[   12.345678] Oops: 0000\x1b[0m [#1] SMP",
             "[   12.345678] Oops: 0000 [#1] SMP\r\r\n",
             "\r[   12.345678] Oops: 0000 [#1] SMP\r\n",
         }) {
        CAPTURE(line);
        CHECK(only(line).text == "Oops: 0000 [#1] SMP");
    }
}

TEST_CASE("the prefixes' fields are kept") {
    LogRecord record = only("<4>[   12.345678][  T123] x");
    CHECK(record.level == 4);
    CHECK(record.seconds == doctest::Approx(12.345678));
    CHECK(record.caller == "T123");
    record = only("Jan 11 22:31:37 box systemd[1]: Started");
    CHECK(record.time == "Jan 11 22:31:37");
    CHECK(record.host == "box");
    CHECK(record.program == "systemd");
    CHECK_FALSE(record.may_be_kernel());
    record = only("[   36.912470] [   T45] spaced");  // dmesg since util-linux 2.40
    CHECK(record.caller == "T45");
    CHECK(record.text == "spaced");
    record = only("dmz-host kernel: Mem-Info:");  // somebody cut the dates off
    CHECK(record.host == "dmz-host");
    CHECK(record.text == "Mem-Info:");
    record = only("4,1234,5678901,-,caller=C2;x");
    CHECK(record.seconds == doctest::Approx(5.678901));
    CHECK(record.caller == "C2");
    record = only("kern  :err   : [    1.500000] x");
    CHECK(record.level == 3);
}

TEST_CASE("what loggers and vendors' kernels say in front") {
    LogRecord record = only("[    0.629000] I[7:      swapper/0:    1] x");
    CHECK(record.cpu == 7);
    CHECK(record.seconds == doctest::Approx(0.629));
    CHECK(only("[    0.629000] I[1:    kworker/1:2:  123] x").task == "kworker/1:2");
    CHECK(only("[    0.629000] I[1:    kworker/1:2:  123] x").text == "x");
    // logcat takes what stands before the first colon for the tag
    CHECK(only("05-26 20:26:47.075     1     1 W (7)[1:swapper/0]WARNING: CPU: 7").text == "WARNING: CPU: 7");
    CHECK(only("05-26 20:26:47.075     1     1 W -(7)[1:swapper/0]CPU: 7").text == "CPU: 7");
    CHECK(only("05-26 20:26:47.075     1     1 W         : -(7)[1:init][<ffffff8315a8c9e8>] a").text ==
          "[<ffffff8315a8c9e8>] a");
    CHECK(only("05-26 20:26:47.075     1     1 W         : Oops: 0000").text == "Oops: 0000");
    CHECK(only("Mar 31 19:59:54 HOST 4,1862,1532049460,-;x").host == "HOST");
    CHECK(only("Mar 31 19:59:54 FAST kernel: x").host == "FAST");
    CHECK(only("Thu 2023-10-12 19:59:54 CEST box kernel: x").host == "box");
    CHECK(only("/var/log/messages-20231012:Oct 12 19:00:20 box kernel: x").host == "box");
    CHECK(only("messages:127:Oct 12 19:00:20 box kernel: x").host == "box");
    CHECK(only("kern.log.1:[    1.000000] x").seconds == doctest::Approx(1));
    CHECK(only("syslog: x").text == "syslog: x");
    CHECK(only("drivers/net/log/x.c:12: x").text == "drivers/net/log/x.c:12: x");
    CHECK(only("[  +0.000003] x").delta == doctest::Approx(3e-6));
    CHECK_FALSE(only("[  +0.000003] x").seconds);
    record = only("10.1.1.2: kern:    info: [2025-06-04T04:51:57.57Z]: x");
    CHECK(record.host == "10.1.1.2");
    CHECK(record.time == "2025-06-04T04:51:57.57Z");
    CHECK(record.level == 6);
    record = only("Sat Jan 25 09:40:15 2020 kern.err kernel: [22043.040139] x");
    CHECK(record.host == "");
    CHECK(record.level == 3);
    CHECK(only("Oct 12 19:00:20 192.0.2.9 host kernel: x").host == "host");
    CHECK(only("<4>1 2023-10-12T19:00:20Z box kernel - - - x").host == "box");
    CHECK(only("[jeu. oct. 12 19:00:20 2023] x").time == "jeu. oct. 12 19:00:20 2023");
    CHECK(only("Oct 12 19:00:20 box dmesg[123]: [    1.000000] x").may_be_kernel());
    CHECK(only("Oct 12 19:00:20 box dmesg[123]: x").may_be_kernel());
    CHECK_FALSE(only("Oct 12 19:00:20 box monitor[123]: x").may_be_kernel());
    CHECK_FALSE(only("user  :info  : [    1.000000] x").may_be_kernel());
    CHECK_FALSE(only("Sat Jan 25 09:40:15 2020 daemon.err netifd: x").may_be_kernel());
}

TEST_CASE("a front that all lines of a report share comes off, a driver's name does not") {
    const std::string report = "node7 | Oops: 0000 [#1]\nnode7 | CPU: 0\nnode7 | Modules linked in: x\n";
    CHECK(texts(report) == std::vector<std::string>{"Oops: 0000 [#1]", "CPU: 0", "Modules linked in: x"});
    const std::string driver = "mydrv: WARNING: low\nmydrv: BUG: none\nmydrv: CPU: 0\nmydrv: Process 1\n";
    CHECK(texts(driver).front() == "mydrv: WARNING: low");
}

TEST_CASE("a prefix that no row knows comes off from its second line on") {
    CHECK(texts("web | x7 | [    1.000000] one\nweb | x8 | [    2.000000] two\nweb | x9 | [    3.000000] "
                "three\n") == std::vector<std::string>{"web | x7 | ", "one", "two", "three"});
}

TEST_CASE("UTF-16 of both byte orders, with a byte order mark and without") {
    const std::string_view log = "[    1.000000] one\n[    2.000000] two\n";
    for (const bool marked : {true, false}) {
        for (const bool little : {true, false}) {
            CAPTURE(marked);
            CAPTURE(little);
            std::string wide;
            const auto put = [&](char high, char low) {
                wide += little ? std::string{low, high} : std::string{high, low};
            };
            if (marked) put('\xfe', '\xff');
            for (const char c : log) put('\0', c);
            LogReader reader(decompressed(byte_stream_of(as_bytes(std::string_view(wide)))));
            LogRecord record;
            REQUIRE(reader.next(record));
            CHECK(record.text == "one");
            REQUIRE(reader.next(record));
            CHECK(record.text == "two");
            CHECK_FALSE(reader.next(record));
        }
    }
}

TEST_CASE("levels in words") {
    const std::vector<std::pair<std::string_view, int>> levels = {
        {"emerg", 0},       {"emergency", 0}, {"panic", 0}, {"alert", 1},   {"crit", 2},   {"critical", 2},
        {"err", 3},         {"error", 3},     {"warn", 4},  {"warning", 4}, {"notice", 5}, {"info", 6},
        {"information", 6}, {"debug", 7},     {"dbg", 7},   {"verbose", 7}};
    for (const auto& [word, level] : levels) {
        CAPTURE(word);
        CHECK(only(fmt::format("Sat Jan 25 09:40:15 2020 kern.{} kernel: [22043.040139] x", word)).level ==
              level);
        CHECK(only(fmt::format("10.1.1.2: kern:    {}: [2025-06-04T04:51:57.57Z]: x", word)).level == level);
    }
}

TEST_CASE("message text that looks like a prefix stays") {
    CHECK(only("[drm] Num pipes: 1").text == "[drm] Num pipes: 1");
    CHECK(only("[    1.000000] [drm] Num pipes").text == "[drm] Num pipes");
    CHECK(only("[    1.000000]  [<ffffffff810e1c50>] ? kfree+0x1/0x2").text ==
          " [<ffffffff810e1c50>] ? kfree+0x1/0x2");
    CHECK(only("2024-01-02T03:04:05Z divide error: 0000").text == "divide error: 0000");
    CHECK(only("2024-01-02T03:04:05Z BUG: unable to handle").text == "BUG: unable to handle");
    CHECK(only(">ffff8880: fa fb").text == ">ffff8880: fa fb");
}

TEST_CASE("bytes in hexadecimal are no CPU's number, words are behind one") {
    const std::string bytes = "a1 b2 c3";
    CHECK(only("[    1.000000] c0 " + bytes).text == "c0 " + bytes);
    for (const std::size_t at : {0u, 1u, 2u, 3u, 4u, 5u}) {
        std::string words = bytes;
        words[at] = words[at] == ' ' ? '-' : 'x';
        CAPTURE(words);
        CHECK(only("[    1.000000] c0 " + words).text == words);
    }
}

TEST_CASE("lines that a console glued together come apart") {
    LogReader reader("root@box:~# . /lava-57[   36.912468] link up[   36.912470][   T1] next\nlast");
    LogRecord record;
    REQUIRE(reader.next(record));
    CHECK(record.text == "root@box:~# . /lava-57");
    CHECK_FALSE(record.continuation);
    REQUIRE(reader.next(record));
    CHECK(record.text == "link up");
    CHECK(record.continuation);
    CHECK(record.line == 1);
    REQUIRE(reader.next(record));
    CHECK(record.text == "next");
    CHECK(record.caller == "T1");
    REQUIRE(reader.next(record));
    CHECK(record.text == "last");
    CHECK(record.line == 2);
    CHECK_FALSE(reader.next(record));
}

TEST_CASE("a line of megabytes is cut and the next one is whole") {
    const std::string log = "first\n" + std::string(3'000'000, 'x') + "\nlast\n";
    LogReader reader(log);
    LogRecord record;
    REQUIRE(reader.next(record));
    CHECK_FALSE(record.cut);
    REQUIRE(reader.next(record));
    CHECK(record.cut);
    CHECK(record.text.size() == LogReader::max_line);
    REQUIRE(reader.next(record));
    CHECK(record.text == "last");
    CHECK(record.line == 3);
    CHECK_FALSE(reader.next(record));
}

TEST_CASE("journalctl -o json") {
    LogReader reader(R"({"__REALTIME_TIMESTAMP":"1","_TRANSPORT":"kernel","PRIORITY":"3","_HOSTNAME":"box",)"
                     R"("_SOURCE_MONOTONIC_TIMESTAMP":"1500000","MESSAGE":"tab\there \"q\" \u00e9"})"
                     "\n"
                     R"({"MESSAGE":[72,105,27],"SYSLOG_IDENTIFIER":"sshd"})"
                     "\n"
                     R"({"MESSAGE":"one\ntwo","_TRANSPORT":"kernel"})"
                     "\n");
    LogRecord record;
    REQUIRE(reader.next(record));
    CHECK(record.text == "tab\there \"q\" \xc3\xa9");
    CHECK(record.seconds == doctest::Approx(1.5));
    CHECK(record.level == 3);
    CHECK(record.program == "kernel");
    CHECK(record.host == "box");
    REQUIRE(reader.next(record));
    CHECK(record.text == "Hi\x1b");
    CHECK_FALSE(record.may_be_kernel());
    REQUIRE(reader.next(record));
    CHECK(record.text == "one");
    REQUIRE(reader.next(record));
    CHECK(record.text == "two");
    CHECK_FALSE(reader.next(record));
}

TEST_CASE("journalctl -o export") {
    std::string log = "__CURSOR=s=1\n_TRANSPORT=kernel\nMESSAGE=plain\nPRIORITY=6\n\n__CURSOR=s=2\nMESSAGE\n";
    log += std::string("\x07\0\0\0\0\0\0\0", 8) + "two\nrow\n_HOSTNAME=box\n\n";
    LogReader reader(log);
    LogRecord record;
    REQUIRE(reader.next(record));
    CHECK(record.text == "plain");
    CHECK(record.level == 6);
    REQUIRE(reader.next(record));
    CHECK(record.text == "two");
    CHECK(record.host == "box");
    REQUIRE(reader.next(record));
    CHECK(record.text == "row");
    CHECK_FALSE(reader.next(record));
}

TEST_CASE("empty lines, no lines, no last newline") {
    CHECK(texts("").empty());
    CHECK(texts("\n\na") == std::vector<std::string>{"", "", "a"});
    CHECK(texts("{\"MESSAGE\":") == std::vector<std::string>{"{\"MESSAGE\":"});
}

}  // namespace log_reader_test
