// A dump seen in frames of another size than its own, and in another order of bytes.
#include "dump/pages/reframed_dump.h"

#include <doctest/doctest.h>

#include "memory/physical_memory.h"
#include "support/sparse_dump.h"

namespace reframed_dump_test {

using namespace postmortem;
using test::SparseDump;

namespace {

struct Reframed {
    Reframed(std::uint32_t own, std::uint32_t wanted, bool in_place = false) {
        auto made = std::make_unique<SparseDump>(own, Endian::Big);
        for (std::uint64_t at = 0; at < 3 * 65536; at += 8)
            if (at < 65536 || at >= 2 * 65536) made->put<std::uint64_t>(at, byte_swap(at));
        made->change_info().max_pfn = 3 * 65536 / own;
        made->set_in_place(in_place);
        own_dump = made.get();
        dump = reframed_dump(std::move(made), wanted, Endian::Little);
    }
    std::vector<std::pair<std::uint64_t, std::uint64_t>> runs() const {
        std::vector<std::pair<std::uint64_t, std::uint64_t>> all;
        dump->each_promised_run([&](FrameRun run) { all.emplace_back(run.first_pfn, run.end_pfn); });
        return all;
    }

    SparseDump* own_dump;
    std::unique_ptr<DumpFile> dump;
};

}  // namespace

TEST_CASE("large pages in small frames, and small ones in large frames") {
    for (const bool in_place : {false, true})
        for (const auto& [own, wanted] : {std::pair(65536u, 4096u), {4096u, 65536u}}) {
            CAPTURE(own);
            const Reframed reframed(own, wanted, in_place);
            CHECK(reframed.dump->page_size() == wanted);
            CHECK(reframed.dump->endian() == Endian::Little);
            CHECK(reframed.dump->info().max_pfn == 3 * 65536 / wanted);
            const PhysicalMemory memory(*reframed.dump);
            for (const std::uint64_t at : {0x0ull, 0xfff8ull, 0x20008ull, 0x2fff8ull})
                CHECK(memory.get<std::uint64_t>(at).value() == at);
            CHECK(memory.get<std::uint64_t>(0x10000).error().code == ErrorCode::NoSuchMemory);
            CHECK(memory.get<std::uint64_t>(0x30000).error().code == ErrorCode::NoSuchMemory);
        }
}

TEST_CASE("which frames there are") {
    const Reframed small(65536, 4096), large(4096, 65536);
    CHECK(small.dump->next_frame(0) == 0);
    CHECK(small.dump->next_frame(5) == 5);
    CHECK(small.dump->next_frame(16) == 32);
    CHECK(small.dump->next_frame(48) == std::nullopt);
    CHECK(small.runs() == std::vector<std::pair<std::uint64_t, std::uint64_t>>{{0, 16}, {32, 48}});
    CHECK(large.dump->next_frame(1) == 2);
    CHECK(large.runs() == std::vector<std::pair<std::uint64_t, std::uint64_t>>{{0, 1}, {2, 3}});
    std::array<std::byte, 6> bits{};
    small.dump->existing_frames(0, bits);
    CHECK(bits == std::array{std::byte{0xff}, std::byte{0xff}, std::byte{0}, std::byte{0}, std::byte{0xff},
                             std::byte{0xff}});
}

TEST_CASE("what is held of a page in part, and what is lost of a frame") {
    Reframed small(65536, 4096);
    small.own_dump->keep_part(0x20000, 0x1800, 0x2000);
    std::vector<std::byte> scratch(65536);
    CHECK(small.dump->page(0x20000, scratch).error().code == ErrorCode::NoSuchMemory);
    const auto start = small.dump->page(0x21800, scratch).value();
    CHECK(start.offset == 0x800);
    CHECK(start.bytes.size() == 0x800);
    const auto end = small.dump->page(0x23000, scratch).value();
    CHECK(end.offset == 0);
    CHECK(end.bytes.size() == 0x800);

    Reframed large(4096, 65536);
    large.own_dump->fail_page(0x3000, ErrorCode::PageExcluded);
    const auto first = large.dump->page(0, scratch).value();
    CHECK(first.offset == 0);
    CHECK(first.bytes.size() == 0x3000);
    const auto rest = large.dump->page(0x3000, scratch).value();
    CHECK(rest.offset == 0x4000);
    CHECK(rest.bytes.size() == 0xc000);
    const PhysicalMemory memory(*large.dump);
    CHECK(memory.get<std::uint64_t>(0x2ff8).value() == 0x2ff8);
    CHECK(memory.get<std::uint64_t>(0x3000).error().code == ErrorCode::NoSuchMemory);
}

}  // namespace reframed_dump_test
