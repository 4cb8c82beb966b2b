// Types of real kernels that are shown: with a vmlinux nothing is left out of them.
#include <filesystem>

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>
#include <postmortem/struct_view.h>

#include "report/struct_view/object_check.h"
#include "support/real_dumps.h"

namespace struct_view_real_test {

using namespace postmortem;

namespace {

StructView task_struct_of(const std::filesystem::path& path, bool whole) {
    OpenOptions options;
    options.vmlinux = path.parent_path() / "vmlinux";
    options.types.btf = false;
    options.types.whole = whole;
    const auto dump = CrashDump::open(path, options);
    REQUIRE_MESSAGE(dump, dump.error().message);
    StructRequest request;
    request.type = "task_struct";
    auto view = struct_view(*dump, request);
    REQUIRE_MESSAGE(view, view.error().message);
    return std::move(*view);
}

bool brings_btf(const std::filesystem::path& path) {
    const auto dump = CrashDump::open(path);
    REQUIRE_MESSAGE(dump, dump.error().message);
    return dump->kernel().types().source().starts_with("BTF");
}

}  // namespace

TEST_CASE("real dump beside its vmlinux: a struct has all its members where they are to be shown") {
    for (const auto& path : test::real_dumps("vmcore")) {
        if (!std::filesystem::exists(path.parent_path() / "vmlinux")) continue;
        CAPTURE(path.string());
        const StructView whole = task_struct_of(path, true), asked = task_struct_of(path, false);
        CHECK(whole.problems.empty());
        // BTF is read whole, also that of a vmlinux.
        if (brings_btf(path)) {
            CHECK(to_text(whole) == to_text(asked));
            continue;
        }
        // What other commands ask for of DWARF is less, and says so.
        CHECK(to_text(whole).size() > to_text(asked).size());
        CHECK_FALSE(asked.problems.empty());
    }
}

// The address of the first task that the slab allocator knows of; 0 where the dump has no such pages.
std::uint64_t task_in_a_slab(const CrashDump& dump) {
    const auto tasks = dump.tasks();
    for (const TaskInfo& task : tasks ? tasks->tasks : std::vector<TaskInfo>())
        if (ObjectCheck(dump.kernel(), "task_struct").doubt(task.task + 8)) return task.task;
    return 0;
}

TEST_CASE("real dump: a task is none of what has a slab cache of its own, by whatever name, and no tree") {
    for (const auto& path : test::real_dumps("vmcore")) {
        CAPTURE(path.string());
        const auto dump = CrashDump::open(path);
        REQUIRE_MESSAGE(dump, dump.error().message);
        const Kernel& kernel = dump->kernel();
        const std::uint64_t task = task_in_a_slab(*dump);
        if (task == 0) continue;
        CHECK_FALSE(ObjectCheck(kernel, "task_struct").doubt(task));
        for (const char* other : {"mm_struct", "dentry", "file", "inode", "signal_struct"}) {
            CAPTURE(other);
            CHECK(ObjectCheck(kernel, other).doubt(task));
        }
        const auto nodes = kernel.types().offset_of("task_struct", "tasks");
        REQUIRE(nodes);
        CHECK(doubt_of_member(kernel, "xarray", task));
        CHECK_FALSE(doubt_of_member(kernel, "list_head", task + *nodes));
    }
}

}  // namespace struct_view_real_test
