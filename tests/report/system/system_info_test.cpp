// How system information is printed: each field as crash rounds and words it, and as JSON.
#include <ctime>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <postmortem/render.h>

#include "support/environment.h"

namespace system_info_test {

using namespace postmortem;

namespace {

constexpr std::uint64_t mib = 1 << 20, gib = 1 << 30;

std::string field(const SystemInfo& info, const std::string& label) {
    const std::string text = to_text(info);
    const std::size_t at = text.find(label + ": ");
    REQUIRE(at != std::string::npos);
    const std::size_t start = at + label.size() + 2;
    return text.substr(start, text.find('\n', start) - start);
}

SystemInfo with_memory(std::uint64_t bytes) {
    SystemInfo info;
    info.memory_bytes = bytes;
    return info;
}

SystemInfo with_uptime(double seconds) {
    SystemInfo info;
    info.jiffies_seconds = seconds;
    return info;
}

}  // namespace

TEST_CASE("memory is rounded as crash rounds it") {
    CHECK(field(with_memory(gib - 63 * mib), "MEMORY") == "1 GB");
    CHECK(field(with_memory(gib - 65 * mib), "MEMORY") == "959 MB");
    CHECK(field(with_memory(gib), "MEMORY") == "1 GB");
    CHECK(field(with_memory(3 * gib / 2), "MEMORY") == "1.5 GB");
    CHECK(field(with_memory(100 * mib + mib / 4), "MEMORY") == "100.2 MB");
    CHECK(field(with_memory(512 << 10), "MEMORY") == "512 KB");
    CHECK(field(SystemInfo(), "MEMORY") == "(unknown)");
}

TEST_CASE("times are printed as crash prints them") {
    CHECK(field(with_uptime(7.999), "UPTIME") == "00:00:07");
    CHECK(field(with_uptime(86399), "UPTIME") == "23:59:59");
    CHECK(field(with_uptime(12 * 86400 + 3661), "UPTIME") == "12 days, 01:01:01");
    CHECK(field(with_uptime(-1), "UPTIME") == "(unknown)");
    SystemInfo by_timekeeper;
    by_timekeeper.uptime_seconds = 65;
    CHECK(field(by_timekeeper, "UPTIME") == "00:01:05");
    by_timekeeper.jiffies_seconds = 64.5;
    CHECK(field(by_timekeeper, "UPTIME") == "00:01:04");
    by_timekeeper.jiffies_seconds = 63;  // ticks were lost
    CHECK(field(by_timekeeper, "UPTIME") == "00:01:05");

    const test::EnvironmentVariable zone("TZ", "UTC");
    tzset();
    SystemInfo info;
    info.crash_time = 1795228766;
    CHECK(field(info, "DATE") == "Sat Nov 21 02:39:26 UTC 2026");
    info.crash_time = 1795900000;
    CHECK(field(info, "DATE") == "Sat Nov 28 21:06:40 UTC 2026");
}

TEST_CASE("load averages are rounded as the kernel rounds them") {
    SystemInfo info;
    info.load_average = {{492 / 2048.0, 2047 / 2048.0, 5.0}};
    CHECK(field(info, "LOAD AVERAGE") == "0.24, 1.00, 5.00");
}

TEST_CASE("CPUs are counted up to the highest that is present") {
    SystemInfo info;
    info.cpus_possible = {0, 1, 2, 3, 4, 5, 6, 7};
    info.cpus_present = {0, 1, 2, 3};
    info.cpus_online = {0, 1, 2, 3};
    CHECK(field(info, "CPUS") == "4");
    info.cpus_online = {0, 1, 3};
    CHECK(field(info, "CPUS") == "4 [OFFLINE: 1]");
    CHECK(field(SystemInfo(), "CPUS") == "(unknown)");
}

TEST_CASE("what is odd about the dump and the kernel stands behind their names") {
    SystemInfo info;
    CHECK(field(info, "KERNEL") == "(unknown)");
    info.dump_path = "vmcore";
    info.dump_format = "ELF vmcore";
    info.symbol_source = "kallsyms";
    info.type_source = "BTF";
    CHECK(field(info, "DUMPFILE") == "vmcore");
    CHECK(field(info, "KERNEL") == "from the dump (kallsyms, BTF)");
    info.dump_format = "kdump-compressed v6";
    info.dump_level = 31;
    CHECK(field(info, "DUMPFILE") == "vmcore  [PARTIAL DUMP]");
    info.dump_incomplete = true;
    CHECK(field(info, "DUMPFILE") == "vmcore  [PARTIAL DUMP] [INCOMPLETE]");
    info.dump_level = 0;
    CHECK(field(info, "DUMPFILE") == "vmcore  [INCOMPLETE]");
    info.vmlinux = "/boot/vmlinux";
    info.taint_mask = 1 << 15;
    CHECK(field(info, "KERNEL") == "/boot/vmlinux  [LIVEPATCH]  [TAINTED]");
}

TEST_CASE("a panic message is quoted, and cannot drive a terminal") {
    SystemInfo info;
    CHECK(field(info, "PANIC") == "\"\"");
    info.panic_message = "Kernel panic - not syncing: \x1b[1mloud";
    CHECK(field(info, "PANIC") == "\"Kernel panic - not syncing: .[1mloud\"");
    info.panic_message = "Oops: 0002 [#1] SMP";
    CHECK(field(info, "PANIC") == "\"Oops: 0002 [#1] SMP\" (check log for details)");
}

TEST_CASE("system information as JSON") {
    SystemInfo info;
    info.dump_path = "vmcore";
    info.release = "6.1.0";
    info.kernel_offset = 0x2ea00000;
    info.taint_mask = 0x201;
    info.taints = {{0, 'P', "a proprietary module was loaded"}, {9, 'W', "the kernel issued a warning"}};
    info.crash_time = 1795228766;
    info.crash_time_ns = 5;
    info.cpus_online = {0, 2};
    info.nodes = {{1, 16, 8192, 4096}};
    info.dmi = {{"sys_vendor", "QEMU"}};
    info.load_average = {{0.5, 0.25, 0.125}};
    info.problems.emplace_back(ErrorCode::PageExcluded, "left out", 0x10);
    const auto json = nlohmann::json::parse(to_json(info));
    CHECK(json["kernel"]["release"] == "6.1.0");
    CHECK(json["kernel"]["offset"] == "0x2ea00000");
    CHECK(json["kernel"]["version"].is_null());
    CHECK(json["taint"]["mask"] == "0x201");
    CHECK(json["taint"]["letters"] == "PW");
    CHECK(json["taint"]["flags"][1]["bit"] == 9);
    CHECK(json["time"]["crash_utc"] == "2026-11-21T02:39:26.000000005Z");
    CHECK(json["time"]["crash_unix_seconds"] == 1795228766);
    CHECK(json["time"]["load_average"][1] == 0.25);
    CHECK(json["time"]["uptime_seconds"].is_null());
    CHECK(json["cpus"]["online"] == nlohmann::json({0, 2}));
    CHECK(json["memory"]["nodes"][0]["present_bytes"] == 4096);
    CHECK(json["hardware"]["dmi"]["sys_vendor"] == "QEMU");
    CHECK(json["problems"][0]["address"] == "0x10");
    CHECK(nlohmann::json::parse(to_json(SystemInfo()))["taint"].is_null());
}

}  // namespace system_info_test
