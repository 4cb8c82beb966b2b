// `kmem -S` on real dumps: what it says of slabs and objects agrees with itself, and with the tasks.
#include <set>

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>
#include <postmortem/slab_contents.h>

#include "base/text.h"
#include "support/real_dumps.h"

namespace slab_contents_real_test {

using namespace postmortem;

namespace {

void check_slab(const SlabContent& slab, std::set<std::uint64_t>& free) {
    CAPTURE(slab.slab);
    CHECK(slab.allocated <= slab.total);
    if (slab.objects.empty()) return;  // a problem line says why
    CHECK(slab.objects.size() == slab.total);
    // (with slub_debug=Z behind a red zone)
    CHECK(slab.objects.front().address >= slab.memory);
    CHECK(slab.objects.front().address <= slab.memory + 64);
    std::uint32_t used = 0;
    for (const SlabObjectState& object : slab.objects) {
        used += !object.is_free;
        if (object.is_free) free.insert(object.address);
    }
    CHECK(used == slab.allocated);
}

void check_cache(const CacheContent& content, std::set<std::uint64_t>& free) {
    for (const CpuSlabContent& cpu : content.cpus) {
        if (cpu.own) check_slab(*cpu.own, free);
        for (const SlabContent& slab : cpu.partial) check_slab(slab, free);
    }
    std::uint64_t slabs = 0;
    for (const NodeSlabContent& node : content.nodes) {
        slabs += node.slabs;
        for (const SlabContent& slab : node.partial) check_slab(slab, free);
    }
    CHECK(slabs == content.cache.slabs);
}

void check_found_at(const CrashDump& dump, const SlabContent& slab, std::uint64_t address) {
    CAPTURE(address);
    const auto contents = slab_contents(dump, {{}, {}, address});
    REQUIRE_MESSAGE(contents, contents.error().message);
    REQUIRE(contents->caches.size() == 1);
    REQUIRE(contents->caches.front().only);
    CHECK(contents->caches.front().cache.name == "task_struct");
    CHECK(contents->caches.front().only->slab == slab.slab);
    CHECK(contents->caches.front().only->objects.size() == slab.objects.size());
}

// A small number is a physical address.
void check_found_by_physical_address(const CrashDump& dump, const SlabContent& slab) {
    const auto physical = dump.kernel().memory().translate(slab.memory + 1);
    if (!physical || *physical >= dump.kernel().arch().memory.lowest_kernel_address) return;
    check_found_at(dump, slab, *physical);
    for (const AddressPart part : {AddressPart::All, AddressPart::Slab})
        for (const bool physical_by_flag : {false, true}) {
            KernelMemoryRequest request;
            request.address = *physical;
            request.part = part;
            request.physical = physical_by_flag;
            const auto memory = kernel_memory(dump, request);
            REQUIRE_MESSAGE(memory, memory.error().message);
            REQUIRE(memory->address);
            REQUIRE(memory->address->slab);
            CHECK(memory->address->slab->slab == slab.slab);
            CHECK(memory->address->slab->memory == slab.memory);
        }
}

// An address in it is enough to find it again, and so is its struct page, which `kmem` and `kmem -s` know,
// too.
void check_found_by_address(const CrashDump& dump, const SlabContent& slab) {
    check_found_at(dump, slab, slab.memory + 1);
    check_found_by_physical_address(dump, slab);
    check_found_at(dump, slab, slab.slab);
    for (const AddressPart part : {AddressPart::All, AddressPart::Slab}) {
        KernelMemoryRequest request;
        request.address = slab.slab;
        request.part = part;
        const auto memory = kernel_memory(dump, request);
        REQUIRE_MESSAGE(memory, memory.error().message);
        REQUIRE(memory->address);
        REQUIRE(memory->address->slab);
        CHECK(memory->address->slab->slab == slab.slab);
        CHECK(memory->address->slab->whole_slab.size() == slab.objects.size());
    }
}

}  // namespace

TEST_SUITE("real dumps") {
    TEST_CASE("as many objects of a slab are in use as it counts, and every task is one of them") {
        for (const auto& path : test::real_dumps("vmcore")) {
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE_MESSAGE(dump, dump.error().message);
            const auto contents = slab_contents(*dump, {{"task_struct"}, {}, {}});
            if (!contents) {  // of SLAB, or where page structs lie is not in the sample
                const Error& why = contents.error();
                CHECK_MESSAGE((why.code != ErrorCode::Unsupported || contains(why.message, "SLUB")),
                              why.message);
                continue;
            }
            if (contents->caches.empty()) {  // the list of caches breaks before it in the sample
                CHECK_FALSE(contents->problems.empty());
                continue;
            }
            REQUIRE(contents->caches.size() == 1);
            std::set<std::uint64_t> free;
            check_cache(contents->caches.front(), free);
            const auto tasks = dump->tasks();
            REQUIRE_MESSAGE(tasks, tasks.error().message);
            for (const TaskInfo& task : tasks->tasks) CHECK(free.count(task.task) == 0);
            for (const CpuSlabContent& cpu : contents->caches.front().cpus)
                if (cpu.own) check_found_by_address(*dump, *cpu.own);
        }
    }
}

TEST_CASE("slabs are printed as crash prints them") {
    SlabContents contents;
    CacheContent cache;
    cache.cache = {0xffff888c411c8c00, "task_struct", 8328, 143, 150, 50, 32768};
    CpuSlabContent cpu;
    cpu.address = 0xffff888c7e4379b0;
    cpu.own = SlabContent{0xfffffc9280ff8400, 0xffff888c7fe10000, 0, 3, 1, {}};
    cpu.own->objects = {{0xffff888c7fe10000, false, false, {}},
                        {0xffff888c7fe120c0, true, false, 0},
                        {0xffff888c7fe14180, true, false, {}}};
    cache.cpus = {cpu};
    const SlabContent partial{
        0xfffffc9280ff8500, 0xffff888c7fe20000, 0, 3, 2, {{0xffff888c7fe20000, false, false, {}}}};
    cache.nodes = {{0, 0xffff888c411c9e40, 50, 1, 1, {partial}, {}}};
    contents.caches = {cache};
    CHECK(to_text(contents) ==
          "CACHE             OBJSIZE  ALLOCATED     TOTAL  SLABS  SSIZE  NAME\n"
          "ffff888c411c8c00     8328        143       150     50    32k  task_struct\n"
          "CPU 0 KMEM_CACHE_CPU:\n  ffff888c7e4379b0\nCPU 0 SLAB:\n"
          "  SLAB              MEMORY            NODE  TOTAL  ALLOCATED  FREE\n"
          "  fffffc9280ff8400  ffff888c7fe10000     0      3          1     2\n"
          "  FREE / [ALLOCATED]\n  [ffff888c7fe10000]\n   ffff888c7fe120c0  (cpu 0 cache)\n"
          "   ffff888c7fe14180  (cpu 0 cache)\nCPU 0 PARTIAL:\n  (empty)\n"
          "KMEM_CACHE_NODE   NODE  SLABS  PARTIAL  PER-CPU\n"
          "ffff888c411c9e40     0     50        1        1\n"
          "NODE 0 PARTIAL:\n"
          "  SLAB              MEMORY            NODE  TOTAL  ALLOCATED  FREE\n"
          "  fffffc9280ff8500  ffff888c7fe20000     0      3          2     1\n"
          "NODE 0 FULL:\n  (not tracked)\n\n");
}

TEST_CASE("sheaves are printed with what they hold, and objects with the sheaf that holds them") {
    SlabContents contents;
    CacheContent cache, without;
    cache.cache = without.cache = {0xffff888c411c8c00, "filp", 256, 1, 4, 1, 4096};
    cache.sheaves = {{"main", 2, {}, 0xffff888c7fe40000, 28, {0xffff888c7fe10100}}};
    without.sheaves.emplace();
    contents.caches = {cache, without};
    const std::string heading =
        "CACHE             OBJSIZE  ALLOCATED     TOTAL  SLABS  SSIZE  NAME\n"
        "ffff888c411c8c00      256          1         4      1     4k  filp\n";
    CHECK(to_text(contents) == heading +
                                   "CPU 2 MAIN SHEAF:\n"
                                   "  SHEAF             SIZE  CAPACITY\n"
                                   "  ffff888c7fe40000     1        28\n"
                                   "   ffff888c7fe10100  (cpu 2 sheaf)\n\n" +
                                   heading + "SHEAVES:\n  (none)\n\n");
    cache.only = SlabContent{0xfffffc9280ff8400, 0xffff888c7fe10000, 0, 4, 1, {}};
    cache.only->objects = {{0xffff888c7fe10000, false, true, {}},
                           {0xffff888c7fe10100, true, false, 2, {}, true},
                           {0xffff888c7fe10200, true, false, {}, 0, true},
                           {0xffff888c7fe10300, true, false, {}}};
    contents.caches = {cache};
    CHECK(to_text(contents) == heading +
                                   "  SLAB              MEMORY            NODE  TOTAL  ALLOCATED  FREE\n"
                                   "  fffffc9280ff8400  ffff888c7fe10000     0      4          1     3\n"
                                   "  FREE / [ALLOCATED]\n  [ffff888c7fe10000]  (or in a sheaf)\n"
                                   "   ffff888c7fe10100  (cpu 2 sheaf)\n"
                                   "   ffff888c7fe10200  (node 0 sheaf)\n"
                                   "   ffff888c7fe10300\n");
}

TEST_CASE("a slab that is named by its struct page is printed whole") {
    SlabObjectRow row;
    row.cache = {0xffff888c411c8c00, "task_struct", 8328, 143, 150, 50, 32768};
    row.slab = 0xfffffc9280ff8400;
    row.memory = 0xffff888c7fe10000;
    row.node = 0;
    row.objects = 2;
    row.allocated = 1;
    row.whole_slab = {{0xffff888c7fe10000, false, false, {}}, {0xffff888c7fe120c0, true, false, 3}};
    KernelMemory memory;
    memory.address.emplace();
    memory.address->slab = row;
    CHECK(to_text(memory) ==
          "CACHE             OBJSIZE  ALLOCATED     TOTAL  SLABS  SSIZE  NAME\n"
          "ffff888c411c8c00     8328        143       150     50    32k  task_struct\n"
          "  SLAB              MEMORY            NODE  TOTAL  ALLOCATED  FREE\n"
          "  fffffc9280ff8400  ffff888c7fe10000     0      2          1     1\n"
          "  FREE / [ALLOCATED]\n  [ffff888c7fe10000]\n   ffff888c7fe120c0  (cpu 3 cache)\n");
}

}  // namespace slab_contents_real_test
