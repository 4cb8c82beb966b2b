// The logs of real dumps against what crash prints for them, and against the guest's own console.
#include <sstream>

#include <doctest/doctest.h>

#include <postmortem/render.h>

#include "kernel/kernel.h"
#include "kernel/printk/printk.h"
#include "support/files.h"
#include "support/real_dumps.h"

namespace printk_real_test {

using namespace postmortem;
namespace fs = std::filesystem;

namespace {

// The last line that begins with a time stamp.
std::string last_stamped_line(const std::string& text) {
    std::istringstream lines(text);
    std::string last;
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("[ ")) last = line;
    while (last.ends_with('\r')) last.pop_back();
    return last;
}

}  // namespace

TEST_CASE("the log of a real dump is what crash prints") {
    for (const fs::path& expected : test::real_dumps("crash.log.txt")) {
        const std::string printed_by_crash = test::file_contents(expected);
        if (printed_by_crash.empty()) continue;
        for (const auto& entry : fs::directory_iterator(expected.parent_path())) {
            const std::string name = entry.path().filename().string();
            const bool whole = name == "vmcore" || name.ends_with(".lzo") || name.ends_with(".zstd") ||
                               name.ends_with(".zlib") || name.ends_with(".flat") || name.ends_with(".elf");
            if (!name.starts_with("vmcore") || !whole) continue;
            CAPTURE(entry.path().string());
            const auto kernel = Kernel::open(entry.path());
            REQUIRE_MESSAGE(kernel, kernel.error().message);
            const KernelLog log = read_printk((*kernel)->memory(), (*kernel)->vmcoreinfo());
            CHECK(log.problems.empty());
            CHECK(to_text(log) == printed_by_crash);
        }
    }
}

TEST_CASE("the log of a real dump holds the console's last line, and counts without a gap") {
    for (const fs::path& path : test::real_dumps("vmcore")) {
        const fs::path console = path.parent_path() / "console.log";
        if (!fs::exists(console)) continue;
        CAPTURE(path.string());
        const auto kernel = Kernel::open(path);
        REQUIRE(kernel);
        const KernelLog log = read_printk((*kernel)->memory(), (*kernel)->vmcoreinfo());
        REQUIRE_FALSE(log.records.empty());
        CHECK(log.problems.empty());
        // The log may go on: kdump takes over before a console has printed everything.
        CHECK(to_text(log).find(last_stamped_line(test::file_contents(console))) != std::string::npos);
        // (5.10 and later: the records before have no numbers.)
        for (std::size_t i = 1; i < log.records.size() && log.records[i].seq; ++i)
            CHECK(*log.records[i].seq == *log.records[i - 1].seq + 1);
    }
}

}  // namespace printk_real_test
