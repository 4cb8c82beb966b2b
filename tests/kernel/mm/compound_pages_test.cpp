// Which page speaks for a compound one: a pointer that says so itself (4.4), a mask (7.1), or one that only a
// flag makes valid (RHEL 6 and 7).
#include "kernel/mm/compound_pages.h"

#include <doctest/doctest.h>

#include "support/fake_kernel.h"

namespace compound_pages_test {

using namespace postmortem;
using test::FakeKernel;

namespace {

constexpr std::uint64_t head = 0xffffea0000040000;

struct Page {
    FakeKernel fake;
    std::uint64_t page = 0;

    explicit Page(const char* member) {
        auto& b = fake.types();
        const auto word = b.integer("unsigned long", 8);
        b.structure("page", 64, {{"flags", word, 0}, {member, word, 384}});
        page = fake.allocate(64);
    }
    Page& flag_names(const std::vector<BtfEnumerator>& names) {
        fake.types().enumeration("pageflags", names);
        return *this;
    }
    Result<std::uint64_t> head_of(std::uint64_t flags, std::uint64_t word) {
        fake.put_u64(page, flags);
        fake.put_u64(page + 48, word);
        const auto kernel = fake.open();
        const auto pages = CompoundPages::find(*kernel);
        if (!pages) return fail(pages.error());
        return pages->head_of(page);
    }
};

}  // namespace

TEST_CASE("a pointer whose lowest bit says that it is one") {
    CHECK(Page("compound_head").head_of(0, head + 1) == head);
    Page single("compound_head");
    CHECK(single.head_of(0, 0xdead000000000100) == single.page);
}

TEST_CASE("a mask in place of the pointer") {
    Page tail("compound_info");
    CHECK(tail.head_of(0, (~std::uint64_t{0xffff}) | 1) == (tail.page & ~std::uint64_t{0xffff}));
}

TEST_CASE("the flag of a tail makes first_page a pointer, and nothing else does") {
    const std::vector<BtfEnumerator> names = {{"PG_head", 14}, {"PG_tail", 15}};
    CHECK(Page("first_page").flag_names(names).head_of(1u << 15, head) == head);
    // What lies there belongs to the slab allocator, or to whoever has the page.
    for (const std::uint64_t flags : {0u, 1u << 14, 1u << 7}) {
        Page other("first_page");
        other.flag_names(names);
        CHECK(other.head_of(flags, head) == other.page);
    }
}

TEST_CASE("with few flags two of them together mark a tail") {
    const std::vector<BtfEnumerator> names = {{"PG_compound", 14}, {"PG_reclaim", 17}};
    CHECK(Page("first_page").flag_names(names).head_of(1u << 14 | 1u << 17, head) == head);
    Page first("first_page");
    first.flag_names(names);
    CHECK(first.head_of(1u << 14, head) == first.page);
}

TEST_CASE("where nothing marks tails it is not guessed") {
    CHECK_FALSE(Page("first_page").head_of(~std::uint64_t{0}, head));
    CHECK_FALSE(Page("mapping").head_of(0, head));
}

}  // namespace compound_pages_test
