// From a physical address to its struct page, where VMCOREINFO tells how large a section is, and where it
// does not.
#include "kernel/mm/page_map.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "kernel/mm/memory_sections.h"
#include "support/fake_kernel.h"

namespace page_map_test {

using namespace postmortem;
using test::FakeBuild;
using test::FakeKernel;

namespace {

constexpr std::uint64_t page_structs = 0xffffea0000000000, struct_page_bytes = 64;
constexpr std::uint64_t online = 7;  // marked present, has a map, is online

/// One root of two sections; the first has memory.
struct Sections {
    explicit Sections(FakeBuild build = FakeBuild::X86_64) : fake(build) {
        auto& b = fake.types();
        const auto word = b.integer("unsigned long", fake.word());
        b.structure("page", struct_page_bytes, {{"flags", word, 0}, {"compound_head", word, 64}});
        b.structure("mem_section", 16, {{"section_mem_map", word, 0}});
        const std::uint64_t roots = fake.allocate(64);
        root = fake.allocate_page();
        fake.put_word(roots, root);
        fake.put_word(root, page_structs | online);
        fake.put_word(fake.variable("mem_section"), roots);
        fake.tell(fmt::format("SYMBOL(mem_section)={:x}", roots));
        fake.tell("LENGTH(mem_section)=1");
        fake.tell("SIZE(mem_section)=16");
        fake.tell("OFFSET(mem_section.section_mem_map)=0");
    }

    FakeKernel fake;
    std::uint64_t root = 0;
};

}  // namespace

TEST_CASE("before 5.8 a section of x86_64 has 128 MiB without a word of VMCOREINFO, as it has ever since") {
    Sections made;
    const auto kernel = made.fake.open();
    const auto map = PageMap::open(*kernel);
    REQUIRE_MESSAGE(map, map.error().message);
    CHECK(map->page_at(0x7fff000) == page_structs + 0x7fff * struct_page_bytes);
    CHECK(map->page_at(0x8000000).error().code == ErrorCode::NotFound);
    const auto sections = read_memory_sections(*kernel);
    REQUIRE_MESSAGE(sections, sections.error().message);
    CHECK(sections->pages_of_each == 32768);
    REQUIRE(sections->present.size() == 1);
    CHECK(sections->present[0].address == made.root);
}

TEST_CASE("what VMCOREINFO tells goes before") {
    Sections made;
    made.fake.tell("NUMBER(SECTION_SIZE_BITS)=24");
    const auto kernel = made.fake.open();
    CHECK(PageMap::open(*kernel)->page_at(0x1000000).error().code == ErrorCode::NotFound);
    CHECK(read_memory_sections(*kernel)->pages_of_each == 4096);
}

TEST_CASE("where it is impossible, or depended on how the kernel was built, nothing is assumed") {
    Sections absurd, other(FakeBuild::I386);
    absurd.fake.tell("NUMBER(SECTION_SIZE_BITS)=3");
    CHECK(PageMap::open(*absurd.fake.open()).error().code == ErrorCode::Unsupported);
    CHECK(PageMap::open(*other.fake.open()).error().code == ErrorCode::Unsupported);
}

}  // namespace page_map_test
