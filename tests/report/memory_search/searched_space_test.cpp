// What a search covers and prints, on real dumps: page structs, what vmap() maps, strings at the ends of
// pages, stacks.
#include <algorithm>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/memory_search.h>

#include "base/text.h"
#include "kernel/mm/page_structs.h"
#include "kernel/mm/vmalloc_areas.h"
#include "support/fake_dump.h"
#include "support/places.h"
#include "support/real_dumps.h"
#include "support/temp_dir.h"

namespace searched_space_test {

using namespace postmortem;
using namespace postmortem::test;

namespace {

using Where = MemorySearchRequest::Where;

constexpr std::uint64_t page_bytes = 4096, rare_value = 1u << 16;

// The first value in a page that others hardly hold, too; nothing where the dump does not have the page.
std::optional<std::uint64_t> place_of_value(const AddressSpace& memory, std::uint64_t page) {
    for (std::uint64_t at = page; at < page + page_bytes; at += 8)
        if (const auto value = memory.u64(at); !value || *value > rare_value)
            return value ? std::optional(at) : std::nullopt;
    return std::nullopt;
}

bool is_found(const CrashDump& dump, std::uint64_t address, Where where) {
    MemorySearchRequest request;
    request.where = where;
    request.values = {fmt::format("{:x}", *dump.kernel().memory().u64(address))};
    const auto found = search_memory(dump, request);
    REQUIRE(found);
    return std::any_of(found->matches.begin(), found->matches.end(),
                       [&](const MemoryMatch& match) { return match.address == address; });
}

std::optional<std::uint64_t> value_in_page_structs(const Kernel& kernel) {
    const auto pages = PageStructs::open(kernel);
    if (!pages) return std::nullopt;
    const auto first = pages->of_frame(0), end = pages->of_frame(kernel.dump().info().max_pfn);
    if (!first || !end) return std::nullopt;
    for (std::uint64_t page = *first; page < *end; page += page_bytes)
        if (const auto place = place_of_value(kernel.memory(), page)) return place;
    return std::nullopt;
}

// In an area whose pages are somebody else's: the stacks of interrupts are mapped like that.
std::optional<std::uint64_t> value_in_lent_pages(const Kernel& kernel) {
    for (const VmallocArea& area : read_vmalloc_areas(kernel).areas)
        if (!area.is_vmalloc() && area.pages == 0)
            for (std::uint64_t at = 0; at < std::min<std::uint64_t>(area.bytes, 1 << 16); at += page_bytes)
                if (const auto place = place_of_value(kernel.memory(), area.address + at)) return place;
    return std::nullopt;
}

/// A real kernel's pages, and page tables that map one page to the whole of a hole.
std::filesystem::path write_endless(const TempDir& folder) {
    const auto dump = CrashDump::open(source_dir() / "testdata/dumps/bookworm-mod-null/vmcore");
    REQUIRE(dump);
    const DumpFile& file = dump->kernel().dump();
    FakeMemory memory;
    memory.page_size = file.page_size();
    memory.max_pfn = file.info().max_pfn;
    Buffer scratch(memory.page_size);
    for (auto pfn = file.next_frame(0); pfn; pfn = file.next_frame(*pfn + 1)) {
        const auto page = file.page(*pfn * memory.page_size, scratch);
        REQUIRE(page);
        memory.pages[*pfn] = Buffer(page->bytes.begin(), page->bytes.end());
    }
    const auto root = dump->kernel().memory().translate(*dump->kernel().symbol("init_top_pgt"));
    REQUIRE(root);
    std::uint64_t spare = 1;
    while (memory.pages.contains(spare)) ++spare;
    const std::uint64_t entry = spare * page_bytes | 0x63;
    Buffer table(page_bytes);
    for (std::size_t at = 0; at < page_bytes; at += 8) store(table.data() + at, entry, Endian::Little);
    memory.pages[spare] = table;
    store(memory.pages.at(*root / page_bytes).data() + 256 * 8, entry, Endian::Little);
    ElfShape shape;
    for (const Note& note : file.notes())
        shape.notes.push_back(
            {std::string(note.name), note.type, Buffer(note.desc.begin(), note.desc.end())});
    return folder.write("vmcore", make_elf(segments_of(memory), shape));
}

}  // namespace

TEST_CASE("page tables that map one page without an end are given up on, and that is told") {
    const TempDir folder;
    const auto dump = CrashDump::open(write_endless(folder));
    REQUIRE(dump);
    MemorySearchRequest request;
    request.start = "ffff800000000000";
    request.end = "ffff808000000000";
    request.values = {"1234567812345678"};
    const auto found = search_memory(*dump, request);
    REQUIRE(found);
    CHECK(found->matches.empty());
    REQUIRE(found->problems.size() == 1);
    CHECK(found->problems.front().code == ErrorCode::Corrupt);
    CHECK(found->problems.front().address);
    CHECK(found->pages < 1u << 22);
    request.end = "ffff800000002000";
    const auto few = search_memory(*dump, request);
    REQUIRE(few);
    CHECK(few->pages == 2);
    CHECK(few->problems.empty());
}

TEST_CASE("names stand behind values as they were asked for, and tasks head what lies on their stacks") {
    MemorySearch search;
    MemoryMatch match;
    match.address = 0xffff8d7d8104ed80;
    match.value = 0xffffffff8581aa40;
    match.name = "(init_task)";
    match.task = TaskMention{1, 0xffff8d7d80298000, 0, "init"};
    search.matches = {match, match};
    search.matches[1].task = TaskMention{2, 0xffff8d7d8029b300, 1, "kthreadd"};
    search.matches[1].name.clear();
    CHECK(to_text(search) ==
          "PID: 1        TASK: ffff8d7d80298000  CPU: 0    COMMAND: \"init\"\n"
          "ffff8d7d8104ed80: ffffffff8581aa40 (init_task)\n"
          "\n"
          "PID: 2        TASK: ffff8d7d8029b300  CPU: 1    COMMAND: \"kthreadd\"\n"
          "ffff8d7d8104ed80: ffffffff8581aa40 \n");
}

TEST_SUITE("real dumps") {
    TEST_CASE("page structs are searched, and areas that vmap() made of others' pages") {
        std::size_t structs = 0, lent = 0;
        for (const auto& path : real_dumps("vmcore")) {
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE(dump);
            const auto in_structs = value_in_page_structs(dump->kernel()),
                       in_lent = value_in_lent_pages(dump->kernel());
            for (const auto& place : {in_structs, in_lent}) {
                if (!place) continue;
                CHECK(is_found(*dump, *place, Where::Kernel));
                CHECK(is_found(*dump, *place, Where::Mapped));
            }
            if (in_structs) CHECK_FALSE(is_found(*dump, *in_structs, Where::Linear));
            structs += in_structs.has_value();
            lent += in_lent.has_value();
        }
        CHECK(structs > 0);
        CHECK(lent > 0);
    }

    TEST_CASE("a string is shown up to the end of its page, or into the next one where it ends there") {
        std::size_t borders = 0;
        for (const auto& path : real_dumps("vmcore")) {
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE(dump);
            const Kernel& kernel = dump->kernel();
            const std::uint64_t page = kernel.physical().page_size();
            const auto text = kernel.symbol("_text");
            if (!text) continue;
            for (std::uint64_t border = *text + page; border < *text + 4096 * page; border += page) {
                const auto bytes = kernel.memory().bytes(border - 8, 16);
                if (!bytes || bytes->front() == std::byte{0}) continue;
                MemorySearchRequest request;
                request.start = fmt::format("{:x}", border - page);
                request.end = fmt::format("{:x}", border + page);
                request.strings = {std::string(as_text(Bytes(*bytes).first(8))),
                                   std::string(as_text(*bytes))};
                const auto found = search_memory(*dump, request);
                REQUIRE(found);
                std::size_t at_border = 0;
                for (const MemoryMatch& match : found->matches)
                    if (match.address == border - 8) CHECK(match.text.size() == (at_border++ == 0 ? 8 : 56));
                CHECK(at_border == 2);
                ++borders;
                break;
            }
        }
        CHECK(borders > 0);
    }

    TEST_CASE("what is found on stacks lies on the stack of the task that is named") {
        std::size_t matches = 0;
        for (const auto& path : real_dumps("vmcore")) {
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE(dump);
            MemorySearchRequest request;
            request.where = Where::Stacks;
            request.values = {"57ac6e9d"};  // STACK_END_MAGIC
            const auto all = search_memory(*dump, request);
            REQUIRE(all);
            for (const MemoryMatch& match : all->matches) CHECK(match.task);
            request.where = Where::ActiveStacks;
            const auto active = search_memory(*dump, request);
            REQUIRE(active);
            CHECK(active->matches.size() <= all->matches.size());
            matches += all->matches.size();
        }
        CHECK(matches > 0);
    }

    TEST_CASE("what a task maps is searched, or it is told what is missing; no kernel thread maps anything") {
        for (const auto& path : real_dumps("vmcore")) {
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE(dump);
            MemorySearchRequest request;
            request.where = Where::User;
            request.strings = {"a"};
            request.whose.selectors = {"2"};
            const auto none = search_memory(*dump, request);
            REQUIRE_FALSE(none);
            CHECK(none.error().code != ErrorCode::InvalidArgument);
            request.whose.selectors = {"1"};
            if (const auto found = search_memory(*dump, request))
                CHECK((found->pages > 0 || !found->problems.empty()));
        }
    }
}

}  // namespace searched_space_test
