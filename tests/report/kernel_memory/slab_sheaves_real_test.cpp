// Sheaves on real dumps: what lies in one is free wherever it is asked for, what is known to be in use is
// not, and all slabs together have as many objects in use as their caches count.
#include <algorithm>
#include <map>
#include <set>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/open_files.h>
#include <postmortem/slab_contents.h>

#include "base/text.h"
#include "kernel/mm/numa.h"
#include "kernel/mm/page_structs.h"
#include "kernel/mm/slab_objects.h"
#include "report/kernel_memory/slab_rows.h"
#include "report/struct_view/object_check.h"
#include "support/real_dumps.h"

namespace slab_sheaves_real_test {

using namespace postmortem;

namespace {

using Addresses = std::set<std::uint64_t>;

/// Opens each dump whose kernel has sheaves.
template <typename Check>
void for_each_dump_with_sheaves(const Check& check) {
    for (const auto& path : test::real_dumps("vmcore")) {
        CAPTURE(path.string());
        const auto dump = CrashDump::open(path);
        REQUIRE_MESSAGE(dump, dump.error().message);
        const auto objects = SlabObjects::open(dump->kernel());
        if (objects && objects->has_sheaves()) check(*dump, *objects);
    }
}

SlabObject object_at(const SlabObjects& objects, std::uint64_t address) {
    CAPTURE(address);
    const auto slab = objects.slab_at(address);
    REQUIRE_MESSAGE(slab, slab.error().message);
    REQUIRE(*slab);
    const auto object = objects.object_at(**slab, address);
    REQUIRE_MESSAGE(object, object.error().message);
    REQUIRE(*object);
    CHECK((*object)->address == address);
    return **object;
}

bool is_left_out(const SlabObjects& objects, std::uint64_t address) {
    const auto slab = objects.slab_at(address);
    if (!slab || !*slab) return !slab && slab.error().code == ErrorCode::PageExcluded;
    const auto object = objects.object_at(**slab, address);
    return !object && object.error().code == ErrorCode::PageExcluded;
}

Addresses in_sheaves(const CacheContent& content) {
    Addresses found;
    REQUIRE(content.sheaves);
    for (const SheafContent& sheaf : *content.sheaves) {
        CHECK(sheaf.cpu.has_value() != sheaf.node.has_value());
        CHECK(sheaf.objects.size() <= sheaf.capacity);
        for (const std::uint64_t object : sheaf.objects) CHECK(found.insert(object).second);
    }
    return found;
}

struct Count {
    std::uint64_t slabs = 0, objects = 0, allocated = 0;
};

/// What all slabs hold, by their caches; none where a struct page is not in the dump.
std::map<std::uint64_t, Count> count_slabs(const Kernel& kernel, const SlabObjects& objects) {
    std::map<std::uint64_t, Count> counts;
    const auto pages = PageStructs::open(kernel);
    const auto nodes = read_memory_nodes(kernel);
    REQUIRE(pages);
    REQUIRE(nodes);
    for (const MemoryNode& node : *nodes)
        for (std::uint64_t i = 0; i < node.spanned_pages; ++i) {
            const auto place = pages->of_frame(node.start_pfn + i);
            if (!place) continue;  // a hole
            const std::uint64_t page = *place;
            const auto head = pages->head_of(page);
            const auto is_slab = head ? pages->is_slab(page) : fail(head.error());
            if (!is_slab && is_slab.error().code == ErrorCode::NotMapped) continue;  // a hole
            if (!is_slab) return {};
            if (!*is_slab || *head != page) continue;
            const auto slab = objects.slab_of_page(page);
            if (!slab) return {};
            Count& count = counts[slab->cache];
            ++count.slabs;
            count.objects += slab->objects;
            count.allocated += allocated_objects(*slab);
            const auto each = objects.objects_of(*slab);
            if (!each) continue;
            const auto in_use = std::count_if(each->begin(), each->end(),
                                              [](const SlabObject& object) { return !object.is_free(); });
            CAPTURE(page);
            CHECK(static_cast<std::uint64_t>(in_use) == allocated_objects(*slab));
        }
    return counts;
}

}  // namespace

TEST_SUITE("real dumps") {
    TEST_CASE("what lies in a sheaf is free, wherever it is asked for") {
        for_each_dump_with_sheaves([](const CrashDump& dump, const SlabObjects& objects) {
            const auto contents = slab_contents(dump, {{"filp", "task_struct", "kmalloc-64"}, {}, {}});
            REQUIRE_MESSAGE(contents, contents.error().message);
            std::size_t count = 0;
            for (const CacheContent& content : contents->caches)
                for (const std::uint64_t address : in_sheaves(content)) {
                    CAPTURE(address);
                    // The sample holds the sheaves, and not all that is in them.
                    if (is_left_out(objects, address)) continue;
                    const SlabObject object = object_at(objects, address);
                    CHECK(object.state == SlabObject::State::InSheaf);
                    CHECK(object.is_free());
                    ++count;
                    if (content.cache.name == "filp")
                        CHECK(ObjectCheck(dump.kernel(), "file").doubt(address).has_value());
                }
            CHECK(count > 0);
        });
    }

    TEST_CASE(
        "an address in a sheaf's object is told with the sheaf, and of chosen CPUs the sheaves alone are "
        "shown") {
        for_each_dump_with_sheaves([](const CrashDump& dump, const SlabObjects& objects) {
            const auto contents = slab_contents(dump, {{"filp"}, {}, {}, {1}});
            REQUIRE_MESSAGE(contents, contents.error().message);
            std::size_t of_cpu = 0;
            for (const SheafContent& sheaf : *contents->caches.front().sheaves) {
                if (sheaf.node) continue;
                ++of_cpu;
                CHECK(sheaf.cpu == 1);
                if (sheaf.objects.empty() || is_left_out(objects, sheaf.objects.front())) continue;
                KernelMemoryRequest request;
                request.address = sheaf.objects.front() + 1;
                request.part = AddressPart::Slab;
                const auto memory = kernel_memory(dump, request);
                REQUIRE_MESSAGE(memory, memory.error().message);
                CHECK(memory->problems.empty());
                REQUIRE(memory->address->slab);
                CHECK(memory->address->slab->state == "free, in a sheaf of CPU 1");
                CHECK(contains(to_text(*memory), "  (cpu 1 sheaf)\n"));
            }
            CHECK(of_cpu > 0);
        });
    }

    TEST_CASE("no task and no open file is said to lie in a sheaf") {
        for_each_dump_with_sheaves([](const CrashDump& dump, const SlabObjects& objects) {
            const auto contents = slab_contents(dump, {{"filp", "task_struct"}, {}, {}});
            REQUIRE_MESSAGE(contents, contents.error().message);
            Addresses free;
            for (const CacheContent& content : contents->caches) free.merge(in_sheaves(content));
            const auto tasks = dump.tasks();
            REQUIRE_MESSAGE(tasks, tasks.error().message);
            TaskChoice each;
            for (const TaskInfo& task : tasks->tasks) {
                CHECK(free.count(task.task) == 0);
                each.selectors.push_back(fmt::format("{:#x}", task.task));
            }
            const auto files = open_files(dump, {each, {}});
            REQUIRE_MESSAGE(files, files.error().message);
            std::size_t count = 0;
            for (const TaskFiles& task : files->tasks)
                for (const OpenFile& file : task.files) {
                    ++count;
                    CHECK(free.count(file.file) == 0);
                    CHECK(!object_at(objects, file.file).is_free());
                }
            CHECK(count > 0);
        });
    }

    TEST_CASE("all slabs together have as many objects in use as their caches count") {
        for_each_dump_with_sheaves([](const CrashDump& dump, const SlabObjects& objects) {
            KernelMemoryRequest request;
            request.slabs = true;
            const auto memory = kernel_memory(dump, request);
            REQUIRE_MESSAGE(memory, memory.error().message);
            CHECK(memory->problems.empty());
            const auto counts = count_slabs(dump.kernel(), objects);
            if (counts.empty()) return;
            for (const SlabCacheRow& cache : memory->caches) {
                CAPTURE(cache.name);
                const auto counted = counts.find(cache.address);
                const Count none, &count = counted == counts.end() ? none : counted->second;
                CHECK(count.slabs == cache.slabs);
                CHECK(count.objects == cache.total);
                CHECK(count.allocated == cache.allocated.value_or(0));
            }
        });
    }
}

}  // namespace slab_sheaves_real_test
