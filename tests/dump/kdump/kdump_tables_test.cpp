// A bitmap of a kdump-compressed file that is wrong by a bit gives each page behind it the content of
// another: it has to show, and where parts of a split dump have the right one, that one counts.
#include <doctest/doctest.h>

#include "dump/kdump/kdump.h"
#include "dump/open/split_dump.h"
#include "support/check_dump.h"
#include "support/memory_source.h"
#include "support/temp_dir.h"

namespace kdump_tables_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

constexpr std::uint64_t frames = 100;

std::size_t first_bitmap(const FakeMemory& memory) {
    return std::size_t{2} * memory.page_size;  // behind the header and the sub-header
}
std::size_t second_bitmap(const FakeMemory& memory) {
    return std::size_t{3} * memory.page_size;
}

Buffer flipped(Buffer file, std::size_t bitmap, std::uint64_t bit) {
    file[bitmap + bit / 8] ^= std::byte{1} << bit % 8;
    return file;
}

Buffer inverted(Buffer file, const FakeMemory& memory) {
    for (std::uint64_t bit = 0; bit < frames; ++bit)
        for (const std::size_t bitmap : {first_bitmap(memory), second_bitmap(memory)})
            file = flipped(std::move(file), bitmap, bit);
    return file;
}

// What writers make of the same memory.
std::vector<KdumpShape> shapes() {
    KdumpShape plain, zero_first, big_endian, old;
    zero_first.zero_page_first = true;
    big_endian.machine = fake_machines()[1];
    old.version = 2;
    old.codec = Codec::Raw;
    return {plain, zero_first, big_endian, old};
}

std::vector<Buffer> split(const FakeMemory& memory, KdumpShape shape = {}) {
    std::vector<Buffer> parts;
    shape.split = true;
    for (const std::uint64_t first : {0, 30, 70}) {
        shape.start_pfn = first;
        shape.end_pfn = first == 0 ? 30 : first == 30 ? 70 : frames;
        parts.push_back(make_kdump(memory, shape));
    }
    return parts;
}

std::unique_ptr<DumpFile> joined(const std::vector<Buffer>& files) {
    std::vector<std::unique_ptr<DumpFile>> parts;
    for (const Buffer& file : files) {
        auto part = open_kdump(std::make_unique<MemorySource>(file));
        REQUIRE(part);
        parts.push_back(std::move(*part));
    }
    return join_parts(std::move(parts));
}

}  // namespace

TEST_CASE("tables that agree say nothing, whichever way they are written") {
    for (const std::uint32_t page_size : {4096u, 8192u, 16384u, 65536u}) {
        FakeMemory memory = make_memory(frames, page_size);
        for (const auto& lost : {std::set<std::uint64_t>{}, {0}, {99}, {0, 1, 2, 98, 99}}) {
            memory.lost = lost;
            for (const KdumpShape& shape : shapes()) {
                const auto dump = open_bytes(make_kdump(memory, shape));
                REQUIRE(dump);
                CHECK((*dump)->problems().empty());
                CHECK(compare(**dump, memory) == undamaged(memory));
            }
        }
    }
}

TEST_CASE("one wrong bit of the dumped pages: no page is given, and it is told once") {
    const FakeMemory memory = make_memory(frames);
    for (const KdumpShape& shape : shapes()) {
        const Buffer file = make_kdump(memory, shape);
        for (std::uint64_t bit = 0; bit < frames; ++bit) {
            CAPTURE(bit);
            const auto dump = open_bytes(flipped(file, second_bitmap(memory), bit));
            REQUIRE(dump);
            REQUIRE((*dump)->problems().size() == 1);
            CHECK((*dump)->problems().front().code == ErrorCode::Corrupt);
            CHECK(compare(**dump, memory).corrupt == frames);
        }
    }
}

TEST_CASE("a bitmap of dumped pages that is zero does not say that they were left out") {
    const FakeMemory memory = make_memory(frames);
    Buffer file = make_kdump(memory, {});
    std::fill_n(file.begin() + static_cast<std::ptrdiff_t>(second_bitmap(memory)), 4096, std::byte{0});
    const auto dump = open_bytes(file);
    REQUIRE(dump);
    CHECK((*dump)->problems().size() == 1);
    CHECK(compare(**dump, memory).corrupt == frames);
}

TEST_CASE("a bitmap of the machine that lacks dumped pages: they are read, and nothing is said of memory") {
    const FakeMemory memory = make_memory(frames);
    Buffer file = make_kdump(memory, {});
    std::fill_n(file.begin() + static_cast<std::ptrdiff_t>(first_bitmap(memory)), 4096, std::byte{0});
    const auto dump = open_bytes(file);
    REQUIRE(dump);
    CHECK((*dump)->problems().size() == 1);
    const Comparison seen = compare(**dump, memory);
    CHECK(seen.right == memory.pages.size());
    CHECK(seen.corrupt == frames - memory.pages.size());
}

TEST_CASE("the bitmaps of a large machine are compared when they have been read, or something is missing") {
    FakeMemory memory = make_memory(frames);
    memory.max_pfn = 270'000'000;
    memory.pages[memory.max_pfn - 1] = memory.pages[1];
    const std::size_t bitmap = (memory.max_pfn / 8 + 4095) / 4096 * 4096;
    const Buffer file = make_kdump(memory, {});
    const auto sound = open_bytes(file);
    REQUIRE(sound);
    CHECK(false_answers(**sound, memory) == 0);
    CHECK((*sound)->check_tables().problems.empty());

    Buffer scratch(4096);
    const Buffer damaged = flipped(file, first_bitmap(memory) + bitmap, 12);
    const auto by_info = open_bytes(damaged);
    REQUIRE(by_info);
    CHECK((*by_info)->check_tables().problems.size() == 1);
    CHECK_FALSE((*by_info)->check_tables().promised_certain);
    CHECK((*by_info)->page(0, scratch).error().code == ErrorCode::Corrupt);
    const auto by_last = open_bytes(damaged);
    REQUIRE(by_last);
    CHECK((*by_last)->page((memory.max_pfn - 1) * 4096, scratch).error().code == ErrorCode::Corrupt);
    const auto by_absent = open_bytes(damaged);
    REQUIRE(by_absent);
    CHECK((*by_absent)->page(12 * 4096, scratch).error().code == ErrorCode::Corrupt);
    const auto no_memory = open_bytes(flipped(file, first_bitmap(memory), 13));
    REQUIRE(no_memory);
    CHECK((*no_memory)->page(5 * 4096, scratch).error().code == ErrorCode::Corrupt);
}

TEST_CASE("a part of a split dump takes the bitmaps of another where its own are damaged") {
    const FakeMemory memory = make_memory(frames);
    for (const KdumpShape& shape : shapes()) {
        const std::vector<Buffer> sound = split(memory, shape);
        CHECK(joined(sound)->problems().empty());
        for (std::size_t hurt = 0; hurt < sound.size(); ++hurt) {
            CAPTURE(hurt);
            std::vector<Buffer> files = sound;
            files[hurt] = inverted(files[hurt], memory);
            CHECK(joined(files)->problems().size() == 1);
            CHECK(compare(*joined(files), memory) == undamaged(memory));
            for (std::uint64_t bit = 0; bit < frames; ++bit) {
                files[hurt] = flipped(sound[hurt], second_bitmap(memory), bit);
                const auto dump = joined(files);
                CHECK(dump->problems().size() == 1);
                CHECK(compare(*dump, memory) == undamaged(memory));
            }
        }
    }
}

TEST_CASE("where the bitmaps of all parts are damaged, or those of one alone, nothing false is said") {
    const FakeMemory memory = make_memory(frames);
    const std::vector<Buffer> sound = split(memory);
    for (std::uint64_t bit = 0; bit < frames; ++bit) {
        CAPTURE(bit);
        std::vector<Buffer> files;
        for (const Buffer& file : sound) files.push_back(flipped(file, second_bitmap(memory), bit));
        const auto all = joined(files);
        CHECK(all->problems().size() == 3);
        CHECK(false_answers(*all, memory) == 0);
        for (const Buffer& file : files) {
            const auto alone = open_bytes(file);
            REQUIRE(alone);
            CHECK_FALSE((*alone)->problems().empty());
            CHECK(false_answers(**alone, memory) == 0);
        }
    }
}

TEST_CASE("a raw page whose descriptor gives a wrong place is not given") {
    const FakeMemory memory = make_memory(frames);
    KdumpShape raw, zero_first;
    raw.codec = zero_first.codec = Codec::Raw;
    zero_first.zero_page_first = true;
    for (const KdumpShape& shape : {raw, zero_first}) {
        const Buffer file = make_kdump(memory, shape);
        const std::size_t table = second_bitmap(memory) + memory.page_size;
        std::vector<bool> is_zero;
        for (const auto& [pfn, bytes] : memory.pages)
            is_zero.push_back(
                std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; }));
        std::size_t judged = 0;
        for (std::size_t page = 1; page + 1 < memory.pages.size(); ++page) {
            if (is_zero[page - 1] || is_zero[page] || is_zero[page + 1]) continue;
            ++judged;
            for (unsigned bit = 0; bit < 64; ++bit) {
                CAPTURE(page);
                CAPTURE(bit);
                Buffer damaged = file;
                damaged[table + page * 24 + bit / 8] ^= std::byte{1} << bit % 8;
                const auto dump = open_bytes(damaged);
                REQUIRE(dump);
                CHECK(false_answers(**dump, memory) == 0);
            }
        }
        CHECK(judged > 15);
    }
}

TEST_CASE("a part without pages ends where its bitmaps have no more bits, and is not cut off") {
    FakeMemory memory = make_memory(frames);
    for (std::uint64_t pfn = 29; pfn < frames; ++pfn)
        if (memory.pages.erase(pfn) != 0) memory.excluded.insert(pfn);
    std::vector<Buffer> files = split(memory);
    const std::size_t end_of_bits = second_bitmap(memory) + 4;
    for (const std::size_t part : {1u, 2u}) files[part].resize(end_of_bits);
    const auto dump = joined(files);
    CHECK(dump->problems().empty());
    CHECK(compare(*dump, memory) == undamaged(memory));
    const auto alone = open_bytes(files[1]);  // nobody tells what the rest of its bitmaps was
    REQUIRE(alone);
    CHECK_FALSE((*alone)->problems().empty());
    files[0].resize(end_of_bits);
    CHECK_FALSE(joined(files)->problems().empty());
    CHECK(false_answers(*joined(files), memory) == 0);
}

// The kdump_sub_header of version 6.
constexpr std::size_t range_begin_at = 80, range_end_at = 88;

TEST_CASE("a part whose header gives a wrong range: that of its neighbours counts, if its table agrees") {
    const FakeMemory memory = make_memory(frames);
    const std::vector<Buffer> sound = split(memory);
    for (std::size_t hurt = 0; hurt < sound.size(); ++hurt) {
        for (const std::size_t field : {range_begin_at, range_end_at}) {
            for (unsigned bit = 0; bit < 64; ++bit) {
                CAPTURE(hurt);
                CAPTURE(field);
                CAPTURE(bit);
                std::vector<Buffer> files = sound;
                std::byte& damaged = files[hurt][memory.page_size + field + bit / 8];
                damaged ^= std::byte{1} << bit % 8;
                const auto dump = joined(files);
                CHECK(false_answers(*dump, memory) == 0);
                CHECK(compare(*dump, memory).right == memory.pages.size());
                const auto alone = open_bytes(files[hurt]);
                if (alone) CHECK(false_answers(**alone, memory) == 0);
            }
        }
    }
}

TEST_CASE("of two numbers of page frames that contradict each other the one is taken that the bitmaps have") {
    const FakeMemory memory = make_memory(frames);
    constexpr std::size_t narrow_at = 440, wide_at = 96;
    for (const std::uint64_t wrong : {1ull, 99ull, 1ull << 33, 1ull << 40, ~0ull}) {
        for (const bool wide : {false, true}) {
            CAPTURE(wrong);
            Buffer file = make_kdump(memory, {});
            if (wide)
                store(file.data() + memory.page_size + wide_at, wrong, Endian::Little);
            else
                store(file.data() + narrow_at,
                      static_cast<std::uint32_t>(std::min<std::uint64_t>(wrong, 0xffffffff)), Endian::Little);
            const auto dump = open_bytes(file);
            REQUIRE(dump);
            CHECK((*dump)->problems().size() == 1);
            CHECK(compare(**dump, memory).right == memory.pages.size());
            CHECK(false_answers(**dump, memory) == 0);
        }
    }
}

TEST_CASE("a lost record of a flattened file is missing, whatever lay there") {
    const FakeMemory memory = make_memory(frames);
    KdumpShape shape;
    shape.codec = Codec::Raw;
    shape.notes = {{"CORE", 1, Buffer(148)}};
    for (const std::size_t record_size : {512u, 4096u, 5000u}) {
        const std::vector<FlatRecord> records = flat_records(make_kdump(memory, shape), record_size);
        for (std::size_t lost = 0; lost < records.size(); ++lost) {
            CAPTURE(record_size);
            CAPTURE(lost);
            std::vector<FlatRecord> kept = records;
            kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(lost));
            const auto dump = open_bytes(make_flattened(kept));
            if (!dump) continue;
            CHECK(false_answers(**dump, memory) == 0);
            const std::uint64_t right = compare(**dump, memory).right;
            const std::uint64_t at = records[lost].offset, descriptors = second_bitmap(memory) + 4096;
            if (at >= descriptors)  // told page by page
                CHECK(right < memory.pages.size());
            else if (at + record_size <= descriptors &&
                     (right < memory.pages.size() || (*dump)->vmcoreinfo() != shape.vmcoreinfo))
                CHECK_FALSE((*dump)->problems().empty());
        }
    }
}

TEST_CASE("a flattened file without its VMCOREINFO says so") {
    const FakeMemory memory = make_memory(frames);
    const Buffer file = make_kdump(memory, {});
    const std::size_t text_at = as_text(file).find("OSRELEASE=");
    REQUIRE(text_at != std::string::npos);
    std::vector<FlatRecord> records = flat_records(file, 8);
    std::erase_if(records,
                  [&](const FlatRecord& r) { return r.offset >= text_at && r.offset < text_at + 40; });
    const auto dump = open_bytes(make_flattened(records));
    REQUIRE(dump);
    CHECK((*dump)->vmcoreinfo().empty());
    REQUIRE((*dump)->problems().size() == 1);
    CHECK((*dump)->problems().front().message.find("VMCOREINFO") != std::string::npos);
    CHECK(compare(**dump, memory) == undamaged(memory));
}

}  // namespace kdump_tables_test
