// The record buffer of 3.5 to 5.9, written here as log_store() in kernel/printk.c does.
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "kernel/printk/printk.h"
#include "support/memory_image.h"

namespace printk_records_test {

using namespace postmortem;

namespace {

constexpr std::uint64_t variables = 0x81000000, buffer = 0x81100000;

struct Kernel5 {
    std::string name = "printk_log";
    std::string release = "4.19.0";
    bool caller = false;
    Endian endian = Endian::Little;
    std::uint32_t size = 512;
};

class Buffer {
  public:
    explicit Buffer(Kernel5 kernel = {}) : image(kernel.endian), k_(std::move(kernel)) {
        image.map(buffer, k_.size);
        image.put<std::uint64_t>(variables, buffer);
        image.put<std::uint32_t>(variables + 8, k_.size);
    }

    std::uint32_t header() const { return k_.caller ? 24 : 16; }

    void add(std::string_view text, std::string_view dictionary = {}) {
        const auto size =
            static_cast<std::uint32_t>((header() + text.size() + dictionary.size() + 3) / 4 * 4);
        if (next + size + header() > k_.size) {
            image.put(buffer + next, std::string(header(), '\0'));
            next = 0;
        }
        const std::uint64_t at = buffer + next;
        image.put<std::uint64_t>(at, 5'000'000'000 + next);
        image.put<std::uint16_t>(at + 8, static_cast<std::uint16_t>(size));
        image.put<std::uint16_t>(at + 10, static_cast<std::uint16_t>(text.size()));
        image.put<std::uint16_t>(at + 12, static_cast<std::uint16_t>(dictionary.size()));
        image.put<std::uint8_t>(at + 14, 1);
        image.put<std::uint8_t>(at + 15, k_.endian == Endian::Little ? 4 << 5 | 2 : 2 << 3 | 4);
        if (k_.caller) image.put<std::uint32_t>(at + 16, 0x80000002);
        image.put(at + header(), text);
        image.put(at + header() + text.size(), dictionary);
        next += size;
    }

    KernelLog read() {
        image.put<std::uint32_t>(variables + 12, first);
        image.put<std::uint32_t>(variables + 16, next);
        const std::string& n = k_.name;
        std::string info = fmt::format(
            "OSRELEASE={0}\nSYMBOL(log_buf)={1:x}\nSYMBOL(log_buf_len)={2:x}\nSYMBOL(log_first_idx)={3:x}\n"
            "SYMBOL(log_next_idx)={4:x}\nSIZE(list_head)=16\nSIZE({5})={6}\nOFFSET({5}.ts_nsec)=0\nOFFSET({5}"
            ".len)=8\n"
            "OFFSET({5}.text_len)=10\nOFFSET({5}.dict_len)=12\n",
            k_.release, variables, variables + 8, variables + 12, variables + 16, n, header());
        if (k_.caller) info += fmt::format("OFFSET({}.caller_id)=16\n", n);
        return read_printk(image.space(), VmcoreInfo(info));
    }

    test::MemoryImage image;
    std::uint32_t first = 0, next = 0;

  private:
    Kernel5 k_;
};

}  // namespace

TEST_CASE("a record of the buffer is read in full") {
    for (const Endian endian : {Endian::Little, Endian::Big}) {
        Buffer log_buffer({"printk_log", "5.4.0", true, endian});
        log_buffer.add("usb 1-1: new device", std::string_view("SUBSYSTEM=usb\0DEVICE=c189:1", 27));
        const KernelLog log = log_buffer.read();
        CHECK(log.format == PrintkFormat::Records);
        CHECK(log.problems.empty());
        REQUIRE(log.records.size() == 1);
        const PrintkRecord& record = log.records.front();
        CHECK(record.text == "usb 1-1: new device");
        CHECK(record.time_ns == 5'000'000'000);
        CHECK(record.facility == 1);
        CHECK(record.level == 4);
        REQUIRE(record.caller);
        CHECK(record.caller->interrupt);
        CHECK(record.caller->cpu == 2);
        REQUIRE(record.dictionary.size() == 2);
        CHECK(record.dictionary[0] == std::pair<std::string, std::string>("SUBSYSTEM", "usb"));
        CHECK(record.dictionary[1] == std::pair<std::string, std::string>("DEVICE", "c189:1"));
    }
}

TEST_CASE("the names and levels of the first releases with records") {
    Buffer renamed({"log", "3.10.0"});
    renamed.add("before 3.11");
    CHECK(renamed.read().records.at(0).level == 4);
    CHECK_FALSE(renamed.read().records.at(0).caller);

    Buffer oldest({"log", "3.5.7"});
    oldest.add("3.5 has one number for both");
    oldest.image.put<std::uint16_t>(buffer + 14, 3 << 3 | 6);
    CHECK(oldest.read().records.at(0).facility == 3);
    CHECK(oldest.read().records.at(0).level == 6);
}

TEST_CASE("an empty buffer and one that has wrapped") {
    Buffer empty;
    CHECK(empty.read().records.empty());
    CHECK(empty.read().problems.empty());

    Buffer wrapped;
    for (int i = 0; i < 12; ++i) {
        if (i == 8) wrapped.first = wrapped.next;  // about to wrap: the oldest are gone
        if (i == 8) wrapped.first = 5 * 56;
        wrapped.add(fmt::format("{:040}", i));
    }
    const KernelLog log = wrapped.read();
    CHECK(log.problems.empty());
    REQUIRE(log.records.size() == 7);
    CHECK(log.records.front().text == fmt::format("{:040}", 5));
    CHECK(log.records.back().text == fmt::format("{:040}", 11));
}

TEST_CASE("damage ends the walk and is told") {
    Buffer damaged;
    for (int i = 0; i < 5; ++i) damaged.add("0123456789abcdef");
    SUBCASE("a length below the header's") {
        damaged.image.put<std::uint16_t>(buffer + 64 + 8, 3);
    }
    SUBCASE("no length, and nowhere to wrap to") {
        damaged.image.put<std::uint16_t>(buffer + 64 + 8, 0);
    }
    SUBCASE("a length past the last record") {
        damaged.image.put<std::uint16_t>(buffer + 64 + 8, 400);
    }
    const KernelLog log = damaged.read();
    CHECK(log.records.size() == 2);
    REQUIRE(log.problems.size() == 1);
    CHECK(log.problems[0].code == ErrorCode::Corrupt);
}

TEST_CASE("a text length is held to the record's own") {
    Buffer long_text;
    long_text.add("0123");
    long_text.add("next");
    long_text.image.put<std::uint16_t>(buffer + 10, 0xffff);
    const KernelLog log = long_text.read();
    REQUIRE(log.records.size() == 2);
    CHECK(log.records[0].text == "0123");
    CHECK(log.records[1].text == "next");
}

TEST_CASE("a buffer whose ends are garbage is refused") {
    Buffer garbage;
    garbage.add("text");
    const char* why = "";
    SUBCASE("it begins behind its end") {
        garbage.first = 512;
        why = "the buffer of 512 bytes cannot begin at 512 and end at 20";
    }
    SUBCASE("it goes on behind its end") {
        garbage.next = 512;
        why = "the buffer of 512 bytes cannot begin at 0 and end at 512";
    }
    SUBCASE("no kernel makes one as large") {
        garbage.image.put<std::uint32_t>(variables + 8, 0x80000001);
        why = "the buffer of 2147483649 bytes cannot begin at 0 and end at 20";
    }
    const KernelLog log = garbage.read();
    CHECK(log.records.empty());
    REQUIRE(log.problems.size() == 1);
    CHECK(log.problems[0].code == ErrorCode::Corrupt);
    CHECK(log.problems[0].message.find(why) != std::string::npos);
}

}  // namespace printk_records_test
