// How a kernel log is printed: as crash prints it, and as JSON that any parser takes.
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <postmortem/render.h>

namespace kernel_log_test {

using namespace postmortem;

namespace {

PrintkRecord record(std::string text, std::uint64_t time_ns = 1'234'567'891) {
    PrintkRecord r;
    r.text = std::move(text);
    r.time_ns = time_ns;
    return r;
}

KernelLog log_of(std::vector<PrintkRecord> records) {
    KernelLog log;
    log.format = PrintkFormat::Ring;
    log.records = std::move(records);
    return log;
}

}  // namespace

TEST_CASE("a log is printed as crash prints it") {
    CHECK(to_text(log_of({record("plain")})) == "[    1.234567] plain\n");
    CHECK(to_text(log_of({record("long up", 123'456'789'012'345)})) == "[123456.789012] long up\n");
    CHECK(to_text(log_of({record("one\ntwo\n")})) ==
          "[    1.234567] one\n               two\n               \n");
    CHECK(to_text(log_of({record("")})) == "[    1.234567] \n");
    PrintkRecord no_data = record("");
    no_data.text_state = PrintkText::EmptyLine;
    CHECK(to_text(log_of({no_data})) == "\n");
    PrintkRecord no_time = record("flat buffer without printk.time\n");
    no_time.time_ns.reset();
    no_time.text.pop_back();
    CHECK(to_text(log_of({no_time})) == "flat buffer without printk.time\n");
}

TEST_CASE("bytes of a log that could drive a terminal do not reach one") {
    const KernelLog log = log_of({record("\x1b[31mred\xc3\xa9 tab\t end\r\n")});
    CHECK(to_text(log) == "[    1.234567] .[31mred.. tab\t end\r\n               \n");
    CHECK(to_text(log, true) == "[    1.234567] .[31mred.. tab\t end.\n               \n");
}

TEST_CASE("a text that could not be read is no empty line") {
    KernelLog log = log_of({record("before"), record(""), record("behind")});
    log.records[1].text_state = PrintkText::Unreadable;
    CHECK(to_text(log) == "[    1.234567] before\n[    1.234567] (text unreadable)\n[    1.234567] behind\n");
}

TEST_CASE("a log as JSON keeps what text cannot show") {
    PrintkRecord full = record("caf\xc3\xa9 \xff \x1b[0m");
    full.seq = 7;
    full.level = 6;
    full.facility = 0;
    full.dictionary = {{"SUBSYSTEM", "pci"}, {"DEVICE", "+pci:0000:00:01.3"}};
    full.caller = PrintkCaller{false, 42, 3, "modprobe"};
    KernelLog log = log_of({full, record("")});
    log.records[1].text_state = PrintkText::Unreadable;
    log.records[1].time_ns.reset();
    log.failed_calls = 2;
    log.unfinished = 1;
    log.problems.emplace_back(ErrorCode::PageExcluded, "1 log record: left out", 0x1000);
    const auto json = nlohmann::json::parse(to_json(log));
    CHECK(json["format"] == "ring");
    CHECK(json["failed_calls"] == 2);
    CHECK(json["unfinished_records"] == 1);
    CHECK(json["problems"][0]["code"] == "page-excluded");
    CHECK(json["problems"][0]["address"] == "0x1000");
    const auto& first = json["records"][0];
    CHECK(first["seq"] == 7);
    CHECK(first["time_ns"] == 1'234'567'891);
    CHECK(first["level"] == 6);
    CHECK(first["dictionary"]["DEVICE"] == "+pci:0000:00:01.3");
    CHECK(first["caller"]["pid"] == 42);
    CHECK(first["caller"]["cpu"] == 3);
    CHECK(first["caller"]["comm"] == "modprobe");
    CHECK(first["text"] == "caf\xc3\xa9 \\xff \\x1b[0m");
    CHECK(json["records"][1]["text_state"] == "unreadable");
    CHECK(json["records"][1]["time_ns"].is_null());
    CHECK(json["records"][1]["caller"].is_null());
}

}  // namespace kernel_log_test
