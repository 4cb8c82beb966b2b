// System information of real dumps against what crash prints for them and against the guest's own /proc.
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include <doctest/doctest.h>

#include <postmortem/render.h>

#include "kernel/panic/taint.h"
#include "report/system/system_info.h"
#include "support/real_dumps.h"

namespace system_info_real_test {

using namespace postmortem;
namespace fs = std::filesystem;

namespace {

std::map<std::string, std::string> fields(std::istream& text) {
    std::map<std::string, std::string> all;
    for (std::string line; std::getline(text, line);) {
        const std::size_t colon = line.find(": ");
        const std::size_t start = line.find_first_not_of(' ');
        if (colon != line.npos && start < colon)
            all[line.substr(start, colon - start)] = line.substr(colon + 2);
    }
    return all;
}

// The first line of one file in proc.txt, where the guest wrote them one after the other.
std::optional<std::string> guest_file(const fs::path& proc, const std::string& name) {
    std::ifstream file(proc);
    for (std::string line; std::getline(file, line);)
        if (line == "=== " + name && std::getline(file, line)) return line;
    return std::nullopt;
}

std::string without_path(const std::string& dump_file) {
    return dump_file.substr(dump_file.find_last_of('/') + 1);
}

}  // namespace

TEST_CASE("sys of a real dump says what crash says") {
    setenv("TZ", "UTC", 1);
    for (const fs::path& expected : test::real_dumps("crash.sys.txt")) {
        std::ifstream printed_by_crash(expected);
        auto theirs = fields(printed_by_crash);
        if (theirs.empty()) continue;
        CAPTURE(expected.string());
        const fs::path dump = expected.parent_path() /
                              without_path(theirs["DUMPFILE"].substr(0, theirs["DUMPFILE"].find("  ")));
        const auto kernel = Kernel::open(dump);
        REQUIRE_MESSAGE(kernel, kernel.error().message);
        const SystemInfo info = make_system_info(**kernel);
        CHECK(info.problems.empty());
        std::istringstream text(to_text(info));
        auto ours = fields(text);
        REQUIRE(ours.size() == theirs.size());
        // An extract is a partial dump, whatever it was taken from.
        if (info.dump_format == "ELF vmcore")
            CHECK(without_path(ours["DUMPFILE"]) == without_path(theirs["DUMPFILE"]));
        for (const char* label :
             {"CPUS", "DATE", "LOAD AVERAGE", "TASKS", "NODENAME", "RELEASE", "VERSION", "MACHINE", "MEMORY"})
            CHECK(ours[label] == theirs[label]);
        // crash infers the tick's length from an I/O scheduler, a module on 6.12, and then takes a
        // millisecond.
        if (!theirs["RELEASE"].starts_with("6.12.")) CHECK(ours["UPTIME"] == theirs["UPTIME"]);
        // crash knows the wording of no x86 page fault since 5.1.
        if (theirs["PANIC"].starts_with("\"Kernel panic") || theirs["PANIC"].starts_with("\"kernel BUG"))
            CHECK(ours["PANIC"] == theirs["PANIC"]);
        else
            CHECK(ours["PANIC"].size() > 2);
    }
}

TEST_CASE("sys of a real dump agrees with the guest's own /proc") {
    for (const fs::path& path : test::real_dumps("vmcore")) {
        const fs::path proc = path.parent_path() / "proc.txt";
        const auto uptime = guest_file(proc, "/proc/uptime");
        if (!uptime) continue;
        CAPTURE(path.string());
        const auto kernel = Kernel::open(path);
        REQUIRE(kernel);
        const SystemInfo info = make_system_info(**kernel);
        CHECK(info.problems.empty());

        // The guest crashed some seconds after it wrote these.
        constexpr double longest_wait = 400;
        const double then = std::atof(uptime->c_str());
        REQUIRE(info.uptime_seconds);
        CHECK(*info.uptime_seconds >= then);
        CHECK(*info.uptime_seconds < then + longest_wait);
        REQUIRE(info.jiffies_seconds);
        // s390x's clock has run for some seconds when the ticks begin.
        const double late = (*kernel)->arch().name == std::string_view("s390x") ? 5 : 0.5;
        CHECK(*info.jiffies_seconds < *info.uptime_seconds + 0.5);
        CHECK(*info.jiffies_seconds > *info.uptime_seconds - late);

        CHECK(guest_file(proc, "/proc/version")->find(info.version) != std::string::npos);
        CHECK(guest_file(proc, "/proc/version")->find(info.release) != std::string::npos);
        CHECK(guest_file(proc, "/proc/cmdline") == info.command_line);
        CHECK(guest_file(proc, "/proc/sys/kernel/hostname") == info.nodename);
        std::istringstream meminfo(*guest_file(proc, "/proc/meminfo"));
        std::string label;
        std::uint64_t kib = 0;
        meminfo >> label >> kib;
        CHECK(label == "MemTotal:");
        CHECK(info.usable_bytes == kib * 1024);
        CHECK(guest_file(proc, "/sys/devices/system/cpu/possible") ==
              "0-" + std::to_string(info.cpus_possible.size() - 1));
        REQUIRE_FALSE(info.nodes.empty());
        const std::string first = std::to_string(info.nodes.front().id),
                          last = std::to_string(info.nodes.back().id);
        // A kernel without NUMA has one node, and does not speak of it.
        const auto online = guest_file(proc, "/sys/devices/system/node/online");
        CHECK(online.value_or("0") == (first == last ? first : first + "-" + last));

        const auto noted = (*kernel)->vmcoreinfo().decimal("CRASHTIME");
        if (noted) CHECK(info.crash_time == static_cast<std::int64_t>(*noted));
    }
}

TEST_CASE("the taint letters are the kernel's own") {
    for (const fs::path& path : test::real_dumps("vmcore")) {
        CAPTURE(path.string());
        const auto kernel = Kernel::open(path);
        REQUIRE(kernel);
        const auto table = (*kernel)->symbol("taint_flags");
        const auto size = (*kernel)->types().size_of("taint_flag");
        // Nor does a type file hold what no command asks for.
        if (!size && (*kernel)->types_are_from_file()) continue;
        REQUIRE(table);
        REQUIRE(size);
        for (const TaintFlag& flag : decode_taints((1ull << 18) - 1)) {
            const auto letter = (*kernel)->memory().get<std::uint8_t>(*table + flag.bit * *size);
            // An extract need not hold this table: no command reads it.
            if (!letter && letter.error().code == ErrorCode::PageExcluded) continue;
            CHECK(letter == flag.letter);
        }
    }
}

TEST_CASE("a dump that lacks the symbols still says what it can, and each cause once") {
    for (const fs::path& path : test::real_dumps("vmcore.d31.split1")) {
        CAPTURE(path.string());
        KernelOptions alone;
        alone.search_vmlinux = false;
        const auto kernel = Kernel::open(path, alone);
        if (!kernel) continue;
        if ((*kernel)->symbols()) continue;
        const SystemInfo info = make_system_info(**kernel);
        CHECK_FALSE(info.release.empty());
        CHECK_FALSE(info.build_id.empty());
        CHECK_FALSE(info.taint_mask);
        CHECK_FALSE(info.task_count);
        CHECK_FALSE(info.problems.empty());
        std::map<std::string, int> causes;
        for (const Error& problem : info.problems)
            ++causes[problem.message.substr(problem.message.find(": ") + 2)];
        for (const auto& [cause, count] : causes) CHECK_MESSAGE(count == 1, cause);
    }
}

}  // namespace system_info_real_test
