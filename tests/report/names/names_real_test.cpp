// What a shell completes, of real dumps.
#include <algorithm>

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>
#include <postmortem/names.h>

#include "base/text.h"
#include "support/real_dumps.h"

namespace names_real_test {

using namespace postmortem;

namespace {

void check_completed(const CrashDump& dump, NameKind kind, const std::string& prefix,
                     const std::string& name) {
    CAPTURE(prefix);
    const auto names = names_beginning_with(dump, kind, prefix);
    CHECK(std::is_sorted(names.begin(), names.end()));
    CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
    CHECK(std::find(names.begin(), names.end(), name) != names.end());
    for (const std::string& one : names) {
        CHECK(one.starts_with(prefix));
        CHECK(is_name(dump, kind, one));
    }
}

}  // namespace

TEST_SUITE("real dumps") {
    TEST_CASE("symbols, types and comms are completed") {
        for (const auto& path : test::real_dumps("vmcore")) {
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE_MESSAGE(dump, dump.error().message);
            check_completed(*dump, NameKind::Symbol, "init_tas", "init_task");
            check_completed(*dump, NameKind::Type, "task_str", "task_struct");
            check_completed(*dump, NameKind::Command, "kthr", "kthreadd");
            for (const NameKind kind : {NameKind::Symbol, NameKind::Type, NameKind::Command}) {
                CHECK(names_beginning_with(*dump, kind, "no such name").empty());
                CHECK(names_beginning_with(*dump, kind, "k", 3).size() == 3);
                CHECK_FALSE(is_name(*dump, kind, "no such name"));
                CHECK_FALSE(is_name(*dump, kind, "kthr"));
            }
        }
    }
}

}  // namespace names_real_test
