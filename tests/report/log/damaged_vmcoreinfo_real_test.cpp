// VMCOREINFO says where the log lies. With one wrong digit in it the log is the same, or the answer says why
// not.
#include <fstream>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/lost_pages.h>
#include <postmortem/render.h>

#include "support/files.h"
#include "support/places.h"
#include "support/temp_dir.h"

namespace damaged_vmcoreinfo_real_test {

using namespace postmortem;
namespace fs = std::filesystem;

namespace {

struct Answer {
    std::string log, release, panic;
    bool is_whole = false;
    bool operator==(const Answer&) const = default;
};

Answer ask(const fs::path& file) {
    OpenOptions options;
    options.search_vmlinux = false;
    const auto dump = CrashDump::open(file, options);
    if (!dump) return {};
    const LostPages lost;
    const KernelLog log = dump->log();
    const SystemInfo system = dump->system_info();
    return {to_text(log), system.release, system.panic_message,
            log.problems.empty() && system.problems.empty() && !lost.any()};
}

/// Where the last digits of lines lie that tell of the log and the kernel's name.
std::vector<std::size_t> digits_in(const std::string& file) {
    std::vector<std::size_t> places;
    for (const std::string_view key :
         {"SIZE(prb_", "OFFSET(prb_", "SIZE(printk_", "OFFSET(printk_", "SIZE(atomic_long_t)",
          "OFFSET(atomic_long_t.", "OFFSET(uts_namespace.", "SYMBOL(prb)", "SYMBOL(init_uts_ns)"})
        for (std::size_t at = file.find(key); at != file.npos && at < 65536; at = file.find(key, at + 1))
            places.push_back(file.find('\n', at) - 1);
    return places;
}

}  // namespace

TEST_CASE("one wrong digit of VMCOREINFO does not go unnoticed") {
    std::size_t asked = 0;
    for (const std::string_view sample : {"bookworm-sysrq", "sid-mod-uaf"}) {
        const fs::path path = test::source_dir() / "testdata/dumps" / sample / "vmcore";
        const Answer right = ask(path);
        REQUIRE(right.is_whole);
        const test::TempDir dir;
        std::string file = test::file_contents(path);
        const fs::path copy = dir.write("vmcore", as_bytes(std::string_view(file)));
        std::fstream damaged(copy, std::ios::in | std::ios::out | std::ios::binary);
        for (const std::size_t at : digits_in(file)) {
            for (const char digit : {'0', '1', '2', '4', '6', '8', '9'}) {
                if (file[at] == digit) continue;
                CAPTURE(file.substr(file.rfind('\n', at) + 1, at - file.rfind('\n', at)));
                CAPTURE(digit);
                const auto put = [&](char c) {
                    damaged.seekp(static_cast<std::streamoff>(at)).put(c).flush();
                };
                put(digit);
                const Answer answer = ask(copy);
                put(file[at]);
                if (answer.is_whole) CHECK(answer == right);
                ++asked;
            }
        }
    }
    CHECK(asked > 100);
}

}  // namespace damaged_vmcoreinfo_real_test
