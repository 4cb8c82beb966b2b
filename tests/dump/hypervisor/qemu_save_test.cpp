#include "dump/hypervisor/qemu_save.h"

#include <algorithm>

#include <doctest/doctest.h>
#include <elf.h>

#include "support/check_dump.h"
#include "support/fake_qemu.h"
#include "support/pack_file.h"

namespace qemu_save_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

constexpr std::uint64_t frames = 100;

QemuShape small_machine() {
    QemuShape shape;
    shape.blocks = {{"pc.ram", frames * 4096}, {"pc.bios", 0x4000}, {"0000:00:02.0/vga.vram", 0x8000}};
    return shape;
}

Buffer saved(const FakeMemory& memory) {
    return make_qemu_save(sent_pages(memory, "pc.ram"), small_machine());
}

std::string answer_at(const DumpFile& dump, std::uint64_t paddr) {
    Buffer scratch(4096);
    const auto page = dump.page(paddr, scratch);
    if (!page) return std::string(to_string(page.error().code));
    return std::to_string(std::to_integer<int>(page->bytes[0]));
}

// QEMU sends all of them.
FakeMemory all_pages() {
    FakeMemory memory = make_memory(frames);
    for (std::uint64_t pfn = 0; pfn < frames; ++pfn)
        if (!memory.pages.contains(pfn)) memory.pages[pfn] = Buffer(4096, std::byte(pfn + 1));
    memory.excluded.clear();
    return memory;
}

}  // namespace

TEST_CASE("a saved machine reads back, in libvirt's file and packed, too") {
    const FakeMemory memory = make_memory(frames);
    const Buffer plain = saved(memory);
    const Buffer wrapped = make_libvirt_save(plain, "<domain/>");
    const Buffer packed = make_libvirt_save(pack_file(Packing::Gzip, plain), "<domain/>");
    CHECK(looks_like_dump(plain));
    CHECK(looks_like_dump(wrapped));
    for (const Buffer& file : {plain, wrapped, packed, pack_file(Packing::Zstd, wrapped)}) {
        const auto dump = open_bytes(file);
        REQUIRE_MESSAGE(dump, dump.error().message);
        CHECK((*dump)->problems().empty());
        CHECK((*dump)->machine() == EM_X86_64);
        CHECK((*dump)->info().max_pfn == frames);
        CHECK((*dump)->info().format.find("saved QEMU machine") != std::string::npos);
        CHECK(compare(**dump, memory) == all_or_excluded(memory));
    }
}

TEST_CASE("old machine types, other sections, huge pages: what stands between the pages is stepped over") {
    const FakeMemory memory = make_memory(frames);
    for (const int way : {0, 1, 2, 3}) {
        CAPTURE(way);
        QemuShape shape = small_machine();
        shape.footers = way != 0;
        shape.foreign_sections = way == 1;
        shape.huge_pages = way == 2;
        if (way == 3) shape.capabilities = {"validate-uuid"};
        const auto dump = open_bytes(make_qemu_save(sent_pages(memory, "pc.ram"), shape));
        REQUIRE_MESSAGE(dump, dump.error().message);
        CHECK((*dump)->problems().empty());
        CHECK(compare(**dump, memory) == all_or_excluded(memory));
    }
}

TEST_CASE("a page that was sent again counts as it was last") {
    const FakeMemory memory = make_memory(frames);
    std::vector<SentPage> pages = sent_pages(memory, "pc.ram");
    std::vector<SentPage> before = pages;
    for (SentPage& page : before) page.bytes = Buffer(4096, std::byte{0xee});
    before.insert(before.end(), pages.rbegin(), pages.rend());
    const auto dump = open_bytes(make_qemu_save(before, small_machine()));
    REQUIRE(dump);
    CHECK(compare(**dump, memory) == all_or_excluded(memory));
}

TEST_CASE("cut off while pages were sent again: what is there may be old") {
    const FakeMemory memory = make_memory(frames);
    std::vector<SentPage> pages = sent_pages(memory, "pc.ram");
    std::vector<SentPage> twice = pages;
    for (SentPage& page : twice) page.bytes = Buffer(4096, std::byte{0xee});
    const std::size_t once = make_qemu_save(twice, small_machine()).size();
    twice.insert(twice.end(), pages.begin(), pages.end());
    const Buffer file = make_qemu_save(twice, small_machine());
    std::size_t old = 0;
    for (std::size_t length = once / 2; length + 10'000 < file.size(); length += 1001) {
        CAPTURE(length);
        const auto dump = open_bytes(Bytes(file).first(length));
        REQUIRE(dump);
        const auto& problems = (*dump)->problems();
        const bool doubtful = std::any_of(problems.begin(), problems.end(), [](const Error& problem) {
            return problem.code == ErrorCode::Doubtful;
        });
        if (length > once + 5000) CHECK(doubtful);
        old += doubtful && compare(**dump, memory).wrong != 0;
    }
    CHECK(old > 10);
}

TEST_CASE("memory lies where the machine type has it") {
    struct Place {
        const char* machine;
        std::uint64_t bytes, offset, paddr;
    };
    constexpr std::uint64_t gib = 1ull << 30;
    for (const Place& place : {Place{"pc-i440fx-7.2", 3 * gib, 3 * gib - 4096, 3 * gib - 4096},
                               {"pc-i440fx-7.2", 0xe0000000, 3 * gib - 4096, 3 * gib - 4096},
                               {"pc-i440fx-7.2", 0xe0000000, 3 * gib, 4 * gib},
                               {"pc-q35-rhel9.4.0", 2 * gib, 2 * gib - 4096, 2 * gib - 4096},
                               {"pc-q35-9.0", 8 * gib, 2 * gib, 4 * gib},
                               {"pc-q35-9.0", 8 * gib, 8 * gib - 4096, 10 * gib - 4096},
                               {"microvm", 4 * gib, 3 * gib, 4 * gib}}) {
        CAPTURE(place.machine);
        CAPTURE(place.offset);
        QemuShape shape;
        shape.machine = place.machine;
        shape.blocks = {{"pc.ram", place.bytes}};
        const auto dump =
            open_bytes(make_qemu_save({{"pc.ram", place.offset, Buffer(4096, std::byte{7})}}, shape));
        REQUIRE(dump);
        CHECK(answer_at(**dump, place.paddr) == "7");
        CHECK((*dump)->next_frame(0) == place.paddr / 4096);
        CHECK_FALSE((*dump)->next_frame(place.paddr / 4096 + 1));
        std::vector<std::byte> bits(8);
        (*dump)->existing_frames(place.paddr / 4096 & ~7ull, bits);
        CHECK((std::to_integer<unsigned>(bits[place.paddr / 4096 % 8 / 8]) >> place.paddr / 4096 % 8 & 1) ==
              1);
    }
    QemuShape shape = small_machine();
    shape.machine = "sun4m";
    const auto unknown = open_bytes(make_qemu_save({}, shape));
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().code == ErrorCode::Unsupported);
    CHECK(unknown.error().message.find("sun4m") != std::string::npos);
}

TEST_CASE("RISC-V's machine has no version, and is told by the name of its memory") {
    QemuShape shape;
    shape.machine = "virt";
    shape.blocks = {{"riscv_virt_board.ram", 0x4000}, {"riscv_virt_board.mrom", 0x1000}};
    const auto save = [&] {
        return make_qemu_save({{shape.blocks[0].name, 0x1000, Buffer(4096, std::byte{7})}}, shape);
    };
    const auto dump = open_bytes(save());
    REQUIRE(dump);
    CHECK((*dump)->machine() == EM_RISCV);
    CHECK(answer_at(**dump, 0x80001000) == "7");
    CHECK((*dump)->info().max_pfn == 0x80004);
    shape.blocks[0].name = "loongarch.highram";
    CHECK(open_bytes(save()).error().code == ErrorCode::Unsupported);
}

TEST_CASE("nodes follow one another, and plugged memory is named and left out") {
    QemuShape shape;
    shape.machine = "pc-q35-8.2";
    shape.blocks = {{"/objects/ram-node10", 0x3000},
                    {"/objects/memdimm0", 0x10000},
                    {"/objects/ram-node2", 0x2000},
                    {"0000:00:01.0/vga.vram", 0x4000}};
    const auto page = [](const char* block, std::uint64_t address, int value) {
        return SentPage{block, address, Buffer(4096, std::byte(value))};
    };
    const auto dump =
        open_bytes(make_qemu_save({page("/objects/ram-node10", 0, 10), page("/objects/ram-node2", 0x1000, 2),
                                   page("0000:00:01.0/vga.vram", 0, 9), page("/objects/memdimm0", 0, 8)},
                                  shape));
    REQUIRE(dump);
    CHECK((*dump)->problems().size() == 1);
    CHECK((*dump)->info().max_pfn == 5);
    CHECK(answer_at(**dump, 0) == "page-excluded");
    CHECK(answer_at(**dump, 0x1000) == "2");
    CHECK(answer_at(**dump, 0x2000) == "10");
    CHECK(answer_at(**dump, 0x5000) == "no-such-memory");
}

TEST_CASE("the processors are written down as QEMU's own dumps do") {
    const auto dump = open_bytes(saved(make_memory(frames)));
    REQUIRE(dump);
    REQUIRE((*dump)->notes().size() == 2);
    for (std::uint32_t cpu = 0; cpu < 2; ++cpu) {
        const Note& note = (*dump)->notes()[cpu];
        CHECK(note.name == "virtual CPU");
        REQUIRE(note.desc.size() == 440);
        const ByteReader reader(note.desc, Endian::Little);
        CHECK(reader.u32(4) == 440);
        // The note has them by name: a, b, c, d, si, di, sp, bp, 8 …
        constexpr unsigned numbers[] = {0, 3, 1, 2, 6, 7, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17};
        for (std::size_t i = 0; i < std::size(numbers); ++i)
            CHECK(reader.u64(8 + i * 8) == fake_register(cpu, numbers[i]));
        // cs, ds, es, fs, gs, ss, ldt, tr, gdt, idt
        constexpr std::uint32_t segments[] = {1, 3, 0, 4, 5, 2, 6, 7, 8, 9};
        for (std::size_t i = 0; i < std::size(segments); ++i) {
            CHECK(reader.u32(152 + i * 24) == 0x10 + segments[i]);
            CHECK(reader.u32(152 + i * 24 + 4) == 0xfffff);
            CHECK(reader.u64(152 + i * 24 + 16) == 0xffff0000 + segments[i]);
        }
        CHECK(reader.u64(392) == 0x80050033);
        CHECK(reader.u64(392 + 24) == 0x1234000);
        CHECK(reader.u64(432) == 0x5eed0000 + cpu);
    }
}

TEST_CASE("what only a running QEMU can put together is refused in words") {
    const FakeMemory memory = make_memory(20);
    for (const std::uint64_t flag : {0x40, 0x80, 0x100, 0x200}) {
        QemuShape shape = small_machine();
        shape.extra_flags = flag;
        const auto dump = open_bytes(make_qemu_save(sent_pages(memory, "pc.ram"), shape));
        REQUIRE_FALSE(dump);
        CHECK(dump.error().code == ErrorCode::Unsupported);
        CHECK(dump.error().message.find("dump-guest-memory") != std::string::npos);
    }
    for (const char* capability : {"mapped-ram", "x-ignore-shared", "multifd"}) {
        QemuShape shape = small_machine();
        shape.capabilities = {"validate-uuid", capability};
        const auto dump = open_bytes(make_qemu_save(sent_pages(memory, "pc.ram"), shape));
        REQUIRE_FALSE(dump);
        CHECK(dump.error().message.find(capability) != std::string::npos);
    }
}

TEST_CASE("a saved machine that is cut off anywhere gives right pages and says what it lacks") {
    const FakeMemory memory = make_memory(frames);
    QemuShape shape = small_machine();
    shape.foreign_sections = true;
    const Buffer plain = make_qemu_save(sent_pages(memory, "pc.ram"), shape);
    check_cut_anywhere(plain, memory);
    check_cut_anywhere(make_libvirt_save(plain, "<domain/>", false), memory);
}

TEST_CASE("a bit that is wrong in the address of a page costs that page at most, and is told") {
    const FakeMemory memory = all_pages();
    const std::vector<SentPage> sound = sent_pages(memory, "pc.ram");
    std::vector<SentPage> others;
    for (const FakeBlock& block : small_machine().blocks)
        for (std::uint64_t at = 0; block.name != "pc.ram" && at < block.bytes; at += 4096)
            others.push_back({block.name, at, Buffer(4096, std::byte{0xbb})});
    for (const bool went_on : {false, true}) {  // and sent some again
        for (std::size_t hurt = 0; hurt < sound.size(); ++hurt) {
            for (unsigned bit = 12; bit < 64; ++bit) {
                CAPTURE(went_on);
                CAPTURE(hurt);
                CAPTURE(bit);
                std::vector<SentPage> pages = sound;
                pages[hurt].address ^= std::uint64_t{1} << bit;
                pages.insert(pages.end(), others.begin(), others.end());
                if (went_on)
                    for (const std::size_t again : {3, 4, 90}) pages.push_back(sound[again]);
                const auto dump = open_bytes(make_qemu_save(pages, small_machine()));
                REQUIRE(dump);
                CHECK(false_answers(**dump, memory) == 0);
                CHECK_FALSE((*dump)->problems().empty());
                CHECK(compare(**dump, memory).right == frames);
            }
        }
    }
}

TEST_CASE("a snapshot in the background sends pages early, each once, and that is no damage") {
    const FakeMemory memory = all_pages();
    const std::vector<SentPage> sound = sent_pages(memory, "pc.ram");
    for (std::size_t due = 1; due + 40 < sound.size(); ++due) {
        for (const std::size_t ahead : {1u, 2u, 3u, 4u, 8u, 16u, 32u}) {
            CAPTURE(due);
            CAPTURE(ahead);
            for (const bool before_due : {false, true}) {
                // In front of the one that is due, or of the one behind it, which is then due.
                std::vector<SentPage> pages = sound;
                std::rotate(pages.begin() + static_cast<std::ptrdiff_t>(due),
                            pages.begin() + static_cast<std::ptrdiff_t>(due + ahead),
                            pages.begin() + static_cast<std::ptrdiff_t>(due + ahead + 1));
                if (before_due) std::swap(pages[due + 1], pages[due + 2]);
                const auto dump = open_bytes(make_qemu_save(pages, small_machine()));
                REQUIRE(dump);
                CHECK((*dump)->problems().empty());
                CHECK(compare(**dump, memory) == all_or_excluded(memory));
            }
        }
    }
}

TEST_CASE("a page before something that is no page's header is not given") {
    const FakeMemory memory = make_memory(frames);
    std::vector<SentPage> pages = sent_pages(memory, "pc.ram");
    const Buffer sound = make_qemu_save(pages, small_machine());
    for (std::size_t at = 0; at + 8 < sound.size(); ++at) {
        const auto header = load<std::uint64_t>(sound.data() + at, Endian::Big);
        const bool is_header =
            (header & 0xfff) == 0x28 && header >> 12 != 0 && header >> 12 < frames;  // in the same block
        if (!is_header) continue;
        Buffer file = sound;
        for (unsigned bit = 0; bit < 12; ++bit) {
            store(file.data() + at, header ^ std::uint64_t{1} << bit, Endian::Big);
            const auto dump = open_bytes(file);
            CAPTURE(header);
            CAPTURE(bit);
            if (dump) CHECK(compare(**dump, memory).wrong == 0);
        }
    }
}

TEST_CASE("a byte that is wrong in a saved machine does not hurt") {
    check_changed_bytes(saved(make_memory(40)), 300);
}

}  // namespace qemu_save_test
