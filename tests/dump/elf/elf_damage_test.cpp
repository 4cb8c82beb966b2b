// A bit that is wrong in a program header would give pages the bytes of others, or have it that the machine
// had no memory where it did: the headers are judged by each other.
#include <algorithm>

#include <doctest/doctest.h>
#include <elf.h>

#include "base/checked.h"
#include "support/check_dump.h"

namespace elf_damage_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

constexpr std::uint64_t direct_map = 0xffff888000000000, text_map = 0xffffffff6ea00000;

struct Writer {
    const char* name;
    std::vector<FakeSegment> segments;
    ElfShape shape;
    bool leaves_out = false;  // pages, as memsz beyond filesz
};

// `count` frames from `first` on, as the text of a kernel.
FakeSegment text_of(const FakeMemory& memory, std::uint64_t first, std::uint64_t count) {
    FakeSegment text{first * 4096, {}, count * 4096, text_map + first * 4096};
    for (std::uint64_t pfn = first; pfn < first + count; ++pfn) {
        const auto page = memory.pages.find(pfn);
        if (page == memory.pages.end()) break;
        text.bytes.insert(text.bytes.end(), page->second.begin(), page->second.end());
    }
    return text;
}

std::vector<FakeSegment> mapped_at(std::uint64_t map, std::vector<FakeSegment> segments) {
    for (FakeSegment& segment : segments) segment.vaddr = map + segment.paddr;
    return segments;
}

FakeMemory memory_without(std::initializer_list<FrameRun> holes, bool leaves_out) {
    FakeMemory memory = make_memory(200);
    for (std::uint64_t pfn = 0; pfn < memory.max_pfn; ++pfn) {
        const bool is_hole = std::any_of(holes.begin(), holes.end(), [&](FrameRun hole) {
            return hole.first_pfn <= pfn && pfn < hole.end_pfn;
        });
        memory.excluded.erase(pfn);
        if (is_hole && leaves_out) memory.excluded.insert(pfn);
        if (is_hole) memory.pages.erase(pfn);
        if (is_hole || memory.pages.contains(pfn)) continue;
        Buffer page(4096);
        for (std::size_t i = 0; i < page.size(); ++i) page[i] = std::byte(pfn * 7 + i * i % 251);
        memory.pages[pfn] = page;
    }
    return memory;
}

const std::vector<FakeNote>& notes() {
    static const std::vector<FakeNote> some = {{"CORE", NT_PRSTATUS, Buffer(336)}};
    return some;
}

Writer kernel(const FakeMemory& memory, const FakeMachine& machine) {
    std::vector<FakeSegment> segments = mapped_at(direct_map, segments_of(memory));
    segments.insert(segments.begin(), text_of(memory, 40, 20));
    return {"the kernel", segments, {machine, notes(), false, false, true}};
}

Writer qemu(const FakeMemory& memory, const FakeMachine& machine) {
    return {"QEMU", mapped_at(0, segments_of(memory)), {machine, notes()}};
}

Writer makedumpfile(const FakeMemory& memory, const FakeMachine& machine) {
    std::vector<FakeSegment> segments = mapped_at(direct_map, segments_of(memory));
    segments.insert(segments.begin(), {text_of(memory, 60, 10), text_of(memory, 70, 8)});
    return {"makedumpfile", segments, {machine, notes()}, true};
}

struct Field {
    const char* name;
    std::size_t at, size;
};
constexpr Field fields[] = {{"p_type", 0, 4},   {"p_offset", 8, 8},  {"p_vaddr", 16, 8},
                            {"p_paddr", 24, 8}, {"p_filesz", 32, 8}, {"p_memsz", 40, 8}};

struct Sweep {
    std::uint64_t tried = 0, whole = 0;
};

// Of a file with one wrong bit.
void check_damaged(const Buffer& file, const FakeMemory& memory, bool is_size_of_left_out, Sweep& sweep) {
    const auto dump = open_bytes(file);
    if (!dump) return;
    const Comparison seen = compare(**dump, memory);
    const std::uint64_t false_ones = false_answers(**dump, memory);
    // How much is left out behind a segment, no other header tells.
    CHECK((is_size_of_left_out ? seen.wrong : false_ones) == 0);
    CHECK_FALSE((*dump)->next_frame(memory.max_pfn));
    const bool whole = seen == undamaged(memory);
    if (!is_size_of_left_out) CHECK((whole || !(*dump)->problems().empty()));
    ++sweep.tried;
    sweep.whole += whole;
}

Sweep damage_each_bit(const Writer& writer, const FakeMemory& memory) {
    const Buffer sound = make_elf(writer.segments, writer.shape);
    const auto dump = open_bytes(sound);
    REQUIRE(dump);
    REQUIRE((*dump)->problems().empty());
    REQUIRE(compare(**dump, memory) == undamaged(memory));
    Sweep sweep;
    const std::string_view name = writer.name;
    CAPTURE(name);
    for (std::size_t header = 0; header <= writer.segments.size(); ++header) {
        for (const Field& field : fields) {
            for (std::size_t bit = 0; bit < field.size * 8; ++bit) {
                CAPTURE(header);
                CAPTURE(std::string_view(field.name));
                CAPTURE(bit);
                Buffer file = sound;
                file[64 + header * 56 + field.at + bit / 8] ^= std::byte{1} << bit % 8;
                check_damaged(file, memory, writer.leaves_out && field.at == 40, sweep);
            }
        }
    }
    for (std::size_t bit = 0; bit < 16; ++bit) {
        CAPTURE(bit);
        Buffer file = sound;
        file[56 + bit / 8] ^= std::byte{1} << bit % 8;
        check_damaged(file, memory, false, sweep);
    }
    return sweep;
}

// Its header, where memory begins and ends within pages: the kernel writes them whole all the same.
void shrink(Buffer& file, std::size_t header, std::uint64_t at_begin, std::uint64_t at_end) {
    std::byte* const raw = file.data() + 64 + header * 56;
    const auto add = [&](std::size_t at, std::uint64_t more) {
        store(raw + at, load<std::uint64_t>(raw + at, Endian::Little) + more, Endian::Little);
    };
    for (const std::size_t at : {8u, 16u, 24u}) add(at, at_begin);
    for (const std::size_t at : {32u, 40u}) add(at, 0 - at_begin - at_end);
}

// The same file with each segment, and the notes, at the start of a page of that size, as a kernel with such
// pages writes it.
Buffer with_pages_of(std::uint64_t page, const Buffer& file, std::size_t headers) {
    Buffer paged(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(64 + headers * 56));
    for (std::size_t i = 0; i < headers; ++i) {
        std::byte* const place = paged.data() + 64 + i * 56 + 8;
        const auto offset = load<std::uint64_t>(place, Endian::Little),
                   size = load<std::uint64_t>(place + 24, Endian::Little);
        const std::uint64_t begin = align_up<std::uint64_t>(paged.size(), page);
        store(place, begin, Endian::Little);
        paged.resize(begin);
        const auto data = file.begin() + static_cast<std::ptrdiff_t>(offset);
        paged.insert(paged.end(), data, data + static_cast<std::ptrdiff_t>(size));
    }
    return paged;
}

}  // namespace

TEST_CASE("memory that begins and ends within pages is no damage") {
    const FakeMemory memory = memory_without({{20, 33}, {130, 140}}, false);
    const Writer writer = kernel(memory, fake_machines().front());
    for (std::size_t shrunk = 2; shrunk <= writer.segments.size(); ++shrunk) {
        for (const auto& [at_begin, at_end] : {std::pair{0x18u, 0u}, {0u, 0x28u}, {0x800u, 0x7f8u}}) {
            CAPTURE(shrunk);
            CAPTURE(at_begin);
            CAPTURE(at_end);
            Buffer file = make_elf(writer.segments, writer.shape);
            shrink(file, shrunk, at_begin, at_end);
            const auto dump = open_bytes(file);
            REQUIRE(dump);
            CHECK((*dump)->problems().empty());
            CHECK(compare(**dump, memory).right + 2 >= memory.pages.size());
        }
    }
}

TEST_CASE("room behind the notes is no damage, of whatever size pages are") {
    const FakeMemory memory = memory_without({{32, 48}, {128, 144}}, false);
    Writer writer = kernel(memory, fake_machines().front());
    writer.segments.front() = text_of(memory, 64, 16);
    const Buffer file = make_elf(writer.segments, writer.shape);
    for (const std::uint64_t page : {4096u, 16384u, 65536u}) {
        CAPTURE(page);
        const auto dump = open_bytes(with_pages_of(page, file, writer.segments.size() + 1));
        REQUIRE(dump);
        CHECK((*dump)->problems().empty());
        CHECK(compare(**dump, memory) == undamaged(memory));
    }
}

// The headers of a 4.15 that kdump saved: the notes end within a page, and only the text, by its size, lies
// otherwise than as for pages of 64 KiB.
TEST_CASE("segments that lie as for larger pages by chance are no damage") {
    const FakeMemory memory = memory_without({{33, 65}, {100, 116}}, false);
    for (std::uint64_t text_pages = 10; text_pages < 27; ++text_pages) {
        CAPTURE(text_pages);
        std::vector<FakeSegment> segments = mapped_at(direct_map, segments_of(memory));
        REQUIRE(segments.size() == 3);
        segments.insert(segments.begin(), text_of(memory, 0, text_pages));
        const auto dump =
            open_bytes(make_elf(segments, {fake_machines().front(), notes(), false, false, true}));
        REQUIRE(dump);
        CHECK((*dump)->problems().empty());
    }
}

TEST_CASE("zeros behind the last segment, as `dd conv=sync` writes them, are no damage") {
    const FakeMachine& machine = fake_machines().front();
    const FakeMemory whole = memory_without({{20, 33}, {130, 140}}, false);
    for (const Writer& writer : {kernel(whole, machine), qemu(whole, machine)}) {
        for (const std::size_t zeros : {3u, 510u, 5000u, 12288u, 1'000'000u}) {
            CAPTURE(std::string_view(writer.name));
            CAPTURE(zeros);
            Buffer file = make_elf(writer.segments, writer.shape);
            file.resize(file.size() + zeros);
            const auto dump = open_bytes(file);
            REQUIRE(dump);
            CHECK((*dump)->problems().empty());
            CHECK(compare(**dump, whole) == undamaged(whole));
        }
    }
}

TEST_CASE("one wrong bit in the program headers of a dump that the kernel, QEMU or makedumpfile wrote") {
    const FakeMachine& machine = fake_machines().front();
    const FakeMemory whole = memory_without({{20, 33}, {130, 140}}, false);
    const FakeMemory filtered = memory_without({{20, 33}, {78, 90}, {130, 140}, {195, 200}}, true);
    for (const auto& [writer, memory] : {std::pair{kernel(whole, machine), whole},
                                         {qemu(whole, machine), whole},
                                         {makedumpfile(filtered, machine), filtered}}) {
        const Sweep sweep = damage_each_bit(writer, memory);
        MESSAGE(std::string_view(writer.name), ": ", sweep.whole, " of ", sweep.tried, " mended");
        CHECK(sweep.whole * 10 > sweep.tried * 8);
    }
}

}  // namespace elf_damage_test
