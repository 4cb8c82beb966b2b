// Serial console logs of real kernels (Debian's 5.10, 6.1, 6.12 and 7.2), crashed on purpose under QEMU by
// the module of testdata/lab: tests/log/crashes/WAY.log holds one boot of each. The cause must be found on
// all four, with the same id; different ways have different ids.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <postmortem/log_analysis.h>

using namespace postmortem;
namespace fs = std::filesystem;

namespace {

struct Expected {
    std::string_view way;
    EventClass event_class;
    std::string_view title;
    std::string_view function = {};  // where the CPU was, or who is to blame; empty where there is none
};

constexpr Expected expectations[] = {
    {"null", EventClass::NullDereference,
     "BUG: unable to handle kernel NULL pointer dereference in labcrash_touch", "labcrash_touch"},
    {"null-call", EventClass::NullDereference,
     "BUG: unable to handle kernel NULL pointer dereference in labcrash_call", "labcrash_call"},
    {"bug", EventClass::KernelBug, "kernel BUG in labcrash_bug", "labcrash_bug"},
    {"gpf", EventClass::GeneralProtectionFault, "general protection fault in labcrash_touch",
     "labcrash_touch"},
    {"divide", EventClass::DivideError, "divide error in labcrash_divide", "labcrash_divide"},
    {"stack", EventClass::StackOverflow, "BUG: stack guard page was hit in proc_reg_write",
     "labcrash_recurse"},
    {"list", EventClass::ListCorruption, "BUG: corrupted list in labcrash_list"},
    {"warn", EventClass::Warning, "WARNING in labcrash_warn", "labcrash_warn"},
    {"panic", EventClass::Panic, "kernel panic: labcrash: panic as asked, with an escape", "labcrash_write"},
    {"work", EventClass::NullDereference,
     "BUG: unable to handle kernel NULL pointer dereference in labcrash_touch", "labcrash_touch"},
    {"timer", EventClass::NullDereference,
     "BUG: unable to handle kernel NULL pointer dereference in labcrash_touch", "labcrash_touch"},
    {"sysrq", EventClass::SysrqCrash, "kernel panic: sysrq triggered crash"},
    {"oom", EventClass::OutOfMemory, "out of memory"},
    {"memcg", EventClass::OutOfMemory, "out of memory in a memory cgroup"},
    {"kill-init", EventClass::InitKilled, "kernel panic: Attempted to kill init!"},
    {"root", EventClass::RootMountFailure, "kernel panic: VFS: Unable to mount root fs"},
    {"mutex", EventClass::HungTask, "INFO: task hung in labcrash_one_way", "labcrash_one_way"},
    {"spin", EventClass::SoftLockup, "BUG: soft lockup in proc_reg_write"},
    {"deaf", EventClass::RcuStall, "INFO: rcu detected stall in proc_reg_write"},
};

std::vector<std::string> boots_of(std::string_view way) {
    std::ifstream file(fs::path(POSTMORTEM_SOURCE_DIR) / "tests/log/crashes" / (std::string(way) + ".log"));
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    std::vector<std::string> boots;
    constexpr std::string_view banner = "[    0.000000] Linux version ";
    for (std::size_t at = text.find(banner); at != std::string::npos;) {
        const std::size_t next = text.find(banner, at + 1);
        boots.push_back(text.substr(at, next - at));
        at = next;
    }
    return boots;
}

}  // namespace

TEST_CASE("real crashes of four kernels: cause, title, function and a stable id") {
    std::map<std::string, std::set<std::string>> ways_of_id;
    for (const Expected& expected : expectations) {
        CAPTURE(expected.way);
        const std::vector<std::string> boots = boots_of(expected.way);
        CHECK(boots.size() == 4);
        std::set<std::string> ids, kernels;
        for (const std::string& boot : boots) {
            const LogAnalysis analysis = analyse_log_text(boot);
            CAPTURE(analysis.kernel);
            REQUIRE(analysis.cause);
            const LogEvent& cause = analysis.events[*analysis.cause];
            CHECK(to_string(cause.event_class) == to_string(expected.event_class));
            CHECK(cause.title == expected.title);
            CHECK(analysis.panicked);
            if (!expected.function.empty()) {
                CHECK(cause.function.substr(0, cause.function.find('.')) == expected.function);
                CHECK(cause.module == "labcrash");
                CHECK(cause.offset.has_value());
            }
            ids.insert(cause.id);
            kernels.insert(analysis.kernel);
            ways_of_id[cause.id].insert(std::string(expected.way));
        }
        CHECK(ids.size() == 1);
        CHECK(kernels.size() == boots.size());
    }
    // One and the same function stumbles, called by a worker and by a timer: one bug.
    const std::set<std::string> one_bug = {"timer", "work"};
    for (const auto& [id, ways] : ways_of_id) {
        CAPTURE(*ways.begin());
        CHECK((ways.size() == 1 || ways == one_bug));
    }
}
