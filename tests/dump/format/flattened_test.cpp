#include "dump/format/flattened.h"

#include <random>

#include <doctest/doctest.h>

#include "support/check_dump.h"
#include "support/memory_source.h"

namespace flattened_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

Result<std::unique_ptr<ByteSource>> unfold(const Buffer& file) {
    return open_flattened(std::make_unique<MemorySource>(file));
}

Buffer counted(std::size_t size, unsigned seed) {
    Buffer bytes(size);
    std::mt19937 random(seed);
    for (std::byte& b : bytes) b = std::byte(random() & 0xff);
    return bytes;
}

// The file that the records make when they are carried out; `written`: where any of them wrote.
Buffer carried_out(const std::vector<FlatRecord>& records, std::vector<bool>& written) {
    Buffer file;
    for (const FlatRecord& record : records) {
        if (file.size() < record.offset + record.bytes.size())
            file.resize(record.offset + record.bytes.size());
        written.resize(file.size());
        std::fill_n(written.begin() + static_cast<std::ptrdiff_t>(record.offset), record.bytes.size(), true);
        std::copy(record.bytes.begin(), record.bytes.end(),
                  file.begin() + static_cast<std::ptrdiff_t>(record.offset));
    }
    return file;
}

std::string text_at(const ByteSource& source, std::uint64_t offset, std::uint64_t length) {
    Buffer scratch(length);
    const auto bytes = source.read(offset, length, scratch);
    return bytes ? std::string(as_text(*bytes)) : "nothing";
}

FlatRecord record(std::uint64_t offset, std::string_view text) {
    const Bytes bytes = as_bytes(text);
    return {offset, Buffer(bytes.begin(), bytes.end())};
}

}  // namespace

TEST_CASE("a flattened dump gives what the plain one gives") {
    const FakeMemory memory = make_memory(60);
    for (const std::size_t record_size : {1u, 7u, 512u, 4096u, 65536u}) {
        CAPTURE(record_size);
        const auto kdump = open_bytes(make_flattened(flat_records(make_kdump(memory, {}), record_size)));
        REQUIRE(kdump);
        CHECK((*kdump)->info().format == "flattened kdump-compressed v6");
        CHECK((*kdump)->problems().empty());
        CHECK((*kdump)->vmcoreinfo() == KdumpShape().vmcoreinfo);
        CHECK(compare(**kdump, memory) == undamaged(memory));
        const auto elf =
            open_bytes(make_flattened(flat_records(make_elf(segments_of(memory), {}), record_size)));
        REQUIRE(elf);
        CHECK((*elf)->info().format == "flattened ELF vmcore");
        CHECK(compare(**elf, memory) == undamaged(memory));
    }
}

TEST_CASE("a record whose header gives a wrong place is put where it belongs, and told") {
    const FakeMemory memory = make_memory(60);
    KdumpShape raw;
    raw.codec = Codec::Raw;
    for (const Buffer& plain : {make_kdump(memory, raw), make_elf(segments_of(memory), {})}) {
        const std::vector<FlatRecord> records = flat_records(plain, 4096);
        for (std::size_t wrong = 1; wrong + 1 < records.size(); ++wrong) {
            for (unsigned bit = 0; bit < 62; ++bit) {
                CAPTURE(wrong);
                CAPTURE(bit);
                std::vector<FlatRecord> damaged = records;
                damaged[wrong].offset ^= std::uint64_t{1} << bit;
                const auto dump = open_bytes(make_flattened(damaged));
                REQUIRE(dump);
                REQUIRE((*dump)->problems().size() == 1);
                CHECK((*dump)->problems().front().message.find("damaged record header") != std::string::npos);
                CHECK(compare(**dump, memory) == undamaged(memory));
            }
        }
    }
}

TEST_CASE("records may come in any order") {
    const FakeMemory memory = make_memory(60);
    std::vector<FlatRecord> records = flat_records(make_kdump(memory, {}), 1000);
    std::shuffle(records.begin(), records.end(), std::mt19937(7));
    const auto dump = open_bytes(make_flattened(records));
    REQUIRE(dump);
    CHECK(compare(**dump, memory) == undamaged(memory));
}

TEST_CASE("a later record wins, and what no record wrote is missing") {
    const auto source = unfold(make_flattened(
        {record(0, "aaaaaaaa"), record(8, "bbbb"), record(1, "CCCCC"), record(16, "dd"), record(5, "E")}));
    REQUIRE(source);
    CHECK((*source)->size() == 18);
    CHECK(text_at(**source, 0, 12) == "aCCCCEaabbbb");
    CHECK(text_at(**source, 0, 13) == "nothing");
    CHECK(text_at(**source, 12, 2) == "nothing");
    CHECK(text_at(**source, 15, 2) == "nothing");
    CHECK((*source)->count_there(0, 18) == 12);
    CHECK((*source)->count_there(3, 5) == 5);
    CHECK((*source)->count_there(12, 4) == 0);
    CHECK((*source)->count_there(16, 100) == 2);
    CHECK((*source)->count_there(18, 1) == 0);
    CHECK(text_at(**source, 17, 1) == "d");
    CHECK(text_at(**source, 17, 2) == "nothing");
    CHECK(text_at(**source, 18, 1) == "nothing");
    CHECK(text_at(**source, ~0ull, 2) == "nothing");
    CHECK((*source)->view(6, 2));
    CHECK_FALSE((*source)->view(0, 2));
    CHECK_FALSE((*source)->view(12, 1));
}

TEST_CASE("any mix of overlapping records equals carrying them out") {
    std::mt19937 random(99);
    const auto below = [&](unsigned limit) { return static_cast<unsigned>(random() % limit); };
    for (unsigned round = 0; round < 300; ++round) {
        std::vector<FlatRecord> records;
        std::uint64_t next = 0;
        const unsigned count = 1 + below(30);
        for (unsigned i = 0; i < count; ++i) {
            // Often continuing the one before, at the same size, so that runs form and get overwritten.
            const std::uint64_t at = below(3) ? next : below(300);
            const std::size_t size = below(2) ? 16 : 1 + below(60);
            records.push_back({at, counted(size, round * 1000 + i)});
            next = at + size;
        }
        std::vector<bool> written;
        const Buffer expected = carried_out(records, written);
        const auto source = unfold(make_flattened(records));
        REQUIRE(source);
        REQUIRE((*source)->size() == expected.size());
        for (int probe = 0; probe < 20; ++probe) {
            const auto at = below(static_cast<unsigned>(expected.size()));
            const auto length = 1 + below(static_cast<unsigned>(expected.size()) - at);
            const auto from = written.begin() + at;
            const auto there = std::find(from, from + length, false) - from;
            CHECK((*source)->count_there(at, length) == static_cast<std::uint64_t>(there));
            CHECK(text_at(**source, at, length) ==
                  (there == length ? as_text(Bytes(expected).subspan(at, length)) : "nothing"));
        }
    }
}

TEST_CASE("without the end mark gaps are missing, not zero") {
    const Buffer whole = make_flattened({record(0, "aaaa"), record(8, "bbbb")});
    for (std::size_t length = 4097; length < whole.size(); ++length) {
        CAPTURE(length);
        const auto source =
            unfold(Buffer(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)));
        REQUIRE(source);
        CHECK((*source)->origin().problems.size() == 1);
        CHECK(text_at(**source, 4, 2) == "nothing");
        CHECK(text_at(**source, 2, 4) == "nothing");
        if (length >= 4096 + 20) CHECK(text_at(**source, 0, 4) == "aaaa");
        if (length == 4096 + 18) CHECK(text_at(**source, 0, 2) == "aa");
        if (length == 4096 + 18) CHECK(text_at(**source, 0, 3) == "nothing");
    }
}

TEST_CASE("damaged record headers stop the walk and keep what came before") {
    for (const auto& [offset, size] : {std::pair{~0ull, 5ull},
                                       {5ull, ~0ull},
                                       {1ull << 63, 5ull},
                                       {(1ull << 63) - 2, 5ull},
                                       {0ull, 0ull}}) {
        Buffer file = make_flattened({record(0, "aaaa")}, false);
        const std::size_t at = file.size();
        file.resize(at + 16 + 5);
        store<std::uint64_t>(file.data() + at, offset, Endian::Big);
        store<std::uint64_t>(file.data() + at + 8, size, Endian::Big);
        const auto source = unfold(file);
        REQUIRE(source);
        CHECK((*source)->origin().problems.size() == 1);
        CHECK(text_at(**source, 0, 4) == "aaaa");
    }
}

TEST_CASE("a record at an absurd offset costs nothing and breaks nothing") {
    std::vector<FlatRecord> records = flat_records(make_kdump(make_memory(30), {}), 1000);
    records.push_back(record(1ull << 62, "far away"));
    const auto dump = open_bytes(make_flattened(records));
    REQUIRE(dump);
    CHECK(compare(**dump, make_memory(30)) == undamaged(make_memory(30)));
}

TEST_CASE("what is not version 1 of the format is refused") {
    Buffer file = make_flattened({record(0, "aaaa")});
    file[31] = std::byte{2};
    CHECK(unfold(file).error().code == ErrorCode::Unsupported);
    CHECK(unfold(Buffer(file.begin(), file.begin() + 4096)).error().code == ErrorCode::Corrupt);
    file[31] = std::byte{1};
    const auto inner = open_bytes(file);
    REQUIRE_FALSE(inner);
    CHECK(inner.error().code == ErrorCode::Unsupported);
    CHECK(inner.error().message.find("flattened") != std::string::npos);
}

}  // namespace flattened_test
