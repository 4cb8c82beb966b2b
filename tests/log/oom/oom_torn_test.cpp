// What loggers, consoles and mailers do to a report must not change what it says: real reports are wrapped,
// quoted, prefixed, interleaved and cut, and read again.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <postmortem/oom.h>
#include <postmortem/render_oom.h>

#include "base/text.h"
#include "log/oom/oom_shape.h"
#include "log/text/cursor.h"
#include "log/text/prefix.h"
#include "support/files.h"
#include "support/oom_facts.h"
#include "support/places.h"

namespace oom_torn_test {

using namespace postmortem;
using Json = nlohmann::json;

namespace {

std::vector<std::filesystem::path> logs_in(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> logs;
    if (!std::filesystem::is_directory(folder)) return logs;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const auto extension = entry.path().extension();
        if (extension == ".log" || extension == ".txt") logs.push_back(entry.path());
    }
    return logs;
}

// The logs of the tree, and of the corpus where it is at hand.
std::vector<std::filesystem::path> all_logs() {
    auto logs = logs_in(test::source_dir() / "testdata" / "logs" / "oom");
    if (const char* const corpus = std::getenv("POSTMORTEM_CORPUS")) {
        for (auto& log : logs_in(std::filesystem::path(corpus) / "oom")) logs.push_back(std::move(log));
    }
    return logs;
}

std::vector<std::string> lines_of(const std::string& log) {
    std::vector<std::string> lines;
    for (const std::string_view line : split(log, '\n')) lines.emplace_back(line);
    if (!lines.empty() && lines.back().empty()) lines.pop_back();
    return lines;
}

std::string each_line(const std::string& log, const std::function<std::string(const std::string&)>& change) {
    std::string out;
    for (const std::string& line : lines_of(log)) out += change(line) + "\n";
    return out;
}

// As mailers do: at the last blank before the column, the rest on a line of its own.
std::string wrapped(const std::string& line, std::size_t column) {
    std::string out;
    std::string rest = line;
    while (rest.size() > column) {
        std::size_t blank = rest.rfind(' ', column);
        const std::size_t text = rest.find_first_not_of(' ');
        if (blank == std::string::npos || blank <= text) blank = rest.find(' ', column);
        if (blank == std::string::npos) break;
        out += rest.substr(0, blank) + "\n";
        rest.erase(0, blank + 1);
    }
    return out + rest;
}

bool is_syslog(const std::string& log) {
    return log.find(" kernel: ") != std::string::npos;
}

// Only lines that mean something to a report are worth wrapping.
bool is_report_line(const std::string& line) {
    LogRecord record;
    strip_prefix(line, record);
    switch (oom::shape_of(record.text)) {
        case oom::Shape::Other:
        case oom::Shape::Hardware:
        case oom::Shape::PerCpu:
        case oom::Shape::SwapCache:
        case oom::Shape::AllocationRow:
        case oom::Shape::SlabRow: return false;
        default: return true;
    }
}

void check_unchanged(const std::function<std::string(const std::string&)>& change,
                     const std::function<bool(const std::string&)>& applies) {
    for (const auto& path : all_logs()) {
        const std::string log = test::file_contents(path);
        if (!applies(log)) continue;
        CAPTURE(path.filename().string());
        const Json before = test::oom_facts(log);
        const Json after = test::oom_facts(change(log));
        REQUIRE(after.size() == before.size());
        for (std::size_t i = 0; i < before.size(); ++i) {
            CAPTURE(i);
            CHECK(Json::diff(before[i], after[i]).dump() == "[]");
        }
    }
}

bool always(const std::string&) {
    return true;
}

}  // namespace

TEST_CASE("carriage returns, quoting and log levels") {
    check_unchanged(
        [](const std::string& log) {
            return each_line(log, [](const std::string& line) { return line + "\r"; });
        },
        always);
    check_unchanged(
        [](const std::string& log) {
            return each_line(log, [](const std::string& line) { return "> " + line; });
        },
        always);
}

TEST_CASE("a syslog prefix before every line") {
    check_unchanged(
        [](const std::string& log) {
            return each_line(log,
                             [](const std::string& line) { return "Jan 11 22:31:37 box kernel: " + line; });
        },
        [](const std::string& log) { return !is_syslog(log); });
}

TEST_CASE("wrapped by a mailer") {
    for (const std::size_t column : {78U, 72U, 100U}) {
        CAPTURE(column);
        check_unchanged(
            [&](const std::string& log) {
                return each_line(log, [&](const std::string& line) {
                    return is_report_line(line) ? wrapped(line, column) : line;
                });
            },
            // Rows of a table without a header cannot be told from their rests.
            [](const std::string& log) {
                return !is_syslog(log) && log.find("tgid total_vm") != std::string::npos;
            });
    }
}

TEST_CASE("other messages in between") {
    check_unchanged(
        [](const std::string& log) {
            return each_line(log, [](const std::string& line) {
                return line + "\nusb 1-1: reset high-speed USB device number 3 using xhci_hcd\n" +
                       "Jan 11 22:31:37 box sshd[77]: Accepted publickey for root: 12 pages RAM\n" +
                       "[ 4242.424242] e1000e 0000:00:1f.6 eth0: NIC Link is Up 1000 Mbps Full Duplex";
            });
        },
        // There, lines without a prefix belong to the line before.
        [](const std::string& log) { return !is_syslog(log); });
}

TEST_CASE("two machines in one log") {
    const auto logs = all_logs();
    for (std::size_t i = 0; i + 1 < logs.size(); ++i) {
        const std::string first = test::file_contents(logs[i]);
        const std::string second = test::file_contents(logs[i + 1]);
        if (is_syslog(first) || is_syslog(second)) continue;
        CAPTURE(logs[i].filename().string());
        CAPTURE(logs[i + 1].filename().string());
        const auto one = lines_of(first);
        const auto two = lines_of(second);
        std::string log;
        for (std::size_t line = 0; line < std::max(one.size(), two.size()); ++line) {
            if (line < one.size()) log += "Jan 11 22:31:37 alpha kernel: " + one[line] + "\n";
            if (line < two.size()) log += "Jan 11 22:31:37 beta kernel: " + two[line] + "\n";
        }
        std::size_t alpha = 0;
        std::size_t beta = 0;
        for (const OomEvent& event : find_oom_events(log)) (event.host == "alpha" ? alpha : beta) += 1;
        CHECK(alpha == find_oom_events(first).size());
        CHECK(beta == find_oom_events(second).size());
    }
}

TEST_CASE("a report cut at any line is read as far as it goes, and says what is missing") {
    for (const auto& path : all_logs()) {
        const auto lines = lines_of(test::file_contents(path));
        if (lines.size() > 400) continue;
        CAPTURE(path.filename().string());
        for (std::size_t end = 1; end < lines.size(); end += 3) {
            CAPTURE(end);
            std::string head;
            std::string tail;
            for (std::size_t i = 0; i < lines.size(); ++i) (i < end ? head : tail) += lines[i] + "\n";
            for (const std::string& part : {head, tail}) {
                for (const OomEvent& event : find_oom_events(part)) {
                    const OomVerdict verdict = explain(event);
                    CHECK_FALSE(verdict.summary.empty());
                    const bool whole = event.has_header && !event.victims.empty();
                    CHECK((whole || event.panic || !event.problems.empty() || event.no_killable_process));
                }
            }
        }
    }
}

TEST_CASE("bytes gone wrong do no harm") {
    std::uint32_t state = 12345;
    const auto random = [&]() { return state = state * 1664525 + 1013904223; };
    for (const auto& path : all_logs()) {
        std::string log = test::file_contents(path);
        if (log.size() > 100'000) log.resize(100'000);
        for (int round = 0; round < 3; ++round) {
            for (int change = 0; change < 200; ++change)
                log[random() % log.size()] = static_cast<char>(random() >> 16);
            for (const OomEvent& event : find_oom_events(log))
                CHECK_FALSE(to_json(event, explain(event)).empty());
        }
    }
}

TEST_CASE("numbers without measure stay harmless") {
    const std::string huge = "18446744073709551615";
    std::string log = "x invoked oom-killer: gfp_mask=0xffffffffffffffff, order=" + huge +
                      ", oom_score_adj=-" + huge + "\nMem-Info:\n";
    log += fmt::format(
        "active_anon:{0} inactive_anon:{0} active_file:9007199254740992 inactive_file:1 "
        "free:9007199254740991 "
        "slab_unreclaimable:9007199254740991\n",
        huge);
    log += "Node 0 Normal free:9007199254740991kB min:9007199254740991kB low:1kB high:9007199254740991kB\n";
    log += fmt::format("lowmem_reserve[]: 0 {}\n", huge);
    log += fmt::format("Node 0 Normal: {0}*4kB {0}*{0}kB = {0}kB\n", huge);
    log += fmt::format(
        "Node 0 hugepages_total={0} hugepages_free={0} hugepages_surp={0} hugepages_size={0}kB\n", huge);
    log += fmt::format("{0} pages RAM\n0 pages reserved\nTotal swap = {0}kB\nFree swap  = {0}kB\n", huge);
    log += "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n";
    log += fmt::format("[{0}] {0} {0} {0} {0} {0} {0} {0} x\n", huge);
    log +=
        "[  12] 0 12 9223372036854775807 9223372036854775807 9223372036854775807 9223372036854775807 "
        "-9223372036854775808 x\n";
    log += fmt::format("memory: usage {0}kB, limit {0}kB, failcnt {0}\n", huge);
    log += fmt::format(
        "Out of memory: Killed process 12 (x) total-vm:{0}kB, anon-rss:{0}kB, file-rss:{0}kB\n", huge);
    const auto events = find_oom_events(log);
    REQUIRE(events.size() == 1);
    CHECK_FALSE(to_json(events[0], explain(events[0])).empty());
}

}  // namespace oom_torn_test
