// The 5.10+ ring, written here as the kernel writes it (kernel/printk/printk_ringbuffer.c), in all states and
// on machines of both byte orders and word sizes.
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "kernel/printk/printk.h"
#include "support/memory_image.h"

namespace printk_ring_test {

using namespace postmortem;

namespace {

constexpr std::uint64_t prb_pointer = 0x81000000, prb = 0x81000100;
constexpr std::uint64_t descs = 0x81100000, infos = 0x81200000, text = 0x81300000;

enum State : std::uint64_t { reserved = 0, committed = 1, finalised = 2, reusable = 3 };

struct Machine {
    Endian endian = Endian::Little;
    std::uint64_t word = 8;
    bool execution_context = false;
};

// A ring of 8 descriptors and 256 bytes of text.
class Ring {
  public:
    static constexpr std::uint64_t count = 8, text_size = 256;

    explicit Ring(Machine machine = {}) : m_(machine), image(machine.endian) {
        put_word(prb_pointer, prb);
        image.map(descs, count * desc_size());
        image.map(infos, count * info_size());
        image.map(text, text_size);
        image.put<std::uint32_t>(prb, 3);
        put_word(prb + m_.word, descs);
        put_word(prb + 2 * m_.word, infos);
        image.put<std::uint32_t>(prb + 5 * m_.word, 8);
        put_word(prb + 6 * m_.word, text);
        put_word(prb + 9 * m_.word, 3);  // fail
        // As _DEFINE_PRINTKRB() starts: ids and positions just below their wrap.
        head = tail = id_mask() - 7 + 1 - 1;
        lpos = (0 - text_size) & word_mask();
        set_ends(head, tail);
    }

    std::uint64_t word_mask() const { return m_.word == 8 ? ~0ull : 0xffffffffull; }
    std::uint64_t id_mask() const { return word_mask() >> 2; }
    std::uint64_t desc_size() const { return 3 * m_.word; }
    std::uint64_t info_device() const { return m_.execution_context ? 44 : 24; }
    std::uint64_t info_size() const { return info_device() + 64 + (m_.execution_context ? 4 : 0); }

    void put_word(std::uint64_t at, std::uint64_t value) {
        if (m_.word == 8)
            image.put(at, value);
        else
            image.put(at, static_cast<std::uint32_t>(value));
    }

    void set_ends(std::uint64_t new_tail, std::uint64_t new_head) {
        tail = new_tail;
        head = new_head;
        put_word(prb + 3 * m_.word, head);
        put_word(prb + 4 * m_.word, tail);
    }

    void set_state(std::uint64_t id, State state) {
        put_word(descs + id % count * desc_size(), id | static_cast<std::uint64_t>(state)
                                                            << (m_.word * 8 - 2));
    }

    void set_block(std::uint64_t id, std::uint64_t begin, std::uint64_t next) {
        put_word(descs + id % count * desc_size() + m_.word, begin);
        put_word(descs + id % count * desc_size() + 2 * m_.word, next);
    }

    void set_info(std::uint64_t id, std::uint64_t seq, std::uint16_t text_len, std::uint32_t caller = 1) {
        const std::uint64_t info = infos + id % count * info_size();
        image.put<std::uint64_t>(info, seq);
        image.put<std::uint64_t>(info + 8, 1'234'567'891 + seq);
        image.put<std::uint16_t>(info + 16, text_len);
        image.put<std::uint8_t>(info + 18, 3);                                                      // daemon
        image.put<std::uint8_t>(info + 19, m_.endian == Endian::Little ? 6 << 5 | 2 : 2 << 3 | 6);  // info
        image.put<std::uint32_t>(info + 20, caller);
    }

    /// prb_reserve(), copy, prb_final_commit().
    std::uint64_t add(std::string_view message, State state = finalised, bool exact_fit_wraps = true) {
        const std::uint64_t id = next_id();
        const std::uint64_t size = (m_.word + message.size() + m_.word - 1) / m_.word * m_.word;
        const std::uint64_t end = (lpos + size) & word_mask();
        const bool crosses = lpos / text_size != (exact_fit_wraps ? end : end - 1) / text_size;
        const std::uint64_t begin = lpos;
        const std::uint64_t start = crosses ? (end / text_size * text_size) & word_mask() : begin;
        lpos = (start + size) & word_mask();
        put_word(text + start % text_size, id);
        image.put(text + start % text_size + m_.word, message);
        set_block(id, begin, lpos);
        set_info(id, seq_++, static_cast<std::uint16_t>(message.size()));
        set_state(id, state);
        return id;
    }

    std::uint64_t add_without_data(std::uint64_t special_lpos) {
        const std::uint64_t id = next_id();
        set_block(id, special_lpos, special_lpos);
        set_info(id, seq_++, 0);
        set_state(id, finalised);
        return id;
    }

    KernelLog read(std::string_view without = "") const {
        std::string info = vmcoreinfo();
        if (const auto at = info.find(without); !without.empty() && at != info.npos)
            info.erase(at, info.find('\n', at) + 1 - at);
        return read_printk(image.space(), VmcoreInfo(info));
    }

    std::string vmcoreinfo() const {
        const std::uint64_t w = m_.word;
        std::string s = fmt::format(
            "SYMBOL(prb)={:x}\nSIZE(atomic_long_t)={}\nOFFSET(atomic_long_t.counter)=0\n", prb_pointer, w);
        const auto add = [&](const char* key, std::uint64_t value) {
            s += fmt::format("{}={}\n", key, value);
        };
        add("SIZE(printk_ringbuffer)", 10 * w);
        add("OFFSET(printk_ringbuffer.desc_ring)", 0);
        add("OFFSET(printk_ringbuffer.text_data_ring)", 5 * w);
        add("OFFSET(printk_ringbuffer.fail)", 9 * w);
        add("OFFSET(prb_desc_ring.count_bits)", 0);
        add("OFFSET(prb_desc_ring.descs)", w);
        add("OFFSET(prb_desc_ring.infos)", 2 * w);
        add("OFFSET(prb_desc_ring.head_id)", 3 * w);
        add("OFFSET(prb_desc_ring.tail_id)", 4 * w);
        add("SIZE(prb_desc)", desc_size());
        add("OFFSET(prb_desc.state_var)", 0);
        add("OFFSET(prb_desc.text_blk_lpos)", w);
        add("OFFSET(prb_data_blk_lpos.begin)", 0);
        add("OFFSET(prb_data_blk_lpos.next)", w);
        add("SIZE(printk_info)", info_size());
        add("OFFSET(printk_info.seq)", 0);
        add("OFFSET(printk_info.ts_nsec)", 8);
        add("OFFSET(printk_info.text_len)", 16);
        add("OFFSET(printk_info.caller_id)", 20);
        add("OFFSET(printk_info.dev_info)", info_device());
        add("OFFSET(dev_printk_info.subsystem)", 0);
        add("LENGTH(printk_info_subsystem)", 16);
        add("OFFSET(dev_printk_info.device)", 16);
        add("LENGTH(printk_info_device)", 48);
        add("OFFSET(prb_data_ring.size_bits)", 0);
        add("OFFSET(prb_data_ring.data)", w);
        return s;
    }

  private:
    std::uint64_t next_id() {
        if (seq_ > 0) head = (head + 1) & id_mask();
        if (seq_ >= count) tail = (tail + 1) & id_mask();
        set_ends(tail, head);
        return head;
    }

    Machine m_;
    std::uint64_t seq_ = 0;

  public:
    test::MemoryImage image;
    std::uint64_t head = 0, tail = 0, lpos = 0;
};

std::vector<std::string> texts(const KernelLog& log) {
    std::vector<std::string> all;
    for (const PrintkRecord& record : log.records) all.push_back(record.text);
    return all;
}

}  // namespace

TEST_CASE("a ring that claims more records than any log holds is read from its end, and that is said") {
    Ring ring;
    ring.image.put<std::uint32_t>(prb, 21);
    ring.set_ends(ring.head, (ring.head + (1u << 21) - 1) & ring.id_mask());
    const KernelLog log = ring.read();
    REQUIRE(log.problems.size() == 2);  // the other: nearly all of it lies nowhere
    CHECK(log.problems[0].message == "the log holds up to 2097152 records; only the newest 1048576 are read");
}

TEST_CASE("a record of the ring is read in full") {
    for (const Machine machine :
         {Machine{}, Machine{Endian::Big, 8}, Machine{Endian::Little, 4}, Machine{Endian::Big, 4}}) {
        CAPTURE(machine.word);
        Ring ring(machine);
        const std::uint64_t id = ring.add("hello");
        ring.image.put(infos + id % Ring::count * ring.info_size() + ring.info_device(), "pci");
        ring.image.put(infos + id % Ring::count * ring.info_size() + ring.info_device() + 16,
                       "+pci:0000:00:01.3");
        const KernelLog log = ring.read();
        CHECK(log.format == PrintkFormat::Ring);
        CHECK(log.problems.empty());
        CHECK(log.failed_calls == 3);
        REQUIRE(log.records.size() == 1);
        const PrintkRecord& record = log.records.front();
        CHECK(record.text == "hello");
        CHECK(record.text_state == PrintkText::Present);
        CHECK(record.seq == 0);
        CHECK(record.time_ns == 1'234'567'891);
        CHECK(record.facility == 3);
        CHECK(record.level == 6);
        REQUIRE(record.caller);
        CHECK_FALSE(record.caller->interrupt);
        CHECK(record.caller->pid == 1);
        CHECK_FALSE(record.caller->cpu);
        REQUIRE(record.dictionary.size() == 2);
        CHECK(record.dictionary[0] == std::pair<std::string, std::string>("SUBSYSTEM", "pci"));
        CHECK(record.dictionary[1] == std::pair<std::string, std::string>("DEVICE", "+pci:0000:00:01.3"));
    }
}

TEST_CASE("the caller's other half and name are read where the kernel keeps them") {
    Ring ring({Endian::Little, 8, true});
    const std::uint64_t id = ring.add("from an interrupt");
    const std::uint64_t info = infos + id % Ring::count * ring.info_size();
    ring.image.put<std::uint32_t>(info + 20, 0x80000003);
    ring.image.put<std::uint32_t>(info + 24, 77);
    ring.image.put(info + 28, "kworker/3:1");
    const KernelLog log = ring.read();
    REQUIRE(log.records.size() == 1);
    REQUIRE(log.records[0].caller);
    CHECK(log.records[0].caller->interrupt);
    CHECK(log.records[0].caller->cpu == 3);
    CHECK(log.records[0].caller->pid == 77);
    CHECK(log.records[0].caller->comm == "kworker/3:1");
}

TEST_CASE("ids and positions wrap; old records leave by the tail") {
    for (const std::uint64_t word : {8u, 4u}) {
        Ring ring({Endian::Little, word});
        std::vector<std::string> expected;
        for (int i = 0; i < 40; ++i) {
            const std::string message =
                fmt::format("message {:02} {}", i, std::string(static_cast<std::size_t>(i % 7), 'x'));
            ring.add(message);
            if (i >= 32) expected.push_back(message);
        }
        const KernelLog log = ring.read();
        CHECK(log.problems.empty());
        REQUIRE(texts(log) == expected);
        CHECK(log.records.front().seq == 32);
    }
}

TEST_CASE("a block that ends with the ring is found under both rules") {
    for (const bool wraps : {true, false}) {
        CAPTURE(wraps);
        Ring ring;
        const std::uint64_t first = ring.add(std::string(120, 'a'));  // 128 bytes with its id
        if (wraps) ring.set_state(first, reusable);                   // the next one takes its place
        ring.add(std::string(120, 'b'), finalised, wraps);            // ends at 256 exactly
        if (!wraps) ring.set_state(first, reusable);
        ring.add("c", finalised, wraps);
        const KernelLog log = ring.read();
        CHECK(log.problems.empty());
        REQUIRE(log.records.size() == 2);
        CHECK(log.records[log.records.size() - 2].text == std::string(120, 'b'));
        CHECK(log.records.back().text == "c");
    }
}

TEST_CASE("records that are not there are not invented") {
    Ring ring;
    ring.add("first");
    ring.add("being written", reserved);
    ring.add("committed, may still grow", committed);
    ring.add("left by the tail", reusable);
    const std::uint64_t other = ring.add("of another id");
    ring.set_state(other, finalised);
    ring.put_word(descs + other % Ring::count * ring.desc_size(), (other - Ring::count) | 2ull << 62);
    ring.add("last");
    const KernelLog log = ring.read();
    CHECK(texts(log) == std::vector<std::string>{"first", "committed, may still grow", "last"});
    CHECK(log.unfinished == 1);
    CHECK(log.problems.empty());
}

TEST_CASE("records without data say why") {
    Ring ring;
    ring.add_without_data(3);
    ring.add_without_data(1);
    ring.add("text");
    const KernelLog log = ring.read();
    REQUIRE(log.records.size() == 3);
    CHECK(log.records[0].text_state == PrintkText::EmptyLine);
    CHECK(log.records[1].text_state == PrintkText::Dropped);
    CHECK(log.records[2].text_state == PrintkText::Present);
    CHECK(log.problems.empty());
}

TEST_CASE("a text whose place was taken is not shown as another record's") {
    Ring ring;
    ring.add("victim");
    ring.put_word(text, 12345);
    ring.add("fine");
    const KernelLog log = ring.read();
    REQUIRE(log.records.size() == 2);
    CHECK(log.records[0].text_state == PrintkText::Unreadable);
    CHECK(log.records[0].text.empty());
    CHECK(log.records[0].seq == 0);
    CHECK(log.records[1].text == "fine");
    REQUIRE(log.problems.size() == 1);
    CHECK(log.problems[0].code == ErrorCode::Corrupt);
}

TEST_CASE("a length that the block cannot hold is cut to the block") {
    Ring ring;
    const std::uint64_t id = ring.add("12345678");
    ring.set_info(id, 0, 60000);
    const KernelLog log = ring.read();
    REQUIRE(log.records.size() == 1);
    CHECK(log.records[0].text == "12345678");
}

TEST_CASE("absent pages cost their records, and one line") {
    Ring ring;
    for (int i = 0; i < 8; ++i) ring.add("message");
    SUBCASE("text") {
        ring.image.exclude(text);
        const KernelLog log = ring.read();
        CHECK(log.records.size() == 8);
        CHECK(log.records[0].text_state == PrintkText::Unreadable);
        REQUIRE(log.problems.size() == 1);
        CHECK(log.problems[0].code == ErrorCode::PageExcluded);
        CHECK(log.problems[0].message == "8 log records: the page was left out");
    }
    SUBCASE("infos") {
        ring.image.exclude(infos);
        const KernelLog log = ring.read();
        CHECK(log.records.empty());
        REQUIRE(log.problems.size() == 1);
        CHECK(log.problems[0].code == ErrorCode::PageExcluded);
    }
    SUBCASE("the ring itself") {
        ring.image.exclude(prb);
        const KernelLog log = ring.read();
        CHECK(log.records.empty());
        REQUIRE(log.problems.size() == 1);
        CHECK(log.problems[0].code == ErrorCode::PageExcluded);
    }
}

TEST_CASE("garbage in the ring's head gives an answer in bounded time") {
    Ring ring;
    for (int i = 0; i < 3; ++i) ring.add("message");
    SUBCASE("impossible sizes") {
        ring.image.put<std::uint32_t>(prb, 63);
        CHECK(ring.read().problems.at(0).code == ErrorCode::Corrupt);
        ring.image.put<std::uint32_t>(prb, 3);
        ring.image.put<std::uint32_t>(prb + 40, 0xffffffff);
        CHECK(ring.read().problems.at(0).code == ErrorCode::Corrupt);
    }
    SUBCASE("the largest ring there is") {
        ring.image.put<std::uint32_t>(prb, 30);
        ring.set_ends(0, 1u << 29);
        const KernelLog log = ring.read();
        CHECK(log.records.size() <= 8);
        CHECK_FALSE(log.problems.empty());
    }
    SUBCASE("ends too far apart") {
        ring.set_ends(5, 1u << 20);
        const KernelLog log = ring.read();
        CHECK(log.problems.at(0).code == ErrorCode::Corrupt);
    }
    SUBCASE("blocks at impossible places") {
        ring.set_block(ring.head, 8, 16384);
        const KernelLog log = ring.read();
        CHECK(log.records.size() == 3);
        CHECK(log.records[2].text_state == PrintkText::Unreadable);
        CHECK(log.problems.at(0).code == ErrorCode::Corrupt);
    }
}

TEST_CASE("a VMCOREINFO that lacks a key names it") {
    Ring ring;
    ring.add("message");
    const KernelLog log = ring.read("OFFSET(prb_desc.state_var)");
    REQUIRE(log.problems.size() == 1);
    CHECK(log.problems[0].code == ErrorCode::MissingDebugInfo);
    CHECK(log.problems[0].message.find("OFFSET(prb_desc.state_var)") != std::string::npos);
    CHECK(ring.read("SYMBOL(prb)").format == PrintkFormat::Unknown);
}

}  // namespace printk_ring_test
