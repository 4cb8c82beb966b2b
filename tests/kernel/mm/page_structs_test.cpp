// From a page frame to its struct page, where VMCOREINFO tells how large a section is, and where it does not.
#include "kernel/mm/page_structs.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "kernel/mm/memory_sections.h"
#include "support/fake_kernel.h"

namespace page_structs_test {

using namespace postmortem;
using test::FakeBuild;
using test::FakeKernel;

namespace {

constexpr std::uint64_t page_structs = 0xffffea0000000000, page_structs_of_i386 = 0xf6000000,
                        struct_page_bytes = 64;
constexpr std::uint64_t online = 7;  // marked present, has a map, is online

/// One root of two sections; the first has memory.
struct Sections {
    explicit Sections(FakeBuild build = FakeBuild::X86_64, std::uint64_t roots_of_table = 1) : fake(build) {
        auto& b = fake.types();
        const auto word = b.integer("unsigned long", fake.word());
        b.structure("page", struct_page_bytes, {{"flags", word, 0}, {"compound_head", word, 64}});
        b.structure("mem_section", 16, {{"section_mem_map", word, 0}});
        const std::uint64_t symbol = fake.variable("mem_section");
        root = fake.allocate_page();
        const std::uint64_t roots =
            fake.allocate_page();  // the last one: nothing follows that looks like roots
        table = roots;
        fake.put_word(roots, root);
        fake.put_word(root, (build == FakeBuild::I386 ? page_structs_of_i386 : page_structs) | online);
        fake.put_word(symbol, roots);
        fake.tell(fmt::format("SYMBOL(mem_section)={:x}", roots));
        fake.tell(fmt::format("LENGTH(mem_section)={}", roots_of_table));
        fake.tell("SIZE(mem_section)=16");
        fake.tell("OFFSET(mem_section.section_mem_map)=0");
    }

    FakeKernel fake;
    std::uint64_t root = 0, table = 0;
};

}  // namespace

TEST_CASE("before 5.8 a section of x86_64 has 128 MiB without a word of VMCOREINFO, as it has ever since") {
    Sections made;
    const auto kernel = made.fake.open();
    const auto pages = PageStructs::open(*kernel);
    REQUIRE_MESSAGE(pages, pages.error().message);
    CHECK(pages->of_frame(0x7fff) == page_structs + 0x7fff * struct_page_bytes);
    const auto sections = read_memory_sections(*kernel);
    REQUIRE_MESSAGE(sections, sections.error().message);
    CHECK(sections->pages_of_each == 32768);
    REQUIRE(sections->present.size() == 1);
    CHECK(sections->present[0].address == made.root);
}

TEST_CASE("what VMCOREINFO tells goes before") {
    Sections made;
    made.fake.tell("NUMBER(SECTION_SIZE_BITS)=24");
    CHECK(read_memory_sections(*made.fake.open())->pages_of_each == 4096);
}

TEST_CASE(
    "memory that begins behind the first section, or the first root, is found; where there is none it is "
    "told") {
    Sections made, far(FakeBuild::X86_64, 2), nowhere;
    made.fake.put_word(made.root, 0);
    made.fake.put_word(made.root + 16, page_structs | online);
    const auto sections = read_memory_sections(*made.fake.open());
    REQUIRE_MESSAGE(sections, sections.error().message);
    REQUIRE(sections->present.size() == 1);
    CHECK(sections->present[0].number == 1);
    CHECK(sections->problems.empty());

    far.fake.put_word(far.table, 0);
    far.fake.put_word(far.table + 8, far.root);
    const auto behind = read_memory_sections(*far.fake.open());
    REQUIRE_MESSAGE(behind, behind.error().message);
    REQUIRE(behind->present.size() == 1);
    CHECK(behind->present[0].number == 256);

    nowhere.fake.put_word(nowhere.root, 0);
    const auto none = read_memory_sections(*nowhere.fake.open());
    REQUIRE_MESSAGE(none, none.error().message);
    CHECK(none->present.empty());
    CHECK_FALSE(none->problems.empty());
}

TEST_CASE("a table for more memory than any machine has is read as far as the dump holds it") {
    Sections made(FakeBuild::X86_64, 4194304);
    const auto sections = read_memory_sections(*made.fake.open());
    REQUIRE_MESSAGE(sections, sections.error().message);
    CHECK(sections->present.size() == 1);
    CHECK(sections->problems.empty());
}

TEST_CASE("where the page structs lie VMCOREINFO tells, or every section does") {
    Sections told(FakeBuild::I386), by_sections(FakeBuild::I386), apart(FakeBuild::I386);
    for (Sections* made : {&told, &by_sections, &apart}) made->fake.tell("NUMBER(SECTION_SIZE_BITS)=27");
    told.fake.tell("SYMBOL(vmemmap)=f5000000");
    const auto first = PageStructs::open(*told.fake.open());
    REQUIRE_MESSAGE(first, first.error().message);
    CHECK(first->of_frame(0) == 0xf5000000);
    const auto second = PageStructs::open(*by_sections.fake.open());
    REQUIRE_MESSAGE(second, second.error().message);
    CHECK(second->of_frame(1) == page_structs_of_i386 + struct_page_bytes);
    const std::uint64_t own_array = page_structs_of_i386 + 0x1000, section_frames = 0x8000;
    apart.fake.put_word(apart.root + 32, own_array | online);
    const auto kernel = apart.fake.open();
    const auto pages = PageStructs::open(*kernel);
    REQUIRE_MESSAGE(pages, pages.error().message);
    CHECK(pages->of_frame(1) == page_structs_of_i386 + struct_page_bytes);
    CHECK(pages->of_frame(section_frames).error().code == ErrorCode::NotFound);
    CHECK(pages->of_frame(2 * section_frames) == own_array + 2 * section_frames * struct_page_bytes);
}

TEST_CASE("every section tells where the page structs lie also where the variable that does cannot be read") {
    Sections made;
    made.fake.variable("padding", 8192);
    made.fake.lose(made.fake.variable("vmemmap_base", 8192));
    const auto pages = PageStructs::open(*made.fake.open());
    REQUIRE_MESSAGE(pages, pages.error().message);
    CHECK(pages->of_frame(1) == page_structs + struct_page_bytes);
}

TEST_CASE("all sections may be in one table, the last of which has the last frame of memory") {
    for (const std::uint64_t last : {0u, 1u, 3u}) {
        CAPTURE(last);
        FakeKernel fake(FakeBuild::I386);
        auto& b = fake.types();
        const auto word = b.integer("unsigned long", 4);
        b.structure("page", 32, {{"flags", word, 0}, {"compound_head", word, 32}});
        b.structure("mem_section", 8, {{"section_mem_map", word, 0}});
        b.structure("pglist_data", 16,
                    {{"node_id", word, 0},
                     {"node_start_pfn", word, 32},
                     {"node_spanned_pages", word, 64},
                     {"node_present_pages", word, 96}});
        const std::uint64_t table = fake.variable("mem_section", 8 * 64),
                            node = fake.variable("contig_page_data", 16);
        constexpr std::uint64_t first_array = 0xc1000000, own_array = 0xc2000000, section_frames = 0x4000;
        fake.put_word(node + 8, last * section_frames + 0x3000);
        fake.put_word(table, first_array | online);
        if (last != 0) fake.put_word(table + last * 8, own_array | online);
        fake.tell(fmt::format("SYMBOL(mem_section)={:x}", table));
        fake.tell("LENGTH(mem_section)=64");
        fake.tell("SIZE(mem_section)=8");
        fake.tell("OFFSET(mem_section.section_mem_map)=0");
        const auto kernel = fake.open();
        const auto sections = read_memory_sections(*kernel);
        REQUIRE_MESSAGE(sections, sections.error().message);
        CHECK(sections->problems.empty());
        CHECK(sections->pages_of_each == section_frames);
        REQUIRE(sections->present.size() == (last == 0 ? 1 : 2));
        const auto pages = PageStructs::open(*kernel);
        REQUIRE_MESSAGE(pages, pages.error().message);
        CHECK(pages->of_frame(5) == first_array + 5 * 32);
        CHECK(pages->frame_of(first_array + 5 * 32) == 5);
        if (last != 0)
            CHECK(pages->of_frame(last * section_frames) == own_array + last * section_frames * 32);
    }
}

TEST_CASE("where it is impossible, or depended on how the kernel was built, nothing is assumed") {
    Sections absurd, other(FakeBuild::I386);
    absurd.fake.tell("NUMBER(SECTION_SIZE_BITS)=3");
    CHECK(find_section_table(*absurd.fake.open()).error().code == ErrorCode::Unsupported);
    CHECK(PageStructs::open(*other.fake.open()).error().code == ErrorCode::Unsupported);
}

TEST_CASE("one array has the page structs of the one node, and of no memory behind it (CONFIG_FLATMEM)") {
    FakeKernel fake(FakeBuild::I386);
    auto& b = fake.types();
    const auto word = b.integer("unsigned long", 4);
    b.structure("page", 32, {{"flags", word, 0}, {"compound_head", word, 32}});
    b.structure("pglist_data", 12,
                {{"node_mem_map", word, 0}, {"node_start_pfn", word, 32}, {"node_spanned_pages", word, 64}});
    const std::uint64_t node = fake.variable("contig_page_data", 12);
    constexpr std::uint32_t array = 0xc1000000, first = 16, count = 0x1000;
    fake.put<std::uint32_t>(node, array);
    fake.put<std::uint32_t>(node + 4, first);
    fake.put<std::uint32_t>(node + 8, count);
    const auto kernel = fake.open();
    const auto pages = PageStructs::open(*kernel);
    REQUIRE_MESSAGE(pages, pages.error().message);
    CHECK(pages->of_frame(first) == array);
    CHECK(pages->of_frame(first + count - 1) == array + (count - 1) * 32);
    CHECK(pages->of_frame(first + count).error().code == ErrorCode::NotFound);
    CHECK(pages->of_frame(first - 1).error().code == ErrorCode::NotFound);
}

}  // namespace page_structs_test
