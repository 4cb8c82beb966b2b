// The flat buffer before 3.5, written here as emit_log_char() in kernel/printk.c does.
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "kernel/printk/printk.h"
#include "support/memory_image.h"

namespace printk_flat_test {

using namespace postmortem;

namespace {

constexpr std::uint64_t variables = 0x81000000, buffer = 0x81100ff0;

class FlatBuffer {
  public:
    explicit FlatBuffer(std::uint32_t size = 256) : size_(size) {
        image.map(buffer, size);
        image.put<std::uint64_t>(variables, buffer);
        image.put<std::uint32_t>(variables + 8, size);
    }

    void write(std::string_view text) {
        for (const char c : text) {
            image.put(buffer + end % size_, std::string_view(&c, 1));
            ++end;
            if (logged < size_) ++logged;
        }
    }

    KernelLog read() {
        image.put<std::uint32_t>(variables + 12, end);
        image.put<std::uint32_t>(variables + 16, logged);
        return read_printk(
            image.space(),
            VmcoreInfo(fmt::format("OSRELEASE=2.6.32\nSYMBOL(log_buf)={:x}\nSYMBOL(log_buf_len)={:x}\n"
                                   "SYMBOL(log_end)={:x}\nSYMBOL(logged_chars)={:x}\nSIZE(list_head)=16\n",
                                   variables, variables + 8, variables + 12, variables + 16)));
    }

    test::MemoryImage image;
    std::uint32_t end = 0, logged = 0;

  private:
    std::uint32_t size_;
};

}  // namespace

TEST_CASE("lines of the flat buffer are taken apart") {
    FlatBuffer flat;
    flat.write(
        "<5>[    0.000000] Linux version 2.6.32\n<30>[12345.678901] daemon\nno level\n<4>not [a time] x\n");
    const KernelLog log = flat.read();
    CHECK(log.format == PrintkFormat::Flat);
    CHECK(log.problems.empty());
    REQUIRE(log.records.size() == 4);
    CHECK(log.records[0].text == "Linux version 2.6.32");
    CHECK(log.records[0].level == 5);
    CHECK(log.records[0].time_ns == 0);
    CHECK(log.records[1].level == 6);
    CHECK(log.records[1].facility == 3);
    CHECK(log.records[1].time_ns == 12'345'678'901'000);
    CHECK(log.records[2].text == "no level");
    CHECK_FALSE(log.records[2].level);
    CHECK(log.records[3].text == "not [a time] x");
    CHECK_FALSE(log.records[3].time_ns);
}

TEST_CASE("a flat buffer that has wrapped begins with its oldest character") {
    FlatBuffer flat(64);
    for (int i = 0; i < 20; ++i) flat.write(fmt::format("<6>line {:02}\n", i));
    const KernelLog log = flat.read();
    REQUIRE(log.records.size() == 6);
    CHECK(log.records.front().text == ">line 14");
    CHECK(log.records[1].text == "line 15");
    CHECK(log.records.back().text == "line 19");
}

TEST_CASE("the count of characters may itself have wrapped") {
    FlatBuffer flat(64);
    flat.write("<6>0123456789abcdefghijklmnopqrstuvwxyz\n<6>second line of text\n");
    flat.end += 0u - 64u;  // 2^32 - 64 + 64: wrapped to a small number
    flat.write("<6>last\n");
    CHECK(flat.read().records.back().text == "last");
    CHECK(flat.read().records.size() >= 2);
}

TEST_CASE("an unreadable stretch of the flat buffer costs that stretch") {
    FlatBuffer flat;
    flat.write(std::string(40, 'a') + "\nafter\n");
    flat.image.exclude(buffer);  // the first 16 characters lie on this page
    const KernelLog log = flat.read();
    REQUIRE(log.records.size() == 2);
    CHECK(log.records[0].text == std::string(24, 'a'));
    CHECK(log.records[1].text == "after");
    REQUIRE(log.problems.size() == 1);
    CHECK(log.problems[0].code == ErrorCode::PageExcluded);
}

TEST_CASE("an empty flat buffer, and one of an impossible size") {
    FlatBuffer flat;
    CHECK(flat.read().records.empty());
    CHECK(flat.read().problems.empty());
    flat.image.put<std::uint32_t>(variables + 8, 0);
    CHECK(flat.read().problems.at(0).code == ErrorCode::Corrupt);
}

TEST_CASE("a buffer that is larger than any, or nothing, is refused") {
    for (const std::uint32_t size : {0u, (256u << 20) + 1, ~0u}) {
        CAPTURE(size);
        FlatBuffer flat;
        flat.write("<5>text\n");
        flat.image.put<std::uint32_t>(variables + 8, size);
        const KernelLog log = flat.read();
        CHECK(log.records.empty());
        REQUIRE(log.problems.size() == 1);
        CHECK(log.problems[0].message.find(fmt::format("its buffer claims {} bytes", size)) !=
              std::string::npos);
    }
}

}  // namespace printk_flat_test
