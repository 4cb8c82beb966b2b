// Logs whose every structure may be garbage: the readers answer, in bounded time and memory, whatever they
// are given. The bytes are pseudo-random and the same on every run.
#include <chrono>
#include <random>
#include <utility>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "kernel/printk/printk.h"
#include "support/memory_image.h"

namespace printk_damage_test {

using namespace postmortem;

namespace {

constexpr std::uint64_t base = 0x81000000, size = 0x4000;

// Small numbers, numbers near a power of two, addresses within the image, and noise.
std::uint64_t odd_number(std::mt19937_64& random) {
    switch (random() % 5) {
        case 0: return random() % 64;
        case 1: return (1ull << random() % 64) - random() % 3;
        case 2: return base + random() % size;
        case 3: return (base + random() % size) | random() << 62;
        default: return random();
    }
}

void scramble(test::MemoryImage& image, std::mt19937_64& random) {
    image.map(base, size);
    for (std::uint64_t at = 0; at < size; at += 8) image.put<std::uint64_t>(base + at, odd_number(random));
}

// Every key that a reader asks for. Most values are sane (members lie eight bytes apart), so that the reader
// gets past them to the memory.
std::string scrambled_vmcoreinfo(std::mt19937_64& random, std::initializer_list<const char*> symbols) {
    std::string text;
    std::uint64_t where = base;
    for (const char* symbol : symbols) {
        text += fmt::format("SYMBOL({})={:x}\n", symbol, where);
        where += 8;
    }
    const auto number = [&](const char* kind, const std::string& name, std::uint64_t usual) {
        text += fmt::format("{}({})={}\n", kind, name, random() % 200 == 0 ? odd_number(random) : usual);
    };
    const auto members = [&](const char* type, std::uint64_t step, std::initializer_list<const char*> names) {
        std::uint64_t offset = 0;
        for (const char* name : names)
            number("OFFSET", fmt::format("{}.{}", type, name), std::exchange(offset, offset + step));
        number("SIZE", type, std::max<std::uint64_t>(offset, 8));
    };
    members("atomic_long_t", 8, {"counter"});
    members("prb_desc_ring", 8, {"count_bits", "descs", "infos", "head_id", "tail_id"});
    members("printk_ringbuffer", 40, {"desc_ring", "text_data_ring", "fail"});
    members("prb_data_ring", 8, {"size_bits", "data"});
    members("prb_desc", 8, {"state_var", "text_blk_lpos", "text_blk_lpos_end"});
    members("prb_data_blk_lpos", 8, {"begin", "next"});
    members("printk_info", 8, {"seq", "ts_nsec", "text_len", "caller_id", "dev_info"});
    members("dev_printk_info", 2, {"subsystem", "device"});
    number("LENGTH", "printk_info_subsystem", 2);
    number("LENGTH", "printk_info_device", 2);
    members("printk_log", 8, {"ts_nsec", "len", "text_len", "dict_len", "caller_id"});
    number("SIZE", "list_head", 16);
    return text;
}

// Heads that lead into the image, of rings and buffers of odd but possible sizes.
void make_heads_plausible(test::MemoryImage& image, std::mt19937_64& random, PrintkFormat format) {
    image.put<std::uint64_t>(base, base + 64);
    if (format == PrintkFormat::Ring) {
        image.put<std::uint32_t>(base + 64, static_cast<std::uint32_t>(1 + random() % 12));
        image.put<std::uint32_t>(base + 104, static_cast<std::uint32_t>(3 + random() % 12));
        for (const std::uint64_t pointer : {72u, 80u, 112u})
            image.put<std::uint64_t>(base + pointer, base + random() % size);
        // Descriptors of the right id, in any state, with positions that may make sense.
        const std::uint64_t descs = base + 0x400;
        image.put<std::uint64_t>(base + 72, descs);
        image.put<std::uint64_t>(base + 88, random() % 256);
        image.put<std::uint64_t>(base + 96, random() % 256);
        for (std::uint64_t id = 0; id < 256; ++id) {
            image.put<std::uint64_t>(descs + id * 24, id | random() << 62);
            image.put<std::uint64_t>(descs + id * 24 + 8, random() % 4096);
            image.put<std::uint64_t>(descs + id * 24 + 16, random() % 4096);
        }
    } else {
        image.put<std::uint32_t>(base + 8, static_cast<std::uint32_t>(random() % (2 * size)));
        image.put<std::uint32_t>(base + 16, static_cast<std::uint32_t>(random() % size));
        image.put<std::uint32_t>(base + 24, static_cast<std::uint32_t>(random() % size));
        for (std::uint64_t at = 64; at < size; at += 4)
            image.put<std::uint16_t>(base + at, static_cast<std::uint16_t>(random() % 128));
    }
}

void check_bounded(std::initializer_list<const char*> symbols, PrintkFormat format) {
    std::mt19937_64 random(42);
    const auto start = std::chrono::steady_clock::now();
    std::size_t records = 0;
    for (int round = 0; round < 300; ++round) {
        CAPTURE(round);
        test::MemoryImage image(random() % 2 ? Endian::Little : Endian::Big);
        scramble(image, random);
        if (round % 4 != 0) make_heads_plausible(image, random, format);
        const KernelLog log = read_printk(image.space(), VmcoreInfo(scrambled_vmcoreinfo(random, symbols)));
        CHECK(log.format == format);
        CHECK(log.problems.size() < 32);
        CHECK(log.records.size() <= 1u << 20);
        records += log.records.size();
    }
    CHECK(records > 0);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::minutes(5));
}

}  // namespace

TEST_CASE("a ring of garbage") {
    check_bounded({"prb"}, PrintkFormat::Ring);
}

TEST_CASE("a record buffer of garbage") {
    check_bounded({"log_buf", "log_buf_len", "log_first_idx", "log_next_idx"}, PrintkFormat::Records);
}

TEST_CASE("a flat buffer of garbage") {
    check_bounded({"log_buf", "log_buf_len", "log_end", "logged_chars"}, PrintkFormat::Flat);
}

}  // namespace printk_damage_test
