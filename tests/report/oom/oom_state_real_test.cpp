// The memory of real dumps in the terms of an OOM: the verdict on machines that were at rest, that had run
// out, and whose memory a known culprit had taken (testdata/lab: oom-*, tmpfs-hog, hugepages, leak-*).
#include <algorithm>
#include <array>
#include <numeric>
#include <string>

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>

#include "support/real_dumps.h"

namespace oom_state_real_test {

using namespace postmortem;
namespace fs = std::filesystem;

namespace {

using Kind = OomFindingKind;

struct Staged {
    std::string_view scenario;  ///< the end of its folder's name
    Kind shortage;
    std::optional<Kind> holder;
};

constexpr std::array staged = {
    Staged{"-oom-panic", Kind::Watermark, Kind::AnonymousMemory},
    Staged{"-tmpfs-hog", Kind::Watermark, Kind::Shmem},
    Staged{"-hugepages", Kind::Watermark, Kind::Hugepages},
    Staged{"-swap-zram-full", Kind::Watermark, Kind::AnonymousMemory},
    Staged{"-leak-slab", Kind::Watermark, Kind::SlabLeak},
    Staged{"-leak-vmalloc", Kind::Watermark, Kind::Vmalloc},
    Staged{"-leak-pages", Kind::Watermark, Kind::Unaccounted},
    Staged{"-oom-memcg-panic", Kind::MemcgLimit, std::nullopt},
    Staged{"-oom-pod-1", Kind::MemcgLimit, std::nullopt},
    Staged{"-leak-dma32", Kind::ZoneExhausted, Kind::Unaccounted},
    Staged{"-sysrq", Kind::MemoryWasFree, std::nullopt},
};

constexpr std::array culprits = {Kind::AnonymousMemory, Kind::Shmem,       Kind::Hugepages,
                                 Kind::SlabLeak,        Kind::Vmalloc,     Kind::Unaccounted,
                                 Kind::PageTables,      Kind::PerCpuMemory};

bool is_raw(const OomState& state) {
    return state.memory.sum && !state.scene.memory.zones.empty();
}

}  // namespace

TEST_CASE("the sum of a real dump's memory is its MemTotal, to the byte") {
    for (const fs::path& path : test::real_dumps("vmcore")) {
        CAPTURE(path.string());
        const auto dump = CrashDump::open(path);
        REQUIRE(dump);
        const OomState state = dump->oom_state();
        if (!is_raw(state)) continue;  // an extracted sample may lack what the counters need
        const MemorySum& sum = *state.memory.sum;
        const std::uint64_t parts =
            std::accumulate(sum.parts.begin(), sum.parts.end(), std::uint64_t{0},
                            [](std::uint64_t total, const MemoryShare& part) { return total + part.bytes; });
        CHECK(static_cast<std::int64_t>(parts) + sum.unaccounted_bytes ==
              static_cast<std::int64_t>(sum.total_bytes));
        CHECK(state.memory.line("MemTotal") == sum.total_bytes / 1024);
    }
}

TEST_CASE("the verdict on a real dump's memory names what was staged, and nothing else") {
    for (const fs::path& path : test::real_dumps("vmcore")) {
        const std::string folder = path.parent_path().filename().string();
        const auto known = std::find_if(staged.begin(), staged.end(),
                                        [&](const Staged& one) { return folder.ends_with(one.scenario); });
        if (known == staged.end()) continue;
        CAPTURE(folder);
        const auto dump = CrashDump::open(path);
        REQUIRE(dump);
        const OomState state = dump->oom_state();
        if (!is_raw(state)) continue;
        CAPTURE(state.verdict.summary);
        CHECK(state.verdict.has(known->shortage));
        for (const Kind other : {Kind::Watermark, Kind::ZoneExhausted})
            CHECK(state.verdict.has(other) == (known->shortage == other));
        for (const Kind culprit : culprits) {
            CAPTURE(to_string(culprit));
            if (culprit == known->holder)
                CHECK(state.verdict.has(culprit));
            else if (known->shortage != Kind::Watermark && !known->holder)
                CHECK_FALSE(state.verdict.has(culprit));
        }
    }
}

}  // namespace oom_state_real_test
