// Types of real kernels that are shown: with a vmlinux nothing is left out of them.
#include <filesystem>

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>
#include <postmortem/struct_view.h>

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

}  // namespace

TEST_CASE("real dump beside its vmlinux: a struct has all its members where they are to be shown") {
    for (const auto& path : test::real_dumps("vmcore")) {
        if (!std::filesystem::exists(path.parent_path() / "vmlinux")) continue;
        CAPTURE(path.string());
        const StructView whole = task_struct_of(path, true), asked = task_struct_of(path, false);
        CHECK(whole.problems.empty());
        // What other commands ask for is less, and says so.
        CHECK(to_text(whole).size() > to_text(asked).size());
        CHECK_FALSE(asked.problems.empty());
    }
}

}  // namespace struct_view_real_test
