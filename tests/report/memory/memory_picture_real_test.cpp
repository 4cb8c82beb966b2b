// The memory picture of real dumps, against what /proc said in the guest just before, and against the
// kernel's own Mem-Info where it printed one just before it died.
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/render.h>

#include "base/text.h"
#include "support/proc_truth.h"
#include "support/real_dumps.h"
#include "support/temp_dir.h"

namespace memory_picture_real_test {

using namespace postmortem;
using postmortem::test::file_contents;
using postmortem::test::ProcTruth;

namespace {

struct Case {
    std::filesystem::path path;
    std::string scenario;
    ProcTruth truth;
    MemoryPicture picture;

    /// Memory was eaten after /proc was read: what is there is another situation.
    bool eaten() const {
        for (const char* word : {"oom", "leak", "hog", "zram-full", "hugepages"})
            if (scenario.find(word) != std::string::npos) return true;
        return false;
    }
    /// What it wrote lay in the cache of its disk for a while.
    std::uint64_t witness_kib() const {
        return std::filesystem::file_size(path.parent_path() / "proc.txt") / 1024;
    }
    /// The second reading of a file, where there are two.
    std::string_view later(const std::string& name) const {
        const auto second = truth.file(fmt::format("{} again", name));
        return second ? *second : truth.file(name).value_or("");
    }
};

bool filtered_out(const MemoryPicture& picture) {
    for (const Error& problem : picture.problems)
        if (problem.code == ErrorCode::PageExcluded) return true;
    return false;
}

/// Dumps with a ground truth that hold the pages: extracts that were made for other commands do not.
template <class Check>
void for_each_case(const char* wanted_file, Check check) {
    std::size_t checked = 0;
    for (const auto& path : test::real_dumps("vmcore")) {
        const auto truth = ProcTruth::beside(path);
        if (!truth || !truth->file(wanted_file)) continue;
        const auto dump = CrashDump::open(path);
        REQUIRE(dump);
        Case one{path, path.parent_path().filename().string(), *truth, dump->memory()};
        if (filtered_out(one.picture)) continue;
        CAPTURE(path.string());
        check(one);
        ++checked;
    }
    if (checked == 0) MESSAGE("no dump here can answer");
}

std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> all;
    std::istringstream stream{std::string(text)};
    for (std::string word; stream >> word;) all.push_back(word);
    return all;
}

std::uint64_t number(const std::string& text) {
    return std::strtoull(text.c_str(), nullptr, 10);
}

std::vector<std::pair<std::string, std::uint64_t>> meminfo_lines(std::string_view text) {
    std::vector<std::pair<std::string, std::uint64_t>> lines;
    for (const std::string_view line : split(text, '\n')) {
        const auto parts = words(line);
        if (parts.size() >= 2) lines.emplace_back(parts[0].substr(0, parts[0].size() - 1), number(parts[1]));
    }
    return lines;
}

bool near(std::uint64_t value, std::uint64_t first, std::uint64_t second, std::uint64_t slack) {
    const std::uint64_t low = std::min(first, second), high = std::max(first, second);
    return value + slack >= low && value <= high + slack;
}

// One zone of /proc/zoneinfo: "min" → 8392, …
struct ZoneTruth {
    std::string node, name;
    std::map<std::string, std::uint64_t> values;
    std::vector<std::uint64_t> protection;
};

std::vector<ZoneTruth> zoneinfo(std::string_view text) {
    std::vector<ZoneTruth> zones;
    for (const std::string_view line : split(text, '\n')) {
        auto parts = words(line);
        if (parts.size() == 4 && parts[0] == "Node") {
            zones.push_back({parts[1].substr(0, parts[1].size() - 1), parts[3], {}, {}});
        } else if (zones.empty() || parts.empty()) {
            continue;
        } else if (parts[0] == "pages") {
            zones.back().values["free"] = number(parts[2]);
        } else if (parts[0] == "protection:") {
            for (std::size_t i = 1; i < parts.size(); ++i) {
                const std::size_t digit = parts[i].find_first_of("0123456789");
                zones.back().protection.push_back(number(parts[i].substr(digit)));
            }
        } else if (parts.size() == 2) {
            zones.back().values.emplace(parts[0], number(parts[1]));
        }
    }
    return zones;
}

std::uint64_t free_pages_in_blocks(const ZoneUse& zone) {
    std::uint64_t pages = 0;
    for (const FreeBlocks& blocks : zone.free_blocks) pages += blocks.blocks << blocks.order;
    return pages;
}

std::int64_t counter(const std::vector<VmCounter>& counters, std::string_view name) {
    for (const VmCounter& one : counters)
        if (one.name == name) return one.value;
    return 0;
}

}  // namespace

TEST_CASE("meminfo has the lines that the kernel's own file had, and their values") {
    // Nothing that goes on in the guest changes these.
    const std::set<std::string> constant = {"MemTotal",     "VmallocTotal", "VmallocChunk",
                                            "Hugepagesize", "NFS_Unstable", "Bounce",
                                            "CmaTotal",     "Unaccepted",   "HardwareCorrupted"};
    const std::set<std::string> constant_unless_eaten = {
        "SwapTotal",      "CommitLimit", "HugePages_Total", "HugePages_Free", "HugePages_Rsvd",
        "HugePages_Surp", "Hugetlb",     "Mlocked",         "Unevictable",    "Shmem"};
    for_each_case("/proc/meminfo", [&](const Case& one) {
        const auto first = meminfo_lines(*one.truth.file("/proc/meminfo"));
        const auto later = meminfo_lines(one.later("/proc/meminfo"));
        REQUIRE(one.picture.meminfo.size() == first.size());
        for (std::size_t i = 0; i < first.size(); ++i) {
            const MeminfoLine& ours = one.picture.meminfo[i];
            CAPTURE(ours.name);
            CAPTURE(ours.value);
            CAPTURE(first[i].second);
            CAPTURE(later[i].second);
            CHECK(ours.name == first[i].first);
            if (constant.contains(ours.name)) CHECK(ours.value == first[i].second);
            if (one.eaten()) continue;
            if (constant_unless_eaten.contains(ours.name)) CHECK(ours.value == later[i].second);
            // The witness that wrote it all down has gone with its pages, and the task that brings the kernel
            // down has come.
            const std::uint64_t slack =
                std::max<std::uint64_t>(4096 + one.witness_kib(), first[i].second / 40);
            CHECK(near(ours.value, first[i].second, later[i].second, slack));
        }
    });
}

TEST_CASE("meminfo prints as /proc/meminfo does") {
    for_each_case("/proc/meminfo", [](const Case& one) {
        const auto theirs = split(*one.truth.file("/proc/meminfo"), '\n');
        const std::string text = to_text(one.picture);
        const auto ours = split(text, '\n');
        for (std::size_t i = 0; i < std::min(theirs.size(), ours.size()); ++i) {
            // Same label and unit in the same columns; the digits are another test's.
            const auto form = [](std::string_view line) {
                std::string shape(line);
                for (std::size_t at = std::min<std::size_t>(shape.size(), shape.find(':')); at < shape.size();
                     ++at)
                    if (std::isdigit(static_cast<unsigned char>(shape[at])) || shape[at] == ' ')
                        shape[at] = '.';
                return shape;
            };
            CHECK(form(ours[i]) == form(theirs[i]));
        }
    });
}

TEST_CASE("zones are as in /proc/zoneinfo") {
    for_each_case("/proc/zoneinfo", [](const Case& one) {
        const auto theirs = zoneinfo(one.later("/proc/zoneinfo"));
        REQUIRE(one.picture.zones.size() == theirs.size());
        for (std::size_t i = 0; i < theirs.size(); ++i) {
            const ZoneUse& zone = one.picture.zones[i];
            const auto& values = theirs[i].values;
            CAPTURE(zone.name);
            CHECK(zone.name == theirs[i].name);
            CHECK(std::to_string(zone.node) == theirs[i].node);
            const auto same = [&](const char* name, std::uint64_t ours) {
                CAPTURE(name);
                const auto found = values.find(name);
                if (found != values.end()) CHECK(ours == found->second);
            };
            same("spanned", zone.spanned);
            same("present", zone.present);
            same("managed", zone.managed);
            // To use huge pages raises the watermarks; a boost comes and goes.
            if (!one.eaten() && zone.boost.value_or(0) == 0) {
                same("min", zone.min);
                same("low", zone.low);
                same("high", zone.high);
                same("promo", zone.promo.value_or(0));
            }
            if (zone.present != 0) same("start_pfn", zone.start_pfn);
            CHECK(zone.lowmem_reserve == theirs[i].protection);
            if (zone.present == 0) continue;
            for (const VmCounter& own : zone.counters) {
                CAPTURE(own.name);
                CHECK(values.contains(own.name));
            }
            CHECK(zone.cpu_lists.size() >= 1);
        }
        REQUIRE_FALSE(one.picture.nodes.empty());
        for (const VmCounter& own : one.picture.nodes.front().counters) {
            CAPTURE(own.name);
            CHECK(theirs.front().values.contains(own.name));
        }
    });
}

TEST_CASE("free blocks add up to the free pages, by order and by type") {
    for_each_case("/proc/buddyinfo", [](const Case& one) {
        for (const ZoneUse& zone : one.picture.zones) {
            CAPTURE(zone.name);
            // What a CPU has counted for itself is not in `free` yet.
            const auto difference =
                static_cast<std::int64_t>(free_pages_in_blocks(zone)) - static_cast<std::int64_t>(zone.free);
            CHECK(std::abs(difference) <= 125 * static_cast<std::int64_t>(zone.cpu_lists.size()));
            for (const FreeBlocks& blocks : zone.free_blocks) {
                if (zone.present == 0) continue;
                std::uint64_t sum = 0;
                for (const std::uint64_t some : blocks.by_type) sum += some;
                CHECK(sum == blocks.blocks);
            }
        }
    });
}

TEST_CASE("slab caches are those of /proc/slabinfo") {
    for_each_case("/proc/slabinfo", [](const Case& one) {
        std::map<std::string, SlabCacheUse> ours;
        for (const SlabCacheUse& cache : one.picture.slab_caches) ours[cache.name] = cache;
        std::size_t caches = 0, moved = 0;
        for (const std::string_view line : split(one.later("/proc/slabinfo"), '\n')) {
            const auto parts = words(line);
            if (parts.size() < 16 || parts[0] == "#") continue;
            CAPTURE(parts[0]);
            ++caches;
            REQUIRE(ours.contains(parts[0]));
            const SlabCacheUse& cache = ours[parts[0]];
            CHECK(cache.stride_bytes == number(parts[3]));
            CHECK(cache.objects_per_slab == number(parts[4]));
            CHECK(cache.pages_per_slab == number(parts[5]));
            CHECK(cache.active_objects <= cache.total_objects);
            moved += cache.total_objects != number(parts[2]) || cache.slabs != number(parts[14]);
        }
        CHECK(caches == ours.size());
        CAPTURE(moved);
        if (!one.eaten()) CHECK(moved * 5 < caches);
    });
}

TEST_CASE("swap areas are those of /proc/swaps") {
    for_each_case("/proc/swaps", [](const Case& one) {
        if (one.eaten() && one.scenario.find("zram-full") == std::string::npos)
            return;  // swapped off by then
        std::size_t index = 0;
        for (const std::string_view line : split(*one.truth.file("/proc/swaps"), '\n')) {
            const auto parts = words(line);
            if (parts.size() != 5 || parts[0] == "Filename") continue;
            REQUIRE(index < one.picture.swap_areas.size());
            const SwapArea& area = one.picture.swap_areas[index++];
            CHECK(area.path == parts[0]);
            CHECK((area.is_device ? "partition" : "file") == parts[1]);
            CHECK(area.size_kib == number(parts[2]));
            CHECK(std::to_string(area.priority) == parts[4]);
            if (!one.eaten()) CHECK(near(area.used_kib, number(parts[3]), number(parts[3]), 1024));
        }
        CHECK(index == one.picture.swap_areas.size());
    });
}

TEST_CASE("zram holds what its mm_stat says, wherever the module brought its types along") {
    for_each_case("/sys/block/zram0/mm_stat", [](const Case& one) {
        if (one.picture.swap_areas.empty() || one.picture.swap_areas.front().path != "/dev/zram0") return;
        const auto& zram = one.picture.swap_areas.front().zram;
        if (!zram) {
            CHECK(std::any_of(
                one.picture.problems.begin(), one.picture.problems.end(),
                [](const Error& problem) { return problem.code == ErrorCode::MissingDebugInfo; }));
            return;
        }
        const auto theirs = words(one.later("/sys/block/zram0/mm_stat"));
        REQUIRE(theirs.size() >= 8);
        CHECK(zram->limit_bytes == number(theirs[3]));
        CHECK(zram->memory_bytes <= zram->most_memory_bytes);
        if (one.eaten()) {
            CHECK(zram->stored_bytes >= number(theirs[0]));
            return;
        }
        CHECK(zram->stored_bytes == number(theirs[0]));
        CHECK(zram->compressed_bytes == number(theirs[1]));
        CHECK(zram->memory_bytes == number(theirs[2]));
        CHECK(zram->most_memory_bytes == number(theirs[4]));
        CHECK(zram->same_pages == number(theirs[5]));
        CHECK(zram->huge_pages == number(theirs[7]));
    });
}

TEST_CASE("memory file systems are as df saw them") {
    for_each_case("statfs", [](const Case& one) {
        const bool filled_later = one.scenario.find("hog") != std::string::npos;
        for (const std::string_view line : split(*one.truth.file("statfs"), '\n')) {
            const auto parts = words(line);
            if (parts.size() != 7) continue;
            CAPTURE(parts[0]);
            const MemoryFileSystem* found = nullptr;
            for (const MemoryFileSystem& system : one.picture.file_systems)
                if (system.path == parts[0]) found = &system;
            REQUIRE(found);
            const std::uint64_t blocks = number(parts[2]), free = number(parts[4]);
            CHECK(found->limit_kib == blocks * 4);
            REQUIRE(found->used_kib);
            if (!filled_later) CHECK(*found->used_kib == (blocks - free) * 4);
            // The task that died was about to add a page.
            const std::uint64_t on_its_way = filled_later ? 64 : 0;
            CHECK(near(found->kib + found->swapped_kib, *found->used_kib, *found->used_kib, on_its_way));
        }
    });
}

TEST_CASE("settings are those below /proc/sys/vm") {
    for_each_case("/proc/sys/vm/swappiness", [](const Case& one) {
        for (const MemorySettingValue& setting : one.picture.settings) {
            const auto file = one.truth.file(fmt::format("/proc/sys/vm/{}", setting.name));
            if (!file || (one.eaten() && setting.name == "panic_on_oom")) continue;
            CAPTURE(setting.name);
            CHECK(std::to_string(setting.value) == trimmed(*file));
        }
        const auto reserved = one.truth.file("/sys/kernel/kexec_crash_size");
        if (!reserved) return;  // a kernel that loads no crash kernel
        REQUIRE(one.picture.crash_kernel);
        CHECK(std::to_string(one.picture.crash_kernel->bytes) == trimmed(*reserved));
    });
}

TEST_CASE("the parts and what is left over make MemTotal") {
    for_each_case("/proc/meminfo", [](const Case& one) {
        REQUIRE(one.picture.sum);
        const MemorySum& sum = *one.picture.sum;
        std::int64_t all = sum.unaccounted_bytes;
        std::map<std::string, std::uint64_t> parts;
        for (const MemoryShare& part : sum.parts) {
            all += static_cast<std::int64_t>(part.bytes);
            parts[part.id] = part.bytes;
        }
        CHECK(all == static_cast<std::int64_t>(sum.total_bytes));
        CHECK(sum.total_bytes == one.picture.line("MemTotal").value_or(0) * 1024);
        const auto share = [&](std::uint64_t bytes) {
            return static_cast<double>(bytes) / static_cast<double>(sum.total_bytes);
        };
        const double left_over =
            static_cast<double>(sum.unaccounted_bytes) / static_cast<double>(sum.total_bytes);
        CAPTURE(left_over);
        const auto is = [&](const char* word) { return one.scenario.find(word) != std::string::npos; };
        if (is("leak-pages") || is("leak-dma32"))
            CHECK(left_over > 0.5);
        else
            CHECK((left_over > -0.005 && left_over < 0.07));
        if (is("leak-slab")) {
            CHECK(share(parts["slab_unreclaimable"]) > 0.6);
            CHECK(one.picture.slab_caches.front().name == "lableak_item");
            CHECK(share(one.picture.slab_caches.front().bytes) > 0.6);
        }
        if (is("leak-vmalloc")) {
            CHECK(share(parts["vmalloc"]) > 0.6);
            CHECK(one.picture.vmalloc_users.front().module == "lableak");
        }
        if (is("tmpfs-hog")) {
            CHECK(share(parts["shmem"]) > 0.6);
            CHECK(one.picture.file_systems.front().path == "/srv/hog");
            CHECK(one.picture.file_systems.front().largest.front().name == "second");
        }
        if (is("hugepages")) CHECK(share(parts["hugetlb"]) > 0.6);
        if (is("zram-full")) CHECK(parts["zsmalloc"] > 64u << 20);
    });
}

TEST_CASE("where the kernel printed Mem-Info just before it died, our figures are its own") {
    std::size_t compared = 0;
    for (const auto& path : test::real_dumps("vmcore")) {
        const std::string scenario = path.parent_path().filename().string();
        const std::string console = file_contents(path.parent_path() / "console.log");
        const std::size_t start = console.rfind("Mem-Info:");
        const bool died_of_it = console.find("Out of memory: system-wide panic_on_oom") != console.npos ||
                                console.find("Out of memory: compulsory panic_on_oom") != console.npos;
        // While multi-generational LRU is at work, another CPU may move pages between the two.
        if (start == console.npos || !died_of_it || scenario.find("zram") != scenario.npos) continue;
        const auto dump = CrashDump::open(path);
        REQUIRE(dump);
        const MemoryPicture picture = dump->memory();
        if (filtered_out(picture)) continue;
        CAPTURE(path.string());
        ++compared;
        const std::string said = console.substr(start);
        const auto value_after = [](std::string_view text, const std::string& label) {
            const std::size_t at = text.find(label);
            return at == text.npos ? UINT64_MAX : number(std::string(text.substr(at + label.size(), 20)));
        };
        const auto check_total = [&](const char* label, const char* name) {
            CAPTURE(label);
            std::int64_t ours = 0;
            for (const NodeUse& node : picture.nodes) ours += counter(node.counters, name);
            for (const ZoneUse& zone : picture.zones) ours += counter(zone.counters, name);
            CHECK(value_after(said, label) == static_cast<std::uint64_t>(ours));
        };
        check_total("active_anon:", "nr_active_anon");
        check_total("inactive_anon:", "nr_inactive_anon");
        check_total("active_file:", "nr_active_file");
        check_total("unevictable:", "nr_unevictable");
        check_total("slab_reclaimable:", "nr_slab_reclaimable");
        check_total("slab_unreclaimable:", "nr_slab_unreclaimable");
        check_total("mapped:", "nr_mapped");
        check_total("shmem:", "nr_shmem");
        check_total("pagetables:", "nr_page_table_pages");
        check_total("free:", "nr_free_pages");
        std::int64_t kept = 0;
        std::uint64_t present = 0, managed = 0;
        for (const ZoneUse& zone : picture.zones) {
            for (const CpuPageList& list : zone.cpu_lists) kept += list.count;
            present += zone.present;
            managed += zone.managed;
            if (zone.managed == 0) continue;
            CAPTURE(zone.name);
            // A kernel without NUMA does not name the node.
            std::string label = fmt::format("Node {} {}", zone.node, zone.name);
            if (!contains(said, label + " free:")) label = zone.name;
            const std::size_t line = said.find(fmt::format("{} free:", label));
            REQUIRE(line != said.npos);
            const std::string_view rest = std::string_view(said).substr(line, 1000);
            CHECK(value_after(rest, " free:") == zone.free * 4);
            CHECK(value_after(rest, " min:") == zone.min * 4);
            CHECK(value_after(rest, " low:") == zone.low * 4);
            CHECK(value_after(rest, " high:") == zone.high * 4);
            CHECK(value_after(rest, " present:") == zone.present * 4);
            CHECK(value_after(rest, " managed:") == zone.managed * 4);
            const std::size_t blocks = said.find(fmt::format("{}: ", label));
            REQUIRE(blocks != said.npos);
            for (const FreeBlocks& own : zone.free_blocks) {
                const std::string size = fmt::format("*{}kB", 4u << own.order);
                const std::size_t star = said.find(size, blocks);
                REQUIRE(star != said.npos);
                const std::size_t before = said.rfind(' ', star);
                CHECK(number(said.substr(before + 1)) == own.blocks);
            }
        }
        CHECK(value_after(said, "free_pcp:") == static_cast<std::uint64_t>(kept));
        const std::size_t ram = said.find(" pages RAM"), reserved = said.find(" pages reserved");
        REQUIRE(ram != said.npos);
        REQUIRE(reserved != said.npos);
        CHECK(number(said.substr(said.rfind(' ', ram - 1) + 1)) == present);
        CHECK(number(said.substr(said.rfind(' ', reserved - 1) + 1)) == present - managed);
    }
    if (compared == 0) MESSAGE("no dump here can answer");
}

TEST_CASE("a dump that was cut short gives part of the picture, and says so") {
    const test::TempDir folder;
    for (const auto& path : test::real_dumps("vmcore.d31.zstd")) {
        CAPTURE(path.string());
        const std::filesystem::path cut = folder.path() / "vmcore";
        for (const unsigned percent : {30, 60, 90}) {
            CAPTURE(percent);
            std::filesystem::copy_file(path, cut, std::filesystem::copy_options::overwrite_existing);
            std::filesystem::resize_file(cut, std::filesystem::file_size(path) / 100 * percent);
            const auto dump = CrashDump::open(cut);
            if (!dump) continue;
            const MemoryPicture picture = dump->memory();
            CHECK_FALSE(picture.problems.empty());
            for (const MeminfoLine& line : picture.meminfo)
                if (line.name == "MemTotal" || line.name == "MemFree" || line.name == "AnonPages")
                    CHECK(line.value > 0);
            CHECK_FALSE(to_json(picture).empty());
            CHECK(to_text(picture).size() < 10000);
        }
    }
}

TEST_CASE("what a dump does not hold is told, and never shown as zero") {
    // The samples are extracts for other commands: most of what counts memory is not in them.
    for (const auto& path : test::real_dumps("vmcore")) {
        const auto dump = CrashDump::open(path);
        REQUIRE(dump);
        const MemoryPicture picture = dump->memory();
        CAPTURE(path.string());
        if (picture.meminfo.empty()) CHECK_FALSE(picture.problems.empty());
        for (const MeminfoLine& line : picture.meminfo)
            if (line.name == "MemTotal" || line.name == "MemFree") CHECK(line.value > 0);
        // All of a small arm64 machine's memory is within reach of its devices' 32 bits or less: ZONE_DMA.
        const bool arm64 = path.parent_path().filename().string().starts_with("arm64-");
        for (const ZoneUse& zone : picture.zones)
            if (zone.name == (arm64 ? "DMA" : "DMA32")) CHECK(zone.managed > 0);
        CHECK(to_json(picture).find("\"problems\"") != std::string::npos);
    }
}

}  // namespace memory_picture_real_test
